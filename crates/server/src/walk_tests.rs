//! Every route of the customer listener, walked by every role, by nobody, and by another customer's people who know the
//! first customer's ids. A route that is in no list is refused (`listener`), so that none is left out here.

#![allow(clippy::unwrap_used)]

use crate::{
    actor::{Actor, Role},
    api::service as api,
    doors::{DOORS, Right, is_listed},
    identity::{
        devices::testing as devices,
        lifecycle::{self, Draft},
    },
    listener::customer_router,
    rights,
    testing::{Answer, Browser, Customer, Person, World, worlds},
    visit::CSRF_HEADER,
};
use axum::{
    body::Body,
    http::{Method, Request, header},
};
use std::sync::Arc;
use tower::ServiceExt as _;
use uuid::Uuid;
use wire::ids::UserId;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Served,
    Refused,
    NotFound,
    SignIn,
}

/// The first customer's things that a route's path names.
struct Things {
    desktop: String,
    session: String,
    owner: UserId,
    /// A colleague whom nobody needs any more: those who may, suspend and remove them.
    leaver: UserId,
    /// An API token of the one who walks.
    token: String,
    /// A service code.
    code: String,
    /// A device's certificate, and an authority that may go.
    device: String,
    authority: String,
}

fn outcome(path: &str, answer: &Answer) -> Outcome {
    let to = answer.header("location");
    match answer.status.as_u16() {
        401 => Outcome::SignIn,
        303 if to == "/sign-in" && path != "/sign-out" => Outcome::SignIn,
        303 if to.starts_with("/sign-in?") => Outcome::SignIn,
        // Who works on no desktop is led from the portal's first page to where their work is.
        303 if path == "/desktops" => Outcome::Refused,
        403 => Outcome::Refused,
        404 => Outcome::NotFound,
        status if status < 500 => Outcome::Served,
        status => panic!("{path} answers {status}"),
    }
}

fn address(path: &str, things: &Things) -> String {
    let id = match path.split('/').nth(1) {
        Some("sessions") => things.session.clone(),
        Some("users") => things.leaver.to_string(),
        Some("tokens") => things.token.clone(),
        Some("service-codes") => things.code.clone(),
        Some("devices") => things.device.clone(),
        Some("device-authorities") => things.authority.clone(),
        _ => things.desktop.clone(),
    };
    path.replace("{id}", &id)
        .replace("{token}", "made-up")
        .replace("{code}", "nobody")
        .replace("{code}", "shoji")
        .replace("{control}", "5.6")
        .replace("{role}", "user")
        .replace("{*path}", "none")
}

/// Asks as a page of ours would, with this browser's form token where it has one.
async fn ask(browser: &mut Browser, csrf: &str, method: &Method, path: &str) -> Answer {
    // The one form with a file.
    let (media_type, body) = if path == "/branding" {
        let part = "content-disposition: form-data; name=\"csrf\"";
        let body = format!("--b\r\n{part}\r\n\r\n{csrf}\r\n--b--\r\n");
        ("multipart/form-data; boundary=b", body)
    } else {
        let body = format!("csrf={csrf}&format=csv");
        ("application/x-www-form-urlencoded", body)
    };
    let request = Request::builder()
        .method(method.clone())
        .uri(path)
        .header(header::CONTENT_TYPE, media_type)
        .header("sec-fetch-site", "same-origin")
        .header(CSRF_HEADER, csrf)
        .body(Body::from(body));
    browser.send(request.unwrap()).await
}

async fn things(world: &World, customer: &Customer) -> Things {
    let mut browser = world.signed_in(&customer.user).await;
    let csrf = browser.get("/access").await.csrf();
    let launch = format!("/desktops/{}/launch", customer.desktop);
    let answer = browser.post(&launch, &[("csrf", &csrf)]).await;
    let session = answer.header("location").rsplit('/').next().unwrap();
    Things {
        desktop: customer.desktop.to_string(),
        session: session.to_owned(),
        owner: customer.user.actor.user,
        leaver: customer.user.actor.user,
        token: String::new(),
        code: customer.code(world).await.to_string(),
        device: Uuid::nil().to_string(),
        authority: Uuid::nil().to_string(),
    }
}

