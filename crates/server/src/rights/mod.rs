//! Who may do what: Cedar policies (`policies.cedar`, typed by `schema.cedarschema`), asked first by every use case.
//!
//! A thing of another customer never gets this far: it is looked up with the actor's own customer and is not found. That
//! the policies would refuse it all the same is proved by `crates/proof`. There is no impersonation and no bypass.

mod policies;

#[cfg(test)]
mod tests;

pub use policies::PoliciesError;

use crate::actor::{Actor, Scopes, TokenScope};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

/// What somebody wants to do in their own organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// See the desktops and applications one can open.
    ViewDesktops,
    /// Open one.
    Launch,
    /// See and use a session, or end it.
    UseSession {
        /// Whose session it is.
        owner: UserId,
    },
    /// See and change one's own account: password, factors, sessions of the web.
    UseAccount {
        /// Whose account it is.
        owner: UserId,
    },
    /// See the people of the organisation.
    ListUsers,
    /// Invite, change, suspend and remove the people of the organisation.
    ManageUsers,
    /// See what happened in the organisation.
    ReadActivity,
    /// See who can do what.
    ViewAccess,
    /// See which promises hold.
    ViewEvidence,
    /// Make and revoke API tokens of one's own.
    ManageTokens,
    /// See what the organisation has agreed on with the provider, and who answers for what.
    ViewContract,
    /// Accept terms for the organisation.
    AcceptTerms,
    /// Take out everything that the organisation has stored.
    ExportStored,
    /// Look after a service code: see who has a right in it and what runs in it. Without a code, any of the organisation's.
    ViewServiceCode,
    /// Give and take rights in a service code. Without a code, any of the organisation's.
    GrantRight,
}

/// The service code that a thing bears, as the policies see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The code.
    pub id: Uuid,
    /// Whether its desktops are for people with a right in it.
    pub closed: bool,
}

/// What the policies are told of an action and of what it is done to.
struct Facts {
    /// The action of the schema.
    name: &'static str,
    /// Whose thing it is, where things of that kind have an owner.
    owner: Option<UserId>,
    /// Whether it is the customer's stored data.
    stored: bool,
}

impl Action {
    /// The schema's action, and the kind of thing. A new action needs a line here, in the schema and in the policies.
    fn facts(self) -> Facts {
        let (name, owner, stored) = match self {
            Self::ViewDesktops => ("view_desktops", None, true),
            Self::Launch => ("launch", None, true),
            Self::UseSession { owner } => ("use_session", Some(owner), true),
            Self::UseAccount { owner } => ("use_account", Some(owner), true),
            Self::ListUsers => ("list_users", None, true),
            Self::ManageUsers => ("manage_users", None, true),
            Self::ReadActivity => ("read_activity", None, true),
            Self::ViewAccess => ("view_access", None, false),
            Self::ViewEvidence => ("view_evidence", None, false),
            Self::ManageTokens => ("manage_tokens", None, true),
            Self::ViewContract => ("view_contract", None, false),
            Self::AcceptTerms => ("accept_terms", None, false),
            Self::ExportStored => ("export_stored", None, true),
            Self::ViewServiceCode => ("view_service_code", None, true),
            Self::GrantRight => ("grant_right", None, true),
        };
        Facts {
            name,
            owner,
            stored,
        }
    }
}

/// What an operator wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorAction {
    /// See session hosts, gateways and the state of clocks.
    ListMachines,
    /// Let a session host take no new sessions, or take them again.
    Drain,
    /// See which customers there are, and how much they use; nothing that they store.
    ListCustomers,
    /// Add customers.
    AddCustomer,
    /// See what operators did.
    ReadWorkLog,
    /// See which promises hold, of how many customers.
    ViewEvidence,
    /// See what a customer has agreed on.
    ViewContract,
    /// Write a contract's next version, give or end service codes, say how the customer is called and which email domains
    /// are the customer's.
    ManageContract,
    /// Change what everybody may read of the provider: profile, regions, catalogue, terms.
    ManageProvider,
    /// See the operators, and every elevation.
    ListOperators,
    /// Add an operator.
    AddOperator,
    /// Suspend and remove an operator.
    ManageOperator {
        /// Whom.
        other: Uuid,
    },
    /// Let an operator do more, or come in again: another role, what they enter with, an end to a suspension.
    EmpowerOperator {
        /// Whom.
        other: Uuid,
    },
    /// Ask for leave to act on a customer, or to work on the service base.
    AskElevation,
    /// Approve or refuse what somebody asked for.
    DecideElevation {
        /// Who asked.
        asked_by: Uuid,
    },
    /// End an elevation before its time.
    EndElevation {
        /// Who asked for it.
        asked_by: Uuid,
    },
}

/// An operator, as the policies see one.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// Who.
    pub id: Uuid,
    /// Their role, which is an `OperatorRole` of the schema.
    pub role: &'a str,
    /// The customers for whom they have an elevation in force.
    pub elevated: &'a [TenantId],
    /// What they may do to the service base.
    pub leave: Leave,
}

/// What opens the service base to an operator whose role changes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leave {
    /// They have an elevation for it in force.
    pub elevated: bool,
    /// Nobody else could approve one.
    pub alone: bool,
}

