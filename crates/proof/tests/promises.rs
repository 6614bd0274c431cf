//! What is promised of the policies, each with a sabotaged set that breaks it: a proof that cannot fail proves nothing.

#![allow(clippy::unwrap_used)]

use cedar_policy::{Authorizer, Context, Decision, Entities, Request};
use proof::{
    ANOTHER_PERSON, ELEVATED, ELEVATED_BASE, GRANTS_STAY, NO_GRANTS, NO_STORED_DATA, ONE_CUSTOMER,
    OWN_GRANTS, POLICIES, SCHEMA, counterexample, never_permitted,
};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

async fn holds(promise: &str) {
    assert_eq!(counterexample(POLICIES, promise).await.unwrap(), None);
}

/// The same policies with one more, for which the proof must find a request that breaks the promise.
async fn breaks(promise: &str, sabotage: &str) {
    let sabotaged = format!("{POLICIES}\n{sabotage}");
    let found = counterexample(&sabotaged, promise).await.unwrap();
    println!("{}", found.unwrap());
}

#[tokio::test]
async fn nobody_reaches_another_customers_resource() {
    holds(ONE_CUSTOMER).await;
    breaks(
        ONE_CUSTOMER,
        r#"permit (principal is User, action == Action::"read_activity", resource)
        when { principal.role == Role::"auditor" };"#,
    )
    .await;
    breaks(
        ONE_CUSTOMER,
        r#"permit (principal is User, action == Action::"use_session", resource)
        when { resource.owner == principal };"#,
    )
    .await;
}

#[tokio::test]
async fn people_of_customers_reach_nothing_of_the_provider() {
    breaks(
        ONE_CUSTOMER,
        r#"permit (principal, action == Action::"read_work_log", resource);"#,
    )
    .await;
}

#[tokio::test]
async fn no_operator_reads_stored_data() {
    holds(NO_STORED_DATA).await;
    breaks(
        NO_STORED_DATA,
        r#"permit (principal is Operator, action == Action::"list_users", resource)
        when { principal.role == OperatorRole::"owner" };"#,
    )
    .await;
}

#[tokio::test]
async fn only_a_customers_own_people_grant_rights_in_it() {
    holds(OWN_GRANTS).await;
    breaks(
        OWN_GRANTS,
        r#"permit (principal is Operator, action == Action::"grant_right", resource);"#,
    )
    .await;
    // A delegation that looks at the service code and forgets whose it is.
    breaks(
        OWN_GRANTS,
        r#"permit (principal is User, action == Action::"grant_right", resource)
        when { resource has service_code &&
            principal.grants.contains({ role: Role::"administrator", service_code: resource.service_code }) };"#,
    )
    .await;
}

/// The policies with a part of their text replaced, for which the proof must find a request that breaks the promise.
async fn breaks_with(promise: &str, part: &str, other: &str) {
    let sabotaged = POLICIES.replace(part, other);
    assert_ne!(sabotaged, POLICIES);
    let found = counterexample(&sabotaged, promise).await.unwrap();
    println!("{}", found.unwrap());
}

#[tokio::test]
async fn no_operator_acts_on_a_customer_without_an_elevation_for_that_customer() {
    holds(ELEVATED).await;
    // What forbids is stronger than a permit that forgets.
    let forgetful = r#"permit (principal is Operator, action == Action::"manage_contract", resource)
        when { principal.role == OperatorRole::"network" };"#;
    let with = format!("{POLICIES}\n{forgetful}");
    assert_eq!(counterexample(&with, ELEVATED).await.unwrap(), None);
    // Without it, with one for some customer or other, and with one more thing that is free.
    let guard = "principal.elevated.contains(resource.tenant)";
    breaks_with(ELEVATED, guard, "true").await;
    let anybodys = r#"principal.elevated.contains(Tenant::"shoji")"#;
    breaks_with(ELEVATED, guard, anybodys).await;
    let free = r#"unless { action == Action::"view_contract" ||"#;
    let freer =
        r#"unless { action == Action::"view_contract" || action == Action::"manage_contract" ||"#;
    breaks_with(ELEVATED, free, freer).await;
}

#[tokio::test]
async fn nobody_changes_the_service_base_or_gives_operators_power_without_an_elevation_for_it() {
    holds(ELEVATED_BASE).await;
    breaks_with(
        ELEVATED_BASE,
        "unless { principal.elevated_base };",
        "unless { true };",
    )
    .await;
    // Somebody else's elevation, for a customer, is none for the base.
    let other = r#"unless { principal.elevated.contains(Tenant::"shoji") };"#;
    breaks_with(ELEVATED_BASE, "unless { principal.elevated_base };", other).await;
    let both = "principal.elevated_base || principal.alone";
    breaks_with(ELEVATED_BASE, both, "true").await;
    // One of the acts that give power, left out.
    let acts = r#"action in [Action::"add_operator", Action::"empower_operator"], resource)
unless"#;
    let fewer = r#"action == Action::"add_operator", resource)
unless"#;
    breaks_with(ELEVATED_BASE, acts, fewer).await;
}

#[tokio::test]
async fn nobody_decides_on_what_they_asked_for_nor_looks_after_themselves() {
    holds(ANOTHER_PERSON).await;
    breaks_with(ANOTHER_PERSON, "resource.asked_by != principal", "true").await;
    breaks_with(ANOTHER_PERSON, "&& resource != principal", "").await;
}

