//! SCIM as a directory meets it: people and roles, versions, errors, and every route with every role and from elsewhere.

#![allow(clippy::unwrap_used)]

use crate::{
    activity::What,
    actor::{Role, TokenScope},
    api::service as tokens,
    doors::{DOORS, Right},
    rights,
    testing::{Answer, Person, World, worlds},
};
use axum::{
    body::Body,
    http::{Method, Request, header},
};
use serde_json::{Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

async fn token(world: &World, person: &Person, scopes: &[TokenScope]) -> String {
    let draft = tokens::Draft {
        name: "directory".to_owned(),
        scopes: scopes.iter().map(|scope| scope.name().to_owned()).collect(),
        days: 7,
    };
    tokens::create(&world.app, &person.actor, &draft)
        .await
        .unwrap()
}

/// A directory with a token.
struct Directory<'a> {
    world: &'a World,
    token: String,
}

impl<'a> Directory<'a> {
    async fn of(world: &'a World, person: &Person) -> Self {
        world.signed_in(person).await;
        let token = token(world, person, &[TokenScope::Provisioning]).await;
        Self { world, token }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/scim/v2{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .header(header::CONTENT_TYPE, "application/scim+json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.world.browser().send(request.body(body).unwrap()).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], None).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &[], Some(body)).await
    }

    async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, &[], Some(body)).await
    }

    async fn patch(&self, path: &str, operations: Value) -> Answer {
        let body = json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": operations,
        });
        self.send(Method::PATCH, path, &[], Some(body)).await
    }

    /// Adds a person.
    async fn add(&self, name: &str) -> Value {
        let person = json!({
            "schemas": [USER],
            "userName": format!("{name}@shoji.example"),
            "displayName": name,
            "active": true,
        });
        let answer = self.post("/Users", person).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()
    }
}

fn at(resource: &Value) -> String {
    format!("/Users/{}", resource["id"].as_str().unwrap())
}

fn kind(answer: &Answer) -> Value {
    assert_eq!(answer.header("content-type"), "application/scim+json");
    let body = answer.json();
    assert_eq!(body["status"], answer.status.as_u16().to_string());
    body["scimType"].clone()
}

#[tokio::test]
async fn a_directory_adds_finds_and_removes_people() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let directory = Directory::of(&world, &shoji.administrator).await;
        let person = json!({
            "schemas": [USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
            "userName": "Mika.Ito@shoji.example",
            "externalId": "e-77",
            "name": {"givenName": "Mika", "familyName": "Ito"},
            "title": "not kept",
            "id": "mine",
        });
        let made = directory.post("/Users", person.clone()).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let mika = made.json();
        assert_eq!(made.header("location"), mika["meta"]["location"]);
        assert_eq!(made.header("etag"), mika["meta"]["version"]);
        assert_eq!(mika["userName"], "mika.ito@shoji.example");
        assert_eq!(mika["displayName"], "Mika Ito");
        assert_eq!(
            (&mika["active"], &mika["externalId"]),
            (&json!(true), &json!("e-77"))
        );
        assert_eq!(mika["groups"][0]["value"], "user");
        assert_ne!(mika["id"], "mine");
        assert_eq!(directory.get(&at(&mika)).await.json(), mika);
        let known = [("if-none-match", made.header("etag"))];
        let again = directory.send(Method::GET, &at(&mika), &known, None).await;
        assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""));

        // An address is somebody's once, also where one cannot see whose.
        let twice = directory.post("/Users", person).await;
        assert_eq!(
            (twice.status.as_u16(), kind(&twice)),
            (409, json!("uniqueness"))
        );
        let theirs = json!({"userName": harbour.user.email, "displayName": "x"});
        assert_eq!(directory.post("/Users", theirs).await.status, 409);

        for (query, total) in [
            ("", 3),
            ("?filter=userName%20eq%20%22MIKA.ito@shoji.example%22", 1),
            ("?filter=externalId%20eq%20%22e-77%22", 1),
            ("?filter=externalId%20eq%20%22E-77%22", 0),
            ("?filter=groups%5Bvalue%20eq%20%22administrator%22%5D", 1),
            ("?filter=userName%20co%20%22harbour%22", 0),
            ("?count=0", 3),
        ] {
            let list = directory.get(&format!("/Users{query}")).await;
            assert_eq!(list.json()["totalResults"], total, "{query}: {}", list.text);
        }
        let bad = directory.get("/Users?filter=userName%20is%20x").await;
        assert_eq!(
            (bad.status.as_u16(), kind(&bad)),
            (400, json!("invalidFilter"))
        );
        let search = json!({"filter": "externalId pr", "attributes": ["userName"]});
        let found = directory.post("/.search", search).await.json();
        assert_eq!(found["totalResults"], 1);
        assert!(found["Resources"][0]["displayName"].is_null());

        let gone = directory.send(Method::DELETE, &at(&mika), &[], None).await;
        assert_eq!(gone.status, 204, "{}", gone.text);
        assert_eq!(directory.get(&at(&mika)).await.status, 404);
        directory.add("mika.ito").await;
        let log = world.log(Some(shoji.tenant)).await;
        for what in [What::UserInvited, What::UserRemoved] {
            assert!(log.contains(&what), "{what:?}");
        }
    }
}

