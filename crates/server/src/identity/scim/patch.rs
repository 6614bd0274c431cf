//! PATCH (RFC 7644, section 3.5.2): operations on a resource as it is shown. What came of them is looked at afterwards.
//!
//! Two habits of large directories are taken too: operations in large letters, and `remove` with the values to remove.

use super::{
    error::ScimError,
    filter::{self, Path},
    matching,
    schema::{Attribute, Schema},
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The most operations of one request.
const MAX_OPERATIONS: usize = 100;

/// The body of a request.
#[derive(Debug, Deserialize)]
pub(super) struct Patch {
    #[serde(rename = "Operations", alias = "operations")]
    operations: Vec<Operation>,
}

#[derive(Debug, Deserialize)]
struct Operation {
    op: String,
    path: Option<String>,
    value: Option<Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Add,
    Replace,
    Remove,
}

/// What a resource is after all operations.
pub(super) fn apply(
    patch: Patch,
    mut resource: Value,
    schema: &Schema,
) -> Result<Value, ScimError> {
    if patch.operations.is_empty() || patch.operations.len() > MAX_OPERATIONS {
        let text = format!("A patch has 1 to {MAX_OPERATIONS} operations");
        return Err(ScimError::bad("invalidSyntax", text));
    }
    for operation in patch.operations {
        let op = match operation.op.to_ascii_lowercase().as_str() {
            "add" => Op::Add,
            "replace" => Op::Replace,
            "remove" => Op::Remove,
            _ => {
                return Err(ScimError::bad(
                    "invalidSyntax",
                    "An operation is add, replace or remove",
                ));
            }
        };
        match (operation.path, operation.value) {
            (Some(path), value) => one(op, &path, value, &mut resource, schema)?,
            (None, Some(Value::Object(fields))) if op != Op::Remove => {
                for (name, value) in fields {
                    if name != "schemas" {
                        one(op, &name, Some(value), &mut resource, schema)?;
                    }
                }
            }
            (None, _) if op == Op::Remove => {
                return Err(ScimError::bad("noTarget", "Remove needs a path"));
            }
            (None, _) => {
                let text = "Without a path, the value is an object of attributes";
                return Err(ScimError::bad("invalidValue", text));
            }
        }
    }
    Ok(resource)
}

fn one(
    op: Op,
    text: &str,
    value: Option<Value>,
    resource: &mut Value,
    schema: &Schema,
) -> Result<(), ScimError> {
    let invalid = || ScimError::bad("invalidPath", format!("No attribute is called {text}"));
    // The URI of an extension stands for all that it describes.
    if text
        .to_ascii_lowercase()
        .starts_with("urn:ietf:params:scim:schemas:extension")
    {
        return Ok(());
    }
    let path = filter::parse_path(text).map_err(|_| invalid())?;
    if schema.is_not_kept(&path.attribute) {
        return Ok(());
    }
    let attribute = schema.attribute(&path.attribute).ok_or_else(invalid)?;
    let sub = match &path.attribute.sub {
        Some(sub) => Some(attribute.sub(sub).ok_or_else(invalid)?),
        None => None,
    };
    if op != Op::Remove && value.is_none() {
        return Err(ScimError::bad(
            "invalidValue",
            "The operation needs a value",
        ));
    }
    let Value::Object(fields) = resource else {
        return Err(invalid());
    };
    if attribute.multi_valued {
        return several(op, &path, value, (attribute, sub), fields);
    }
    if path.filter.is_some() {
        return Err(ScimError::bad(
            "invalidPath",
            format!("{text} has one value at most"),
        ));
    }
    let name = &attribute.name;
    match (sub, value) {
        (None, value) if op == Op::Remove || value.as_ref().is_some_and(Value::is_null) => {
            fields.remove(name);
        }
        (None, Some(Value::Object(new))) if fields.get(name).is_some_and(Value::is_object) => {
            if let Some(own) = fields.get_mut(name) {
                merge(own, new);
            }
        }
        (None, value) => {
            fields.insert(name.clone(), value.unwrap_or_default());
        }
        (Some(sub), value) => {
            let whole = fields
                .entry(name)
                .or_insert_with(|| Value::Object(Map::new()));
            set_sub(whole, sub, value.filter(|_| op != Op::Remove));
        }
    }
    Ok(())
}

/// An operation on an attribute that may have several values.
fn several(
    op: Op,
    path: &Path,
    value: Option<Value>,
    (attribute, sub): (&Attribute, Option<&Attribute>),
    fields: &mut Map<String, Value>,
) -> Result<(), ScimError> {
    let name = &attribute.name;
    let mut now = match fields.remove(name) {
        Some(Value::Array(values)) => values,
        _ => Vec::new(),
    };
    let mut chosen = Vec::new();
    for one in &now {
        chosen.push(match &path.filter {
            Some(filter) => matching::value_passes(filter, one, attribute)?,
            None => true,
        });
    }
    if path.filter.is_some() && op != Op::Remove && !chosen.contains(&true) {
        return Err(ScimError::bad("noTarget", "No value is like that"));
    }
    let mut chosen = chosen.into_iter();
    let mut is_chosen = || chosen.next().unwrap_or(false);
    match (op, sub, value) {
        (Op::Remove, None, None) => now.retain(|_| !is_chosen()),
        (Op::Remove, None, Some(gone)) => {
            let gone = list(gone);
            now.retain(|one| !(is_chosen() && gone.iter().any(|gone| same(gone, one))));
        }
        (_, Some(sub), value) => {
            for one in &mut now {
                if is_chosen() {
                    set_sub(one, sub, value.clone().filter(|_| op != Op::Remove));
                }
            }
        }
        (_, None, Some(new)) if path.filter.is_some() => {
            for one in &mut now {
                match &new {
                    Value::Object(new) if is_chosen() => merge(one, new.clone()),
                    Value::Object(_) => {}
                    _ => return Err(ScimError::bad("invalidValue", "The value is an object")),
                }
            }
        }
        (Op::Add, None, new) => {
            for new in list(new.unwrap_or_default()) {
                if !now.iter().any(|one| same(&new, one)) {
                    now.push(new);
                }
            }
        }
        (Op::Replace, None, new) => now = list(new.unwrap_or_default()),
    }
    if !now.is_empty() {
        fields.insert(name.clone(), Value::Array(now));
    }
    Ok(())
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values,
        Value::Null => Vec::new(),
        value => vec![value],
    }
}

/// Whether two values are of the same thing: what is called `value` says it.
fn same(one: &Value, other: &Value) -> bool {
    match (one.get("value"), other.get("value")) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

fn merge(into: &mut Value, new: Map<String, Value>) {
    if let Value::Object(fields) = into {
        fields.extend(new);
    }
}

fn set_sub(whole: &mut Value, sub: &Attribute, value: Option<Value>) {
    if let Value::Object(fields) = whole {
        match value {
            Some(value) => fields.insert(sub.name.clone(), value),
            None => fields.remove(&sub.name),
        };
    }
}
