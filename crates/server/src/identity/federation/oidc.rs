//! OpenID Connect: a provider is asked what it says of itself, where the browser goes, and who came back.

use super::{
    Trouble,
    answers::{self, Claims, Expected, Identity, Metadata, Tokens},
    outgoing,
};
use crate::{app::App, config::ServeConfig};
use openidconnect::{
    AsyncHttpClient, AuthUrl, AuthenticationFlow, AuthorizationCode, Client, ClientId,
    ClientSecret, CsrfToken, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl,
    LoginHint, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, StandardErrorResponse, TokenUrl,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
        CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm, CoreResponseType, CoreRevocableToken,
        CoreRevocationErrorResponse, CoreTokenIntrospectionResponse,
    },
    http::{Method, StatusCode, header},
};
use std::{borrow::Cow, pin::Pin, time::Duration};

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
    let answer = get(app, &url, None).await?;
    answers::metadata(&answer, issuer)
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
    let keys = get(app, &metadata.jwks_uri, None).await?;
    let expected = Expected {
        issuer: &metadata.issuer,
        client_id: &party.client_id,
        nonce: &secrets.nonce,
        now_ms: app.clock.now_ms(),
    };
    let mut identity = answers::identity(&tokens, &keys, expected, name_claim)?;
    if let (None, Some(endpoint)) = (&identity.email, &metadata.userinfo_endpoint) {
        let bearer = format!("Bearer {}", tokens.access_token().secret());
        let answer = get(app, endpoint, Some(&bearer)).await?;
        answers::complete(&mut identity, &answer, name_claim)?;
    }
    Ok(identity)
}

/// What is there.
async fn get(app: &App, url: &str, authorization: Option<&str>) -> Result<Vec<u8>, Trouble> {
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
    Ok(answer.into_body())
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
