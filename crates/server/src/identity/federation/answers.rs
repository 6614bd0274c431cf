//! What a provider answers: its description, its keys, and an identity with its signature. What is checked of an identity
//! (OpenID Connect Core, section 3.1.3.7) the crate `openidconnect` checks, with our clock and our list of algorithms.
//! Pure: bytes of a stranger in, a decision out.

use super::Trouble;
use chrono::{DateTime, Utc};
use openidconnect::{
    AdditionalClaims, AuthType, ClaimsVerificationError, ClientId, EmptyExtraTokenFields,
    IdTokenClaims, IdTokenFields, IdTokenVerifier, IssuerUrl, Nonce, StandardTokenResponse,
    core::{
        CoreGenderClaim, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm as Alg, CoreTokenType,
    },
    url::Url,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// Signatures that are trusted: by a key of the provider's, never by the shared secret, never none.
const ALGORITHMS: [Alg; 9] = [
    Alg::RsaSsaPkcs1V15Sha256,
    Alg::RsaSsaPkcs1V15Sha384,
    Alg::RsaSsaPkcs1V15Sha512,
    Alg::RsaSsaPssSha256,
    Alg::RsaSsaPssSha384,
    Alg::RsaSsaPssSha512,
    Alg::EcdsaP256Sha256,
    Alg::EcdsaP384Sha384,
    Alg::EdDsa,
];
/// How far a provider's clock may be off, in milliseconds; an identity is also not older than this.
const SKEW_MS: i64 = 5 * 60 * 1000;

/// What a provider says of itself (OpenID Connect Discovery, section 3; RFC 8414; RFC 9207).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: String,
    pub(crate) token_endpoint: String,
    pub(crate) jwks_uri: String,
    pub(crate) userinfo_endpoint: Option<String>,
    pub(crate) id_token_signing_alg_values_supported: Vec<String>,
    pub(crate) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    pub(crate) code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
}

/// Who came back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) subject: String,
    /// An address, and whether the provider has verified that it is theirs.
    pub(super) email: Option<(String, bool)>,
    pub(super) name: Option<String>,
    /// How they signed in: `acr` and `amr`.
    pub(super) ways: Vec<String>,
    /// When they signed in there, Unix milliseconds.
    pub(super) signed_in_ms: Option<i64>,
}

/// Every claim besides those of the protocol.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Claims(Map<String, Value>);

impl AdditionalClaims for Claims {}

type Fields = IdTokenFields<
    Claims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    Alg,
>;
/// What a provider gives for a code.
pub(super) type Tokens = StandardTokenResponse<Fields, CoreTokenType>;

/// Reads what a provider says of itself, asked as this issuer.
pub(super) fn metadata(answer: &[u8], issuer: &str) -> Result<Metadata, Trouble> {
    let metadata: Metadata = json(answer)?;
    if metadata.issuer != issuer {
        return Err(Trouble::Issuer);
    }
    let endpoints = [
        Some(&metadata.authorization_endpoint),
        Some(&metadata.token_endpoint),
        Some(&metadata.jwks_uri),
        metadata.userinfo_endpoint.as_ref(),
    ];
    for endpoint in endpoints.into_iter().flatten() {
        let url = Url::parse(endpoint).map_err(|_| Trouble::Answer)?;
        if url.scheme() != "https" || url.host().is_none() {
            return Err(Trouble::Insecure);
        }
    }
    if metadata.algorithms().is_empty() {
        return Err(Trouble::Algorithms);
    }
    Ok(metadata)
}

impl Metadata {
    /// The signatures that it makes and that are trusted.
    pub(crate) fn algorithms(&self) -> Vec<String> {
        let names = ALGORITHMS
            .iter()
            .filter_map(|alg| serde_json::to_value(alg).ok());
        names
            .filter_map(|name| name.as_str().map(str::to_owned))
            .filter(|name| self.id_token_signing_alg_values_supported.contains(name))
            .collect()
    }

    /// How this service shows its secret.
    pub(super) fn auth_type(&self) -> AuthType {
        let offered = |name: &str| {
            let methods = self.token_endpoint_auth_methods_supported.as_ref();
            methods.is_some_and(|methods| methods.iter().any(|method| method == name))
        };
        if offered("client_secret_post") && !offered("client_secret_basic") {
            AuthType::RequestBody
        } else {
            AuthType::BasicAuth
        }
    }
}

