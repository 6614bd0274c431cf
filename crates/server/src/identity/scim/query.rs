//! Lists: which resources, in which order, how many of them, and what of each (RFC 7644, sections 3.4.2 and 3.9).

use super::{
    error::ScimError,
    filter::{self, AttributePath},
    matching,
    schema::{Schema, value_of},
};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use std::cmp::Ordering;

/// The most resources of one answer.
pub(super) const MAX_RESULTS: usize = 200;

/// What is asked for, in the query of an address or in the body of a search (section 3.4.3).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Query {
    filter: Option<String>,
    sort_by: Option<String>,
    sort_order: Option<String>,
    #[serde(deserialize_with = "number")]
    start_index: Option<i64>,
    #[serde(deserialize_with = "number")]
    count: Option<i64>,
    #[serde(deserialize_with = "names")]
    attributes: Vec<String>,
    #[serde(deserialize_with = "names")]
    excluded_attributes: Vec<String>,
}

/// Of one kind of resource, with what is known of them.
pub(super) type Found = (Value, &'static Schema);

/// The answer to a query.
pub(super) fn list(query: &Query, all: Vec<Found>) -> Result<Value, ScimError> {
    let mut found = match &query.filter {
        None => all,
        Some(text) => {
            let filter = filter::parse(text).map_err(|error| {
                ScimError::bad(
                    "invalidFilter",
                    format!("The filter cannot be read: {error}"),
                )
            })?;
            let mut found = Vec::new();
            for (resource, schema) in all {
                if matching::passes(&filter, &resource, schema)? {
                    found.push((resource, schema));
                }
            }
            found
        }
    };
    if let Some(by) = &query.sort_by {
        let path = filter::parse_attribute(by)
            .map_err(|_| ScimError::bad("invalidPath", "sortBy names no attribute"))?;
        let descending = query.sort_order.as_deref() == Some("descending");
        found.sort_by(|one, other| {
            let order = compare(&path, one, other);
            if descending { order.reverse() } else { order }
        });
    }
    let total = found.len();
    let start = usize::try_from(query.start_index.unwrap_or(1).max(1)).unwrap_or(1);
    let most = i64::try_from(MAX_RESULTS).unwrap_or(i64::MAX);
    let count = query.count.unwrap_or(most).clamp(0, most);
    let count = usize::try_from(count).unwrap_or(0);
    let page = found.into_iter().skip(start - 1).take(count);
    let page: Vec<Value> = page.map(|(resource, _)| select(query, resource)).collect();
    Ok(json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "startIndex": start,
        "itemsPerPage": page.len(),
        "Resources": page,
    }))
}

/// Resources without the attribute come last (section 3.4.2.3).
fn compare(path: &AttributePath, one: &Found, other: &Found) -> Ordering {
    let key = |(resource, schema): &Found| {
        let value = matching::values(resource, path).first().copied().cloned()?;
        let exact = schema.leaf(path).is_some_and(|leaf| leaf.case_exact);
        Some(match value {
            Value::String(text) if exact => text,
            Value::String(text) => text.to_lowercase(),
            value => value.to_string(),
        })
    };
    match (key(one), key(other)) {
        (Some(one), Some(other)) => one.cmp(&other),
        (one, other) => other.is_some().cmp(&one.is_some()),
    }
}

/// What is asked for of a resource. `schemas` and `id` are always told.
pub(super) fn select(query: &Query, resource: Value) -> Value {
    let Value::Object(fields) = resource else {
        return resource;
    };
    let paths = |names: &[String]| -> Vec<AttributePath> {
        let read = names.iter().map(|name| filter::parse_attribute(name));
        read.filter_map(Result::ok).collect()
    };
    let is_always = |name: &str| matches!(name, "schemas" | "id");
    let mut selected = Map::new();
    if query.attributes.is_empty() {
        let excluded = paths(&query.excluded_attributes);
        for (name, value) in fields {
            let mut named = excluded
                .iter()
                .filter(|path| !is_always(&name) && path.name.eq_ignore_ascii_case(&name));
            if let Some(left) = named.try_fold(value, without) {
                selected.insert(name, left);
            }
        }
        return Value::Object(selected);
    }
    let wanted = paths(&query.attributes);
    for (name, value) in fields {
        let named: Vec<_> = wanted
            .iter()
            .filter(|path| path.name.eq_ignore_ascii_case(&name))
            .collect();
        if is_always(&name) || named.iter().any(|path| path.sub.is_none()) {
            selected.insert(name, value);
        } else if !named.is_empty() {
            let subs: Vec<&str> = named
                .iter()
                .filter_map(|path| path.sub.as_deref())
                .collect();
            selected.insert(name, only(&value, &subs));
        }
    }
    Value::Object(selected)
}

