//! Proves of the rights' policies what is promised of them, for every request that their schema can express.
//!
//! Cedar's symbolic compiler turns policies into formulas, and the solver cvc5 looks for a request that breaks a
//! promise. None means that there is none; one that is found is handed back as a counterexample, which is a request and
//! the entities it speaks of. Ships in nothing.

use cedar_policy::{PolicySet, RequestEnv, Schema, ValidationMode, Validator};
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicySet, solver::LocalSolver};
use std::str::FromStr as _;

/// The schema that the service embeds.
pub const SCHEMA: &str = include_str!("../../server/src/rights/schema.cedarschema");
/// The policies that the service embeds.
pub const POLICIES: &str = include_str!("../../server/src/rights/policies.cedar");

/// No principal of one customer is permitted anything on a resource of another. Operators belong to no customer and are
/// left out here, and so are people at the provider's own things, which no policy may give them.
pub const ONE_CUSTOMER: &str = "
    permit (principal is User, action, resource is Thing) when { principal.tenant == resource.tenant };
    permit (principal is User, action, resource is OwnThing) when { principal.tenant == resource.tenant };
    permit (principal is Operator, action, resource);";
/// No operator is permitted anything on stored data.
pub const NO_STORED_DATA: &str = "
    permit (principal is User, action, resource);
    permit (principal is Operator, action, resource is Thing) unless { resource.stored };
    permit (principal is Operator, action, resource is OwnThing) unless { resource.stored };
    permit (principal is Operator, action, resource is Base);
    permit (principal is Operator, action, resource is Operator);
    permit (principal is Operator, action, resource is Elevation);";
/// Only a customer's own principals grant rights in it.
pub const OWN_GRANTS: &str = r#"
    permit (principal, action, resource) unless { action == Action::"grant_right" };
    permit (principal is User, action == Action::"grant_right", resource)
        when { principal.tenant == resource.tenant };"#;
/// No operator acts on a customer without an elevation for that customer; reading a contract apart, which is no act.
pub const ELEVATED: &str = r#"
    permit (principal is User, action, resource);
    permit (principal is Operator, action, resource is Base);
    permit (principal is Operator, action, resource is Operator);
    permit (principal is Operator, action, resource is Elevation);
    permit (principal is Operator, action == Action::"view_contract", resource);
    permit (principal is Operator, action, resource is Thing) when { principal.elevated.contains(resource.tenant) };
    permit (principal is Operator, action, resource is OwnThing) when { principal.elevated.contains(resource.tenant) };"#;
/// Nobody changes the service base without an elevation for it; nor gives operators power, but who could not ask anybody.
pub const ELEVATED_BASE: &str = r#"
    permit (principal, action, resource)
        unless { action in [Action::"manage_provider", Action::"add_operator", Action::"empower_operator"] };
    permit (principal is Operator, action, resource) when { principal.elevated_base };
    permit (principal is Operator, action in [Action::"add_operator", Action::"empower_operator"], resource)
        when { principal.alone };"#;
/// Nobody decides on an elevation that they asked for, nor looks after themselves as an operator.
pub const ANOTHER_PERSON: &str = r#"
    permit (principal, action, resource)
        unless { action in [Action::"manage_operator", Action::"empower_operator", Action::"decide_elevation"] };
    permit (principal is Operator, action in [Action::"manage_operator", Action::"empower_operator"], resource)
        when { resource != principal };
    permit (principal is Operator, action == Action::"decide_elevation", resource)
        when { resource.asked_by != principal };"#;

