//! Every route of the API has a command, and every command fits its route's description.

#![allow(clippy::unwrap_used)]

use super::{
    calls::{CALLS, Call, Column, Place, Shows},
    commands,
};
use serde_json::Value;
use server::portal::Lang;
use std::collections::BTreeSet;

/// What a reference in the description stands for.
fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(name) => document.pointer(&name[1..]).unwrap(),
        None => schema,
    }
}

/// A property of an object's schema.
fn property<'a>(document: &'a Value, schema: &'a Value, name: &str) -> Option<&'a Value> {
    let schema = resolved(document, schema);
    let variants = schema["oneOf"].as_array().into_iter().flatten();
    schema["properties"].get(name).or_else(|| {
        variants
            .into_iter()
            .find_map(|one| property(document, one, name))
    })
}

fn operation<'a>(document: &'a Value, call: &Call) -> &'a Value {
    &document["paths"][call.path][call.method.to_lowercase()]
}

fn content(of: &Value) -> &Value {
    &of["content"]["application/json"]["schema"]
}

#[test]
fn every_route_has_a_command_and_every_command_a_route() {
    let document = server::api::description();
    let routes: BTreeSet<_> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(move |method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    let commands: BTreeSet<_> = CALLS
        .iter()
        .map(|call| (call.method.to_owned(), call.path.to_owned()))
        .collect();
    assert_eq!(
        routes, commands,
        "each route needs an entry in client/calls.rs (left: routes, right: commands)"
    );
}

#[test]
fn every_command_takes_what_its_route_takes() {
    let document = server::api::description();
    for call in CALLS {
        let told = operation(&document, call);
        let parameters = told["parameters"].as_array().into_iter().flatten();
        let mut due: BTreeSet<String> = parameters
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect();
        let body = resolved(&document, content(&told["requestBody"]));
        due.extend(
            body["properties"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, _)| name.clone()),
        );
        let mut taken: BTreeSet<String> = BTreeSet::new();
        for take in call.takes {
            match take.place {
                Place::Person | Place::Id => taken.insert("id".to_owned()),
                Place::Query(name) | Place::Field { name, .. } => taken.insert(name.to_owned()),
                Place::File => {
                    let file = &told["requestBody"]["content"]["text/csv"];
                    assert!(file.is_object(), "{} {:?}", call.noun, call.verb);
                    true
                }
            };
        }
        if matches!(call.shows, Shows::Pages(_)) {
            taken.insert("page".to_owned());
        }
        assert_eq!(taken, due, "{} {:?}", call.noun, call.verb);
    }
}

#[test]
fn every_column_is_in_the_answer() {
    let document = server::api::description();
    for call in CALLS {
        let responses = &operation(&document, call)["responses"];
        let answer = responses.get("200").or(responses.get("201"));
        let answer = answer.map_or(&Value::Null, content);
        let (columns, schema): (&[Column], &Value) = match call.shows {
            Shows::Pages(columns) => {
                let items = property(&document, answer, "items").unwrap();
                (columns, &items["items"])
            }
            Shows::List(columns) => (columns, &answer["items"]),
            Shows::Record(columns) => (columns, answer),
            Shows::File | Shows::Done(_) => continue,
        };
        for at in columns.iter().flat_map(|column| column.at) {
            let mut here = schema;
            for name in at.split('/').skip(1) {
                here = property(&document, here, name)
                    .unwrap_or_else(|| panic!("{} {:?}: no {at}", call.noun, call.verb));
            }
        }
    }
}

#[test]
fn the_command_line_is_well_made_in_both_languages() {
    for lang in Lang::ALL {
        for command in commands::all(lang) {
            command.debug_assert();
        }
    }
}
