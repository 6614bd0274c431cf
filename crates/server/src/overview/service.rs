//! What the reader may see of how things stand.

use crate::{
    activity::{What, service::latest},
    actor::Actor,
    api,
    app::App,
    evidence::{self, Outcome},
    identity::{self, Headcount},
    rights::{self, Action},
    sessions::{self, Pulse},
    tenancy::{self, contracts},
    visit::Failure,
};

const DAY_MS: i64 = 24 * 3600 * 1000;
/// A token that ends within so many days is told of.
const SOON_DAYS: i64 = 14;

/// How things stand. What the reader may not see is not there.
#[derive(Debug)]
pub(crate) struct Facts {
    /// When, Unix milliseconds.
    pub(super) at_ms: i64,
    pub(super) people: Option<Headcount>,
    pub(super) pulse: Option<Pulse>,
    /// Sign-ins that were refused in the last 24 hours.
    pub(super) refused: Option<u64>,
    /// Promises that fall short, and all of them.
    pub(super) promises: Option<(usize, usize)>,
    pub(super) contract: Option<tenancy::Overview>,
    /// The last file that was taken out: what, by whom and when.
    pub(super) export: Option<Export>,
    /// One's own tokens that end soon: how many, and when the first of them.
    pub(super) tokens: Option<(usize, Option<i64>)>,
}

/// A file that somebody took out.
#[derive(Debug)]
pub(super) struct Export {
    pub(super) what: What,
    pub(super) who: String,
    pub(super) at_ms: i64,
}

/// Asks every slice for what the reader may see of it.
pub(crate) async fn facts(app: &App, actor: &Actor) -> Result<Facts, Failure> {
    let now_ms = app.clock.now_ms();
    let may = |action| rights::authorize(actor, action).is_ok();
    let mut facts = Facts {
        at_ms: now_ms,
        people: None,
        pulse: None,
        refused: None,
        promises: None,
        contract: None,
        export: None,
        tokens: None,
    };
    if may(Action::ListUsers) {
        let mut tx = app.db.read(actor.tenant).await?;
        facts.people = Some(identity::headcount(&mut tx, actor.tenant).await?);
    }
    if may(Action::ReadActivity) {
        let mut tx = app.db.read(actor.tenant).await?;
        facts.pulse = Some(sessions::pulse(&mut tx, actor.tenant, now_ms).await?);
        drop(tx);
        let (refused, _) = latest(app, actor, What::SignInRefused, now_ms - DAY_MS).await?;
        facts.refused = Some(refused);
        facts.export = last_export(app, actor).await?;
    }
    if may(Action::ViewEvidence) {
        let standings = evidence::service::of_customer(app, actor).await?;
        let short = standings
            .iter()
            .filter(|standing| standing.outcome() == Outcome::FallsShort);
        facts.promises = Some((short.count(), standings.len()));
    }
    if may(Action::ViewContract) {
        facts.contract = Some(contracts::own(app, actor).await?);
    }
    if may(Action::ManageTokens) {
        let rows = api::service::list(app, actor).await?;
        let ends = rows.iter().map(|row| row.expires_at_ms);
        let soon = |ends_ms: &i64| (now_ms..now_ms + SOON_DAYS * DAY_MS).contains(ends_ms);
        let soon: Vec<i64> = ends.filter(soon).collect();
        facts.tokens = Some((soon.len(), soon.into_iter().min()));
    }
    Ok(facts)
}

async fn last_export(app: &App, actor: &Actor) -> Result<Option<Export>, Failure> {
    let mut last: Option<Export> = None;
    for what in [What::LogExported, What::StoredExported] {
        let (_, row) = latest(app, actor, what, 0).await?;
        let newer = row.filter(|row| last.as_ref().is_none_or(|last| row.at_ms > last.at_ms));
        if let Some(row) = newer {
            last = Some(Export {
                what,
                who: row.who,
                at_ms: row.at_ms,
            });
        }
    }
    Ok(last)
}
