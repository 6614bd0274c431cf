//! What shows that what is agreed on is in force, accepted and kept to.

use super::{
    days,
    service::{self, Names, fingerprint},
    store,
};
use crate::{
    activity,
    app::App,
    db::Scope,
    evidence::{Answer, CannotTell, Check, Run},
    portal::Key,
    tenancy::provider,
};
use wire::ids::TenantId;

/// A contract is in force.
pub(crate) const IN_FORCE: Check = Check {
    name: "contract.in_force",
    says: Key("evidence.check.contract_in_force"),
    figures: &[
        Key("evidence.figure.contract_version"),
        Key("evidence.figure.coming_versions"),
    ],
    run: Run::Customer(|app, tenant| Box::pin(in_force(app, tenant))),
};

/// What follows from the version whose day has come is done: it was noticed, and the log is kept for as long as it says.
pub(crate) const KEPT_TO: Check = Check {
    name: "contract.kept_to",
    says: Key("evidence.check.contract_kept_to"),
    figures: &[
        Key("evidence.figure.contract_version"),
        Key("evidence.figure.agreed_days"),
        Key("evidence.figure.kept_days"),
    ],
    run: Run::Customer(|app, tenant| Box::pin(kept_to(app, tenant))),
};

/// Nothing runs outside the regions that the contract allows.
pub(crate) const REGIONS: Check = Check {
    name: "contract.regions",
    says: Key("evidence.check.regions"),
    figures: &[
        Key("evidence.figure.placed"),
        Key("evidence.figure.outside"),
    ],
    run: Run::Customer(|app, tenant| Box::pin(regions(app, tenant))),
};

/// Somebody of the customer accepted the terms that go with the contract.
pub(crate) const ACCEPTED: Check = Check {
    name: "contract.terms_accepted",
    says: Key("evidence.check.terms_accepted"),
    figures: &[Key("evidence.figure.terms_version")],
    run: Run::Customer(|app, tenant| Box::pin(accepted(app, tenant))),
};

/// Every resource bears a service code of its customer.
pub(crate) const LABELLED: Check = Check {
    name: "contract.labelled",
    says: Key("evidence.check.labelled"),
    figures: &[
        Key("evidence.figure.resources"),
        Key("evidence.figure.unlabelled"),
    ],
    run: Run::Customer(|app, tenant| Box::pin(labelled(app, tenant))),
};

/// The provider says who and where it is, and where data is kept.
pub(crate) const PROFILE: Check = Check {
    name: "provider.profile",
    says: Key("evidence.check.profile"),
    figures: &[Key("evidence.figure.regions")],
    run: Run::Service(|app| Box::pin(profile(app))),
};

async fn in_force(app: &App, tenant: TenantId) -> Result<Answer, CannotTell> {
    let mut tx = app.db.read(tenant).await?;
    let today = service::today(app);
    let versions = store::versions(&mut tx, tenant).await?;
    let contract = days::counting(&versions, &today);
    let version = contract.map_or(0, |row| row.version);
    let coming = count(days::coming(&versions, &today).len());
    let holds = contract.is_some_and(|row| row.is_in_force(&today));
    Ok(Answer::of(holds, vec![version, coming]))
}

/// The reconciler of contracts has this long to notice that a day has come.
const NOTICED_MS: i64 = 5 * 60 * 1000;

async fn kept_to(app: &App, tenant: TenantId) -> Result<Answer, CannotTell> {
    let mut tx = app.db.read(tenant).await?;
    let contract = store::current(&mut tx, tenant, &service::today(app)).await?;
    let kept = activity::kept_days(&mut tx, tenant).await?;
    let Some(row) = contract else {
        return Ok(Answer::of(true, vec![0, 0, kept]));
    };
    let noticed_by = service::day_of(app.clock.now_ms() - NOTICED_MS);
    let is_late = store::is_due(&mut tx, tenant, &noticed_by).await?;
    let is_kept = row.began_at_ms.is_none() || kept == row.retention_days;
    let figures = vec![row.version, row.retention_days, kept];
    Ok(Answer::of(!is_late && is_kept, figures))
}

async fn regions(app: &App, tenant: TenantId) -> Result<Answer, CannotTell> {
    let mut tx = app.db.read(tenant).await?;
    let contract = store::current(&mut tx, tenant, &service::today(app)).await?;
    let allowed = contract.map_or_else(Vec::new, |row| row.regions());
    let placed = store::placed(&mut tx, tenant, &app.config.region).await?;
    let outside = placed
        .iter()
        .filter(|(_, region)| !allowed.contains(region));
    let outside = count(outside.count());
    let answer = Answer::of(outside == 0, vec![count(placed.len()), outside]);
    Ok(answer.with_ref(allowed.join(" ")))
}

async fn accepted(app: &App, tenant: TenantId) -> Result<Answer, CannotTell> {
    let mut tx = app.db.read(tenant).await?;
    let of = service::overview(app, &mut tx, tenant, Names::Sealed).await?;
    let version = of.contract().map_or(0, |row| row.terms_version);
    let answer = Answer::of(of.accepted().is_some(), vec![version]);
    Ok(match &of.terms {
        Some(terms) => answer.with_ref(format!("SHA-256 {}", fingerprint(terms))),
        None => answer,
    })
}

async fn labelled(app: &App, tenant: TenantId) -> Result<Answer, CannotTell> {
    let mut tx = app.db.read(tenant).await?;
    let labels = store::labels(&mut tx, tenant).await?;
    let figures = vec![labels.resources, labels.unlabelled];
    Ok(Answer::of(labels.unlabelled == 0, figures))
}

async fn profile(app: &App) -> Result<Answer, CannotTell> {
    let mut tx = app.db.read(Scope::Nobody).await?;
    let profile = provider::service::profile(&mut tx).await?;
    let regions = provider::service::regions(&mut tx).await?;
    let holds = profile.is_complete() && !regions.is_empty();
    Ok(Answer::of(holds, vec![count(regions.len())]))
}

fn count(things: usize) -> i64 {
    i64::try_from(things).unwrap_or(i64::MAX)
}
