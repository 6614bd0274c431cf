//! Files of people as administrators meet them, on both engines.

#![allow(clippy::unwrap_used)]

use super::{
    plan::Plan,
    service::{self, ImportError},
    words::Action,
};
use crate::{
    activity::What,
    actor::Role,
    identity::lifecycle::{self, Draft},
    portal::Lang,
    testing::{Answer, Browser, Customer, World, worlds},
};
use axum::{body::Body, http::Request};
use proptest::prelude::*;

const HEAD: &str = "名前,メールアドレス,役割,処理\r\n";

async fn look(world: &World, customer: &Customer, file: &[u8]) -> Plan {
    let actor = &customer.administrator.actor;
    service::preview(&world.app, actor, file).await.unwrap()
}

/// What is wrong with a file, by line: the column's head and what is told.
async fn wrong(world: &World, customer: &Customer, rows: &str) -> Vec<(Option<u64>, String)> {
    let plan = look(world, customer, format!("{HEAD}{rows}").as_bytes()).await;
    let told = |problem: &super::plan::Problem| (problem.line, problem.what.0.to_owned());
    plan.problems.iter().map(told).collect()
}

async fn people(world: &World, customer: &Customer) -> String {
    let actor = &customer.administrator.actor;
    let file = service::export(&world.app, actor, Lang::En).await;
    file.unwrap()
}

/// Sends a file as the page's form does.
async fn upload(browser: &mut Browser, csrf: &str, file: &[u8]) -> Answer {
    let mut body = format!(
        "--B\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n\
         --B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--B--\r\n");
    let request = Request::post("/users/import")
        .header("content-type", "multipart/form-data; boundary=B")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(body));
    browser.send(request.unwrap()).await
}

fn hidden(page: &Answer, name: &str) -> String {
    let (_, rest) = page
        .text
        .split_once(&format!("name=\"{name}\" value=\""))
        .unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_file_is_shown_first_and_done_whole_when_it_is_confirmed() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut boss = world.signed_in(&customer.administrator).await;
        let csrf = boss.get("/users/import").await.csrf();
        // In the Shift_JIS of Japanese Excel.
        let text =
            format!("{HEAD}=髙橋,taka@shoji.example,管理者,\r\n,hana@shoji.example,,停止\r\n");
        let (file, ..) = encoding_rs::SHIFT_JIS.encode(&text);
        let shown = upload(&mut boss, &csrf, &file).await;
        assert_eq!(shown.status, 200, "{}", shown.text);
        assert!(shown.text.contains("髙橋") && shown.text.contains("Shift_JIS"));
        assert!(!people(&world, customer).await.contains("taka@"));
        let (file, digest) = (hidden(&shown, "file"), hidden(&shown, "digest"));
        let form = [
            ("csrf", csrf.as_str()),
            ("file", &file),
            ("digest", &digest),
        ];
        let done = boss.post("/users/import/confirm", &form).await;
        assert_eq!(done.status, 200, "{}", done.text);
        let link = done.text.split("/welcome/").nth(1).unwrap();
        let link = link.split('<').next().unwrap();
        let mut taka = world.browser();
        assert_eq!(taka.get(&format!("/welcome/{link}")).await.status, 200);
        let after = people(&world, customer).await;
        assert!(after.contains("\"'=髙橋\",\"taka@shoji.example\",\"Administrator\""));
        assert!(after.contains("\"hana@shoji.example\",\"User\",\"Locked\""));
        let log = world.log(Some(customer.tenant)).await;
        let acts = [What::PeopleImported, What::UserSuspended, What::UserInvited];
        for act in acts {
            assert!(log.contains(&act), "{act:?}");
        }
        // Sent again, it would do something else: the same is not done twice.
        let again = boss.post("/users/import/confirm", &form).await;
        assert_eq!(again.status, 409, "{}", again.text);
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_with_the_files_own_line() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let rows = "\r\n\"two\r\nlines\",a@x.example,利用者,\r\n\
            新人,b@x.example,社長,\r\n\
            新人,,利用者,\r\n\
            新人,c@x.example,利用者,\r\n\
            新人,C@X.example,利用者,\r\n\
            新人,nobody@x.example,利用者,変更\r\n\
            花,hana@shoji.example,利用者,追加\r\n\
            ボス,boss@shoji.example,利用者,\r\n\
            新人,d@x.example,利用者,,余り\r\n\
            新人,e@x.example,利用者,祝う\r\n,,,\r\n\
            新人,f@x.example,,\r\n";
        let told = wrong(&world, customer, rows).await;
        let due = [
            (3, "person.error.name_characters"),
            (5, "register.problem.role"),
            (6, "register.problem.address_missing"),
            (8, "register.problem.twice"),
            (9, "register.problem.nobody"),
            (10, "register.problem.there"),
            (11, "person.error.yourself"),
            (12, "register.problem.cells"),
            (13, "register.problem.action"),
            (15, "register.problem.role_missing"),
        ];
        let due: Vec<_> = due
            .iter()
            .map(|(line, what)| (Some(*line), (*what).to_owned()))
            .collect();
        assert_eq!(told, due);
        let head = look(&world, customer, b"name,phone\nx,1\n").await;
        assert_eq!(head.problems[0].what.0, "register.problem.head_missing");
        let utf16 = look(&world, customer, b"\xff\xfea\0").await;
        assert_eq!(utf16.problems[0].what.0, "register.problem.utf16");
    }
}

