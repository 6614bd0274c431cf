//! Runs every check on a timer, and keeps what it answered.

use super::{Answer, CONTROLS, CannotTell, Check, Outcome, Run, store};
use crate::{
    activity::{self, Record, What},
    app::{self, App},
    db::Scope,
    tenancy,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::{Instant, interval_at, timeout};
use uuid::Uuid;
use wire::ids::TenantId;

/// How often every check runs, in milliseconds.
pub(super) const EVERY_MS: i64 = 5 * 60 * 1000;
/// The listeners are up by then, and the probes find them.
const FIRST: Duration = Duration::from_secs(10);
/// A check that takes longer cannot tell.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long answers are kept: a year and a month, in milliseconds.
const KEPT_MS: i64 = 400 * 24 * 3600 * 1000;

/// Runs for ever.
pub async fn run(app: Arc<App>) {
    let every = Duration::from_millis(EVERY_MS.unsigned_abs());
    let mut timer = interval_at(Instant::now() + FIRST, every);
    loop {
        timer.tick().await;
        if let Err(error) = pass(&app).await {
            tracing::error!(%error, "the checks' answers could not be kept; trying again");
        }
    }
}

/// Runs every check once, one after the other: they are to cost the service little.
pub async fn pass(app: &Arc<App>) -> sqlx::Result<()> {
    let mut tx = app.db.read(Scope::Everybody).await?;
    let tenants = tenancy::service::all(&mut tx).await?;
    drop(tx);
    for check in checks().into_values() {
        match check.run {
            Run::Service(run) => {
                let answer = timeout(PATIENCE, run(app)).await;
                keep(app, check, None, told(check, answer)).await?;
            }
            Run::Customer(run) => {
                for tenant in &tenants {
                    let answer = timeout(PATIENCE, run(app, *tenant)).await;
                    keep(app, check, Some(*tenant), told(check, answer)).await?;
                }
            }
        }
    }
    let mut tx = app.db.begin(Scope::Everybody).await?;
    store::drop_old(&mut tx, app.clock.now_ms() - KEPT_MS).await?;
    tx.commit().await
}

/// Every check by its name; several promises may share one.
pub(super) fn checks() -> BTreeMap<&'static str, &'static Check> {
    let checks = CONTROLS.iter().flat_map(|control| control.checks);
    checks.map(|check| (check.name, *check)).collect()
}

/// Whose rows a check's answers about the service are: no customer's.
pub(super) const SERVICE: TenantId = TenantId(Uuid::nil());

fn told<E: std::fmt::Display>(
    check: &Check,
    answer: Result<Result<Answer, CannotTell>, E>,
) -> Answer {
    let why = match answer {
        Ok(Ok(answer)) => return answer,
        Ok(Err(why)) => why.to_string(),
        Err(late) => late.to_string(),
    };
    tracing::warn!(check = check.name, why, "a check cannot tell");
    Answer {
        outcome: Outcome::CannotTell,
        figures: Vec::new(),
        refs: Vec::new(),
    }
}

async fn keep(
    app: &App,
    check: &Check,
    tenant: Option<TenantId>,
    answer: Answer,
) -> sqlx::Result<()> {
    let (whose, now_ms) = (tenant.unwrap_or(SERVICE), app.clock.now_ms());
    // What is about the service is told in the service's own log.
    let scope = tenant.map_or(Scope::Everybody, Scope::Tenant);
    let mut tx = app.db.begin(scope).await?;
    let last = store::current(&mut tx, check.name, whose).await?;
    let before = last.as_ref().map(|span| span.answer().outcome);
    match &last {
        Some(span) if before == Some(answer.outcome) => {
            store::go_on(&mut tx, span, &answer, now_ms).await?;
        }
        _ => {
            let id = app::new_uuid(&app.clock);
            store::begin(&mut tx, id, (check.name, whose), &answer, now_ms).await?;
            if let Some(what) = worth_telling(before, answer.outcome) {
                let record = Record {
                    tenant,
                    user: None,
                    who: "",
                    address: "",
                    what,
                    subject: None,
                    detail: check.name,
                };
                activity::append_record(app, &mut tx, &record).await?;
            }
        }
    }
    tx.commit().await
}

/// What a change of the outcome is in the log. That a check held from the beginning is no news.
fn worth_telling(before: Option<Outcome>, now: Outcome) -> Option<What> {
    match (before, now) {
        (_, Outcome::FallsShort) => Some(What::PromiseFellShort),
        (_, Outcome::CannotTell) => Some(What::PromiseUnclear),
        (Some(_), Outcome::Holds) => Some(What::PromiseHolds),
        (None, Outcome::Holds) => None,
    }
}
