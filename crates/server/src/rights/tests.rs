//! The policies' answers, and that what they are asked fits their schema.

#![allow(clippy::unwrap_used)]

use super::{
    Action, Asking, Code, Denied, Leave, OperatorAction, authorize, authorize_asking, authorize_in,
    check, policies::Policies,
};
use crate::{
    actor::{Actor, Grant, Role, TokenScope},
    operators::OperatorRole,
};
use std::collections::BTreeSet;
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

const ME: UserId = UserId(Uuid::from_u128(2));
const OTHER: UserId = UserId(Uuid::from_u128(3));
const ACTIONS: [Action; 12] = [
    Action::ViewDesktops,
    Action::Launch,
    Action::UseSession { owner: ME },
    Action::UseSession { owner: OTHER },
    Action::ListUsers,
    Action::ManageUsers,
    Action::ReadActivity,
    Action::ViewAccess,
    Action::ViewEvidence,
    Action::ManageTokens,
    Action::ViewServiceCode,
    Action::GrantRight,
];

const HIM: Uuid = Uuid::from_u128(8);
const HER: Uuid = Uuid::from_u128(9);
const OPERATORS: [OperatorAction; 16] = [
    OperatorAction::ListMachines,
    OperatorAction::Drain,
    OperatorAction::ListCustomers,
    OperatorAction::AddCustomer,
    OperatorAction::ReadWorkLog,
    OperatorAction::ViewEvidence,
    OperatorAction::ViewContract,
    OperatorAction::ManageContract,
    OperatorAction::ManageProvider,
    OperatorAction::ListOperators,
    OperatorAction::AddOperator,
    OperatorAction::AskElevation,
    OperatorAction::ManageOperator { other: HER },
    OperatorAction::EmpowerOperator { other: HER },
    OperatorAction::DecideElevation { asked_by: HER },
    OperatorAction::EndElevation { asked_by: HER },
];

fn him(role: OperatorRole, elevated: &[TenantId]) -> Asking<'_> {
    Asking {
        id: HIM,
        role: role.name(),
        elevated,
        leave: Leave {
            elevated: true,
            alone: false,
        },
    }
}

fn actor(role: Role) -> Actor {
    Actor {
        tenant: TenantId(Uuid::from_u128(1)),
        user: ME,
        role,
        full_name: String::new(),
        address: String::new(),
        scopes: None,
        grants: Vec::new(),
    }
}

#[test]
fn the_policies_are_well_typed() {
    check().unwrap();
    let schema = include_str!("schema.cedarschema");
    let wrong = "permit (principal, action, resource) when { principal.rank == 3 };";
    assert!(Policies::parse(schema, wrong).is_err());
}

#[test]
fn what_the_policies_are_asked_fits_the_schema() {
    let policies = super::policies::LIVE.as_ref().unwrap();
    for role in Role::ALL {
        for action in ACTIONS {
            policies
                .question(&actor(role), (action, None), Some(&policies.schema))
                .unwrap();
        }
    }
}

