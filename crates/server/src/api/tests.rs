//! The API as programs meet it: tokens, scopes, every route with every role and from another customer, and its description.

#![allow(clippy::unwrap_used)]

use super::service::{self, Draft};
use crate::{
    activity::What,
    actor::{Actor, Role, TokenScope},
    doors::{DOORS, Right},
    rights,
    testing::{Answer, Browser, Person, World, worlds},
};
use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const DAY_MS: i64 = 24 * 3600 * 1000;

pub(super) async fn token(world: &World, person: &Person, scopes: &[TokenScope]) -> String {
    let draft = Draft {
        name: "ci".to_owned(),
        scopes: scopes.iter().map(|scope| scope.name().to_owned()).collect(),
        days: 7,
    };
    let made = service::create(&world.app, &person.actor, &draft).await;
    made.unwrap()
}

async fn call(
    browser: &mut Browser,
    token: &str,
    method: &Method,
    path: &str,
    body: Option<Value>,
) -> Answer {
    let mut request = Request::builder()
        .method(method.clone())
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"));
    let body = match body {
        Some(body) => {
            request = request.header(header::CONTENT_TYPE, "application/json");
            Body::from(body.to_string())
        }
        None => Body::empty(),
    };
    browser.send(request.body(body).unwrap()).await
}

pub(super) async fn get(world: &World, token: &str, path: &str) -> Answer {
    call(&mut world.browser(), token, &Method::GET, path, None).await
}

/// A person who was just invited, for acts that end somebody's access.
async fn newcomer(world: &World, administrator: &Person, at: usize) -> String {
    let all = token(world, administrator, &TokenScope::ALL).await;
    let person =
        json!({"full_name": "New", "email": format!("new{at}@shoji.example"), "role": "user"});
    let mut browser = world.browser();
    let path = "/api/v1/people";
    let answer = call(&mut browser, &all, &Method::POST, path, Some(person)).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["person"]["id"].as_str().unwrap().to_owned()
}

fn expected(actor: &Actor, right: Right, path: &str, foreign: bool) -> u16 {
    let Right::Asks(action) = right else {
        return 200;
    };
    match rights::authorize(actor, action(actor.user)) {
        Err(_) => 403,
        Ok(()) if path.contains("/sessions/") => 404,
        Ok(()) if foreign && path.contains("{id}") => 404,
        Ok(()) => 200,
    }
}

#[tokio::test]
async fn every_route_serves_those_whom_the_policies_permit() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        world.signed_in(&shoji.administrator).await;
        let mut at = 0;
        for role in [Role::Administrator, Role::OperationsContact, Role::Auditor] {
            for (person, foreign) in [(&shoji.user, false), (&harbour.user, true)] {
                world.signed_in(person).await;
                let mut person = person.clone();
                world.set_role(&mut person, role).await;
                let secret = token(&world, &person, &TokenScope::ALL).await;
                at += 1;
                let id = newcomer(&world, &shoji.administrator, at).await;
                for (method, path, right) in DOORS {
                    if !path.starts_with("/api/") || matches!(right, Right::Open) {
                        continue;
                    }
                    let address = path.replace("{id}", &id);
                    let body = match *method {
                        Method::PATCH => Some(json!({"full_name": "Changed"})),
                        Method::POST if *path == "/api/v1/people" => Some(json!({
                            "full_name": "Other", "email": format!("o{at}@x.example"), "role": "user"})),
                        _ => None,
                    };
                    let mut browser = world.browser();
                    let answer = call(&mut browser, &secret, method, &address, body).await;
                    let status = match answer.status.as_u16() {
                        // An invited person is neither suspended nor resumed; that was asked of the right one.
                        201 | 204 | 409 => 200,
                        status => status,
                    };
                    let due = expected(&person.actor, *right, path, foreign);
                    assert_eq!(status, due, "{method} {path} {role:?}: {}", answer.text);
                    assert!(!foreign || !answer.text.contains("shoji"), "{path}");
                }
                // A user makes no tokens, and to one who became a user those of before are no use.
                world.set_role(&mut person, Role::User).await;
                assert_eq!(get(&world, &secret, "/api/v1/people").await.status, 401);
            }
        }
    }
}

