//! The document that describes the API (`OpenAPI` 3.1), made from the routes' own descriptions.

use super::problem::ApiProblem;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};

#[derive(OpenApi)]
#[openapi(
    info(title = "Nagaya", description = "Customers' API. Every call needs a token that was made in the portal."),
    components(schemas(ApiProblem)),
    security(("token" = [])),
    modifiers(&Token)
)]
struct Whole;

struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", scheme);
    }
}

/// The whole document.
pub(super) fn document() -> utoipa::openapi::OpenApi {
    let mut whole = Whole::openapi();
    let parts = [
        crate::identity::ApiDoc::openapi(),
        crate::identity::RegisterApiDoc::openapi(),
        crate::activity::ApiDoc::openapi(),
        crate::evidence::ApiDoc::openapi(),
        crate::desktops::ApiDoc::openapi(),
        crate::sessions::ApiDoc::openapi(),
        crate::tenancy::ContractApiDoc::openapi(),
    ];
    for part in parts {
        whole.merge(part);
    }
    whole
}