/// A grant never reaches another service code, or another customer: what is kept for people with a grant, or done by somebody
/// who is no administrator of the organisation, takes a grant for the very code that the thing bears.
pub const GRANTS_STAY: &str = r#"
    permit (principal, action, resource)
        unless { action in [Action::"view_desktops", Action::"launch", Action::"view_service_code", Action::"grant_right"] };
    permit (principal is User, action in [Action::"view_desktops", Action::"launch"], resource)
        when { principal.tenant == resource.tenant && !(resource has service_code && resource.service_code.closed) };
    permit (principal is User, action in [Action::"view_desktops", Action::"launch"], resource)
        when { principal.tenant == resource.tenant && resource has service_code &&
            principal.grants.contains({ role: Role::"user", service_code: resource.service_code }) };
    permit (principal is User, action in [Action::"view_service_code", Action::"grant_right"], resource)
        when { principal.tenant == resource.tenant && principal.role == Role::"administrator" };
    permit (principal is User, action in [Action::"view_desktops", Action::"launch", Action::"view_service_code", Action::"grant_right"], resource)
        when { principal.tenant == resource.tenant && resource has service_code &&
            principal.grants.contains({ role: Role::"administrator", service_code: resource.service_code }) };"#;
/// Nobody is permitted anything by a grant. This is no promise: that it does not hold shows that grants do something.
pub const NO_GRANTS: &str = r#"
    permit (principal, action, resource)
        unless { action in [Action::"view_desktops", Action::"launch", Action::"view_service_code", Action::"grant_right"] };
    permit (principal is User, action in [Action::"view_desktops", Action::"launch"], resource)
        unless { resource has service_code && resource.service_code.closed };
    permit (principal is User, action in [Action::"view_service_code", Action::"grant_right"], resource)
        when { principal.role == Role::"administrator" };"#;

/// Anything that went wrong, as text: a proof that could not be made is a failed one.
pub type Failure = String;

/// The service's schema.
pub fn schema() -> Result<Schema, Failure> {
    Ok(Schema::from_cedarschema_str(SCHEMA).map_err(text)?.0)
}

/// Policies of a text, well typed in the schema.
pub fn policies(schema: &Schema, source: &str) -> Result<PolicySet, Failure> {
    let set = PolicySet::from_str(source).map_err(text)?;
    let found = Validator::new(schema.clone()).validate(&set, ValidationMode::Strict);
    if found.validation_passed() {
        Ok(set)
    } else {
        Err(found.to_string())
    }
}

/// The first request that `source` permits and `promise` does not, with its entities; `None` when there is none, for any
/// kind of principal, action and resource of the schema.
pub async fn counterexample(source: &str, promise: &str) -> Result<Option<String>, Failure> {
    let schema = schema()?;
    let set = policies(&schema, source)?;
    // A promise is compiled per kind of request, for which half of it may be idle: that is no mistake in it.
    let promise = PolicySet::from_str(promise).map_err(text)?;
    let mut compiler = compiler()?;
    for kind in schema.request_envs() {
        let given = CompiledPolicySet::compile(&set, &kind, &schema).map_err(text)?;
        let promised = CompiledPolicySet::compile(&promise, &kind, &schema).map_err(text)?;
        let found = compiler
            .check_implies_with_counterexample_opt(&given, &promised)
            .await
            .map_err(text)?;
        if let Some(found) = found {
            return Ok(Some(format!("{}:\n{found}", name(&kind))));
        }
    }
    Ok(None)
}

/// The actions that `source` permits to nobody: promises about them would be kept by refusing everything.
pub async fn never_permitted(source: &str) -> Result<Vec<String>, Failure> {
    let schema = schema()?;
    let set = policies(&schema, source)?;
    let mut compiler = compiler()?;
    let mut never: Vec<String> = schema.actions().map(ToString::to_string).collect();
    for kind in schema.request_envs() {
        let given = CompiledPolicySet::compile(&set, &kind, &schema).map_err(text)?;
        let denied = compiler.check_always_denies_opt(&given).await;
        if !denied.map_err(text)? {
            never.retain(|action| *action != kind.action().to_string());
        }
    }
    Ok(never)
}

fn compiler() -> Result<CedarSymCompiler<LocalSolver>, Failure> {
    let solver = LocalSolver::cvc5().map_err(text)?;
    CedarSymCompiler::new(solver).map_err(text)
}

fn name(kind: &RequestEnv) -> String {
    format!("{} {} {}", kind.principal(), kind.action(), kind.resource())
}

fn text(error: impl std::fmt::Display) -> Failure {
    error.to_string()
}
