//! What shows that accounts are looked after.

pub(crate) use super::federation::checks::FEDERATED_DOORS;
use super::{devices, policy, service::LINK_MS, store};
use crate::{
    activity,
    app::App,
    evidence::{Answer, CannotTell, Check, Run},
    portal::Key,
    sessions,
};
use wire::ids::{TenantId, UserId};

/// Who was suspended or removed is out: of the portal, and of their desktops.
pub(crate) const LEFT_OVER_ACCESS: Check = Check {
    name: "identity.left_over_access",
    says: Key("evidence.check.left_over_access"),
    figures: &[
        Key("evidence.figure.people_gone"),
        Key("evidence.figure.left_over"),
    ],
    run: Run::Customer(|app, tenant| Box::pin(left_over_access(app, tenant))),
};

/// Somebody can look after the organisation's people.
pub(crate) const AN_ADMINISTRATOR: Check = Check {
    name: "identity.an_administrator",
    says: Key("evidence.check.an_administrator"),
    figures: &[Key("evidence.figure.administrators")],
    run: Run::Customer(|app, tenant| Box::pin(an_administrator(app, tenant))),
};

/// No password is kept but as a hash by argon2id (RFC 9106).
pub(crate) const PASSWORDS: Check = Check {
    name: "identity.passwords",
    says: Key("evidence.check.passwords"),
    figures: &[
        Key("evidence.figure.passwords"),
        Key("evidence.figure.weak_hashes"),
    ],
    run: Run::Customer(|app, tenant| Box::pin(passwords(app, tenant))),
};

/// Every one-time link that works is in the log: who registered the person, made it or asked for it, and when.
pub(crate) const LINKS_RECORDED: Check = Check {
    name: "identity.links_recorded",
    says: Key("evidence.check.links_recorded"),
    figures: &[
        Key("evidence.figure.links"),
        Key("evidence.figure.links_unrecorded"),
    ],
    run: Run::Customer(|app, tenant| Box::pin(links_recorded(app, tenant))),
};

/// Nobody works without a second factor where their organisation asks for one.
pub(crate) const SECOND_FACTOR: Check = Check {
    name: "identity.second_factor",
    says: Key("evidence.check.people_second_factor"),
    figures: &[
        Key("evidence.figure.asking_roles"),
        Key("evidence.figure.without_factor"),
        Key("evidence.figure.inside_without_factor"),
    ],
    run: Run::Customer(|app, tenant| Box::pin(second_factor(app, tenant))),
};

/// Nobody works without a good device's certificate where their organisation asks for one.
pub(crate) const DEVICES: Check = Check {
    name: "identity.devices",
    says: Key("evidence.check.devices"),
    figures: &[
        Key("evidence.figure.asking_roles"),
        Key("evidence.figure.inside_without_device"),
        Key("evidence.figure.revoked_inside"),
    ],
    run: Run::Customer(|app, tenant| Box::pin(devices(app, tenant))),
};

async fn devices(app: &App, tenant: TenantId) -> Result<Answer, CannotTell> {
    let mut tx = app.db.read(tenant).await?;
    let live = sessions::service::connected_users(&mut tx, tenant).await?;
    let live = live.into_iter().collect();
    let (asking, inside) = policy::service::missing_devices(app, &mut tx, tenant, &live).await?;
    let revoked = devices::step::revoked_inside(&mut tx, tenant).await?;
    let figures = vec![count(asking), count(inside), revoked];
    Ok(Answer::of(inside == 0 && revoked == 0, figures))
}

async fn second_factor(app: &App, tenant: TenantId) -> Result<Answer, CannotTell> {
    let mut tx = app.db.read(tenant).await?;
    let live = sessions::service::connected_users(&mut tx, tenant).await?;
    let live = live.into_iter().collect();
    let (asking, bare, inside) = policy::service::missing_factors(&mut tx, tenant, &live).await?;
    let figures = vec![count(asking), count(bare), count(inside)];
    Ok(Answer::of(inside == 0, figures))
}

async fn links_recorded(app: &App, tenant: TenantId) -> Result<Answer, CannotTell> {
    /// A link and its record are of one transaction.
    const APART_MS: i64 = 60_000;
    let now_ms = app.clock.now_ms();
    let mut tx = app.db.read(tenant).await?;
    let links = store::live_links(&mut tx, tenant, now_ms).await?;
    let records = activity::service::links(&mut tx, tenant, now_ms - LINK_MS - APART_MS).await?;
    let is_recorded = |(user, expires_at_ms): &&(UserId, i64)| {
        let made_ms = expires_at_ms - LINK_MS;
        records
            .iter()
            .any(|(subject, at_ms)| *subject == user.0 && (at_ms - made_ms).abs() < APART_MS)
    };
    let recorded = links.iter().filter(is_recorded).count();
    let others = links.len() - recorded;
    Ok(Answer::of(
        others == 0,
        vec![count(links.len()), count(others)],
    ))
}

async fn left_over_access(app: &App, tenant: TenantId) -> Result<Answer, CannotTell> {
    let mut tx = app.db.read(tenant).await?;
    let gone = store::gone(&mut tx, tenant).await?;
    let live = sessions::service::live_users(&mut tx, tenant).await?;
    let desktops = live.iter().filter(|user| gone.contains(user)).count();
    let left = store::gone_sessions(&mut tx, tenant).await? + count(desktops);
    Ok(Answer::of(left == 0, vec![count(gone.len()), left]))
}

async fn an_administrator(app: &App, tenant: TenantId) -> Result<Answer, CannotTell> {
    let mut tx = app.db.read(tenant).await?;
    let there = store::administrators(&mut tx, tenant).await?;
    Ok(Answer::of(there > 0, vec![there]))
}

async fn passwords(app: &App, tenant: TenantId) -> Result<Answer, CannotTell> {
    let mut tx = app.db.read(tenant).await?;
    let hashes = store::password_hashes(&mut tx, tenant).await?;
    let others = hashes.iter().filter(|hash| !hash.starts_with("$argon2id$"));
    let others = count(others.count());
    Ok(Answer::of(others == 0, vec![count(hashes.len()), others]))
}

fn count(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}
