//! What this server can do (RFC 7644, section 4).

use super::{query::MAX_RESULTS, schema};
use serde_json::{Value, json};

/// `/ServiceProviderConfig` (RFC 7643, section 5).
pub(super) fn config(base: &str) -> Value {
    let no = json!({"supported": false});
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "documentationUri": format!("{}/help/provisioning", base.trim_end_matches("/scim/v2")),
        "patch": {"supported": true},
        "bulk": {"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": true, "maxResults": MAX_RESULTS},
        "changePassword": no,
        "sort": {"supported": true},
        "etag": {"supported": true},
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "API token",
            "description": "A token that a person of the organisation made in the portal, which may use SCIM",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{base}/ServiceProviderConfig"),
        },
    })
}

/// `/ResourceTypes` (RFC 7643, section 6).
pub(super) fn resource_types(base: &str) -> Vec<Value> {
    let of = |name: &str, endpoint: &str, schema: &str, description: &str| {
        json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
            "id": name,
            "name": name,
            "description": description,
            "endpoint": endpoint,
            "schema": schema,
            "meta": {
                "resourceType": "ResourceType",
                "location": format!("{base}/ResourceTypes/{name}"),
            },
        })
    };
    vec![
        of(
            "User",
            "/Users",
            schema::USER,
            "A person of the organisation",
        ),
        of("Group", "/Groups", schema::GROUP, "A role, and who has it"),
    ]
}

/// `/Schemas` (RFC 7643, section 7).
pub(super) fn schemas(base: &str) -> Vec<Value> {
    let mut all = schema::SERVED.clone();
    for schema in &mut all {
        let id = schema["id"].as_str().unwrap_or_default();
        let location = format!("{base}/Schemas/{id}");
        schema["schemas"] = json!(["urn:ietf:params:scim:schemas:core:2.0:Schema"]);
        schema["meta"] = json!({"resourceType": "Schema", "location": location});
    }
    all
}