/// What an identity must fit to: for whom it is, and of which sign-in at which time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    /// Unix milliseconds.
    pub(super) now_ms: i64,
}

/// Whoever a provider with these keys (a JWK set) vouches for, if the identity is its own, for us, of this sign-in and of now.
/// The name is in the claim `name_claim`.
pub(super) fn identity(
    tokens: &Tokens,
    keys: &[u8],
    expected: Expected<'_>,
    name_claim: &str,
) -> Result<Identity, Trouble> {
    let keys: CoreJsonWebKeySet = json(keys)?;
    let id_token = tokens.extra_fields().id_token().ok_or(Trouble::Token)?;
    let now_ms = expected.now_ms;
    let issuer = IssuerUrl::new(expected.issuer.to_owned()).map_err(|_| Trouble::Answer)?;
    let client_id = ClientId::new(expected.client_id.to_owned());
    let verifier = IdTokenVerifier::new_public_client(client_id, issuer, keys)
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || moment(now_ms))
        .set_issue_time_verifier_fn(move |at| {
            let off_ms = now_ms.saturating_sub(at.timestamp_millis());
            let is_near = (-SKEW_MS..=SKEW_MS).contains(&off_ms);
            is_near
                .then_some(())
                .ok_or_else(|| "issued at another time".to_owned())
        });
    let claims = id_token
        .claims(&verifier, &Nonce::new(expected.nonce.to_owned()))
        .map_err(|error| match error {
            ClaimsVerificationError::SignatureVerification(_)
            | ClaimsVerificationError::Unsupported(_) => Trouble::Signature,
            _ => Trouble::Claims,
        })?;
    said(claims, name_claim)
}

/// More of the same person (OpenID Connect Core, section 5.3): of nobody else.
pub(super) fn complete(
    identity: &mut Identity,
    answer: &[u8],
    name_claim: &str,
) -> Result<(), Trouble> {
    let more: Map<String, Value> = json(answer)?;
    if more.get("sub").and_then(Value::as_str) != Some(&identity.subject) {
        return Err(Trouble::Subject);
    }
    identity.email = email(&more);
    identity.name = identity.name.take().or_else(|| text(&more, name_claim));
    Ok(())
}

fn said(
    claims: &IdTokenClaims<Claims, CoreGenderClaim>,
    name_claim: &str,
) -> Result<Identity, Trouble> {
    // As they were signed: the claims of the protocol and all others in one object.
    let all = serde_json::to_value(claims).map_err(|_| Trouble::Token)?;
    let Value::Object(all) = all else {
        return Err(Trouble::Token);
    };
    let mut ways: Vec<String> = text(&all, "acr").into_iter().collect();
    if let Some(Value::Array(amr)) = all.get("amr") {
        ways.extend(amr.iter().filter_map(Value::as_str).map(str::to_owned));
    }
    let subject = claims.subject().to_string();
    // OpenID Connect Core, section 2: at most 255 characters.
    if subject.is_empty() || subject.len() > 255 {
        return Err(Trouble::Claims);
    }
    Ok(Identity {
        subject,
        email: email(&all),
        name: text(&all, name_claim),
        ways,
        signed_in_ms: claims.auth_time().map(|at| at.timestamp_millis()),
    })
}

/// The address. Entra ID says in a claim of its own whether the address's domain is known to be the organisation's.
fn email(claims: &Map<String, Value>) -> Option<(String, bool)> {
    let email = text(claims, "email")?;
    let is_true = |name: &str| match claims.get(name) {
        Some(Value::Bool(said)) => *said,
        Some(Value::String(said)) => said == "true" || said == "1",
        Some(Value::Number(said)) => said.as_u64() == Some(1),
        _ => false,
    };
    let is_denied = claims.get("email_verified") == Some(&Value::Bool(false));
    Some((
        email,
        is_true("email_verified") || !is_denied && is_true("xms_edov"),
    ))
}

fn text(claims: &Map<String, Value>, name: &str) -> Option<String> {
    let text = claims.get(name)?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Reads an answer.
fn json<T: DeserializeOwned>(answer: &[u8]) -> Result<T, Trouble> {
    serde_json::from_slice(answer).map_err(|_| Trouble::Answer)
}

fn moment(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}
