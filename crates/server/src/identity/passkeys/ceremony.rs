//! Challenges: made, kept until they are answered, and used up by the answer, whatever it is worth.

use super::{
    super::failures::counted,
    relying_party,
    store::{self, Ceremony, PasskeyRow},
    verify::{self, Flaw, Shown},
};
use crate::{
    app::{App, secret_hash},
    db::Scope,
};

/// How long a challenge waits for its answer, in milliseconds.
pub(super) const CEREMONY_MS: i64 = 5 * 60 * 1000;
/// So many challenges may wait for one address, which may be a whole office.
const MAX_WAITING: i64 = 300;

/// What a challenge is for. An answer is good for that alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To add a passkey; bound to the session of the web.
    Add,
    /// To sign in by passkey alone; bound to the token of forms before sign-in.
    SignIn,
    /// To be the second factor; bound to the sign-in that waits for it.
    Step,
    /// To prove again who one is; bound to the session of the web.
    Prove,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::SignIn => "sign_in",
            Self::Step => "step",
            Self::Prove => "prove",
        }
    }
}

/// Why a ceremony came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum CeremonyError {
    /// The answer.
    #[error("{}", .0.name())]
    Flaw(Flaw),
    /// The portal has no domain, or too many challenges wait for the address.
    #[error("no challenge is made")]
    None,
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

impl From<Flaw> for CeremonyError {
    fn from(flaw: Flaw) -> Self {
        Self::Flaw(flaw)
    }
}

/// Makes a challenge for the browser that holds a secret.
pub(super) async fn begin(
    app: &App,
    (purpose, bound): (Purpose, &str),
    address: &str,
    user_handle: &str,
) -> Result<String, CeremonyError> {
    let now_ms = app.clock.now_ms();
    let challenge = app.new_secret();
    let from_hash = secret_hash(&format!("passkey from {}", counted(address)));
    let mut tx = app.db.begin(Scope::Nobody).await?;
    store::drop_old(&mut tx, now_ms - CEREMONY_MS).await?;
    if store::waiting_from(&mut tx, &from_hash).await? >= MAX_WAITING {
        return Err(CeremonyError::None);
    }
    let ceremony = Ceremony {
        challenge_hash: &secret_hash(&challenge),
        bound_hash: &secret_hash(bound),
        purpose: purpose.name(),
        user_handle,
        from_hash: &from_hash,
        now_ms,
    };
    store::begin(&mut tx, &ceremony).await?;
    tx.commit().await?;
    Ok(challenge)
}

/// Uses up the challenge that an answer names, if it waits for this browser. Returns the user handle kept with it.
pub(super) async fn take(
    app: &App,
    (purpose, bound): (Purpose, &str),
    challenge: &str,
) -> Result<String, CeremonyError> {
    let hashes = (secret_hash(challenge), secret_hash(bound));
    let after_ms = app.clock.now_ms() - CEREMONY_MS;
    let mut tx = app.db.begin(Scope::Nobody).await?;
    let hashes = (hashes.0.as_str(), hashes.1.as_str());
    let kept = store::take(&mut tx, hashes, purpose.name(), after_ms).await?;
    tx.commit().await?;
    Ok(kept.ok_or(Flaw::Challenge)?)
}

/// The site's origin and relying party id.
pub(super) fn site(app: &App) -> Result<(&str, String), CeremonyError> {
    let rp_id = relying_party(&app.config).ok_or(CeremonyError::None)?;
    Ok((app.config.public_url.as_str(), rp_id))
}

/// Reads an answer.
pub(super) fn read(app: &App, answer: &str) -> Result<Shown, CeremonyError> {
    let (origin, rp_id) = site(app)?;
    Ok(verify::shown(answer, (origin, &rp_id))?)
}

/// The passkey of an answer that was read, if it waits for one and its signature is right. The counter is not looked at
/// yet.
pub(super) async fn check(
    app: &App,
    (purpose, bound): (Purpose, &str),
    shown: &Shown,
) -> Result<PasskeyRow, CeremonyError> {
    take(app, (purpose, bound), &shown.challenge).await?;
    let mut tx = app.db.read(Scope::Everybody).await?;
    let row = store::by_credential(&mut tx, &shown.credential_id).await?;
    drop(tx);
    let row = row.ok_or(Flaw::Unknown)?;
    shown.check(&row.public_key)?;
    // Where the browser was told which passkeys there are, it may leave out whose they are.
    let is_named = purpose != Purpose::SignIn && shown.user_handle.is_empty();
    if !is_named && shown.user_handle != row.user_handle {
        return Err(Flaw::Unknown.into());
    }
    Ok(row)
}