#[tokio::test]
async fn a_file_of_more_than_a_mebibyte_is_refused_and_people_are_saved_by_a_fixed_name() {
    const MEBIBYTE: usize = 1 << 20;
    for world in worlds().await {
        let customer = &world.customers[0];
        let mut boss = world.signed_in(&customer.administrator).await;
        let csrf = boss.get("/users/import").await.csrf();
        let big = Lang::Ja.text("register.problem.big");
        // In the middle, and with more than the form may have in all.
        for (bytes, is_big) in [
            (MEBIBYTE, false),
            (MEBIBYTE + 1, true),
            (2 * MEBIBYTE, true),
        ] {
            let page = upload(&mut boss, &csrf, &vec![b'a'; bytes]).await;
            assert_eq!(page.status, 422, "{bytes}");
            assert_eq!(page.text.contains(big), is_big, "{bytes}");
        }
        let draft = crate::api::service::Draft {
            name: "hr".to_owned(),
            scopes: vec!["people.write".to_owned()],
            days: 7,
        };
        let actor = &customer.administrator.actor;
        let token = crate::api::service::create(&world.app, actor, &draft).await;
        let token = token.unwrap();
        for (bytes, status) in [(MEBIBYTE, 200), (MEBIBYTE + 1, 400)] {
            let request = Request::post("/api/v1/people/import")
                .header("authorization", format!("Bearer {token}"))
                .header("content-type", "text/csv")
                .body(Body::from(vec![b'a'; bytes]));
            let answer = world.browser().send(request.unwrap()).await;
            assert_eq!(answer.status, status, "{bytes}: {}", answer.text);
        }
        let saved = boss.post("/users/export", &[("csrf", &csrf)]).await;
        let saved_as = saved.header("content-disposition");
        assert_eq!(saved_as, "attachment; filename=\"people.csv\"");
    }
}

#[tokio::test]
async fn what_changed_since_the_look_is_not_overrun() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let actor = &customer.administrator.actor;
        world.signed_in(&customer.administrator).await;
        let file = format!("{HEAD}新人,new@x.example,利用者,\r\n");
        let plan = look(&world, customer, file.as_bytes()).await;
        let other = format!("{HEAD}新人,other@x.example,管理者,\r\n");
        let swapped = service::apply(&world.app, actor, other.as_bytes(), &plan.digest).await;
        assert!(matches!(swapped, Err(ImportError::NotAsShown(_))));
        // A colleague invites the same person meanwhile.
        let draft = Draft {
            full_name: "新人".to_owned(),
            email: "new@x.example".to_owned(),
            role: Role::Auditor.name().to_owned(),
        };
        lifecycle::invite(&world.app, actor, &draft).await.unwrap();
        let late = service::apply(&world.app, actor, file.as_bytes(), &plan.digest).await;
        let Err(ImportError::NotAsShown(now)) = late else {
            panic!("{late:?}");
        };
        assert_eq!(now.count(Action::Change), 1);
        assert!(people(&world, customer).await.contains("\"Auditor\""));
    }
}

#[tokio::test]
async fn one_line_that_cannot_be_done_leaves_all_undone() {
    for world in worlds().await {
        let [customer, other] = &world.customers;
        let actor = &customer.administrator.actor;
        world.signed_in(&customer.administrator).await;
        // The last address is another customer's, which a look does not tell.
        let taken = &other.user.email;
        let file = format!(
            "{HEAD},hana@shoji.example,,削除\r\n新人,new@x.example,利用者,\r\nx,{taken},利用者,\r\n"
        );
        let plan = look(&world, customer, file.as_bytes()).await;
        assert_eq!((plan.problems.len(), plan.count(Action::Add)), (0, 2));
        let before = people(&world, customer).await;
        let refused = service::apply(&world.app, actor, file.as_bytes(), &plan.digest).await;
        let Err(ImportError::NotAsShown(plan)) = refused else {
            panic!("{refused:?}");
        };
        let problem = &plan.problems[0];
        assert_eq!(
            (problem.line, problem.what.0),
            (Some(4), "person.error.email_taken")
        );
        assert_eq!(people(&world, customer).await, before);
        let log = world.log(Some(customer.tenant)).await;
        assert!(log.contains(&What::PeopleImportRefused) && !log.contains(&What::UserRemoved));
    }
}

