//! Whether a resource is what a filter asks for (RFC 7644, section 3.4.2.2).

use super::{
    filter::{AttributePath, Filter, Operator},
    schema::{Attribute, Kind, Schema, value_of},
};
use serde_json::Value;
use std::cmp::Ordering;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// An operator that makes no sense for an attribute's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operator does not fit the attribute")]
pub(super) struct Misfit;

/// Of what a filter speaks.
#[derive(Clone, Copy)]
enum Target<'a> {
    Resource(&'a Value, &'a Schema),
    /// One of several values of an attribute, for what stands in brackets.
    Part(&'a Value, &'a Attribute),
}

/// Whether a resource passes. What it does not have is no value, and so passes nothing but `ne`, `not` and `eq null`.
pub(super) fn passes(filter: &Filter, resource: &Value, schema: &Schema) -> Result<bool, Misfit> {
    holds(filter, Target::Resource(resource, schema))
}

/// Whether one of several values of an attribute passes what stands in brackets.
pub(super) fn value_passes(
    filter: &Filter,
    value: &Value,
    attribute: &Attribute,
) -> Result<bool, Misfit> {
    holds(filter, Target::Part(value, attribute))
}

fn holds(filter: &Filter, target: Target<'_>) -> Result<bool, Misfit> {
    Ok(match filter {
        Filter::And(left, right) => holds(left, target)? && holds(right, target)?,
        Filter::Or(left, right) => holds(left, target)? || holds(right, target)?,
        Filter::Not(inner) => !holds(inner, target)?,
        Filter::Present(path) => target.look(path).0.into_iter().any(is_something),
        Filter::Compare(path, operator, value) => {
            let (found, attribute) = target.look(path);
            compares(&found, attribute, *operator, value)?
        }
        Filter::Within(path, inner) => {
            let Target::Resource(resource, schema) = target else {
                return Ok(false);
            };
            let Some(attribute) = schema.attribute(path) else {
                return Ok(false);
            };
            for value in all(value_of(resource, &attribute.name)) {
                if value_passes(inner, value, attribute)? {
                    return Ok(true);
                }
            }
            false
        }
    })
}

impl<'a> Target<'a> {
    /// The values that a path names, and what is known of them.
    fn look(self, path: &AttributePath) -> (Vec<&'a Value>, Option<&'a Attribute>) {
        match self {
            Self::Resource(resource, schema) => (values(resource, path), schema.leaf(path)),
            Self::Part(value, attribute) => {
                let found = match value {
                    Value::Object(_) => value_of(value, &path.name).into_iter().collect(),
                    simple if path.name.eq_ignore_ascii_case("value") => vec![simple],
                    _ => Vec::new(),
                };
                (found, attribute.sub(&path.name))
            }
        }
    }
}

/// Each value of an attribute that may have several.
fn all(value: Option<&Value>) -> Vec<&Value> {
    match value {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(values)) => values.iter().collect(),
        Some(value) => vec![value],
    }
}

/// The values that a path names. Of a complex attribute without a sub-attribute they are its `value`s.
pub(super) fn values<'a>(resource: &'a Value, path: &AttributePath) -> Vec<&'a Value> {
    let sub = path.sub.as_deref();
    let mut found = Vec::new();
    for value in all(value_of(resource, &path.name)) {
        match (value, sub) {
            (Value::Object(_), Some(sub)) => found.extend(value_of(value, sub)),
            (Value::Object(_), None) => found.extend(value_of(value, "value").or(Some(value))),
            (value, None) => found.push(value),
            (_, Some(_)) => {}
        }
    }
    found
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}

fn compares(
    found: &[&Value],
    attribute: Option<&Attribute>,
    operator: Operator,
    wanted: &Value,
) -> Result<bool, Misfit> {
    if wanted.is_null() {
        let none = !found.iter().any(|value| is_something(value));
        return match operator {
            Operator::Equal => Ok(none),
            Operator::NotEqual => Ok(!none),
            _ => Err(Misfit),
        };
    }
    if operator == Operator::NotEqual {
        return Ok(!compares(found, attribute, Operator::Equal, wanted)?);
    }
    if wanted.is_boolean() && operator != Operator::Equal {
        return Err(Misfit);
    }
    let found = found.iter();
    let mut fitting = found.filter(|value| one_compares(value, attribute, operator, wanted));
    Ok(fitting.next().is_some())
}

