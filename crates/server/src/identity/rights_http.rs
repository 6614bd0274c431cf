//! `/users/ID/grants`: an administrator gives and takes rights for one service code, on a person's page.

use super::{
    lifecycle::Wrong,
    lifecycle_http::{back, parse, person_page},
};
use crate::{
    app::App,
    grants::service::{self as grants, GrantError, Whom},
    portal::Key,
    visit::{Failure, SignedIn},
};
use axum::{
    Form, Router,
    extract::{Path, State},
    response::Response,
    routing::post,
};
use serde::Deserialize;
use std::sync::Arc;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/users/{id}/grants", post(grant))
        .route("/users/{id}/revoke", post(revoke))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct GrantForm {
    csrf: String,
    code: String,
    role: String,
    grant: String,
}

async fn grant(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<GrantForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let id = parse(&id)?;
    // Whoever is another customer's, or gone, is not found before anything is said of the form.
    super::lifecycle::person(&app, &signed.actor, id).await?;
    let code = form.code.parse().unwrap_or_default();
    match grants::grant(&app, &signed.actor, code, Whom::Id(id), &form.role).await {
        Ok(_) => Ok(back(id, "granted")),
        Err(error) => {
            let problem = match error {
                GrantError::Auditor => Key("grants.error.auditor"),
                GrantError::Role => Key("grants.error.role"),
                GrantError::Ended => Key("grants.error.ended"),
                GrantError::NotFound => Key("grants.error.code"),
                error => return Err(error.into()),
            };
            person_page(
                &app,
                signed,
                id,
                None,
                Wrong::default(),
                Some(problem),
                None,
            )
            .await
        }
    }
}

async fn revoke(
    State(app): State<Arc<App>>,
    signed: SignedIn,
    Path(id): Path<String>,
    Form(form): Form<GrantForm>,
) -> Result<Response, Failure> {
    signed.check_form(&form.csrf)?;
    let id = parse(&id)?;
    super::lifecycle::person(&app, &signed.actor, id).await?;
    let rows = grants::of_user(&app, &signed.actor, id).await?;
    // One that is not there was taken away already.
    if let Some(row) = rows.iter().find(|row| row.id.to_string() == form.grant) {
        grants::revoke(&app, &signed.actor, row.code, row.id).await?;
    }
    Ok(back(id, "revoked"))
}