#[tokio::test]
async fn the_contracts_accounts_hold_for_what_there_is_in_the_end() {
    for world in worlds().await {
        let customer = &world.customers[0];
        // Two of a hundred are there.
        let rows: Vec<String> = (0..99)
            .map(|at| format!("新人,n{at}@x.example,利用者,\r\n"))
            .collect();
        let rows = rows.concat();
        let told = wrong(&world, customer, &rows).await;
        assert_eq!(told, [(Some(100), "person.error.no_room".to_owned())]);
        let swap = format!("{rows},hana@shoji.example,,削除\r\n");
        assert!(wrong(&world, customer, &swap).await.is_empty());
        world.signed_in(&customer.administrator).await;
        let file = format!("{HEAD}{swap}");
        let plan = look(&world, customer, file.as_bytes()).await;
        let actor = &customer.administrator.actor;
        let done = service::apply(&world.app, actor, file.as_bytes(), &plan.digest).await;
        assert_eq!(done.unwrap().links.len(), 99);
    }
}

#[tokio::test]
async fn what_is_taken_out_comes_in_again_and_changes_nothing() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let actor = &customer.administrator.actor;
        world.signed_in(&customer.administrator).await;
        let names = ["=1+1", "'=x", "'Okina", "a,\"b\"", "＝全角", "-", "''"];
        for (at, name) in names.iter().enumerate() {
            let draft = Draft {
                full_name: (*name).to_owned(),
                email: format!("+n{at}@x.example"),
                role: Role::ALL[at % 4].name().to_owned(),
            };
            let issued = lifecycle::invite(&world.app, actor, &draft).await.unwrap();
            if at % 2 == 0 {
                lifecycle::suspend(&world.app, actor, issued.user.id)
                    .await
                    .unwrap();
            }
        }
        for lang in Lang::ALL {
            let file = service::export(&world.app, actor, lang).await.unwrap();
            let plan = look(&world, customer, file.as_bytes()).await;
            assert_eq!((plan.steps.len(), plan.problems.len()), (0, 0), "{file}");
            assert_eq!(plan.same, 9);
        }
    }
}

#[tokio::test]
async fn programs_look_and_confirm_as_people_do() {
    for world in worlds().await {
        let customer = &world.customers[0];
        world.signed_in(&customer.administrator).await;
        let draft = crate::api::service::Draft {
            name: "hr".to_owned(),
            scopes: vec!["people.write".to_owned()],
            days: 7,
        };
        let actor = &customer.administrator.actor;
        let token = crate::api::service::create(&world.app, actor, &draft)
            .await
            .unwrap();
        let file = "email,name,role\nn@x.example,New,user\n";
        let mut browser = world.browser();
        let mut post = async |path: &str| {
            let request = Request::post(path)
                .header("authorization", format!("Bearer {token}"))
                .header("content-type", "text/csv")
                .body(Body::from(file));
            browser.send(request.unwrap()).await
        };
        let looked = post("/api/v1/people/import").await.json();
        assert_eq!(
            (&looked["done"], &looked["steps"][0]["line"]),
            (&false.into(), &2.into())
        );
        let path = format!(
            "/api/v1/people/import?digest={}",
            looked["digest"].as_str().unwrap()
        );
        let done = post(&path).await.json();
        assert!(
            done["links"][0]["link"]
                .as_str()
                .unwrap()
                .contains("/welcome/")
        );
        assert_eq!(post(&path).await.status, 409);
    }
}

proptest! {
    /// No file makes a plan fail, and what it says lies on lines that the file has.
    #[test]
    fn any_file_is_read_or_refused(
        rows in proptest::collection::vec("[名,\"'=\r\na@.x削追]{0,20}", 0..20)
    ) {
        let file = format!("{HEAD}{}", rows.join("\n"));
        let now = super::plan::Now { people: &[], actor: wire::ids::UserId(uuid::Uuid::nil()), room: Some(5) };
        let plan = super::plan::plan(file.as_bytes(), &now);
        let lines = file.matches(['\n', '\r']).count() as u64 + 1;
        let told = plan.problems.iter().filter_map(|problem| problem.line);
        prop_assert!(told.chain(plan.steps.iter().map(|step| step.line)).all(|line| (1..=lines).contains(&line)));
    }
}
