//! The Cedar policies, parsed and validated once, and the entities that a question brings.

use super::{About, Action, Asking, Code, Facts, OperatorAction};
use crate::actor::Actor;
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid,
    PolicySet, Request, RestrictedExpression, Schema, ValidationMode, Validator,
};
use std::{
    collections::{HashMap, HashSet},
    str::FromStr as _,
    sync::LazyLock,
};
use uuid::Uuid;
use wire::ids::TenantId;

pub(super) const SCHEMA: &str = include_str!("schema.cedarschema");
pub(super) const POLICIES: &str = include_str!("policies.cedar");

/// Why the policies cannot be asked. Nothing is allowed then, and the service does not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the policies are not sound: {0}")]
pub struct PoliciesError(String);

/// The policies in force.
pub(super) static LIVE: LazyLock<Result<Policies, PoliciesError>> =
    LazyLock::new(|| Policies::parse(SCHEMA, POLICIES));

/// Policies that were validated against their schema.
pub(super) struct Policies {
    set: PolicySet,
    authorizer: Authorizer,
    types: Types,
    // Tests check against it what the policies are asked.
    #[cfg_attr(not(test), allow(dead_code))]
    pub(super) schema: Schema,
}

/// The names of the schema that questions use.
struct Types {
    action: EntityTypeName,
    tenant: EntityTypeName,
    role: EntityTypeName,
    user: EntityTypeName,
    operator: EntityTypeName,
    operator_role: EntityTypeName,
    elevation: EntityTypeName,
    base: EntityTypeName,
    thing: EntityTypeName,
    own_thing: EntityTypeName,
    service_code: EntityTypeName,
}

impl Policies {
    /// Parses both texts and checks, strictly, that every policy is well typed in the schema.
    pub(super) fn parse(schema: &str, policies: &str) -> Result<Self, PoliciesError> {
        let (schema, _) = Schema::from_cedarschema_str(schema).map_err(unsound)?;
        let set = PolicySet::from_str(policies).map_err(unsound)?;
        let found = Validator::new(schema.clone()).validate(&set, ValidationMode::Strict);
        if !found.validation_passed() {
            return Err(PoliciesError(found.to_string()));
        }
        let name = |name: &str| EntityTypeName::from_str(name).map_err(unsound);
        Ok(Self {
            set,
            authorizer: Authorizer::new(),
            types: Types {
                action: name("Action")?,
                tenant: name("Tenant")?,
                role: name("Role")?,
                user: name("User")?,
                operator: name("Operator")?,
                operator_role: name("OperatorRole")?,
                elevation: name("Elevation")?,
                base: name("Base")?,
                thing: name("Thing")?,
                own_thing: name("OwnThing")?,
                service_code: name("ServiceCode")?,
            },
            schema,
        })
    }

    /// How many policies there are.
    pub(super) fn count(&self) -> i64 {
        i64::try_from(self.set.policies().count()).unwrap_or(i64::MAX)
    }

    /// Whether the policies permit it. What cannot be asked is not permitted.
    pub(super) fn permit(&self, actor: &Actor, action: Action, code: Option<Code>) -> bool {
        self.decide(self.question(actor, (action, code), None))
    }

    /// Whether the policies permit it to an operator.
    pub(super) fn permit_operator(
        &self,
        asking: Asking<'_>,
        action: OperatorAction,
        customer: Option<TenantId>,
    ) -> bool {
        self.decide(self.operators_question(asking, action, customer, None))
    }

    fn decide(&self, asked: Result<(Request, Entities), PoliciesError>) -> bool {
        match asked {
            Ok((request, entities)) => {
                let answer = self
                    .authorizer
                    .is_authorized(&request, &self.set, &entities);
                for error in answer.diagnostics().errors() {
                    tracing::error!(%error, "a policy cannot be evaluated");
                }
                answer.decision() == Decision::Allow
            }
            Err(error) => {
                tracing::error!(%error, "the policies cannot be asked");
                false
            }
        }
    }