#[tokio::test]
async fn a_token_goes_no_further_than_its_scopes() {
    let paths = [
        ("/api/v1/people", TokenScope::PeopleRead),
        ("/api/v1/activity", TokenScope::ActivityRead),
        ("/api/v1/commitments", TokenScope::EvidenceRead),
        ("/api/v1/contract", TokenScope::EvidenceRead),
        ("/api/v1/assets", TokenScope::EvidenceRead),
        ("/api/v1/desktops", TokenScope::Desktops),
    ];
    let world = worlds().await.remove(0);
    let person = &world.customers[0].administrator;
    world.signed_in(person).await;
    for scope in TokenScope::ALL {
        let secret = token(&world, person, &[scope]).await;
        for (path, needed) in paths {
            let due = if scope == needed { 200 } else { 403 };
            assert_eq!(get(&world, &secret, path).await.status, due, "{path}");
        }
    }
}

#[tokio::test]
async fn a_token_ends_with_its_time_its_revocation_and_its_person() {
    for world in worlds().await {
        let person = &world.customers[0].administrator;
        let mut browser = world.signed_in(person).await;
        let csrf = browser.get("/tokens").await.csrf();
        let form = [
            ("csrf", &*csrf),
            ("name", "reports"),
            ("days", "7"),
            ("scope", "activity.read"),
            ("scope", "people.read"),
        ];
        let page = browser.post("/tokens", &form).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let (_, rest) = page.text.split_once("value=\"ngy_").unwrap();
        let secret = format!("ngy_{}", rest.split('"').next().unwrap());
        let me = get(&world, &secret, "/api/v1/me").await;
        assert_eq!(me.json()["scopes"], "people.read activity.read");
        // Shown once.
        let list = browser.get("/tokens").await.text;
        assert!(list.contains("reports") && !list.contains(&secret));

        world.set_state(person, "suspended").await;
        assert_eq!(get(&world, &secret, "/api/v1/me").await.status, 401);
        world.set_state(person, "active").await;
        assert_eq!(get(&world, &secret, "/api/v1/me").await.status, 200);

        let (_, rest) = list.split_once("/tokens/").unwrap();
        let id = rest.split('/').next().unwrap();
        let revoke = format!("/tokens/{id}/revoke");
        // A colleague's or a stranger's token is not there.
        let mut stranger = world.signed_in(&world.customers[1].administrator).await;
        let theirs = stranger.get("/tokens").await.csrf();
        assert_eq!(stranger.get(&revoke).await.status, 404);
        let answer = stranger.post(&revoke, &[("csrf", &theirs)]).await;
        assert_eq!(answer.status, 404);
        assert_eq!(browser.get(&revoke).await.status, 200);
        let answer = browser.post(&revoke, &[("csrf", &csrf)]).await;
        assert_eq!(answer.status, 303);
        assert_eq!(get(&world, &secret, "/api/v1/me").await.status, 401);
        let told = world.log(Some(person.actor.tenant)).await;
        assert!(told.contains(&What::TokenCreated) && told.contains(&What::TokenRevoked));

        let short = token(&world, person, &[TokenScope::PeopleRead]).await;
        world.pass_ms(7 * DAY_MS + 1);
        assert_eq!(get(&world, &short, "/api/v1/me").await.status, 401);
    }
}

#[tokio::test]
async fn a_call_with_a_bad_token_is_in_the_services_log_a_few_times() {
    for world in worlds().await {
        let person = &world.customers[0].administrator;
        world.signed_in(person).await;
        let good = token(&world, person, &TokenScope::ALL).await;
        let mut program = world.browser();
        let made_up = "ngy_made-up";
        for path in ["/api/v1/me", "/scim/v2/Users"] {
            let refused = call(&mut program, made_up, &Method::GET, path, None).await;
            assert_eq!(refused.status, 401);
        }
        assert_eq!(world.log(None).await, [What::TokenRefused; 2]);
        let (_, rows) = crate::activity::work_log(&world.app, "", 1, 50)
            .await
            .unwrap();
        let told = |route: &str| {
            let told = rows.iter().find(|row| row.detail == route).unwrap();
            assert_eq!(
                (told.address.as_str(), told.who.as_str()),
                ("192.0.2.7", "")
            );
        };
        told("GET /api/v1/me");
        told("GET /scim/v2/Users");
        // Of one address no more than a few; of another one, too; and none of who shows no token, or a good one.
        for _ in 0..20 {
            call(&mut program, made_up, &Method::GET, "/api/v1/me", None).await;
        }
        assert_eq!(world.log(None).await, [What::TokenRefused; 5]);
        program.address = "198.51.100.9:4000".parse().unwrap();
        assert_eq!(program.get("/api/v1/me").await.status, 401);
        assert_eq!(get(&world, &good, "/api/v1/me").await.status, 200);
        assert_eq!(world.log(None).await, [What::TokenRefused; 5]);
        call(&mut program, made_up, &Method::GET, "/api/v1/me", None).await;
        assert_eq!(world.log(None).await, [What::TokenRefused; 6]);
    }
}

