//! People and roles as directories see them, and what a directory's wish for one means.

use super::{
    error::ScimError,
    schema::{self, Kind, Schema, value_of},
    store::Facts,
};
use crate::{
    actor::Role,
    app,
    identity::UserRow,
    portal::{Key, Lang},
    visit::role_key,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeSet, fmt::Write as _};
use time::format_description::well_known::Rfc3339;
use wire::ids::UserId;

/// The most characters of a directory's own name for a person.
const MAX_EXTERNAL_ID_CHARS: usize = 255;

/// What a directory wants a person to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WantedUser {
    pub(super) user_name: String,
    pub(super) display_name: String,
    pub(super) active: bool,
    pub(super) external_id: Option<String>,
}

/// A person. `base` is the address of this server's SCIM.
pub(super) fn user(base: &str, row: &UserRow, facts: &Facts) -> Value {
    let role = Role::from_name(&row.role).unwrap_or(Role::User);
    let mut resource = json!({
        "schemas": [schema::USER],
        "id": row.id.to_string(),
        "userName": row.email,
        "displayName": row.full_name,
        "name": {"formatted": row.full_name},
        "active": row.state != "suspended",
        "emails": [{"value": row.email, "type": "work", "primary": true}],
        "groups": [{
            "value": role.name(),
            "$ref": format!("{base}/Groups/{}", role.name()),
            "display": role_text(role),
            "type": "direct",
        }],
    });
    if let Some(external_id) = &facts.external_id {
        resource["externalId"] = external_id.as_str().into();
    }
    let moment = |ms| app::moment(ms).format(&Rfc3339).unwrap_or_default();
    resource["meta"] = json!({
        "resourceType": "User",
        "created": moment(facts.created_at_ms),
        "lastModified": moment(facts.changed_at_ms),
        "location": format!("{base}/Users/{}", row.id),
        "version": version(&resource),
    });
    resource
}

/// A role and the people who have it.
pub(super) fn group(base: &str, role: Role, people: &[UserRow]) -> Value {
    let members = people.iter().filter(|row| row.role == role.name());
    let members: Vec<Value> = members
        .map(|row| {
            json!({
                "value": row.id.to_string(),
                "$ref": format!("{base}/Users/{}", row.id),
                "display": row.full_name,
                "type": "User",
            })
        })
        .collect();
    let mut resource = json!({
        "schemas": [schema::GROUP],
        "id": role.name(),
        "displayName": role_text(role),
    });
    // What has no value is not shown (RFC 7643, section 2.5).
    if !members.is_empty() {
        resource["members"] = members.into();
    }
    resource["meta"] = json!({
        "resourceType": "Group",
        "location": format!("{base}/Groups/{}", role.name()),
        "version": version(&resource),
    });
    resource
}

fn role_text(role: Role) -> &'static str {
    let Key(key) = role_key(role);
    Lang::En.text(key)
}

/// What changes whenever the resource does (RFC 7232, section 2.3; weak, since it says nothing of bytes).
fn version(resource: &Value) -> String {
    let hash = Sha256::digest(resource.to_string());
    let mut text = String::from("W/\"");
    for byte in hash.iter().take(12) {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text.push('"');
    text
}

/// The version of a resource that was made here.
pub(super) fn version_of(resource: &Value) -> &str {
    resource["meta"]["version"].as_str().unwrap_or_default()
}

/// What a body asks a person to be; what it leaves out is as it was, and a new person is active.
pub(super) fn wanted_user(body: &Value, before: Option<&Value>) -> Result<WantedUser, ScimError> {
    if !body.is_object() {
        return Err(ScimError::bad("invalidSyntax", "A resource is an object"));
    }
    let own = |name| before.and_then(|before| value_of(before, name));
    let asked = |name| value_of(body, name).filter(|value| !value.is_null());
    let active = match asked("active").or_else(|| own("active")) {
        None => true,
        Some(Value::Bool(active)) => *active,
        // As some directories write it.
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => true,
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => false,
        Some(_) => return Err(invalid("active is true or false")),
    };
    let display_name = match text(asked("displayName"), "displayName")? {
        Some(name) => Some(name),
        None => text(own("displayName"), "displayName")?.or_else(|| name_of(body)),
    };
    let external_id = text(asked("externalId"), "externalId")?.filter(|id| !id.is_empty());
    if external_id
        .as_ref()
        .is_some_and(|id| id.chars().count() > MAX_EXTERNAL_ID_CHARS)
    {
        return Err(invalid("externalId has 255 characters at most"));
    }
    Ok(WantedUser {
        user_name: text(asked("userName").or_else(|| own("userName")), "userName")?
            .ok_or_else(|| invalid("userName is missing"))?,
        display_name: display_name.ok_or_else(|| invalid("displayName is missing"))?,
        active,
        external_id,
    })
}

/// The whole name, for directories that send its parts alone.
fn name_of(body: &Value) -> Option<String> {
    let name = value_of(body, "name")?;
    let part = |part| value_of(name, part).and_then(Value::as_str);
    if let Some(whole) = part("formatted") {
        return Some(whole.to_owned());
    }
    let parts = [part("givenName"), part("familyName")];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

fn text(value: Option<&Value>, name: &str) -> Result<Option<String>, ScimError> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(invalid(format!("{name} is a text"))),
    }
}

fn invalid(text: impl Into<std::borrow::Cow<'static, str>>) -> ScimError {
    ScimError::bad("invalidValue", text)
}

/// Who a body says are the members.
pub(super) fn wanted_members(body: &Value) -> Result<BTreeSet<UserId>, ScimError> {
    let members = match value_of(body, "members") {
        None | Some(Value::Null) => return Ok(BTreeSet::new()),
        Some(Value::Array(members)) => members,
        Some(_) => return Err(invalid("members is a list")),
    };
    let mut wanted = BTreeSet::new();
    for member in members {
        let id = value_of(member, "value").and_then(Value::as_str);
        let id = id.and_then(|id| id.parse().ok());
        wanted.insert(id.ok_or_else(|| invalid("A member is a person of the organisation"))?);
    }
    Ok(wanted)
}

/// Whether what nobody changes is as it was. What a body leaves out is.
pub(super) fn check_fixed(before: &Value, after: &Value, schema: &Schema) -> Result<(), ScimError> {
    for attribute in schema.fixed() {
        let name = &attribute.name;
        let (Some(before), Some(after)) = (value_of(before, name), value_of(after, name)) else {
            continue;
        };
        let same = match (before, after) {
            (Value::String(before), Value::String(after)) if !attribute.case_exact => {
                before.to_lowercase() == after.to_lowercase()
            }
            _ => before == after,
        };
        if !same {
            return Err(ScimError::mutability(name));
        }
    }
    Ok(())
}

/// Whether everything that must be there is.
pub(super) fn check_required(resource: &Value, schema: &Schema) -> Result<(), ScimError> {
    for attribute in schema.required() {
        let is_missing = match value_of(resource, &attribute.name) {
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => attribute.kind == Kind::String && text.is_empty(),
            Some(_) => false,
        };
        if is_missing {
            return Err(ScimError::mutability(&attribute.name));
        }
    }
    Ok(())
}