    /// The request and the entities it speaks of. With a schema they are checked against it, which tests do: the same
    /// code makes them for every question.
    pub(super) fn question(
        &self,
        actor: &Actor,
        (action, code): (Action, Option<Code>),
        schema: Option<&Schema>,
    ) -> Result<(Request, Entities), PoliciesError> {
        let types = &self.types;
        let Facts {
            name,
            owner,
            stored,
        } = action.facts();
        let principal = uid(&types.user, &actor.user.0.to_string());
        // Things are looked up in the actor's own customer before the policies are asked about them.
        let tenant = uid(&types.tenant, &actor.tenant.0.to_string());
        let role = uid(&types.role, actor.role.name());
        let mut grants = Vec::new();
        for grant in &actor.grants {
            let role = uid(&types.role, grant.role.name());
            let code = uid(&types.service_code, &grant.code.to_string());
            let facts = [("role", &role), ("service_code", &code)];
            let facts = facts.map(|(name, uid)| (name.to_owned(), expression(uid)));
            grants.push(RestrictedExpression::new_record(facts).map_err(unsound)?);
        }
        let person = [
            ("tenant", expression(&tenant)),
            ("role", expression(&role)),
            ("grants", RestrictedExpression::new_set(grants)),
        ];
        let mut thing = vec![
            ("tenant", expression(&tenant)),
            ("stored", RestrictedExpression::new_bool(stored)),
        ];
        let kind = if let Some(owner) = owner {
            thing.push(("owner", expression(&uid(&types.user, &owner.0.to_string()))));
            &types.own_thing
        } else {
            &types.thing
        };
        let mut labels = Vec::new();
        if let Some(code) = code {
            let label = uid(&types.service_code, &code.id.to_string());
            thing.push(("service_code", expression(&label)));
            let facts = [
                ("tenant", expression(&tenant)),
                ("closed", RestrictedExpression::new_bool(code.closed)),
            ];
            labels.push(entity(label, facts)?);
        }
        let resource = uid(kind, &Uuid::nil().to_string());
        labels.push(entity(resource.clone(), thing)?);
        self.asked(entity(principal, person)?, name, (resource, labels), schema)
    }

    /// As [`Self::question`], for an operator.
    pub(super) fn operators_question(
        &self,
        asking: Asking<'_>,
        action: OperatorAction,
        customer: Option<TenantId>,
        schema: Option<&Schema>,
    ) -> Result<(Request, Entities), PoliciesError> {
        let types = &self.types;
        let nobody = Uuid::nil().to_string();
        let tenant = |id: &TenantId| uid(&types.tenant, &id.0.to_string());
        let person = |id: Uuid| uid(&types.operator, &id.to_string());
        let elevated = asking.elevated.iter().map(|id| expression(&tenant(id)));
        let facts = [
            ("role", expression(&uid(&types.operator_role, asking.role))),
            ("elevated", RestrictedExpression::new_set(elevated)),
            (
                "elevated_base",
                RestrictedExpression::new_bool(asking.leave.elevated),
            ),
            ("alone", RestrictedExpression::new_bool(asking.leave.alone)),
        ];
        let operator = entity(person(asking.id), facts)?;
        let (resource, facts) = match action.about() {
            About::Base => (uid(&types.base, &nobody), Some(vec![])),
            About::Customer => {
                let of = customer.unwrap_or(TenantId(Uuid::nil()));
                let thing = vec![
                    ("tenant", expression(&tenant(&of))),
                    ("stored", RestrictedExpression::new_bool(false)),
                ];
                (uid(&types.thing, &nobody), Some(thing))
            }
            // Who it is, is all that counts.
            About::Operator(other) => (person(other), None),
            About::Elevation(asked_by) => {
                let facts = vec![("asked_by", expression(&person(asked_by)))];
                (uid(&types.elevation, &nobody), Some(facts))
            }
        };
        let facts = match facts {
            Some(facts) => vec![entity(resource.clone(), facts)?],
            None => Vec::new(),
        };
        self.asked(operator, action.name(), (resource, facts), schema)
    }

    /// The question of a principal about a resource, with the entities that are known of it: itself, when there is more to
    /// it than who it is, and what it speaks of.
    fn asked(
        &self,
        principal: Entity,
        action: &str,
        (resource, facts): (EntityUid, Vec<Entity>),
        schema: Option<&Schema>,
    ) -> Result<(Request, Entities), PoliciesError> {
        let who = principal.uid();
        let entities = std::iter::once(principal).chain(facts);
        let entities = Entities::from_entities(entities, schema).map_err(unsound)?;
        let action = uid(&self.types.action, action);
        let request = Request::new(who, action, resource, Context::empty(), schema);
        Ok((request.map_err(unsound)?, entities))
    }
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn expression(uid: &EntityUid) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(uid.clone())
}

fn entity(
    uid: EntityUid,
    facts: impl IntoIterator<Item = (&'static str, RestrictedExpression)>,
) -> Result<Entity, PoliciesError> {
    let facts: HashMap<_, _> = facts
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Entity::new(uid, facts, HashSet::new()).map_err(unsound)
}

fn unsound(error: impl std::fmt::Display) -> PoliciesError {
    PoliciesError(error.to_string())
}