/// Somebody's API token, of a time when their role made some.
async fn token_of(world: &World, person: &Person) -> String {
    let draft = api::Draft {
        name: "walk".to_owned(),
        scopes: vec!["people.read".to_owned()],
        days: 7,
    };
    let then = Actor {
        role: Role::Administrator,
        ..person.actor.clone()
    };
    api::create(&world.app, &then, &draft).await.unwrap();
    let rows = api::list(&world.app, &person.actor).await.unwrap();
    rows[0].id.to_string()
}

async fn leaver(world: &World, customer: &Customer, at: usize) -> UserId {
    let draft = Draft {
        full_name: "Leaver".to_owned(),
        email: format!("leaver{at}@shoji.example"),
        role: Role::User.name().to_owned(),
    };
    let actor = &customer.administrator.actor;
    let issued = lifecycle::invite(&world.app, actor, &draft).await;
    issued.unwrap().user.id
}

/// What the person should meet at a route about the first customer's things.
fn expected(actor: &Actor, right: Right, path: &str, things: &Things, foreign: bool) -> Outcome {
    let Right::Asks(action) = right else {
        return Outcome::Served;
    };
    let session = path.starts_with("/sessions");
    // To another customer the first one's things are not there. What may not be done at all is refused before looking.
    match rights::authorize(actor, action(things.owner)) {
        Err(_) if session => Outcome::NotFound,
        Err(_) => Outcome::Refused,
        // Tokens are one's own, a stranger's too.
        Ok(()) if path.starts_with("/tokens") => Outcome::Served,
        Ok(()) if foreign && path.contains("{id}") => Outcome::NotFound,
        Ok(()) => Outcome::Served,
    }
}

async fn walk(world: &World, person: &Person, things: &Things, foreign: bool) {
    let mut browser = world.signed_in(person).await;
    let csrf = browser.get("/access").await.csrf();
    // Programs come by other doors: `api` and `scim` walk them.
    let pages = DOORS
        .iter()
        .filter(|(_, path, _)| !path.starts_with("/api/") && !path.starts_with("/scim/"));
    for (method, path, right) in pages.filter(|(_, path, _)| *path != "/sign-out") {
        if matches!(right, Right::Open) {
            continue;
        }
        let answer = ask(&mut browser, &csrf, method, &address(path, things)).await;
        let expected = expected(&person.actor, *right, path, things, foreign);
        let role = person.actor.role;
        let met = outcome(path, &answer);
        // A file of the log that is not there (yet) is not found by those who may read it.
        // So are the parts of a look that is the product's own, and a passkey that nobody has.
        let may_be_absent = ["/activity/", "/branding/", "/account/passkeys/{id}"]
            .iter()
            .any(|begin| path.starts_with(begin));
        let absent = may_be_absent && expected == Outcome::Served;
        assert!(
            met == expected || absent && met == Outcome::NotFound,
            "{method} {path} as {role:?} of {}: {}, not {expected:?}",
            person.email,
            answer.status
        );
        assert!(
            !foreign || !answer.text.contains("shoji"),
            "{path} shows another customer's data"
        );
    }
    let answer = ask(&mut browser, &csrf, &Method::POST, "/sign-out").await;
    assert_eq!(outcome("/sign-out", &answer), Outcome::Served);
}

#[tokio::test]
async fn every_route_serves_those_whom_the_policies_permit() {
    for world in worlds().await {
        let [shoji, harbour] = &world.customers;
        let mut things = things(&world, shoji).await;
        let boss = &shoji.administrator.actor;
        // Who invites has signed in.
        world.signed_in(&shoji.administrator).await;
        let mut leavers = Vec::new();
        for at in 0..3 * Role::ALL.len() {
            leavers.push(leaver(&world, shoji, at).await);
        }
        for role in Role::ALL {
            // A colleague and a stranger first: the owner ends the session.
            for (person, foreign) in [
                (&shoji.administrator, false),
                (&harbour.user, true),
                (&shoji.user, false),
            ] {
                things.leaver = leavers.pop().unwrap();
                let mut person = person.clone();
                world.set_role(&mut person, role).await;
                things.token = token_of(&world, &person).await;
                (things.device, things.authority) = devices::things(&world.app, boss).await;
                walk(&world, &person, &things, foreign).await;
            }
        }
    }
}

