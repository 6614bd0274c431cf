//! Use cases of machines: a one-time token becomes a certificate, and a certificate the next one.

use super::store::{self, MachineRow};
use crate::{
    app::{App, new_uuid, secret_hash},
    authority::AuthorityError,
    db::{Scope, Tx},
};
use std::collections::HashMap;
use uuid::Uuid;
use wire::{
    control::{Enrol, Enrolled, MachineKind, Renew},
    ids::{GatewayId, HostId},
};

/// How long a token works, in milliseconds.
const TOKEN_MS: i64 = 60 * 60 * 1000;

/// Why a machine gets no certificate.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The token is unknown, used or too old; or the machine was removed.
    #[error("not known")]
    Unknown,
    /// The request is not one, or its key cannot be used.
    #[error("the certificate request cannot be used")]
    Request(#[source] AuthorityError),
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

/// Makes a token with which one machine can enrol. `names` are the host names that a gateway's browsers use; `region` is
/// where it stands, if not in the region that the configuration names.
pub async fn new_token(
    app: &App,
    kind: MachineKind,
    names: &[String],
    region: Option<&str>,
) -> sqlx::Result<String> {
    let token = app.new_secret();
    let expires_at_ms = app.clock.now_ms() + TOKEN_MS;
    let mut tx = app.db.begin(Scope::Nobody).await?;
    let hash = secret_hash(&token);
    let row = MachineRow {
        kind: kind_name(kind).to_owned(),
        names: names.join(" "),
        region: region.map(str::to_owned),
    };
    store::insert_token(&mut tx, &hash, &row, expires_at_ms).await?;
    tx.commit().await?;
    Ok(token)
}

/// Enrols a machine.
pub async fn enrol(app: &App, request: &Enrol) -> Result<Enrolled, EnrolError> {
    let now_ms = app.clock.now_ms();
    let mut tx = app.db.begin(Scope::Nobody).await?;
    let row = store::use_token(&mut tx, &secret_hash(&request.token), now_ms)
        .await?
        .ok_or(EnrolError::Unknown)?;
    let id = new_uuid(&app.clock);
    // A request that cannot be used leaves the token unused: the transaction is dropped.
    let enrolled = issue(app, id, &row, &request.csr_pem)?;
    store::insert_machine(&mut tx, id, &row, now_ms).await?;
    tx.commit().await?;
    tracing::info!(machine = %id, kind = row.kind, "a machine enrolled");
    Ok(enrolled)
}

/// Gives a machine that is still enrolled as what its certificate says the next one.
pub async fn renew(
    app: &App,
    id: Uuid,
    kind: MachineKind,
    request: &Renew,
) -> Result<Enrolled, EnrolError> {
    let mut tx = app.db.read(Scope::Nobody).await?;
    let row = store::machine(&mut tx, id)
        .await?
        .filter(|row| row.kind == kind_name(kind))
        .ok_or(EnrolError::Unknown)?;
    issue(app, id, &row, &request.csr_pem)
}

/// Whether a certificate's machine is still enrolled as what it says. Notes that it was here.
pub async fn is_enrolled(app: &App, id: Uuid, kind: MachineKind) -> sqlx::Result<bool> {
    let mut tx = app.db.begin(Scope::Nobody).await?;
    let row = store::machine(&mut tx, id).await?;
    let enrolled = row.is_some_and(|row| row.kind == kind_name(kind));
    if enrolled {
        store::seen(&mut tx, id, app.clock.now_ms()).await?;
        tx.commit().await?;
    }
    Ok(enrolled)
}

/// Whether a machine of each kind has said something since the given moment.
pub async fn both_seen_since(app: &App, since_ms: i64) -> sqlx::Result<bool> {
    let mut tx = app.db.begin(Scope::Nobody).await?;
    for kind in [MachineKind::Host, MachineKind::Gateway] {
        if store::count_seen(&mut tx, kind_name(kind), since_ms).await? == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

fn issue(app: &App, id: Uuid, row: &MachineRow, csr_pem: &str) -> Result<Enrolled, EnrolError> {
    let kind = match row.kind.as_str() {
        "host" => MachineKind::Host,
        "gateway" => MachineKind::Gateway,
        _ => return Err(EnrolError::Unknown),
    };
    let names: Vec<String> = row.names.split_whitespace().map(str::to_owned).collect();
    let (certificate_pem, renew_at_s) = app
        .authority
        .machine(csr_pem, id, kind, &names, app.clock.now_s())
        .map_err(EnrolError::Request)?;
    Ok(Enrolled {
        id,
        kind,
        certificate_pem,
        authority_pem: app.authority.certificate_pem.clone(),
        renew_at_s,
    })
}

fn kind_name(kind: MachineKind) -> &'static str {
    match kind {
        MachineKind::Host => "host",
        MachineKind::Gateway => "gateway",
    }
}

/// The hosts that operators let take no new sessions.
pub(crate) async fn draining(tx: &mut Tx) -> sqlx::Result<Vec<HostId>> {
    store::draining(tx).await
}

/// Where each session host stands.
pub(crate) async fn regions(app: &App, tx: &mut Tx) -> sqlx::Result<HashMap<HostId, String>> {
    let rows = store::regions(tx, &app.config.region).await?;
    Ok(rows.into_iter().collect())
}

/// Writes down where a gateway's relay is reached.
pub(crate) async fn remember_relay(app: &App, id: GatewayId, relay_url: &str) -> sqlx::Result<()> {
    let mut tx = app.db.begin(Scope::Nobody).await?;
    store::set_relay(&mut tx, id.0, relay_url).await?;
    tx.commit().await
}

/// Tells this process of the relays that there were before it: a page that is given out now may need one of them as soon
/// as its gateway is back.
pub(crate) async fn recall_relays(app: &App) -> sqlx::Result<()> {
    let mut tx = app.db.read(Scope::Nobody).await?;
    for relay_url in store::relays(&mut tx).await? {
        app.gateways.know(&relay_url);
    }
    Ok(())
}
