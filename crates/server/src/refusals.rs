//! Who asks for what the policies do not permit, or sends a form that is not ours, is recorded: in the organisation's log,
//! or in the work log for operators.

use crate::{
    activity::{self, Record, What},
    app::App,
    portal::Problem,
};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{StatusCode, request::Parts},
    middleware::Next,
    response::Response,
};
use std::sync::{Arc, OnceLock};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

/// Who asks. They are known once their cookie, token or certificate was looked up.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    /// Of which organisation; `None` for operators.
    pub(crate) tenant: Option<TenantId>,
    /// Which person; `None` for operators.
    pub(crate) user: Option<UserId>,
    /// Which operator.
    pub(crate) operator: Option<Uuid>,
    pub(crate) full_name: String,
    pub(crate) address: String,
}

/// A place in each request for who asks.
#[derive(Clone, Debug, Default)]
struct Place(Arc<OnceLock<Asker>>);

/// Notes who asks, in case they are refused.
pub(crate) fn note(parts: &Parts, asker: impl FnOnce() -> Asker) {
    if let Some(Place(place)) = parts.extensions.get() {
        place.get_or_init(asker);
    }
}

/// Records the answer where it is a refusal of the policies, or of a form without its token.
pub(crate) async fn recorded(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let place = Place::default();
    request.extensions_mut().insert(place.clone());
    // The route, not the path: what a path names may be secret.
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("", MatchedPath::as_str);
    let mut asked = format!("{} {route}", request.method());
    let answer = next.run(request).await;
    let problem = answer.extensions().get::<Problem>();
    let is_forged = problem == Some(&Problem::FormExpired);
    if is_forged {
        asked.push_str(" (form token)");
    }
    let is_refusal = answer.status() == StatusCode::FORBIDDEN
        && problem
            .is_none_or(|problem| matches!(problem, Problem::Forbidden | Problem::NotElevated));
    if let Some(asker) = place.0.get().filter(|_| is_refusal || is_forged) {
        let record = Record {
            tenant: asker.tenant,
            user: asker.user,
            who: &asker.full_name,
            address: &asker.address,
            what: What::Refused,
            subject: asker.operator,
            detail: &asked,
        };
        if let Err(error) = activity::record(&app, &record).await {
            tracing::error!(%error, "a refusal cannot be recorded");
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use crate::{activity::What, testing::worlds};

    #[tokio::test]
    async fn who_asks_for_what_is_not_permitted_is_in_the_log() {
        for world in worlds().await {
            let customer = &world.customers[0];
            let mut browser = world.signed_in(&customer.user).await;
            let before = world.log(Some(customer.tenant)).await;
            assert_eq!(browser.get("/activity").await.status, 403);
            // Nothing that is there for nobody, and nothing that is permitted.
            assert_eq!(browser.get("/no-such-page").await.status, 404);
            assert_eq!(browser.get("/access").await.status, 200);
            let mut expected = before;
            expected.push(What::Refused);
            assert_eq!(world.log(Some(customer.tenant)).await, expected);
        }
    }

    #[tokio::test]
    async fn a_form_without_its_token_is_in_the_log_of_whoever_is_signed_in() {
        for world in worlds().await {
            let customer = &world.customers[0];
            let mut boss = world.signed_in(&customer.administrator).await;
            let forged = [("csrf", "guess")];
            assert_eq!(boss.post("/sign-out", &forged).await.status, 403);
            let log = world.log(Some(customer.tenant)).await;
            assert_eq!(log.last(), Some(&What::Refused));
            let page = boss.get("/activity").await;
            assert!(page.text.contains("POST /sign-out (form token)"));
            // Of a stranger nobody knows whose log it would belong to.
            assert_eq!(world.browser().post("/sign-in", &forged).await.status, 422);
            assert_eq!(world.log(Some(customer.tenant)).await, log);
        }
    }
}