#[tokio::test]
async fn a_grant_never_reaches_another_service_code_or_customer() {
    holds(GRANTS_STAY).await;
    // Grants do something: without them less is permitted.
    assert!(counterexample(POLICIES, NO_GRANTS).await.unwrap().is_some());
    // A delegation that asks for some grant, not for one in this service code.
    breaks(
        GRANTS_STAY,
        r#"permit (principal is User, action == Action::"launch", resource)
        when { resource.tenant == principal.tenant && !principal.grants.isEmpty() };"#,
    )
    .await;
    // One that takes a user's grant for an administrator's.
    breaks(
        GRANTS_STAY,
        r#"permit (principal is User, action == Action::"grant_right", resource)
        when { resource.tenant == principal.tenant && resource has service_code &&
            principal.grants.contains({ role: Role::"user", service_code: resource.service_code }) };"#,
    )
    .await;
    // One that forgets whose the thing is.
    breaks(
        GRANTS_STAY,
        r#"permit (principal is User, action == Action::"view_service_code", resource)
        when { resource has service_code &&
            principal.grants.contains({ role: Role::"administrator", service_code: resource.service_code }) };"#,
    )
    .await;
    // One that lets everybody open what is kept for people with a grant.
    breaks(
        GRANTS_STAY,
        r#"permit (principal is User, action == Action::"view_desktops", resource)
        when { resource.tenant == principal.tenant };"#,
    )
    .await;
}

#[tokio::test]
async fn every_action_is_permitted_to_somebody() {
    assert_eq!(
        never_permitted(POLICIES).await.unwrap(),
        Vec::<String>::new()
    );
    let cut = r#"permit (principal is Operator, action == Action::"list_machines", resource);"#;
    let never = never_permitted(cut).await.unwrap();
    assert!(never.len() > 5 && !never.contains(&r#"Action::"list_machines""#.to_owned()));
}

/// A grant counts for its service code alone.
#[test]
fn a_right_is_delegated_per_service_code() {
    let schema = proof::schema().unwrap();
    let set = proof::policies(&schema, POLICIES).unwrap();
    let code = |id: &str| {
        serde_json::json!({"uid": {"type": "ServiceCode", "id": id}, "parents": [],
            "attrs": {"tenant": {"__entity": {"type": "Tenant", "id": "shoji"}}, "closed": false}})
    };
    let thing = |id: &str, code: &str| {
        serde_json::json!({"uid": {"type": "Thing", "id": id}, "parents": [], "attrs": {
            "tenant": {"__entity": {"type": "Tenant", "id": "shoji"}}, "stored": true,
            "service_code": {"__entity": {"type": "ServiceCode", "id": code}}}})
    };
    let hana = serde_json::json!({"uid": {"type": "User", "id": "hana"}, "parents": [], "attrs": {
        "tenant": {"__entity": {"type": "Tenant", "id": "shoji"}},
        "role": {"__entity": {"type": "Role", "id": "user"}},
        "grants": [{"role": {"__entity": {"type": "Role", "id": "administrator"}},
            "service_code": {"__entity": {"type": "ServiceCode", "id": "S1"}}}]}});
    let all = serde_json::json!([
        hana,
        code("S1"),
        code("S2"),
        thing("a", "S1"),
        thing("b", "S2")
    ]);
    let entities = Entities::from_json_value(all, Some(&schema)).unwrap();
    let may = |thing: &str| {
        let request = Request::new(
            r#"User::"hana""#.parse().unwrap(),
            r#"Action::"grant_right""#.parse().unwrap(),
            format!("Thing::\"{thing}\"").parse().unwrap(),
            Context::empty(),
            Some(&schema),
        );
        Authorizer::new()
            .is_authorized(&request.unwrap(), &set, &entities)
            .decision()
    };
    assert_eq!((may("a"), may("b")), (Decision::Allow, Decision::Deny));
}

/// The hash of what the proofs are about; the service compares it with that of the policies in force.
fn digest() -> String {
    let mut hash = Sha256::new();
    hash.update(SCHEMA);
    hash.update(POLICIES);
    let mut text = String::new();
    for byte in hash.finalize() {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

const PROMISES: [&str; 7] = [
    ONE_CUSTOMER,
    NO_STORED_DATA,
    OWN_GRANTS,
    GRANTS_STAY,
    ELEVATED,
    ELEVATED_BASE,
    ANOTHER_PERSON,
];
const PROVED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../server/src/rights/proved.sha256"
);

#[tokio::test]
async fn the_service_knows_what_was_proved() {
    for promise in PROMISES {
        holds(promise).await;
    }
    let kept = std::fs::read_to_string(PROVED).unwrap_or_default();
    assert!(
        kept.trim() == digest(),
        "{PROVED} is stale: cargo nextest run -p proof write_what_was_proved --run-ignored all"
    );
}

#[tokio::test]
#[ignore = "writes the hash of what was proved"]
async fn write_what_was_proved() {
    for promise in PROMISES {
        holds(promise).await;
    }
    std::fs::write(PROVED, format!("{}\n", digest())).unwrap();
}
