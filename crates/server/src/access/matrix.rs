//! The live policies' answer for every role and every action.

use super::page::{AccessPage, AccessRow, Answer};
use crate::{
    actor::{Actor, Grant, Role},
    operators::OperatorRole,
    portal::{Key, Ui},
    rights::{self, Action, Asking, Code, Leave, OperatorAction},
    visit::role_key,
};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

const SOMEBODY: UserId = UserId(Uuid::from_u128(1));
const COLLEAGUE: UserId = UserId(Uuid::from_u128(2));
const CUSTOMER: TenantId = TenantId(Uuid::from_u128(3));

/// Every action, on one's own thing and on a colleague's where things have owners, with what it is called.
pub(super) const ASKED: [(Key, Action); 17] = [
    (Key("access.action.view_desktops"), Action::ViewDesktops),
    (Key("access.action.launch"), Action::Launch),
    (
        Key("access.action.use_own_session"),
        Action::UseSession { owner: SOMEBODY },
    ),
    (
        Key("access.action.use_other_session"),
        Action::UseSession { owner: COLLEAGUE },
    ),
    (
        Key("access.action.use_own_account"),
        Action::UseAccount { owner: SOMEBODY },
    ),
    (
        Key("access.action.use_other_account"),
        Action::UseAccount { owner: COLLEAGUE },
    ),
    (Key("access.action.list_users"), Action::ListUsers),
    (Key("access.action.manage_users"), Action::ManageUsers),
    (Key("access.action.read_activity"), Action::ReadActivity),
    (Key("access.action.view_evidence"), Action::ViewEvidence),
    (Key("access.action.manage_tokens"), Action::ManageTokens),
    (Key("access.action.view_access"), Action::ViewAccess),
    (Key("access.action.view_contract"), Action::ViewContract),
    (Key("access.action.accept_terms"), Action::AcceptTerms),
    (Key("access.action.export_stored"), Action::ExportStored),
    (
        Key("access.action.view_service_code"),
        Action::ViewServiceCode,
    ),
    (Key("access.action.grant_right"), Action::GrantRight),
];

/// Every action of operators, with what it is called.
const OPERATORS: [(Key, OperatorAction); 16] = [
    (
        Key("access.operator.list_machines"),
        OperatorAction::ListMachines,
    ),
    (Key("access.operator.drain"), OperatorAction::Drain),
    (
        Key("access.operator.list_customers"),
        OperatorAction::ListCustomers,
    ),
    (
        Key("access.operator.add_customer"),
        OperatorAction::AddCustomer,
    ),
    (
        Key("access.operator.read_work_log"),
        OperatorAction::ReadWorkLog,
    ),
    (
        Key("access.operator.view_evidence"),
        OperatorAction::ViewEvidence,
    ),
    (
        Key("access.operator.view_contract"),
        OperatorAction::ViewContract,
    ),
    (
        Key("access.operator.manage_contract"),
        OperatorAction::ManageContract,
    ),
    (
        Key("access.operator.manage_provider"),
        OperatorAction::ManageProvider,
    ),
    (
        Key("access.operator.list_operators"),
        OperatorAction::ListOperators,
    ),
    (
        Key("access.operator.add_operator"),
        OperatorAction::AddOperator,
    ),
    (
        Key("access.operator.manage_operator"),
        OperatorAction::ManageOperator { other: COLLEAGUE.0 },
    ),
    (
        Key("access.operator.empower_operator"),
        OperatorAction::EmpowerOperator { other: COLLEAGUE.0 },
    ),
    (
        Key("access.operator.ask_elevation"),
        OperatorAction::AskElevation,
    ),
    (
        Key("access.operator.decide_elevation"),
        OperatorAction::DecideElevation {
            asked_by: COLLEAGUE.0,
        },
    ),
    (
        Key("access.operator.end_elevation"),
        OperatorAction::EndElevation {
            asked_by: COLLEAGUE.0,
        },
    ),
];

/// The page, as the live policies answer.
pub(crate) fn page(ui: Ui) -> AccessPage {
    AccessPage {
        ui,
        people: people(),
        grants: grants(),
        operators: operators(),
    }
}

/// One row for each action; its answers stand in the order of [`Role::ALL`].
pub(super) fn people() -> Vec<AccessRow> {
    let row = |(what, action)| AccessRow {
        what,
        answers: Role::ALL
            .map(|role| Answer {
                role: role_key(role),
                allowed: rights::authorize(&somebody(role), action).is_ok(),
            })
            .into(),
    };
    ASKED.into_iter().map(row).collect()
}

/// As [`people`], of a user in and outside a service code whose desktops are for people with a right in it: without one,
/// as its user, and as its administrator.
pub(super) fn grants() -> Vec<AccessRow> {
    let here = Code {
        id: Uuid::from_u128(1),
        closed: true,
    };
    let elsewhere = Code {
        id: Uuid::from_u128(2),
        closed: true,
    };
    let asked = [
        (Key("access.grant.launch"), Action::Launch, here),
        (Key("access.grant.view"), Action::ViewServiceCode, here),
        (Key("access.grant.grant"), Action::GrantRight, here),
        (Key("access.grant.elsewhere"), Action::Launch, elsewhere),
        (
            Key("access.grant.grant_elsewhere"),
            Action::GrantRight,
            elsewhere,
        ),
    ];
    let given = [
        (Key("access.grant.none"), None),
        (Key("access.grant.user"), Some(Role::User)),
        (Key("access.grant.administrator"), Some(Role::Administrator)),
    ];
    let row = |(what, action, code)| AccessRow {
        what,
        answers: given
            .map(|(label, role)| {
                let grant = |role| Grant {
                    role,
                    code: here.id,
                };
                let actor = Actor {
                    grants: role.map(grant).into_iter().collect(),
                    ..somebody(Role::User)
                };
                Answer {
                    role: label,
                    allowed: rights::authorize_in(&actor, action, Some(code)).is_ok(),
                }
            })
            .into(),
    };
    asked.into_iter().map(row).collect()
}

/// As [`people`], of operators: the answers stand in the order of [`OperatorRole::ALL`]. What takes an elevation is asked
/// for somebody who has it, and its row says so.
pub(super) fn operators() -> Vec<AccessRow> {
    let row = |(what, action)| AccessRow {
        what,
        answers: OperatorRole::ALL
            .map(|role| Answer {
                role: role.key(),
                allowed: rights::authorize_asking(operator(role), action, Some(CUSTOMER)).is_ok(),
            })
            .into(),
    };
    OPERATORS.into_iter().map(row).collect()
}

/// An operator with elevations for the customer that is asked about and for the service base.
fn operator(role: OperatorRole) -> Asking<'static> {
    Asking {
        id: SOMEBODY.0,
        role: role.name(),
        elevated: &[CUSTOMER],
        leave: Leave {
            elevated: true,
            alone: false,
        },
    }
}

/// A person of some organisation. The policies know nobody by name.
fn somebody(role: Role) -> Actor {
    Actor {
        tenant: TenantId(Uuid::nil()),
        user: SOMEBODY,
        role,
        full_name: String::new(),
        address: String::new(),
        scopes: None,
        grants: Vec::new(),
    }
}
