//! The management listener: its routes, and who comes to them.
//!
//! Every path begins with `/console`, so that no path of one listener is one of the other's.

use super::{
    elevation::service as elevation,
    http, pages,
    role::OperatorRole,
    service::{self, Operator},
    store::OperatorRow,
};
use crate::{
    app::App,
    authority::digest_of,
    clock,
    listener::{MAX_BODY, Site, guarded, problem},
    portal::{self, Problem, Ui},
    refusals::{self, Asker},
    visit::{self, Failure},
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRequestParts, Request, State},
    http::request::Parts,
    middleware::{self, Next},
    response::{IntoResponse as _, Redirect, Response},
};
use std::sync::Arc;
use uuid::Uuid;

/// The cookie of an operator's session.
pub(super) const COOKIE: &str = "__Host-nagaya-console";

/// The paths that operators' browsers can reach, besides assets.
pub(crate) const PATHS: &[&str] = &[
    "/console/",
    "/console/enter",
    "/console/first/{link}",
    "/console/leave",
    "/console/machines",
    "/console/machines/{id}/drain",
    "/console/machines/{id}/resume",
    "/console/clock",
    "/console/customers",
    "/console/customers/new",
    "/console/customers/{code}",
    "/console/customers/{code}/names",
    "/console/customers/{code}/domains",
    "/console/customers/{code}/codes",
    "/console/customers/{code}/codes/{id}/end",
    "/console/customers/{code}/versions/{version}/withdraw",
    "/console/inventory",
    "/console/inventory/assets.csv",
    "/console/catalogue",
    "/console/catalogue/{kind}/{code}",
    "/console/catalogue/{kind}/{code}/retire",
    "/console/catalogue/{kind}/{code}/offer",
    "/console/catalogue/{kind}/{code}/remove",
    "/console/operators",
    "/console/operators/add",
    "/console/operators/{id}",
    "/console/operators/{id}/{name}",
    "/console/provider",
    "/console/provider/regions",
    "/console/provider/terms",
    "/console/elevations",
    "/console/elevations/ask",
    "/console/elevations/{id}",
    "/console/elevations/{id}/approve",
    "/console/elevations/{id}/refuse",
    "/console/elevations/{id}/end",
    "/console/evidence",
    "/console/help/{name}",
    "/console/work-log",
];

/// Everything that operators' browsers can reach.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .merge(http::routes())
        .nest("/console", portal::routes())
        .route_layer(middleware::from_fn_with_state(
            Arc::clone(&app),
            refusals::recorded,
        ))
        .fallback(|| async { problem(Problem::NotFound) })
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&app), around))
        .with_state(app)
}

async fn around(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let site = Site {
        own_url: &app.config.management_url,
        connections: "",
        is_console: true,
    };
    guarded(site, request, next).await
}

/// The operator that the connection's client certificate names. TLS has verified it already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Certificate {
    pub(crate) operator: Option<Uuid>,
    /// The digest of the whole certificate, see [`digest_of`].
    pub(crate) digest: String,
}

impl Certificate {
    /// The operator of the URI in a verified certificate (DER).
    pub(crate) fn read(uri: Option<&str>, certificate: &[u8]) -> Self {
        let id = uri.and_then(|uri| uri.strip_prefix("nagaya://operator/"));
        Self {
            operator: id.and_then(|id| id.parse().ok()),
            digest: digest_of(certificate),
        }
    }

    /// Whether it is the one that the operator's row keeps. A row from before it kept one has had one certificate only.
    pub(super) fn is_current(&self, kept: Option<&str>) -> bool {
        kept.is_none_or(|kept| kept == self.digest)
    }
}

/// Somebody with an operator's certificate who may come in, but has not entered yet.
#[derive(Debug)]
pub(super) struct AtTheDoor {
    pub(super) operator: OperatorRow,
    pub(super) ui: Ui,
    pub(super) address: String,
}

/// An operator who has entered.
#[derive(Debug)]
pub(super) struct Entered {
    pub(super) operator: Operator,
    pub(super) ui: Ui,
    /// The secret of the session.
    pub(super) token: String,
    /// Nothing keeps the clock right.
    pub(super) clock_alarm: bool,
    /// Elevations on which this operator may decide.
    pub(super) waiting: i64,
}

impl FromRequestParts<Arc<App>> for AtTheDoor {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &Arc<App>,
    ) -> Result<Self, Self::Rejection> {
        let operator = match certificate(parts) {
            Some(shown) => service::known(app, &shown).await.map_err(failed)?,
            None => None,
        };
        // A certificate whose operator was removed or suspended, or that was replaced.
        let operator = operator.ok_or_else(|| Failure::Forbidden.into_response())?;
        Ok(Self {
            operator,
            ui: Ui::guest(&parts.headers, visit::path(parts)).of_console(),
            address: visit::address(parts, app),
        })
    }
}

impl FromRequestParts<Arc<App>> for Entered {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &Arc<App>,
    ) -> Result<Self, Self::Rejection> {
        let token = visit::cookie(&parts.headers, COOKIE).map(str::to_owned);
        let (Some(token), Some(shown)) = (token, certificate(parts)) else {
            return Err(Redirect::to(pages::DOOR).into_response());
        };
        let row = service::session(app, &token, &shown)
            .await
            .map_err(failed)?;
        let row = row.and_then(|row| Some((OperatorRole::from_name(&row.role)?, row)));
        let Some((role, row)) = row else {
            return Err(Redirect::to(pages::DOOR).into_response());
        };
        let operator = Operator {
            id: row.operator_id,
            full_name: row.full_name,
            role,
            address: visit::address(parts, app),
        };
        refusals::note(parts, || Asker {
            tenant: None,
            user: None,
            operator: Some(operator.id),
            full_name: operator.full_name.clone(),
            address: operator.address.clone(),
        });
        let waiting = elevation::waiting(app, &operator).await.map_err(failed)?;
        Ok(Self {
            ui: Ui::guest(&parts.headers, visit::path(parts))
                .with_csrf(&row.csrf)
                .of_console(),
            operator,
            token,
            waiting,
            clock_alarm: clock::service::is_alarming(app),
        })
    }
}

fn certificate(parts: &Parts) -> Option<Certificate> {
    parts.extensions.get().cloned()
}

fn failed(error: sqlx::Error) -> Response {
    Failure::from(error).into_response()
}