/// A value without what the path names; `None` when that is all of it.
fn without(value: Value, path: &AttributePath) -> Option<Value> {
    let sub = path.sub.as_deref()?;
    Some(each(value, &|fields| {
        let kept = fields
            .into_iter()
            .filter(|(name, _)| !name.eq_ignore_ascii_case(sub));
        kept.collect()
    }))
}

fn only(value: &Value, subs: &[&str]) -> Value {
    each(value.clone(), &|fields| {
        let whole = Value::Object(fields);
        let kept = subs.iter().filter_map(|sub| {
            let value = value_of(&whole, sub)?;
            Some(((*sub).to_owned(), value.clone()))
        });
        kept.collect()
    })
}

fn each(value: Value, of: &dyn Fn(Map<String, Value>) -> Map<String, Value>) -> Value {
    match value {
        Value::Array(values) => values.into_iter().map(|value| each(value, of)).collect(),
        Value::Object(fields) => Value::Object(of(fields)),
        value => value,
    }
}

/// Numbers are texts in an address and numbers in a body.
fn number<'de, D: Deserializer<'de>>(given: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Number(i64),
        Text(String),
    }
    match Option::<Given>::deserialize(given)? {
        None => Ok(None),
        Some(Given::Number(number)) => Ok(Some(number)),
        Some(Given::Text(text)) => text.parse().map(Some).map_err(serde::de::Error::custom),
    }
}

/// Names have commas between them in an address and are a list in a body.
fn names<'de, D: Deserializer<'de>>(given: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        List(Vec<String>),
        Text(String),
    }
    let given = match Option::<Given>::deserialize(given)? {
        None => Vec::new(),
        Some(Given::List(names)) => names,
        Some(Given::Text(text)) => text.split(',').map(|name| name.trim().to_owned()).collect(),
    };
    Ok(given.into_iter().filter(|name| !name.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::identity::scim::schema;

    fn people() -> Vec<Found> {
        ["b@x.example", "A@x.example", "c@x.example"]
            .into_iter()
            .map(|name| {
                let one = json!({"schemas": ["u"], "id": name, "userName": name,
                    "emails": [{"value": name, "type": "work"}]});
                (one, schema::user())
            })
            .collect()
    }

    fn ask(query: Value) -> Value {
        list(&Query::deserialize(query).unwrap(), people()).unwrap()
    }

    #[test]
    fn pages_count_from_one_and_never_fail() {
        let page = ask(json!({"startIndex": "2", "count": 1}));
        assert_eq!(
            (&page["totalResults"], &page["startIndex"]),
            (&json!(3), &json!(2))
        );
        assert_eq!(page["Resources"][0]["id"], "A@x.example");
        for (start, count, items) in [(-4, 2, 2), (4, 2, 0), (1, 0, 0), (1, -1, 0), (1, 9999, 3)] {
            let page = ask(json!({"startIndex": start, "count": count}));
            assert_eq!(page["itemsPerPage"], items, "{start} {count}");
            assert_eq!(page["totalResults"], 3);
        }
    }

    #[test]
    fn order_ignores_the_size_of_letters_where_the_attribute_does() {
        let ids = |page: &Value| -> Vec<String> {
            let all = page["Resources"].as_array().unwrap().iter();
            all.map(|one| one["id"].as_str().unwrap()[..1].to_owned())
                .collect()
        };
        assert_eq!(ids(&ask(json!({"sortBy": "userName"}))), ["A", "b", "c"]);
        let down = ask(json!({"sortBy": "emails", "sortOrder": "descending"}));
        assert_eq!(ids(&down), ["c", "b", "A"]);
    }

    #[test]
    fn what_is_told_of_each_can_be_chosen() {
        let one = |query: Value| ask(query)["Resources"][0].clone();
        assert_eq!(
            one(json!({"attributes": "USERNAME"})),
            json!({"schemas": ["u"], "id": "b@x.example", "userName": "b@x.example"})
        );
        assert_eq!(
            one(json!({"attributes": ["emails.type"]})),
            json!({"schemas": ["u"], "id": "b@x.example", "emails": [{"type": "work"}]})
        );
        assert_eq!(
            one(json!({"excludedAttributes": "id,userName,emails.value"})),
            json!({"schemas": ["u"], "id": "b@x.example", "emails": [{"type": "work"}]})
        );
    }
}