#[test]
fn operators_do_their_roles_work() {
    use OperatorRole::{Auditor, Network, Owner, Release, Security, Support};
    let policies = super::policies::LIVE.as_ref().unwrap();
    let mut allowed = Vec::new();
    for role in OperatorRole::ALL {
        for action in OPERATORS {
            let (own, customer) = ([TenantId(HER)], Some(TenantId(HER)));
            let schema = Some(&policies.schema);
            let asked = policies.operators_question(him(role, &own), action, customer, schema);
            asked.unwrap();
            if authorize_asking(him(role, &own), action, customer).is_ok() {
                allowed.push((role, action));
            }
        }
    }
    let may = |action| {
        let roles = allowed.iter().filter(|(_, done)| *done == action);
        roles.map(|(role, _)| *role).collect::<Vec<_>>()
    };
    assert_eq!(may(OperatorAction::ListMachines), OperatorRole::ALL);
    assert_eq!(may(OperatorAction::Drain), [Network, Release, Owner]);
    assert_eq!(
        may(OperatorAction::ListCustomers),
        [Support, Security, Owner, Auditor]
    );
    assert_eq!(may(OperatorAction::AddCustomer), [Support, Owner]);
    assert_eq!(may(OperatorAction::ManageProvider), [Owner]);
    assert_eq!(
        may(OperatorAction::ViewEvidence),
        [Support, Security, Owner, Auditor]
    );
    assert_eq!(may(OperatorAction::ReadWorkLog), [Security, Owner, Auditor]);
    assert_eq!(may(OperatorAction::ViewContract), [Support, Owner, Auditor]);
    assert_eq!(may(OperatorAction::ManageContract), [Support, Owner]);
    assert_eq!(
        may(OperatorAction::ListOperators),
        [Security, Owner, Auditor]
    );
    assert_eq!(may(OperatorAction::AddOperator), [Owner]);
    assert_eq!(may(OperatorAction::ManageOperator { other: HER }), [Owner]);
    assert_eq!(may(OperatorAction::EmpowerOperator { other: HER }), [Owner]);
    let decides = [Security, Owner];
    assert_eq!(
        may(OperatorAction::DecideElevation { asked_by: HER }),
        decides
    );
    assert_eq!(may(OperatorAction::EndElevation { asked_by: HER }), decides);
    // Nobody else's work takes one.
    assert_eq!(may(OperatorAction::AskElevation), [Support, Owner]);
}

#[test]
fn the_service_base_and_power_over_operators_take_an_elevation_for_the_base() {
    let owner = |elevated, alone, action| {
        let asking = Asking {
            leave: Leave { elevated, alone },
            ..him(OperatorRole::Owner, &[TenantId(HER)])
        };
        authorize_asking(asking, action, None).is_ok()
    };
    let provider = OperatorAction::ManageProvider;
    assert!(!owner(false, false, provider) && owner(true, false, provider));
    // Who is alone adds somebody first.
    assert!(!owner(false, true, provider));
    for action in [
        OperatorAction::AddOperator,
        OperatorAction::EmpowerOperator { other: HER },
    ] {
        assert!(!owner(false, false, action), "{action:?}");
        assert!(owner(true, false, action) && owner(false, true, action));
    }
    // Nobody does it to themselves, and shutting somebody out waits for nobody.
    let own = OperatorAction::EmpowerOperator { other: HIM };
    assert!(!owner(true, true, own));
    let suspend = OperatorAction::ManageOperator { other: HER };
    assert!(owner(false, false, suspend));
}

#[test]
fn an_elevation_counts_for_its_customer_alone_and_nobody_decides_on_their_own() {
    let [this, that] = [TenantId(HIM), TenantId(HER)];
    for role in OperatorRole::ALL {
        let ask = |elevated: &[TenantId], action, customer| {
            authorize_asking(him(role, elevated), action, customer).is_ok()
        };
        let contract = OperatorAction::ManageContract;
        let writes = matches!(role, OperatorRole::Support | OperatorRole::Owner);
        assert_eq!(ask(&[this], contract, Some(this)), writes);
        assert!(!ask(&[that], contract, Some(this)));
        assert!(!ask(&[], contract, Some(this)));
        assert!(!ask(&[], contract, None));
        // Nobody does to themselves what takes somebody else.
        assert!(!ask(
            &[],
            OperatorAction::ManageOperator { other: HIM },
            None
        ));
        assert!(!ask(
            &[],
            OperatorAction::DecideElevation { asked_by: HIM },
            None
        ));
        // Yet everybody may give back what they were given.
        assert!(ask(
            &[],
            OperatorAction::EndElevation { asked_by: HIM },
            None
        ));
    }
}

