//! A sign-in that goes to a provider and comes back: once, soon, and to the browser that began it.

use super::{
    Trouble,
    answers::Identity,
    known,
    oidc::{self, Party, Secrets},
    store::{self, AttemptRow, Provider},
};
use crate::{
    app::{App, secret_hash},
    db::{Scope, Tx},
    identity::failures::counted,
    tenancy::service as tenancy,
};
use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;
use wire::ids::TenantId;

/// How long a sign-in may be at the provider, in milliseconds.
pub(in super::super) const ATTEMPT_MS: i64 = 10 * 60 * 1000;
/// As many attempts from one address, which may be a whole office, may be at the provider at once.
const MOST_WAITING: i64 = 300;
/// Characters of a secret of this service.
const SECRET_CHARS: usize = 43;

/// Where the browser goes, and what it keeps meanwhile.
#[derive(Debug)]
pub(in super::super) struct Started {
    pub(in super::super) url: String,
    /// The value of the cookie that ties the attempt to the browser.
    pub(in super::super) browser: String,
}

/// What is wanted of an attempt.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Wish<'a> {
    /// What the browser keeps from attempts before, if it does.
    pub(in super::super) browser: Option<&'a str>,
    /// Where to go afterwards, a local path.
    pub(in super::super) next: &'a str,
    /// The address that was typed, if one was.
    pub(in super::super) hint: &'a str,
    /// From where the browser comes.
    pub(in super::super) address: &'a str,
    /// The session of the web whose person proves again who they are.
    pub(in super::super) session: Option<Uuid>,
}

/// What a browser brings back.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(in super::super) struct Brought {
    pub(in super::super) code: String,
    pub(in super::super) state: String,
    pub(in super::super) iss: Option<String>,
    pub(in super::super) error: Option<String>,
}

/// An attempt that came back, and what is known of where it was.
#[derive(Clone, Debug)]
pub(super) struct Returned {
    pub(super) attempt: AttemptRow,
    pub(super) provider: Provider,
}

/// Whose domain an address has: the customer whose provider is asked. Decided by domain alone, whoever has the address.
pub(in super::super) async fn whose(app: &App, email: &str) -> sqlx::Result<Option<TenantId>> {
    let Some(domain) = super::settings::domain_of(email) else {
        return Ok(None);
    };
    let mut tx = app.db.read(Scope::Everybody).await?;
    store::whose_domain(&mut tx, &domain).await
}

/// The customer of a code, if it has a provider.
pub(in super::super) async fn of_code(app: &App, code: &str) -> sqlx::Result<Option<TenantId>> {
    // What cannot be a code is never asked for: PostgreSQL refuses some of it.
    if !tenancy::is_code(code) {
        return Ok(None);
    }
    let mut tx = app.db.read(Scope::Everybody).await?;
    let tenant = tenancy::by_code(&mut tx, code).await?;
    let Some(tenant) = tenant.map(|tenant| tenant.id) else {
        return Ok(None);
    };
    Ok(store::settings(&mut tx, tenant).await?.map(|_| tenant))
}

/// Begins an attempt at a customer's provider; `None` when there is none any more.
pub(in super::super) async fn start(
    app: &App,
    tenant: TenantId,
    wish: Wish<'_>,
) -> sqlx::Result<Option<Result<Started, Trouble>>> {
    let mut tx = app.db.read(tenant).await?;
    let Some(provider) = store::provider(&mut tx, tenant).await? else {
        return Ok(None);
    };
    drop(tx);
    let metadata = match known::metadata(app, &provider.issuer).await {
        Ok(metadata) => metadata,
        Err(trouble) => return Ok(Some(Err(trouble))),
    };
    let browser = wish
        .browser
        .filter(|secret| is_secret(secret))
        .map_or_else(|| app.new_secret(), str::to_owned);
    let secrets = secrets(&browser, app.new_secret());
    let party = party(&provider);
    let again = wish.session.is_some();
    let url = match oidc::authorization_url(app, (&metadata, &party), &secrets, wish.hint, again) {
        Ok(url) => url,
        Err(trouble) => return Ok(Some(Err(trouble))),
    };
    let now_ms = app.clock.now_ms();
    let row = AttemptRow {
        tenant_id: tenant,
        provider_id: provider.id,
        session_id: wish.session,
        next: wish.next.to_owned(),
        created_at_ms: now_ms,
    };
    let mut tx = app.db.begin(tenant).await?;
    store::drop_old_attempts(&mut tx, now_ms - ATTEMPT_MS).await?;
    let from = secret_hash(&format!("attempt {}", counted(wish.address)));
    if store::waiting(&mut tx, tenant, &from).await? >= MOST_WAITING {
        return Ok(Some(Err(Trouble::Busy)));
    }
    let hashes = (secret_hash(&secrets.state), secret_hash(&browser));
    store::insert_attempt(&mut tx, (&hashes.0, &hashes.1, &from), &row).await?;
    tx.commit().await?;
    Ok(Some(Ok(Started { url, browser })))
}

