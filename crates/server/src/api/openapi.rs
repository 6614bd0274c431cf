//! The document that describes the API (`OpenAPI` 3.1), made from the routes' own descriptions.
//!
//! What every call has in common is added here, so that no route can forget it: the token, a name for generated clients,
//! what an answer that refuses looks like, and which refusals there are whatever is called.

use super::problem::ApiProblem;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

const PROBLEM: &str = "#/components/schemas/ApiProblem";
/// What an answer of a status means, whatever was called.
const MEANINGS: [(&str, &str); 12] = [
    ("200", "Done; the body says what there is now."),
    ("201", "Made; the body says what."),
    ("204", "Done; there is nothing to say."),
    ("400", "The request cannot be read."),
    ("401", "The token is missing, has ended or was revoked."),
    (
        "403",
        "The token's person may not do this, or its scopes do not include it.",
    ),
    ("404", "There is no such thing in the token's organisation."),
    ("405", "The path knows other methods; they are in `Allow`."),
    ("409", "A rule forbids it as things stand."),
    ("413", "The body is too large."),
    (
        "422",
        "Fields cannot be taken as they are; `fields` says why.",
    ),
    (
        "503",
        "Something failed on the service's side; to be tried again.",
    ),
];
/// Refusals that any call can meet.
const ALWAYS: [&str; 2] = ["401", "503"];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Nagaya",
        description = "Customers' API. Every call needs a token that was made in the portal, acts with the rights of the \
                       person who made it, and sees their organisation alone. Moments are RFC 3339 in UTC. Lists come in \
                       pages; `total` counts what is on all of them. What is refused is told as a problem (RFC 9457)."
    ),
    components(schemas(ApiProblem)),
    tags(
        (name = "people", description = "The people of the organisation"),
        (name = "activity", description = "What happened in the organisation"),
        (name = "evidence", description = "What is promised, and whether it holds"),
        (name = "desktops", description = "The desktops and sessions of the token's person"),
        (name = "contract", description = "What the organisation has agreed on with the provider"),
        (name = "assets", description = "What the organisation has in this service")
    ),
    security(("token" = []))
)]
struct Whole;

/// The whole document.
#[must_use]
pub fn document() -> Value {
    let mut whole = Whole::openapi();
    let parts = [
        crate::identity::ApiDoc::openapi(),
        crate::identity::RegisterApiDoc::openapi(),
        crate::activity::ApiDoc::openapi(),
        crate::evidence::ApiDoc::openapi(),
        crate::desktops::ApiDoc::openapi(),
        crate::sessions::ApiDoc::openapi(),
        crate::tenancy::ContractApiDoc::openapi(),
        crate::tenancy::InventoryApiDoc::openapi(),
    ];
    for part in parts {
        whole.merge(part);
    }
    let mut document = serde_json::to_value(whole).unwrap_or_default();
    document["components"]["securitySchemes"]["token"] = json!({
        "type": "http",
        "scheme": "bearer",
        "description": "An API token, which begins with `ngy_`.",
    });
    each_operation(&mut document, complete);
    document
}

fn each_operation(document: &mut Value, mut work: impl FnMut(&mut Map<String, Value>)) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for methods in paths.into_iter().flat_map(Map::values_mut) {
        let methods = methods.as_object_mut().into_iter();
        for operation in methods.flat_map(Map::values_mut) {
            operation.as_object_mut().map(&mut work);
        }
    }
}

fn complete(operation: &mut Map<String, Value>) {
    // Handlers of several slices have the same name; generated clients need one name for each call.
    let tag = operation["tags"][0].as_str().unwrap_or_default();
    let name = operation["operationId"].as_str().unwrap_or_default();
    operation["operationId"] = format!("{tag}_{name}").into();
    let parameters = operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        if parameter["in"] == "path" && parameter["name"] == "id" {
            parameter["schema"] = json!({ "type": "string", "format": "uuid" });
            parameter["description"] = "Which one".into();
        }
    }
    let Some(responses) = operation
        .get_mut("responses")
        .and_then(Value::as_object_mut)
    else {
        return;
    };
    for status in ALWAYS {
        responses.entry(status).or_insert_with(|| {
            json!({ "description": "", "content": { "application/json": { "schema": { "$ref": PROBLEM } } } })
        });
    }
    for (status, response) in responses {
        let meaning = MEANINGS.iter().find(|(of, _)| of == status);
        let is_silent = response["description"].as_str().is_none_or(str::is_empty);
        if let Some((_, meaning)) = meaning.filter(|_| is_silent) {
            response["description"] = (*meaning).into();
        }
        as_problem(response);
    }
}

/// Problems have a media type of their own.
fn as_problem(response: &mut Value) {
    let content = response.get_mut("content").and_then(Value::as_object_mut);
    let Some(content) = content else { return };
    let body = content.get("application/json");
    if body.is_some_and(|body| body["schema"]["$ref"] == PROBLEM)
        && let Some(body) = content.remove("application/json")
    {
        content.insert("application/problem+json".to_owned(), body);
    }
}