#[test]
fn a_token_does_what_its_scopes_say_and_no_more() {
    for scope in TokenScope::ALL {
        let caller = Actor {
            scopes: Some([scope].into_iter().collect()),
            ..actor(Role::Administrator)
        };
        for action in ACTIONS {
            let whole = authorize(&actor(Role::Administrator), action);
            let allowed = authorize(&caller, action).is_ok();
            assert_eq!(allowed, whole.is_ok() && action.scope() == Some(scope));
        }
    }
}

#[test]
fn a_right_counts_in_its_service_code_alone() {
    let code = |id| Code {
        id: Uuid::from_u128(id),
        closed: true,
    };
    let policies = super::policies::LIVE.as_ref().unwrap();
    let asked = [
        Action::ViewDesktops,
        Action::Launch,
        Action::ViewServiceCode,
        Action::GrantRight,
    ];
    let may = |role, given: Option<Role>, at: Code| {
        let grant = |role| Grant {
            role,
            code: Uuid::from_u128(1),
        };
        let actor = Actor {
            grants: given.map(grant).into_iter().collect(),
            ..actor(role)
        };
        asked.map(|action| {
            let question = policies.question(&actor, (action, Some(at)), Some(&policies.schema));
            question.unwrap();
            authorize_in(&actor, action, Some(at)).is_ok()
        })
    };
    let (here, elsewhere) = (code(1), code(2));
    let user = Role::User;
    assert_eq!(may(user, None, here), [false; 4]);
    assert_eq!(may(user, Some(user), here), [true, true, false, false]);
    assert_eq!(may(user, Some(Role::Administrator), here), [true; 4]);
    assert_eq!(may(user, Some(Role::Administrator), elsewhere), [false; 4]);
    // Who administers the organisation looks after every code, and opens what is kept for others no more than they do.
    let boss = Role::Administrator;
    assert_eq!(may(boss, None, here), [false, false, true, true]);
    assert_eq!(may(Role::Auditor, Some(boss), here), [false; 4]);
    let open = Code {
        closed: false,
        ..elsewhere
    };
    assert_eq!(may(user, None, open), [true, true, false, false]);
}

#[test]
fn nobody_sees_another_persons_desktop() {
    for role in Role::ALL {
        let others = Action::UseSession { owner: OTHER };
        assert_eq!(authorize(&actor(role), others), Err(Denied));
    }
}

#[test]
fn each_role_does_its_own_work() {
    let work = |role| {
        let allowed = ACTIONS
            .iter()
            .filter(|action| authorize(&actor(role), **action).is_ok());
        allowed
            .map(|action| action.facts().name)
            .collect::<BTreeSet<_>>()
    };
    let desks = ["launch", "use_session", "view_access", "view_desktops"];
    let books = [
        "list_users",
        "manage_tokens",
        "read_activity",
        "view_access",
        "view_evidence",
    ];
    let both: BTreeSet<_> = desks.into_iter().chain(books).collect();
    assert_eq!(work(Role::User), BTreeSet::from(desks));
    assert_eq!(work(Role::Auditor), BTreeSet::from(books));
    assert_eq!(work(Role::OperationsContact), both);
    let more = ["grant_right", "manage_users", "view_service_code"];
    let all = both.into_iter().chain(more).collect();
    assert_eq!(work(Role::Administrator), all);
}

/// Prints what one decision costs: `cargo nextest run -p server cost_of_a_decision --run-ignored all --no-capture`.
#[test]
#[ignore = "measures, asserts nothing"]
fn cost_of_a_decision() {
    const ROUNDS: u32 = 100_000;
    let actor = actor(Role::Administrator);
    assert_eq!(authorize(&actor, Action::ListUsers), Ok(()));
    let start = std::time::Instant::now();
    for _ in 0..ROUNDS {
        let _ = std::hint::black_box(authorize(&actor, Action::UseSession { owner: ME }));
    }
    println!("{:?} each", start.elapsed() / ROUNDS);
}
