//! What shows that operators act on customers only as another person has approved.

use super::store::{self, Span};
use crate::{
    activity::{self, What},
    app::App,
    db::Scope,
    evidence::{Answer, CannotTell, Check, Run},
    portal::Key,
};
use wire::ids::TenantId;

/// Every act of an operator on the customer lies within an elevation of theirs.
pub(crate) const ACTS_ELEVATED: Check = Check {
    name: "operators.acts_elevated",
    says: Key("evidence.check.acts_elevated"),
    figures: &[
        Key("evidence.figure.operator_acts"),
        Key("evidence.figure.without_elevation"),
    ],
    run: Run::Customer(|app, tenant| Box::pin(acts_elevated(app, tenant))),
};

/// Nobody approved what they asked for themselves.
pub(crate) const BY_ANOTHER: Check = Check {
    name: "operators.elevations_by_another",
    says: Key("evidence.check.elevations_by_another"),
    figures: &[
        Key("evidence.figure.elevations"),
        Key("evidence.figure.by_oneself"),
    ],
    run: Run::Service(|app| Box::pin(by_another(app))),
};

/// What operators do to a customer that takes an elevation, as the customer's log names it.
pub(super) const ACTS: [What; 7] = [
    What::ContractChanged,
    What::ContractWithdrawn,
    What::CustomerChanged,
    What::ServiceCodeAdded,
    What::ServiceCodeEnded,
    What::FederationDomainConfirmed,
    What::FederationDomainWithdrawn,
];
/// What a new customer agrees on is written together with the customer, for whom nobody could have asked before.
const BEGINNING_MS: i64 = 60 * 1000;
/// From being permitted to being recorded an act takes a moment.
const MEANWHILE_MS: i64 = 5 * 1000;

async fn acts_elevated(app: &App, tenant: TenantId) -> Result<Answer, CannotTell> {
    let mut tx = app.db.read(tenant).await?;
    let since = store::since(&mut tx, tenant).await?.unwrap_or_default() + BEGINNING_MS;
    let mut acts = activity::done_since(&mut tx, tenant, &ACTS, since).await?;
    // What is done on the control plane itself names nobody: whoever can do that is no operator of the console.
    acts.retain(|(_, who)| !who.is_empty());
    let spans = store::spans(&mut tx, tenant).await?;
    let within = |who: &str, at_ms: i64| {
        let fits = |span: &Span| {
            span.who == who && (span.from_ms..=span.to_ms + MEANWHILE_MS).contains(&at_ms)
        };
        spans.iter().any(fits)
    };
    let without = acts.iter().filter(|(at_ms, who)| !within(who, *at_ms));
    let figures = [acts.len(), without.count()].map(|n| i64::try_from(n).unwrap_or(i64::MAX));
    Ok(Answer::of(figures[1] == 0, figures.to_vec()))
}

async fn by_another(app: &App) -> Result<Answer, CannotTell> {
    let mut tx = app.db.read(Scope::Everybody).await?;
    let (all, own) = store::approvals(&mut tx).await?;
    Ok(Answer::of(own == 0, vec![all, own]))
}
