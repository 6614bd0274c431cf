//! `/api/v1/desktops`: what the token's person can open, and what of it runs.

use super::service;
use crate::{
    api::{ApiError, ApiProblem, Caller},
    app::{self, App},
    rights::{self, Action},
    sessions::service as sessions,
};
use axum::{Json, Router, extract::State, routing::get};
use serde::Serialize;
use std::sync::Arc;
use time::format_description::well_known::Rfc3339;
use utoipa::{OpenApi, ToSchema};

/// The description of these routes.
#[derive(OpenApi)]
#[openapi(paths(list))]
pub(crate) struct Doc;

pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new().route("/api/v1/desktops", get(list))
}

/// A desktop or published application.
#[derive(Debug, Serialize, ToSchema)]
struct Desktop {
    /// The desktop.
    #[schema(format = "uuid")]
    id: String,
    /// Its name in Japanese.
    #[schema(example = "標準デスクトップ")]
    name_ja: String,
    /// Its name in English.
    #[schema(example = "Standard desktop")]
    name_en: String,
    /// The published application; none for a whole desktop.
    #[schema(example = "editor")]
    #[serde(skip_serializing_if = "Option::is_none")]
    application: Option<String>,
    /// The person's session of it that is not over.
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<RunningSession>,
}

/// A session that is not over.
#[derive(Debug, Serialize, ToSchema)]
struct RunningSession {
    /// The session.
    #[schema(format = "uuid")]
    id: String,
    /// Since when (RFC 3339, UTC).
    #[schema(format = DateTime)]
    since: String,
    /// Whether it is shown somewhere now.
    connected: bool,
}

/// The desktops and published applications of the token's person.
#[utoipa::path(get, path = "/api/v1/desktops", tag = "desktops", responses((status = 200, body = Vec<Desktop>), (status = 401, body = ApiProblem), (status = 403, body = ApiProblem)))]
async fn list(
    State(app): State<Arc<App>>,
    Caller(actor): Caller,
) -> Result<Json<Vec<Desktop>>, ApiError> {
    rights::authorize(&actor, Action::ViewDesktops)?;
    let mut tx = app.db.read(actor.tenant).await?;
    let offered = service::offered(&mut tx, &actor).await?;
    let live = sessions::live_of(&mut tx, &actor).await?;
    let shown = offered.into_iter().map(|row| Desktop {
        session: live
            .iter()
            .find(|session| session.desktop == row.id)
            .map(|session| RunningSession {
                id: session.id.to_string(),
                since: app::moment(session.requested_at_ms)
                    .format(&Rfc3339)
                    .unwrap_or_default(),
                connected: session.connected,
            }),
        id: row.id.to_string(),
        name_ja: row.name_ja,
        name_en: row.name_en,
        application: row.application,
    });
    Ok(Json(shown.collect()))
}
