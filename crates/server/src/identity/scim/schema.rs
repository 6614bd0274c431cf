//! What resources have, as data (RFC 7643, section 7): `schemas.json` is served as it is and read here.

use super::filter::AttributePath;
use serde::Deserialize;
use serde_json::Value;
use std::sync::LazyLock;

pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(super) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// What an extension or the core schema describes and nobody is refused for sending, though it is not kept.
const NOT_KEPT: &[&str] = &[
    "addresses",
    "entitlements",
    "ims",
    "locale",
    "nickName",
    "password",
    "phoneNumbers",
    "photos",
    "preferredLanguage",
    "profileUrl",
    "roles",
    "timezone",
    "title",
    "userType",
    "x509Certificates",
];

/// What a kind of resource has.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Schema {
    pub(super) id: String,
    attributes: Vec<Attribute>,
}

/// One thing that it has.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attribute {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    pub(super) multi_valued: bool,
    #[serde(default)]
    pub(super) required: bool,
    #[serde(default)]
    pub(super) case_exact: bool,
    mutability: Mutability,
    #[serde(default)]
    sub_attributes: Vec<Attribute>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub(super) enum Kind {
    String,
    Boolean,
    Reference,
    Complex,
    DateTime,
    Integer,
    Decimal,
    Binary,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
enum Mutability {
    ReadOnly,
    ReadWrite,
    Immutable,
    WriteOnly,
}

/// Every schema, as it is served.
pub(super) static SERVED: LazyLock<Vec<Value>> =
    LazyLock::new(|| serde_json::from_str(include_str!("schemas.json")).unwrap_or_default());

static USERS: LazyLock<Schema> = LazyLock::new(|| read(USER));
static GROUPS: LazyLock<Schema> = LazyLock::new(|| read(GROUP));

/// What every resource has (RFC 7643, section 3.1).
static COMMON: LazyLock<Vec<Attribute>> = LazyLock::new(|| {
    let of = |name: &str, kind, mutability, sub_attributes| Attribute {
        name: name.to_owned(),
        kind,
        multi_valued: name == "schemas",
        required: false,
        case_exact: true,
        mutability,
        sub_attributes,
    };
    let fixed = |name, kind| of(name, kind, Mutability::ReadOnly, Vec::new());
    let meta = vec![
        fixed("resourceType", Kind::String),
        fixed("created", Kind::DateTime),
        fixed("lastModified", Kind::DateTime),
        fixed("location", Kind::Reference),
        fixed("version", Kind::String),
    ];
    vec![
        fixed("schemas", Kind::Reference),
        fixed("id", Kind::String),
        of(
            "externalId",
            Kind::String,
            Mutability::ReadWrite,
            Vec::new(),
        ),
        of("meta", Kind::Complex, Mutability::ReadOnly, meta),
    ]
});

fn read(id: &str) -> Schema {
    let found = SERVED.iter().find(|schema| schema["id"] == id);
    let schema = found.and_then(|schema| Schema::deserialize(schema).ok());
    schema.unwrap_or_else(|| Schema {
        id: id.to_owned(),
        attributes: Vec::new(),
    })
}

/// Of people.
pub(super) fn user() -> &'static Schema {
    &USERS
}

/// Of roles.
pub(super) fn group() -> &'static Schema {
    &GROUPS
}

impl Schema {
    /// The attribute that a path names, without its sub-attribute.
    pub(super) fn attribute(&self, path: &AttributePath) -> Option<&Attribute> {
        let is_ours = |schema: &String| schema.eq_ignore_ascii_case(&self.id);
        if !path.schema.as_ref().is_none_or(is_ours) {
            return None;
        }
        let all = COMMON.iter().chain(&self.attributes);
        all.into_iter().find(|own| own.is_called(&path.name))
    }

    /// The attribute or sub-attribute that a path names. Of a complex one without a sub-attribute it is `value`.
    pub(super) fn leaf(&self, path: &AttributePath) -> Option<&Attribute> {
        let whole = self.attribute(path)?;
        match &path.sub {
            Some(sub) => whole.sub(sub),
            None if whole.kind == Kind::Complex => whole.sub("value"),
            None => Some(whole),
        }
    }

    /// Whether the path names what people may send and what is not kept: `title`, `name.givenName`, an extension.
    pub(super) fn is_not_kept(&self, path: &AttributePath) -> bool {
        let of_extension = |schema: &String| {
            let schema = schema.to_ascii_lowercase();
            schema.starts_with("urn:ietf:params:scim:schemas:extension")
        };
        let of_core = NOT_KEPT
            .iter()
            .any(|name| path.name.eq_ignore_ascii_case(name));
        let of_name = path.name.eq_ignore_ascii_case("name") && self.leaf(path).is_none();
        path.schema.as_ref().is_some_and(of_extension) || self.id == USER && (of_core || of_name)
    }

    /// What a resource always has.
    pub(super) fn required(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().filter(|one| one.required)
    }

    /// What a client never changes, or not after the beginning.
    pub(super) fn fixed(&self) -> impl Iterator<Item = &Attribute> {
        let all = COMMON.iter().chain(&self.attributes);
        all.filter(|one| matches!(one.mutability, Mutability::ReadOnly | Mutability::Immutable))
    }
}

impl Attribute {
    /// Names do not tell large letters from small ones (RFC 7643, section 2.1).
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// One of what it consists of.
    pub(super) fn sub(&self, name: &str) -> Option<&Attribute> {
        self.sub_attributes.iter().find(|sub| sub.is_called(name))
    }
}

/// The value of a name in an object, whatever the size of its letters.
pub(super) fn value_of<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let fields = object.as_object()?;
    fields.get(name).or_else(|| {
        let mut all = fields.iter();
        all.find_map(|(field, value)| field.eq_ignore_ascii_case(name).then_some(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schemas_are_read() {
        assert_eq!(SERVED.len(), 5);
        assert_eq!(user().attributes.len(), 6);
        assert_eq!(group().attributes.len(), 2);
    }
}
