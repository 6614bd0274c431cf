//! Leave to change the service base, as operators meet it.

#![allow(clippy::unwrap_used)]

use super::{
    service,
    tests::{ASK, ask, decide, revise},
};
use crate::{
    activity::What,
    operators::{
        OperatorRole,
        tests::{customer_path, elevate, entered, operator_of},
    },
    testing::worlds,
};
use uuid::Uuid;

#[tokio::test]
async fn the_service_base_is_changed_only_while_another_person_has_approved_it() {
    for world in worlds().await {
        let mut owner = entered(&world, "owner", OperatorRole::Owner).await;
        let mut security = entered(&world, "security", OperatorRole::Security).await;
        let provider = "/console/provider";
        let page = owner.get(provider).await;
        assert!(page.text.contains(ASK) && !page.text.contains("name=\"text_en\""));
        for path in ["/console/catalogue", "/console/catalogue/offers/desktop"] {
            let page = owner.get(path).await;
            assert_eq!(page.status, 200);
            assert!(page.text.contains(ASK) && !page.text.contains("name=\"name_en\""));
        }
        let csrf = page.csrf();
        let form = [
            ("csrf", csrf.as_str()),
            ("text_ja", "規約"),
            ("text_en", "Terms of the base"),
        ];
        let publish = format!("{provider}/terms");
        assert_eq!(owner.post(&publish, &form).await.status, 403);
        // One for a customer is none for the base, nor the other way round.
        let shoji = world.customers[0].tenant;
        elevate(&world, &owner, shoji).await;
        assert_eq!(owner.post(&publish, &form).await.status, 403);
        assert!(!world.log(None).await.contains(&What::TermsPublished));

        let request = ask(&mut owner, "").await;
        assert_eq!(decide(&mut security, &request, "approve", "ok").await, 303);
        let other = customer_path(&world, world.customers[1].tenant).await;
        assert_eq!(revise(&mut owner, &other).await, 403);
        assert!(owner.get(provider).await.text.contains("name=\"text_en\""));
        assert_eq!(owner.post(&publish, &form).await.status, 303);
        let retire = "/console/catalogue/offers/desktop/retire";
        assert_eq!(owner.post(retire, &form[..1]).await.status, 303);
        let who = operator_of(&world, &owner).await;
        let used = service::one(&world.app, &who, id_in(&request));
        assert_eq!(used.await.unwrap().acts, 2);
        assert_eq!(decide(&mut owner, &request, "end", "").await, 303);
        assert_eq!(owner.post(&publish, &form).await.status, 403);
    }
}

fn id_in(path: &str) -> Uuid {
    path.rsplit('/').next().unwrap().parse().unwrap()
}