#[tokio::test]
async fn a_directory_changes_what_may_change_all_of_it_or_nothing() {
    for world in worlds().await {
        let shoji = &world.customers[0];
        let directory = Directory::of(&world, &shoji.administrator).await;
        let mut browser = world.signed_in(&shoji.user).await;
        let path = format!("/Users/{}", shoji.user.actor.user);
        let before = directory.get(&path).await;

        let suspend = json!([
            {"op": "Replace", "value": {"active": "False", "title": "x", "name.givenName": "x"}},
            {"op": "add", "path": "externalId", "value": "e-1"},
            {"op": "replace", "path": format!("{USER}:displayName"), "value": "佐藤 花子"},
            {"op": "replace", "path": "userName", "value": shoji.user.email.to_uppercase()},
        ]);
        let answer = directory.patch(&path, suspend).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let now = answer.json();
        assert_eq!(
            (&now["active"], &now["displayName"]),
            (&json!(false), &json!("佐藤 花子"))
        );
        assert_ne!(answer.header("etag"), before.header("etag"));
        assert_eq!(browser.get("/desktops").await.status, 303);
        let log = world.log(Some(shoji.tenant)).await;
        assert!(log.contains(&What::UserSuspended) && log.contains(&What::UserChanged));

        // What was changed under another's eyes is not changed again.
        let stale = [("if-match", before.header("etag"))];
        let body = Some(json!({"displayName": "Stale"}));
        for method in [Method::PUT, Method::DELETE] {
            let answer = directory.send(method, &path, &stale, body.clone()).await;
            assert_eq!(answer.status, 412, "{}", answer.text);
        }
        let fresh = [("if-match", answer.header("etag"))];
        let whole = json!({"schemas": [USER], "userName": shoji.user.email, "displayName": "Hana",
            "active": true, "meta": {"version": "mine"}, "id": "mine"});
        let answer = directory
            .send(Method::PUT, &path, &fresh, Some(whole))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let now = answer.json();
        assert_eq!(
            (&now["active"], &now["displayName"]),
            (&json!(true), &json!("Hana"))
        );
        // What a whole resource leaves out is gone.
        assert!(now["externalId"].is_null());

        for (operations, word) in [
            (
                json!([{"op": "replace", "path": "userName", "value": "b@x.example"}]),
                "mutability",
            ),
            (
                json!([{"op": "replace", "path": "id", "value": "x"}]),
                "mutability",
            ),
            (
                json!([{"op": "remove", "path": "displayName"}]),
                "mutability",
            ),
            (
                json!([{"op": "replace", "path": "nothing", "value": "x"}]),
                "invalidPath",
            ),
            (
                json!([{"op": "replace", "path": "emails[", "value": "x"}]),
                "invalidPath",
            ),
            (json!([{"op": "remove"}]), "noTarget"),
            (json!([{"op": "move", "path": "active"}]), "invalidSyntax"),
            (json!([]), "invalidSyntax"),
            (
                json!([{"op": "replace", "path": "active", "value": 1}]),
                "invalidValue",
            ),
            (
                json!([{"op": "replace", "path": "emails[type eq \"home\"].value", "value": "x"}]),
                "noTarget",
            ),
            // The first is right, and is not done either.
            (
                json!([{"op": "replace", "path": "displayName", "value": "New"},
                {"op": "replace", "path": "displayName", "value": " "}]),
                "invalidValue",
            ),
        ] {
            let answer = directory.patch(&path, operations).await;
            assert_eq!(
                (answer.status.as_u16(), kind(&answer)),
                (400, json!(word)),
                "{}",
                answer.text
            );
        }
        // Nobody suspends themselves, and what was asked besides is not done.
        let own = format!("/Users/{}", shoji.administrator.actor.user);
        let both = json!([{"op": "replace", "value": {"displayName": "New", "active": false}}]);
        assert_eq!(directory.patch(&own, both).await.status, 409);
        assert_ne!(directory.get(&own).await.json()["displayName"], "New");
        assert_eq!(directory.get(&path).await.json(), now);
    }
}