/// To what an operator's action is done.
#[derive(Clone, Copy, Debug)]
enum About {
    /// The provider's own.
    Base,
    /// A customer's thing, which is not stored data.
    Customer,
    /// Another operator.
    Operator(Uuid),
    /// An elevation, by who asked for it.
    Elevation(Uuid),
}

impl OperatorAction {
    /// The schema's action.
    fn name(self) -> &'static str {
        match self {
            Self::ListMachines => "list_machines",
            Self::Drain => "drain_machine",
            Self::ListCustomers => "list_customers",
            Self::AddCustomer => "add_customer",
            Self::ReadWorkLog => "read_work_log",
            Self::ViewEvidence => "view_all_evidence",
            Self::ViewContract => "view_contract",
            Self::ManageContract => "manage_contract",
            Self::ManageProvider => "manage_provider",
            Self::ListOperators => "list_operators",
            Self::AddOperator => "add_operator",
            Self::ManageOperator { .. } => "manage_operator",
            Self::EmpowerOperator { .. } => "empower_operator",
            Self::AskElevation => "ask_elevation",
            Self::DecideElevation { .. } => "decide_elevation",
            Self::EndElevation { .. } => "end_elevation",
        }
    }

    /// To what it is done.
    fn about(self) -> About {
        match self {
            Self::ListMachines
            | Self::Drain
            | Self::ListCustomers
            | Self::AddCustomer
            | Self::ReadWorkLog
            | Self::ManageProvider
            | Self::ViewEvidence
            | Self::ListOperators
            | Self::AddOperator
            | Self::AskElevation => About::Base,
            Self::ViewContract | Self::ManageContract => About::Customer,
            Self::ManageOperator { other } | Self::EmpowerOperator { other } => {
                About::Operator(other)
            }
            Self::DecideElevation { asked_by } | Self::EndElevation { asked_by } => {
                About::Elevation(asked_by)
            }
        }
    }
}

impl Action {
    /// The scope that an API token needs for it; `None` when no token does it.
    fn scope(self) -> Option<TokenScope> {
        match self {
            Self::ListUsers => Some(TokenScope::PeopleRead),
            Self::ManageUsers => Some(TokenScope::PeopleWrite),
            Self::ReadActivity => Some(TokenScope::ActivityRead),
            Self::ViewAccess | Self::ViewEvidence | Self::ViewContract => {
                Some(TokenScope::EvidenceRead)
            }
            Self::ViewDesktops | Self::Launch | Self::UseSession { .. } => {
                Some(TokenScope::Desktops)
            }
            // A token that makes tokens would outlive itself; terms are accepted by a person; and what is taken out whole
            // is asked for by somebody who is there.
            Self::ManageTokens
            | Self::AcceptTerms
            | Self::ExportStored
            // Who may do what is decided by somebody who is there, too.
            | Self::ViewServiceCode
            | Self::GrantRight
            | Self::UseAccount { .. } => None,
        }
    }
}

/// The policies say no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not allowed")]
pub struct Denied;

/// Asks the policies about a thing that bears no service code, or about such things at all.
pub fn authorize(actor: &Actor, action: Action) -> Result<(), Denied> {
    authorize_in(actor, action, None)
}

/// Asks the policies about a thing that bears a service code of the actor's own customer.
pub fn authorize_in(actor: &Actor, action: Action, code: Option<Code>) -> Result<(), Denied> {
    // A token's scopes only ever narrow what its person may.
    let within = |scopes: Scopes| action.scope().is_some_and(|scope| scopes.has(scope));
    if !actor.scopes.is_none_or(within) {
        return Err(Denied);
    }
    match &*policies::LIVE {
        Ok(policies) if policies.permit(actor, action, code) => Ok(()),
        _ => Err(Denied),
    }
}

/// Asks the policies about an operator of whom the role is all that counts: whoever it is, elevated for no customer.
pub fn authorize_operator(role: &str, action: OperatorAction) -> Result<(), Denied> {
    let asking = Asking {
        id: Uuid::nil(),
        role,
        elevated: &[],
        leave: Leave::default(),
    };
    authorize_asking(asking, action, None)
}

/// Asks the policies about an operator. An action on a customer's thing names the customer; without one nobody's is meant,
/// for which nobody is elevated.
pub fn authorize_asking(
    asking: Asking<'_>,
    action: OperatorAction,
    customer: Option<TenantId>,
) -> Result<(), Denied> {
    match &*policies::LIVE {
        Ok(policies) if policies.permit_operator(asking, action, customer) => Ok(()),
        _ => Err(Denied),
    }
}

/// Parses and validates the policies, so that the service does not start with policies that refuse everything.
pub fn check() -> Result<(), PoliciesError> {
    policies::LIVE.as_ref().map(|_| ()).map_err(Clone::clone)
}

/// The hash of the policies and their schema of which `crates/proof` has proved what is promised. Written by it.
pub(crate) const PROVED: &str = include_str!("proved.sha256");

/// The hash of the policies and their schema in force (SHA-256, hexadecimal), made as `crates/proof` makes it.
pub(crate) fn digest() -> String {
    let mut hash = Sha256::new();
    hash.update(policies::SCHEMA);
    hash.update(policies::POLICIES);
    let mut text = String::new();
    for byte in hash.finalize() {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// How many policies are in force.
pub(crate) fn count() -> i64 {
    let live = policies::LIVE.as_ref();
    live.map_or(0, policies::Policies::count)
}
