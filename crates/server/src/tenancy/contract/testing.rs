//! Contracts for tests.

#![allow(clippy::unwrap_used)]

use super::service;
use crate::{
    actor::Actor,
    app::App,
    db::{Tx, on},
};
use wire::ids::TenantId;

/// Somebody accepts the terms that go with their organisation's contract.
pub(crate) async fn accept_terms(app: &App, actor: &Actor) {
    let of = service::own(app, actor).await.unwrap();
    let shown = service::fingerprint(of.terms.as_ref().unwrap());
    assert!(service::accept(app, actor, 1, &shown).await.unwrap());
}

/// A contract and service codes that nothing in the log tells of, so that tests begin with an empty one.
pub(crate) async fn agree(app: &App, tx: &mut Tx, tenant: TenantId, code: &str) {
    const CONTRACT: &str = "INSERT INTO contracts (tenant_id, version, number, starts_on, terms_version, retention_days,
        max_people, max_sessions, regions, who, reason, at_ms, began_at_ms)
        VALUES ($1, 1, 'N-1', '2020-04-01', 1, 31, 100, 100, 'jp-east', 'Grace', 'new', 0, 0)";
    const CODE: &str =
        "INSERT INTO service_codes (id, tenant_id, code, service, options, created_at_ms)
        VALUES ($1, $2, $3, $4, '', 0)";
    const LABEL: &str = "UPDATE desktops SET service_code = $2
        WHERE tenant_id = $1 AND service_code IS NULL AND (application IS NULL) = $3";
    on!(&mut *tx, c => sqlx::query(CONTRACT).bind(tenant).execute(c).await.map(drop)).unwrap();
    for (service, is_whole) in [("desktop", true), ("application", false)] {
        let id = crate::app::new_uuid(&app.clock);
        let label = format!("{code}-{service}");
        on!(&mut *tx, c => sqlx::query(CODE).bind(id).bind(tenant).bind(label).bind(service)
            .execute(c).await.map(drop))
        .unwrap();
        on!(&mut *tx, c => sqlx::query(LABEL).bind(tenant).bind(id).bind(is_whole)
            .execute(c).await.map(drop))
        .unwrap();
    }
}
