//! What administrators do with their organisation's collector. It takes the right to look after people, which they alone
//! have; an action of its own needs a policy, and its proof anew.

use super::{
    super::{
        What, append, log,
        service::ReadError,
        store::{
            Row,
            stream::{self as store, StreamRow},
            tree,
        },
    },
    job,
    send::{self, Secret, SendError},
    target::{Draft, Field, Kind, Target},
};
use crate::{
    actor::Actor,
    app::{App, new_uuid},
    db::Tx,
    keys::{Owner, Place},
    rights::{self, Action},
};
use uuid::Uuid;

/// What is known of a collector.
#[derive(Debug)]
pub(super) struct State {
    pub(super) row: StreamRow,
    /// Records that it does not have.
    pub(super) behind: i64,
    pub(super) error: Option<SendError>,
    pub(super) has_key: bool,
    pub(super) has_authorization: bool,
}

/// Why nothing was saved.
#[derive(Debug, thiserror::Error)]
pub(super) enum SaveError {
    #[error("a field cannot be used")]
    Wrong(Field),
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<sqlx::Error> for SaveError {
    fn from(error: sqlx::Error) -> Self {
        Self::Read(error.into())
    }
}

pub(super) async fn state(app: &App, actor: &Actor) -> Result<Option<State>, ReadError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let mut tx = app.db.read(actor.tenant).await?;
    let Some(row) = store::get(&mut tx, actor.tenant).await? else {
        return Ok(None);
    };
    let log = tree::log(&mut tx, log::of(Some(actor.tenant))).await?;
    let (_, secret) = opened(&mut tx, &row).await?;
    Ok(Some(State {
        behind: log.map_or(0, |log| log.size) - row.next_index,
        error: job::error_of(&row.error),
        has_key: !secret.client_key.is_empty(),
        has_authorization: !secret.authorization.is_empty(),
        row,
    }))
}

/// Keeps where records go from now on; what was not delivered to an earlier collector goes to this one. Secrets that are
/// left empty stay, as long as host and port do: another server does not get to see them.
pub(super) async fn save(app: &App, actor: &Actor, draft: &Draft) -> Result<(), SaveError> {
    rights::authorize(actor, Action::ManageUsers).map_err(ReadError::from)?;
    let target = draft.target().map_err(SaveError::Wrong)?;
    let mut tx = app.db.begin(actor.tenant).await?;
    let log = log::of(Some(actor.tenant));
    let size = tree::log(&mut tx, log).await?.map_or(0, |log| log.size);
    let before = store::get(&mut tx, actor.tenant).await?;
    let mut secret = Secret {
        client_key: draft.client_key.trim().to_owned(),
        authorization: draft.authorization.trim().to_owned(),
    };
    let mut next_index = size;
    if let Some(before) = &before {
        next_index = before.next_index;
        let (old, kept) = opened(&mut tx, before).await?;
        if (&old.host, old.port) == (&target.host, target.port) {
            if secret.client_key.is_empty() {
                secret.client_key = kept.client_key;
            }
            if secret.authorization.is_empty() {
                secret.authorization = kept.authorization;
            }
        }
    }
    if !target.client_pem.is_empty() && secret.client_key.is_empty() {
        return Err(SaveError::Wrong(Field::Certificates));
    }
    let id = new_uuid(&app.clock);
    // Texts always have a JSON form.
    let plain = serde_json::to_vec(&secret).unwrap_or_default();
    let sealed = tx
        .seal(Owner::Tenant(actor.tenant), place(id), &plain)
        .await?;
    let row = StreamRow {
        id,
        tenant_id: actor.tenant,
        kind: target.kind.name().to_owned(),
        host: target.host,
        port: i64::from(target.port),
        path: target.path,
        ca_pem: target.ca_pem,
        client_pem: target.client_pem,
        secret: sealed,
        next_index,
        delivered_at_ms: before.and_then(|before| before.delivered_at_ms),
        failed_at_ms: None,
        error: String::new(),
        failures: 0,
        retry_at_ms: app.clock.now_ms(),
    };
    store::remove(&mut tx, actor.tenant).await?;
    store::insert(&mut tx, &row).await?;
    let detail = format!("{} {}:{}", row.kind, row.host, row.port);
    append(app, &mut tx, actor, What::StreamChanged, id, &detail).await?;
    Ok(tx.commit().await?)
}

/// Sends nothing any more.
pub(super) async fn remove(app: &App, actor: &Actor) -> Result<(), ReadError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let mut tx = app.db.begin(actor.tenant).await?;
    if let Some(row) = store::get(&mut tx, actor.tenant).await? {
        store::remove(&mut tx, actor.tenant).await?;
        append(app, &mut tx, actor, What::StreamRemoved, row.id, &row.host).await?;
    }
    Ok(tx.commit().await?)
}

/// Sends one message that is no record. `None` when there is no collector.
pub(super) async fn test(
    app: &App,
    actor: &Actor,
) -> Result<Option<Result<(), SendError>>, ReadError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let mut tx = app.db.begin(actor.tenant).await?;
    let Some(row) = store::get(&mut tx, actor.tenant).await? else {
        return Ok(None);
    };
    let (target, secret) = opened(&mut tx, &row).await?;
    append(app, &mut tx, actor, What::StreamTested, row.id, &row.host).await?;
    tx.commit().await?;
    let message = Row {
        id: new_uuid(&app.clock),
        at_ms: app.clock.now_ms(),
        user_id: Some(actor.user.0),
        who: actor.full_name.clone(),
        address: actor.address.clone(),
        what: "activity.stream_test".to_owned(),
        subject_id: None,
        detail: "test message".to_owned(),
        leaf_index: -1,
        clock: Some(app.clock.reading().state.name().to_owned()),
        clock_error_us: None,
        outcome: None,
    };
    let log = log::of(Some(actor.tenant));
    let bytes = job::bytes(app, target.kind, log, &[message]);
    let private = app.config.private_log_destinations;
    Ok(Some(send::send(&target, &secret, &bytes, private).await))
}

/// What a row says, opened.
pub(super) async fn opened(tx: &mut Tx, row: &StreamRow) -> sqlx::Result<(Target, Secret)> {
    let owner = Owner::Tenant(row.tenant_id);
    let plain = tx.unseal(owner, place(row.id), &row.secret).await?;
    let secret: Secret = serde_json::from_slice(&plain).unwrap_or_default();
    let target = Target {
        kind: Kind::from_name(&row.kind).unwrap_or(Kind::Syslog),
        host: row.host.clone(),
        port: u16::try_from(row.port).unwrap_or_default(),
        path: row.path.clone(),
        ca_pem: row.ca_pem.clone(),
        client_pem: row.client_pem.clone(),
    };
    Ok((target, secret))
}

fn place(row: Uuid) -> Place {
    Place {
        table: "activity_streams",
        column: "secret",
        row,
    }
}
