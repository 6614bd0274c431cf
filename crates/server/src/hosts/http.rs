//! The infrastructure listener's routes. A machine shows who it is by its certificate; only enrolling needs none.

use super::{
    link,
    service::{self, EnrolError},
};
use crate::app::App;
use axum::{
    Extension, Json, Router,
    extract::{DefaultBodyLimit, State, WebSocketUpgrade},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{any, post},
};
use std::sync::Arc;
use uuid::Uuid;
use wire::{
    control::{
        ENROL_PATH, Enrol, GATEWAY_LINK_PATH, HOST_LINK_PATH, MAX_LEN, MachineKind, RENEW_PATH,
        Renew,
    },
    ids::{GatewayId, HostId},
};

/// The machine that the client certificate names, if one was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) Option<(MachineKind, Uuid)>);

impl Peer {
    /// The machine of the URI in a verified certificate.
    pub(crate) fn read(uri: Option<&str>, _: &[u8]) -> Self {
        let machine = || {
            let (kind, id) = uri?.strip_prefix("nagaya://")?.split_once('/')?;
            let kind = match kind {
                "host" => MachineKind::Host,
                "gateway" => MachineKind::Gateway,
                _ => return None,
            };
            Some((kind, id.parse().ok()?))
        };
        Self(machine())
    }
}

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(ENROL_PATH, post(enrol))
        .route(RENEW_PATH, post(renew))
        .route(HOST_LINK_PATH, any(host_link))
        .route(GATEWAY_LINK_PATH, any(gateway_link))
        .layer(DefaultBodyLimit::max(64 * 1024))
}

async fn enrol(State(app): State<Arc<App>>, Json(request): Json<Enrol>) -> Response {
    match service::enrol(&app, &request).await {
        Ok(enrolled) => Json(enrolled).into_response(),
        Err(error) => refuse(&error),
    }
}

async fn renew(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Json(request): Json<Renew>,
) -> Response {
    let Some((kind, id)) = peer.0 else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    match service::renew(&app, id, kind, &request).await {
        Ok(enrolled) => Json(enrolled).into_response(),
        Err(error) => refuse(&error),
    }
}

async fn host_link(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Some(id) = enrolled(&app, peer, MachineKind::Host).await else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    upgrade
        .max_message_size(MAX_LEN)
        .on_upgrade(move |socket| link::host(app, HostId(id), socket))
}

async fn gateway_link(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Some(id) = enrolled(&app, peer, MachineKind::Gateway).await else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    upgrade
        .max_message_size(MAX_LEN)
        .on_upgrade(move |socket| link::gateway(app, GatewayId(id), socket))
}

/// The machine's id, if its certificate says the kind and it is still enrolled as that.
async fn enrolled(app: &App, peer: Peer, kind: MachineKind) -> Option<Uuid> {
    let (shown, id) = peer.0?;
    if shown != kind {
        return None;
    }
    match service::is_enrolled(app, id, kind).await {
        Ok(true) => Some(id),
        Ok(false) => None,
        Err(error) => {
            tracing::error!(%error, "cannot look up a machine");
            None
        }
    }
}

fn refuse(error: &EnrolError) -> Response {
    tracing::warn!(%error, "a machine got no certificate");
    let status = match error {
        EnrolError::Unknown => StatusCode::FORBIDDEN,
        EnrolError::Request(_) => StatusCode::UNPROCESSABLE_ENTITY,
        EnrolError::Database(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    status.into_response()
}
