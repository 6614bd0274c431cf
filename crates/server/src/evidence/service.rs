//! What readers see of the promises: a customer those made to it, operators all.

use super::{
    Answer, CONTROLS, Check, Control, Outcome, Run,
    job::{EVERY_MS, SERVICE},
    store::{self, Span},
};
use crate::{
    actor::Actor,
    app::App,
    db::Scope,
    rights::{self, Action, Denied, OperatorAction},
};
use std::collections::HashMap;
use wire::ids::TenantId;

/// An answer that is older tells nothing of now: three runs were missed.
const STALE_MS: i64 = 3 * EVERY_MS;
/// How far back a promise's page looks, in milliseconds.
const HISTORY_MS: i64 = 31 * 24 * 3600 * 1000;

/// Why a reader gets nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The policies say no.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// A promise and how it stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The promise.
    pub control: &'static Control,
    /// How each of its checks stands.
    pub checks: Vec<CheckStanding>,
}

/// How a check stands.
#[derive(Clone, Debug)]
pub struct CheckStanding {
    /// The check.
    pub check: &'static Check,
    /// Its answer: the worst, where several customers are looked at.
    pub answer: Answer,
    /// Since when it answers so, and when it did last, Unix milliseconds; `None` when it has not run.
    pub span_ms: Option<(i64, i64)>,
    /// How many customers it was asked about, and of how many it answered that the promise holds; operators see it.
    pub customers: Option<(usize, usize)>,
    /// What it answered before, the newest first.
    pub history: Vec<Past>,
}

/// What a check answered through a span of time.
#[derive(Clone, Debug)]
pub struct Past {
    /// The answer.
    pub answer: Answer,
    /// From when, Unix milliseconds.
    pub from_ms: i64,
    /// Until when.
    pub seen_ms: i64,
}

impl Standing {
    /// The worst of its checks.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let outcomes = self.checks.iter().map(|check| check.answer.outcome);
        outcomes.max().unwrap_or(Outcome::CannotTell)
    }
}

/// The promises made to the reader's organisation, in the order of their rows.
pub async fn of_customer(app: &App, actor: &Actor) -> Result<Vec<Standing>, ReadError> {
    rights::authorize(actor, Action::ViewEvidence)?;
    let mut spans = Vec::new();
    for whose in [SERVICE, actor.tenant] {
        let mut tx = app.db.read(whose).await?;
        spans.extend(store::current_of(&mut tx, whose).await?);
    }
    Ok(standings(app, &spans))
}

/// One promise, with what its checks answered in the last 31 days. `None` when there is no such row.
pub async fn control_of_customer(
    app: &App,
    actor: &Actor,
    id: &str,
) -> Result<Option<Standing>, ReadError> {
    let all = of_customer(app, actor).await?;
    let standing = all.into_iter().find(|standing| standing.control.id == id);
    with_history(app, standing, actor.tenant).await
}

/// All promises as an operator sees them: what is looked at customer by customer is put together.
pub async fn of_service(app: &App, role: &str) -> Result<Vec<Standing>, ReadError> {
    rights::authorize_operator(role, OperatorAction::ViewEvidence)?;
    let mut tx = app.db.read(Scope::Everybody).await?;
    let spans = store::all_current(&mut tx).await?;
    Ok(standings(app, &spans))
}

async fn with_history(
    app: &App,
    standing: Option<Standing>,
    tenant: TenantId,
) -> Result<Option<Standing>, ReadError> {
    let Some(mut standing) = standing else {
        return Ok(None);
    };
    let since_ms = app.clock.now_ms() - HISTORY_MS;
    for check in &mut standing.checks {
        let whose = match check.check.run {
            Run::Service(_) => SERVICE,
            Run::Customer(_) => tenant,
        };
        let mut tx = app.db.read(whose).await?;
        let spans = store::history(&mut tx, check.check.name, whose, since_ms).await?;
        check.history = spans.iter().map(past).collect();
    }
    Ok(Some(standing))
}

fn past(span: &Span) -> Past {
    Past {
        answer: span.answer(),
        from_ms: span.from_ms,
        seen_ms: span.seen_ms,
    }
}

fn standings(app: &App, spans: &[Span]) -> Vec<Standing> {
    let mut by_check: HashMap<&str, Vec<&Span>> = HashMap::new();
    for span in spans {
        by_check.entry(&span.check_name).or_default().push(span);
    }
    let now_ms = app.clock.now_ms();
    let standing = |control: &'static Control| Standing {
        control,
        checks: control
            .checks
            .iter()
            .map(|check| {
                let spans = by_check.get(check.name).map_or(&[][..], Vec::as_slice);
                check_standing(check, spans, now_ms)
            })
            .collect(),
    };
    CONTROLS.iter().map(standing).collect()
}

fn check_standing(check: &'static Check, spans: &[&Span], now_ms: i64) -> CheckStanding {
    // An old answer tells nothing.
    let now = |span: &Span| {
        let fresh = now_ms - span.seen_ms <= STALE_MS;
        if fresh { span.answer() } else { untold() }
    };
    let worst = spans.iter().max_by_key(|span| now(span).outcome);
    let several = matches!(check.run, Run::Customer(_)) && spans.len() > 1;
    let mut answer = worst.map_or_else(untold, |span| now(span));
    if several {
        // One customer's figures say nothing about all.
        answer.figures.clear();
        answer.refs.clear();
    }
    let holding = spans
        .iter()
        .filter(|span| now(span).outcome == Outcome::Holds);
    CheckStanding {
        check,
        answer,
        span_ms: worst.map(|span| (span.from_ms, span.seen_ms)),
        customers: several.then(|| (spans.len(), holding.count())),
        history: Vec::new(),
    }
}

fn untold() -> Answer {
    Answer {
        outcome: Outcome::CannotTell,
        figures: Vec::new(),
        refs: Vec::new(),
    }
}