#[tokio::test]
async fn what_a_program_does_is_told_from_what_its_person_does() {
    let world = worlds().await.remove(0);
    let person = &world.customers[0].administrator;
    world.signed_in(person).await;
    newcomer(&world, person, 1).await;
    let secret = token(&world, person, &[TokenScope::ActivityRead]).await;
    let found = get(
        &world,
        &secret,
        "/api/v1/activity?what=identity.user_invited",
    )
    .await;
    let who = found.json()["items"][0]["who"].as_str().unwrap().to_owned();
    assert!(who.ends_with("(API: ci)"), "{who}");
}

#[tokio::test]
async fn a_form_keeps_what_was_typed_and_says_what_is_wrong() {
    let world = worlds().await.remove(0);
    let mut browser = world.signed_in(&world.customers[0].administrator).await;
    let csrf = browser.get("/tokens").await.csrf();
    let form = [("csrf", &*csrf), ("name", "ci <b>"), ("days", "3650")];
    let page = browser.post("/tokens", &form).await;
    assert_eq!(page.status, 422);
    assert!(page.text.contains("ci &#60;b&#62;"), "{}", page.text);
    assert!(page.text.contains("id=\"scopes-error\"") && page.text.contains("id=\"days-error\""));
}

#[tokio::test]
async fn what_a_form_does_not_have_cannot_be_set_with_it() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let (boss, hana) = (&shoji.administrator, &shoji.user);
        let all = token(&world, boss, &TokenScope::ALL).await;
        let path = format!("/api/v1/people/{}", hana.actor.user);
        for (field, value) in [
            ("tenant_id", harbour.tenant.to_string()),
            ("email", "other@shoji.example".to_owned()),
            ("state", "removed".to_owned()),
            ("password_hash", "x".to_owned()),
        ] {
            let body = json!({"full_name": "Changed", field: value});
            let mut browser = world.browser();
            let answer = call(&mut browser, &all, &Method::PATCH, &path, Some(body)).await;
            assert!(
                answer.status.is_client_error(),
                "{field}: {}",
                answer.status
            );
        }
        let mut browser = world.signed_in(boss).await;
        let csrf = browser.csrf().await;
        let harbour_id = harbour.tenant.to_string();
        let form = [
            ("csrf", csrf.as_str()),
            ("full_name", "Hana"),
            ("role", "user"),
            ("tenant_id", harbour_id.as_str()),
            ("email", "other@shoji.example"),
            ("state", "removed"),
        ];
        let answer = browser
            .post(&format!("/users/{}", hana.actor.user), &form)
            .await;
        assert_eq!(answer.status, 303);
        let shown = get(&world, &all, &path).await.json();
        assert_eq!(
            (&shown["email"], &shown["full_name"]),
            (&json!(hana.email), &json!("Hana"))
        );
        assert_ne!(shown["state"], "removed");
    }
}

#[tokio::test]
async fn nothing_but_a_token_opens_the_api_and_errors_are_for_programs() {
    let world = worlds().await.remove(0);
    let person = &world.customers[0].administrator;
    let mut browser = world.signed_in(person).await;
    // The cookie of the session of the web counts for nothing here.
    let answer = browser.get("/api/v1/people").await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert!(answer.header("www-authenticate").starts_with("Bearer"));
    for bad in ["", "ngy_", "ngy_AAAA", "x"] {
        assert_eq!(get(&world, bad, "/api/v1/me").await.status, 401);
    }
    let secret = token(&world, person, &TokenScope::ALL).await;
    let mut browser = world.browser();
    let patch = |body| {
        (
            Method::PATCH,
            format!("/api/v1/people/{}", person.actor.user),
            Some(body),
        )
    };
    let post = |body| (Method::POST, "/api/v1/people".to_owned(), Some(body));
    let cases = [
        (404, (Method::GET, "/api/v1/nothing".to_owned(), None)),
        (405, (Method::PUT, "/api/v1/people".to_owned(), None)),
        (404, (Method::GET, "/api/v1/people/x%00".to_owned(), None)),
        (400, (Method::GET, "/api/v1/people?page=x".to_owned(), None)),
        (400, (Method::POST, "/api/v1/people".to_owned(), None)),
        (400, post(json!({"full_name": 3}))),
        // What a program may not set is refused, not ignored.
        (400, patch(json!({"state": "active", "tenant_id": "x"}))),
        (
            422,
            post(json!({"full_name": "", "email": "no", "role": "king"})),
        ),
        (409, patch(json!({"role": "user"}))),
    ];
    for (status, (method, path, body)) in cases {
        let answer = call(&mut browser, &secret, &method, &path, body).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.json()["status"], status);
    }
}

