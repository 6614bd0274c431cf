//! Who calls the API: `Authorization: Bearer` and a token (RFC 6750, section 2.1). Nothing else is looked at, cookies least
//! of all, so that no other site's page can make a browser call it.

use super::{problem::ApiError, refused, service};
use crate::{actor::Actor, app::App, refusals, visit};
use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use std::sync::Arc;

/// The person for whom a program calls.
#[derive(Clone, Debug)]
pub(crate) struct Caller(pub(crate) Actor);

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &Arc<App>,
    ) -> Result<Self, Self::Rejection> {
        let given = parts.headers.get(header::AUTHORIZATION);
        let secret = given
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, secret)| secret.trim());
        let address = visit::address(parts, app);
        let actor = match secret {
            Some(secret) => service::caller(app, secret, &address).await?,
            None => None,
        };
        let Some(actor) = actor else {
            if secret.is_some() {
                refused::record(app, parts, &address).await;
            }
            return Err(ApiError::NoToken);
        };
        refusals::note(parts, || actor.asker());
        Ok(Self(actor))
    }
}