#[tokio::test]
async fn members_of_a_group_have_its_role_and_nobody_has_two() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let directory = Directory::of(&world, &shoji.administrator).await;
        let (hana, boss) = (
            shoji.user.actor.user.to_string(),
            shoji.administrator.actor.user,
        );
        let groups = directory
            .get("/Groups?excludedAttributes=members")
            .await
            .json();
        assert_eq!(groups["totalResults"], 4);
        assert!(groups["Resources"][1]["members"].is_null());

        let add = json!([{"op": "Add", "path": "members", "value": [{"value": hana}]}]);
        let answer = directory.patch("/Groups/auditor", add).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.json()["members"][0]["value"], hana);
        let path = format!("/Users/{hana}");
        let role = || async { directory.get(&path).await.json()["groups"][0]["value"].clone() };
        assert_eq!(role().await, "auditor");

        // Each of the two ways to take somebody out.
        let filter = json!([{"op": "remove", "path": format!("members[value eq \"{hana}\"]")}]);
        let listed = json!([{"op": "remove", "path": "members", "value": [{"value": hana}]}]);
        for out in [filter, listed] {
            let answer = directory.patch("/Groups/auditor", out).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert_eq!(role().await, "user");
            let whole = json!({"displayName": "Auditor", "members": [{"value": hana}]});
            let answer = directory.put("/Groups/auditor", whole).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert_eq!(role().await, "auditor");
        }
        // Whoever is taken out of the users stays one.
        directory.put("/Groups/auditor", json!({})).await;
        let answer = directory.put("/Groups/user", json!({})).await;
        assert_eq!((answer.status.as_u16(), role().await), (200, json!("user")));

        let stranger = harbour.user.actor.user;
        for members in [
            json!([{"value": stranger.to_string()}]),
            json!([{"value": "x"}]),
            json!("x"),
        ] {
            let answer = directory
                .put("/Groups/auditor", json!({"members": members}))
                .await;
            assert_eq!(
                (answer.status.as_u16(), kind(&answer)),
                (400, json!("invalidValue"))
            );
        }
        // An organisation keeps its administrator: nobody demotes themselves, and nothing else is done either.
        let swap = json!({"members": [{"value": hana}]});
        let answer = directory.put("/Groups/administrator", swap).await;
        assert_eq!(answer.status, 409, "{}", answer.text);
        assert_eq!(role().await, "user");
        let administrators = directory.get("/Groups/administrator").await.json();
        assert_eq!(administrators["members"][0]["value"], boss.to_string());
        let renamed = json!({"displayName": "Kings"});
        let answer = directory.put("/Groups/auditor", renamed).await;
        assert_eq!(
            (answer.status.as_u16(), kind(&answer)),
            (400, json!("mutability"))
        );
        assert_eq!(
            directory
                .post("/Groups", json!({"displayName": "New"}))
                .await
                .status,
            501
        );
    }
}

fn expected(person: &Person, right: Right, path: &str, foreign: bool) -> Vec<u16> {
    let Right::Asks(action) = right else {
        return vec![200, 404, 501];
    };
    match rights::authorize(&person.actor, action(person.actor.user)) {
        Err(_) => vec![403],
        // The id is a person's, whom a stranger does not find, and no group's.
        Ok(()) if path.contains("/Groups/{id}") => vec![404],
        Ok(()) if path.contains("{id}") && foreign => vec![404],
        Ok(()) => vec![200, 201, 204],
    }
}