#[tokio::test]
async fn the_description_names_every_route_and_no_other() {
    let document = description().await;
    let described: BTreeSet<_> = operations(&document)
        .map(|(path, method, _)| (method.to_uppercase(), path.to_owned()))
        .collect();
    let routes = DOORS
        .iter()
        .filter(|(_, path, right)| path.starts_with("/api/") && !matches!(right, Right::Open));
    let routes: BTreeSet<_> = routes
        .map(|(method, path, _)| (method.to_string(), (*path).to_owned()))
        .collect();
    assert_eq!(described, routes);
    assert_eq!(
        document["components"]["securitySchemes"]["token"]["scheme"],
        "bearer"
    );
}

async fn description() -> Value {
    let world = worlds().await.remove(0);
    world.browser().get("/api/v1/openapi.json").await.json()
}

/// Each call with its path and method.
fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap();
        methods
            .iter()
            .map(move |(method, call)| (path.as_str(), method.as_str(), call))
    })
}

#[tokio::test]
async fn a_client_can_be_generated_from_the_description() {
    let document = description().await;
    let told = |value: &Value| !value.as_str().unwrap_or_default().is_empty();
    let tags: BTreeSet<_> = document["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["name"].as_str().unwrap())
        .collect();
    let mut names = BTreeSet::new();
    for (path, method, call) in operations(&document) {
        let name = call["operationId"].as_str().unwrap();
        assert!(names.insert(name), "two calls are named {name}");
        assert!(told(&call["summary"]), "{method} {path} says nothing");
        assert!(
            tags.contains(call["tags"][0].as_str().unwrap()),
            "{method} {path}: its tag is not described"
        );
        for parameter in call["parameters"].as_array().into_iter().flatten() {
            assert!(told(&parameter["description"]), "{name}: {parameter}");
        }
        let responses = call["responses"].as_object().unwrap();
        assert!(responses.contains_key("401"), "{name}");
        for (status, response) in responses {
            assert!(told(&response["description"]), "{name} {status}");
            let is_problem = status.starts_with(['4', '5']);
            let of_problem = &response["content"]["application/problem+json"];
            assert_eq!(!of_problem.is_null(), is_problem, "{name} {status}");
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (property, inner) in schema["properties"].as_object().into_iter().flatten() {
            let says = told(&inner["description"]) || told(&inner["oneOf"][0]["description"]);
            assert!(
                says || inner["$ref"].is_string(),
                "{name}.{property}: {inner}"
            );
        }
    }
}

#[tokio::test]
async fn a_path_says_which_methods_it_knows() {
    let world = worlds().await.remove(0);
    let secret = token(&world, &world.customers[0].administrator, &TokenScope::ALL).await;
    for (path, methods) in [
        ("/api/v1/people", "GET, POST, HEAD"),
        ("/api/v1/people/x/suspend", "POST"),
        ("/desktops", "GET, HEAD"),
    ] {
        let mut browser = world.browser();
        let answer = call(&mut browser, &secret, &Method::PUT, path, None).await;
        assert_eq!(answer.status, 405, "{path}");
        assert_eq!(answer.header("allow"), methods, "{path}");
    }
}

#[tokio::test]
async fn no_text_that_is_looked_for_is_too_much_for_the_database() {
    for world in worlds().await {
        world.signed_in(&world.customers[0].administrator).await;
        let scopes = [TokenScope::ActivityRead, TokenScope::PeopleRead];
        let secret = token(&world, &world.customers[0].administrator, &scopes).await;
        for path in [
            "/api/v1/activity?q=%00",
            "/api/v1/activity?what=a%00",
            "/api/v1/people?q=%00",
        ] {
            assert_eq!(get(&world, &secret, path).await.status, 200, "{path}");
        }
    }
}