fn one_compares(
    value: &Value,
    attribute: Option<&Attribute>,
    operator: Operator,
    wanted: &Value,
) -> bool {
    let order = match (value, wanted) {
        (Value::Bool(value), Value::Bool(wanted)) => Some(value.cmp(wanted)),
        (Value::Number(value), Value::Number(wanted)) => {
            let pair = (value.as_f64(), wanted.as_f64());
            pair.0.zip(pair.1).and_then(|(a, b)| a.partial_cmp(&b))
        }
        (Value::String(value), Value::String(wanted)) => {
            let moment = attribute.is_some_and(|one| one.kind == Kind::DateTime);
            if let (true, Some(value), Some(wanted)) = (moment, at(value), at(wanted)) {
                Some(value.cmp(&wanted))
            } else {
                let exact = attribute.is_some_and(|one| one.case_exact);
                let (value, wanted) = (folded(value, exact), folded(wanted, exact));
                match operator {
                    Operator::Contains => return value.contains(&wanted),
                    Operator::StartsWith => return value.starts_with(&wanted),
                    Operator::EndsWith => return value.ends_with(&wanted),
                    _ => Some(value.cmp(&wanted)),
                }
            }
        }
        _ => None,
    };
    order.is_some_and(|order| match operator {
        Operator::Equal => order == Ordering::Equal,
        Operator::Greater => order == Ordering::Greater,
        Operator::GreaterOrEqual => order != Ordering::Less,
        Operator::Less => order == Ordering::Less,
        Operator::LessOrEqual => order != Ordering::Greater,
        _ => false,
    })
}

fn at(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

fn folded(text: &str, exact: bool) -> String {
    if exact {
        text.to_owned()
    } else {
        text.to_lowercase()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{super::filter, *};
    use crate::identity::scim::schema;
    use serde_json::json;

    #[test]
    fn each_operator_does_what_the_standard_says() {
        let hana = json!({
            "id": "A1", "userName": "hana@shoji.example", "displayName": "佐藤 花子", "active": true,
            "emails": [{"value": "hana@shoji.example", "type": "work", "primary": true}],
            "meta": {"lastModified": "2027-01-15T08:00:00Z"}
        });
        for (text, due) in [
            (r#"userName eq "HANA@shoji.example""#, true),
            (r#"USERNAME ne "hana@shoji.example""#, false),
            (
                r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "hana""#,
                true,
            ),
            // An id tells large letters from small ones.
            (r#"id eq "a1""#, false),
            (r#"displayName co "花""#, true),
            (r#"userName ew ".example" and not (active eq false)"#, true),
            (r#"emails[type eq "work" and value co "@shoji"]"#, true),
            (r#"emails[type eq "home"] or displayName pr"#, true),
            (r#"not (emails[type eq "home"])"#, true),
            (r#"emails co "shoji""#, true),
            (r#"emails.type eq "work""#, true),
            (r#"meta.lastModified gt "2027-01-15T08:59:59+09:00""#, true),
            (r#"meta.lastModified lt "2027-01-15T08:00:00.000Z""#, false),
            ("externalId pr", false),
            ("externalId eq null", true),
            (r#"externalId ne "x""#, true),
            (r#"nothing eq "x""#, false),
            (r#"userName gt "a""#, true),
            ("active eq 1", false),
        ] {
            let read = filter::parse(text).unwrap();
            assert_eq!(passes(&read, &hana, schema::user()), Ok(due), "{text}");
        }
        let read = filter::parse("active gt true").unwrap();
        assert_eq!(passes(&read, &hana, schema::user()), Err(Misfit));
    }
}