#[tokio::test]
async fn every_route_serves_those_whom_the_policies_permit() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let first = Directory::of(&world, &shoji.administrator).await;
        let mut number = 0;
        for role in [Role::Administrator, Role::OperationsContact, Role::Auditor] {
            for (person, foreign) in [(&shoji.user, false), (&harbour.user, true)] {
                world.signed_in(person).await;
                let mut person = person.clone();
                world.set_role(&mut person, role).await;
                let directory = Directory::of(&world, &person).await;
                number += 1;
                let newcomer = first.add(&format!("new{number}")).await;
                let id = newcomer["id"].as_str().unwrap();
                for (method, path, right) in DOORS {
                    let Some(own) = path.strip_prefix("/scim/v2") else {
                        continue;
                    };
                    let address = own.replace("{id}", id);
                    let body = match *method {
                        Method::PATCH => Some(json!({"Operations": [
                            {"op": "replace", "path": "externalId", "value": "x"}]})),
                        Method::GET | Method::DELETE => None,
                        _ => Some(json!({"userName": format!("n{number}@x.example"),
                            "displayName": "N"})),
                    };
                    let body = match (method, own) {
                        (&Method::PUT, _) => Some(json!({"displayName": "Changed"})),
                        _ => body,
                    };
                    let answer = directory.send(method.clone(), &address, &[], body).await;
                    let due = expected(&person, *right, own, foreign);
                    let told = format!("{method} {path} {role:?} {foreign}: {}", answer.text);
                    assert!(
                        due.contains(&answer.status.as_u16()),
                        "{} {told}",
                        answer.status
                    );
                    assert!(!foreign || !answer.text.contains("shoji"), "{told}");
                }
                world.set_role(&mut person, Role::User).await;
                assert_eq!(directory.get("/Users").await.status, 401);
            }
        }
    }
}

#[tokio::test]
async fn a_token_is_for_directories_or_is_not() {
    let world = worlds().await.remove(0);
    let person = &world.customers[0].administrator;
    let mut directory = Directory::of(&world, person).await;
    // It opens nothing else: neither the API, nor one-time links.
    for path in ["/api/v1/people", "/api/v1/activity"] {
        let request = Request::get(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", directory.token))
            .body(Body::empty());
        let answer = world.browser().send(request.unwrap()).await;
        assert_eq!(answer.status, 403, "{path}");
    }
    let others: Vec<_> = TokenScope::ALL
        .into_iter()
        .filter(|scope| *scope != TokenScope::Provisioning)
        .collect();
    directory.token = token(&world, person, &others).await;
    for path in ["/Users", "/Schemas"] {
        let answer = directory.get(path).await;
        assert_eq!((answer.status.as_u16(), kind(&answer)), (403, Value::Null));
    }
    directory.token = "ngy_x".to_owned();
    let answer = directory.get("/Users").await;
    assert_eq!(answer.status, 401);
    assert!(answer.header("www-authenticate").starts_with("Bearer"));
    // The cookie of a session of the web counts for nothing.
    let mut browser = world.signed_in(person).await;
    assert_eq!(browser.get("/scim/v2/Users").await.status, 401);
}

#[tokio::test]
async fn errors_and_what_the_server_can_do_are_told_in_the_standards_words() {
    let world = worlds().await.remove(0);
    let directory = Directory::of(&world, &world.customers[0].administrator).await;
    for (method, path, status) in [
        (Method::GET, "/Nothing", 404),
        (Method::GET, "/Users/x", 404),
        (Method::GET, "/Groups/king", 404),
        (Method::GET, "/Users?count=x", 400),
        (Method::GET, "/Me", 501),
        (Method::POST, "/Schemas", 405),
        (Method::POST, "/Users", 400),
        (Method::POST, "/.search", 400),
    ] {
        let answer = directory.send(method, path, &[], None).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        kind(&answer);
    }
    let request = Request::post("/scim/v2/Users")
        .header(header::AUTHORIZATION, format!("Bearer {}", directory.token))
        .body(Body::from("{}"));
    let answer = world.browser().send(request.unwrap()).await;
    assert_eq!(answer.status, 415);
    kind(&answer);

    let config = directory.get("/ServiceProviderConfig").await.json();
    assert_eq!(
        (&config["patch"]["supported"], &config["etag"]["supported"]),
        (&json!(true), &json!(true))
    );
    for (path, total) in [("/ResourceTypes", 2), ("/Schemas", 5)] {
        let all = directory.get(path).await.json();
        assert_eq!(all["totalResults"], total);
        for one in all["Resources"].as_array().unwrap() {
            let id = one["id"].as_str().unwrap();
            assert_eq!(
                directory.get(&format!("{path}/{id}")).await.json()["id"],
                id
            );
        }
    }
}