#[tokio::test]
async fn nobody_is_served_but_at_the_open_doors() {
    for world in worlds().await {
        let things = things(&world, &world.customers[0]).await;
        for (method, path, right) in DOORS {
            let mut browser = world.browser();
            let answer = ask(&mut browser, "", method, &address(path, &things)).await;
            let closed = !matches!(right, Right::Open);
            if closed {
                assert!(!answer.status.is_success(), "{path}");
            } else {
                assert!(!answer.status.is_server_error(), "{path}");
            }
            let told = answer.text.contains("shoji");
            assert!(!told, "{path} tells nobody of a customer");
            let to = answer.header("location");
            let led = to.starts_with("/sign-in") || answer.status == 401;
            assert!(!closed || led, "{method} {path}: {}", answer.status);
        }
    }
}

#[tokio::test]
async fn a_route_that_names_no_right_is_not_there() {
    assert!(!is_listed(&Method::GET, "/backdoor"));
    assert!(!is_listed(&Method::POST, "/users"));
    for world in worlds().await {
        let things = things(&world, &world.customers[0]).await;
        let deleted = [(Method::DELETE, "/users".to_owned())];
        let traced = DOORS
            .iter()
            .map(|(_, path, _)| (Method::TRACE, address(path, &things)));
        for (method, path) in deleted.into_iter().chain(traced) {
            let request = Request::builder().method(&method).uri(&path);
            let answer = customer_router(Arc::clone(&world.app))
                .oneshot(request.body(Body::empty()).unwrap())
                .await
                .unwrap();
            assert_eq!(answer.status(), 405, "{method} {path}");
        }
    }
}

/// What chooses language and appearance needs no token: nothing of anybody's is changed by it.
const WITHOUT_TOKEN: &str = "/preferences";
/// Fields of forms that cannot be read without them.
const FIELDS: &str = "csrf=forged&format=csv&current=a&password=b&repeat=b&code=1&email=a%40b.example&next=%2F&name=n\
    &full_name=n&role=user&days=7&reason=r&file=a&digest=a&pem=a&list=a&serial=a&person=a&grant=a&access=open";

#[tokio::test]
async fn no_form_is_taken_without_its_token() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut things = things(&world, customer).await;
        let mut boss = world.signed_in(&customer.administrator).await;
        let mut hana = world.signed_in(&customer.user).await;
        things.leaver = leaver(&world, customer, 0).await;
        things.token = token_of(&world, &customer.administrator).await;
        let actor = &customer.administrator.actor;
        (things.device, things.authority) = devices::things(&world.app, actor).await;
        let forms = DOORS.iter().filter(|(method, path, _)| {
            let is_programs = path.starts_with("/api/") || path.starts_with("/scim/");
            method == Method::POST && !is_programs && *path != WITHOUT_TOKEN
        });
        for (_, path, right) in forms {
            let is_own = path.starts_with("/desktops") || path.starts_with("/sessions");
            let browser = if is_own { &mut hana } else { &mut boss };
            let answer = forged(browser, &address(path, &things)).await;
            // At a door that is open to all something else may be missing before the token is.
            let is_open = matches!(right, Right::Open);
            let led_back = answer.header("location").starts_with("/sign-in");
            let is_refused = answer.status.is_client_error() || led_back;
            let refused = if is_open {
                is_refused
            } else {
                answer.status == 403
            };
            assert!(refused, "{path}: {}", answer.status);
        }
    }
}

/// Sends a form with a made-up token, as scripts and pages do.
async fn forged(browser: &mut Browser, path: &str) -> Answer {
    let (media_type, body) = if path == "/branding" || path == "/users/import" {
        let part = "content-disposition: form-data; name=\"csrf\"";
        let body = format!("--b\r\n{part}\r\n\r\nforged\r\n--b--\r\n");
        ("multipart/form-data; boundary=b", body)
    } else {
        ("application/x-www-form-urlencoded", FIELDS.to_owned())
    };
    let request = Request::post(path)
        .header(header::CONTENT_TYPE, media_type)
        .header("sec-fetch-site", "same-origin")
        .header(CSRF_HEADER, "forged")
        .body(Body::from(body));
    browser.send(request.unwrap()).await
}
