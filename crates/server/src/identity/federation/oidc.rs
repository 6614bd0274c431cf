//! OpenID Connect: what a provider says of itself, where the browser goes, and who came back. What is checked of an identity
//! (OpenID Connect Core, section 3.1.3.7) the crate `openidconnect` checks, with our clock and our list of algorithms.

use super::{Trouble, outgoing};
use crate::{app::App, config::ServeConfig};
use chrono::{DateTime, Utc};
use openidconnect::{
    AccessToken, AdditionalClaims, AsyncHttpClient, AuthType, AuthUrl, AuthenticationFlow,
    AuthorizationCode, ClaimsVerificationError, Client, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IdTokenClaims,
    IdTokenFields, IdTokenVerifier, IssuerUrl, LoginHint, Nonce, OAuth2TokenResponse as _,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope,
    StandardErrorResponse, StandardTokenResponse, TokenUrl,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
        CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm as Alg,
        CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
        CoreTokenIntrospectionResponse, CoreTokenType,
    },
    http::{Method, StatusCode, header},
    url::Url,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::{borrow::Cow, pin::Pin, time::Duration};

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

/// This service, as the provider knows it.
#[derive(Clone, Debug)]
pub(super) struct Party {
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) scopes: Vec<String>,
}

/// What a sign-in is checked with when it comes back.
#[derive(Clone, Debug)]
pub(super) struct Secrets {
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
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
struct Claims(Map<String, Value>);

impl AdditionalClaims for Claims {}

type Fields = IdTokenFields<
    Claims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    Alg,
>;
type Tokens = StandardTokenResponse<Fields, CoreTokenType>;
type Oidc = Client<
    Claims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
    EndpointNotSet,
>;

/// How the crate sends requests.
struct Outgoing<'a>(&'a ServeConfig);

impl<'c> AsyncHttpClient<'c> for Outgoing<'_> {
    type Error = Trouble;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Trouble>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(outgoing::send(self.0, request))
    }
}

