//! What shows that operators are who they say.

use super::{
    service::{SESSION_IDLE_MS, SESSION_MAX_MS},
    store,
};
use crate::{
    app::App,
    db::Scope,
    evidence::{Answer, CannotTell, Check, Run},
    portal::Key,
};

pub(crate) use super::elevation::checks::{ACTS_ELEVATED, BY_ANOTHER as ELEVATIONS_BY_ANOTHER};

/// Nobody is in the management console without a one-time code besides their certificate.
pub(crate) const SECOND_FACTOR: Check = Check {
    name: "operators.second_factor",
    says: Key("evidence.check.second_factor"),
    figures: &[
        Key("evidence.figure.operators_in"),
        Key("evidence.figure.without_code"),
    ],
    run: Run::Service(|app| Box::pin(second_factor(app))),
};

async fn second_factor(app: &App) -> Result<Answer, CannotTell> {
    let now_ms = app.clock.now_ms();
    let mut tx = app.db.read(Scope::Nobody).await?;
    let since = (now_ms - SESSION_MAX_MS, now_ms - SESSION_IDLE_MS);
    let (all, bare) = store::live_sessions(&mut tx, since).await?;
    Ok(Answer::of(bare == 0, vec![all, bare]))
}