/// Takes the attempt that a browser comes back from; `None` when it is not this browser's, was taken, is too old, or the
/// provider's settings have changed meanwhile.
pub(super) async fn take(
    app: &App,
    browser: Option<&str>,
    state: &str,
) -> sqlx::Result<Option<Returned>> {
    let Some(browser) = browser.filter(|secret| is_secret(secret)) else {
        return Ok(None);
    };
    let hashes = (secret_hash(state), secret_hash(browser));
    let after_ms = app.clock.now_ms() - ATTEMPT_MS;
    let mut tx: Tx = app.db.begin(Scope::Everybody).await?;
    let attempt = store::take_attempt(&mut tx, (&hashes.0, &hashes.1), after_ms).await?;
    tx.commit().await?;
    let Some(attempt) = attempt else {
        return Ok(None);
    };
    let mut tx = app.db.read(attempt.tenant_id).await?;
    let provider = store::provider(&mut tx, attempt.tenant_id).await?;
    let provider = provider.filter(|provider| provider.id == attempt.provider_id);
    Ok(provider.map(|provider| Returned { attempt, provider }))
}

/// Who came back, by what the provider says. Its own texts are not kept: the customer chose who writes them.
pub(super) async fn identify(
    app: &App,
    returned: &Returned,
    browser: &str,
    brought: &Brought,
) -> Result<Identity, &'static str> {
    let provider = &returned.provider;
    let metadata = known::metadata(app, &provider.issuer)
        .await
        .map_err(Trouble::name)?;
    // RFC 9207: an answer that says whose it is must be this provider's, and one that should say so must say it.
    match &brought.iss {
        Some(iss) if *iss != provider.issuer => return Err("answer of another issuer"),
        None if metadata.authorization_response_iss_parameter_supported => {
            return Err("answer of an unknown issuer");
        }
        _ => {}
    }
    match brought.error.as_deref() {
        None if !brought.code.is_empty() => {}
        Some("access_denied") => return Err("provider: access denied"),
        _ => return Err("provider: sign-in failed"),
    }
    let secrets = secrets(browser, brought.state.clone());
    let party = party(provider);
    let claim = &provider.settings.name_claim;
    oidc::identify(app, (&metadata, &party), &secrets, &brought.code, claim)
        .await
        .map_err(Trouble::name)
}

/// Nonce and verifier follow from what the browser keeps and the state, so that the database has nothing to give away.
fn secrets(browser: &str, state: String) -> Secrets {
    let key = hmac::Key::new(hmac::HMAC_SHA256, browser.as_bytes());
    let of = |name: &str| {
        let tag = hmac::sign(&key, format!("{name}\n{state}").as_bytes());
        URL_SAFE_NO_PAD.encode(tag)
    };
    Secrets {
        nonce: of("nonce"),
        verifier: of("verifier"),
        state,
    }
}

fn is_secret(text: &str) -> bool {
    let is_base64url = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.len() == SECRET_CHARS && text.chars().all(is_base64url)
}

pub(super) fn party(provider: &Provider) -> Party {
    Party {
        client_id: provider.client_id.clone(),
        client_secret: provider.client_secret.clone(),
        scopes: provider.settings.scopes.clone(),
    }
}