/// Asks a provider what it says of itself.
pub(super) async fn discover(app: &App, issuer: &str) -> Result<Metadata, Trouble> {
    let url = format!(
        "{}/.well-known/openid-configuration",
        issuer.trim_end_matches('/')
    );
    let metadata: Metadata = get(app, &url, None).await?;
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
    fn auth_type(&self) -> AuthType {
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

/// Where the browser goes. With `again` the provider asks the person anew.
pub(super) fn authorization_url(
    app: &App,
    (metadata, party): (&Metadata, &Party),
    secrets: &Secrets,
    hint: &str,
    again: bool,
) -> Result<String, Trouble> {
    let client = client(metadata, party)?;
    let (state, nonce) = (secrets.state.clone(), secrets.nonce.clone());
    let verifier = PkceCodeVerifier::new(secrets.verifier.clone());
    let mut request = client
        .authorize_url(
            AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
            move || CsrfToken::new(state),
            move || Nonce::new(nonce),
        )
        .add_scopes(party.scopes.iter().cloned().map(Scope::new))
        .set_redirect_uri(Cow::Owned(redirect(app)?))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    if !hint.is_empty() {
        request = request.set_login_hint(LoginHint::new(hint.to_owned()));
    }
    if again {
        request = request
            .set_max_age(Duration::ZERO)
            .add_prompt(CoreAuthPrompt::Login);
    }
    Ok(request.url().0.to_string())
}

/// Where the browser comes back to, as it is told to the provider.
pub(crate) fn redirect_uri(app: &App) -> String {
    format!("{}/federation/callback", app.config.public_url)
}

/// Takes a code to the provider, and checks what it says of whoever it is.
pub(super) async fn identify(
    app: &App,
    (metadata, party): (&Metadata, &Party),
    secrets: &Secrets,
    code: &str,
    name_claim: &str,
) -> Result<Identity, Trouble> {
    let client = client(metadata, party)?;
    let http = Outgoing(&app.config);
    let tokens: Tokens = client
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .set_pkce_verifier(PkceCodeVerifier::new(secrets.verifier.clone()))
        .set_redirect_uri(Cow::Owned(redirect(app)?))
        .request_async(&http)
        .await
        .map_err(|error| match error {
            RequestTokenError::Request(trouble) => trouble,
            RequestTokenError::ServerResponse(_) => Trouble::Code,
            _ => Trouble::Token,
        })?;
    let keys: CoreJsonWebKeySet = get(app, &metadata.jwks_uri, None).await?;
    let id_token = tokens.extra_fields().id_token().ok_or(Trouble::Token)?;
    let now_ms = app.clock.now_ms();
    let issuer = IssuerUrl::new(metadata.issuer.clone()).map_err(|_| Trouble::Answer)?;
    let verifier =
        IdTokenVerifier::new_public_client(ClientId::new(party.client_id.clone()), issuer, keys)
            .set_allowed_algs(ALGORITHMS)
            .set_time_fn(move || moment(now_ms))
            .set_issue_time_verifier_fn(move |at| {
                let off_ms = now_ms - at.timestamp_millis();
                let is_near = (-SKEW_MS..=SKEW_MS).contains(&off_ms);
                is_near
                    .then_some(())
                    .ok_or_else(|| "issued at another time".to_owned())
            });
    let claims = id_token
        .claims(&verifier, &Nonce::new(secrets.nonce.clone()))
        .map_err(|error| match error {
            ClaimsVerificationError::SignatureVerification(_)
            | ClaimsVerificationError::Unsupported(_) => Trouble::Signature,
            _ => Trouble::Claims,
        })?;
    let mut identity = identity(claims, name_claim)?;
    if let (None, Some(endpoint)) = (&identity.email, &metadata.userinfo_endpoint) {
        let more = user_info(app, endpoint, tokens.access_token(), &identity.subject).await?;
        identity.email = email(&more);
        identity.name = identity.name.or_else(|| text(&more, name_claim));
    }
    Ok(identity)
}

fn identity(
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

/// More of the same person (OpenID Connect Core, section 5.3): of nobody else.
async fn user_info(
    app: &App,
    endpoint: &str,
    token: &AccessToken,
    subject: &str,
) -> Result<Map<String, Value>, Trouble> {
    let bearer = format!("Bearer {}", token.secret());
    let claims: Map<String, Value> = get(app, endpoint, Some(&bearer)).await?;
    if claims.get("sub").and_then(Value::as_str) != Some(subject) {
        return Err(Trouble::Subject);
    }
    Ok(claims)
}

async fn get<T: DeserializeOwned>(
    app: &App,
    url: &str,
    authorization: Option<&str>,
) -> Result<T, Trouble> {
    let mut request = openidconnect::http::Request::builder()
        .method(Method::GET)
        .uri(url)
        .header(header::ACCEPT, "application/json");
    if let Some(value) = authorization {
        request = request.header(header::AUTHORIZATION, value);
    }
    let request = request.body(Vec::new()).map_err(|_| Trouble::Answer)?;
    let answer: HttpResponse = outgoing::send(&app.config, request).await?;
    if answer.status() != StatusCode::OK {
        return Err(Trouble::Answer);
    }
    serde_json::from_slice(answer.body()).map_err(|_| Trouble::Answer)
}

fn client(metadata: &Metadata, party: &Party) -> Result<Oidc, Trouble> {
    let answer = |_| Trouble::Answer;
    let issuer = IssuerUrl::new(metadata.issuer.clone()).map_err(answer)?;
    let client = Client::new(
        ClientId::new(party.client_id.clone()),
        issuer,
        CoreJsonWebKeySet::new(Vec::new()),
    );
    Ok(client
        .set_client_secret(ClientSecret::new(party.client_secret.clone()))
        .set_auth_type(metadata.auth_type())
        .set_auth_uri(AuthUrl::new(metadata.authorization_endpoint.clone()).map_err(answer)?)
        .set_token_uri(TokenUrl::new(metadata.token_endpoint.clone()).map_err(answer)?))
}

fn redirect(app: &App) -> Result<RedirectUrl, Trouble> {
    RedirectUrl::new(redirect_uri(app)).map_err(|_| Trouble::Answer)
}

fn moment(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}
