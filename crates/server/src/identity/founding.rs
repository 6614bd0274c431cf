//! The first administrator of a new customer, whom an operator names: nobody of the customer's own is there yet.

use super::{
    lifecycle::{Draft, Issued, LifecycleError, Wrong, check, login_of},
    service,
    store::{self, UserRow},
};
use crate::{
    activity::{self, Record, What},
    actor::Role,
    app::App,
    db::Tx,
    portal::Key,
};
use wire::ids::TenantId;

/// What is wrong with a first administrator: their name, their address, or that it belongs to an account already. The
/// transaction sees all customers.
pub(crate) async fn check_founder(tx: &mut Tx, draft: &Draft) -> sqlx::Result<Wrong> {
    let (_, email, _) = match check(&of_role(draft)) {
        Ok(checked) => checked,
        Err(wrong) => return Ok(wrong),
    };
    let found = store::user_by_email(tx, &email).await?;
    Ok(found.map_or_else(Wrong::default, |_| taken()))
}

/// Adds the first administrator and makes their one-time link. The customer's log names who of the provider did it. The
/// caller has asked whether it may be done.
pub(crate) async fn found(
    app: &App,
    tx: &mut Tx,
    (tenant, who): (TenantId, &str),
    draft: &Draft,
) -> Result<Issued, LifecycleError> {
    let (full_name, email, role) = check(&of_role(draft)).map_err(LifecycleError::Wrong)?;
    let user = UserRow {
        id: app.new_id(),
        tenant_id: tenant,
        login: login_of(&email),
        email,
        full_name,
        role: role.name().to_owned(),
        state: "invited".to_owned(),
        password_hash: None,
        last_sign_in_ms: None,
    };
    match store::insert_user(tx, &user, app.clock.now_ms()).await {
        // Somebody was faster by a moment.
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            return Err(LifecycleError::Wrong(taken()));
        }
        done => done?,
    }
    let detail = format!("{} <{}> ({})", user.full_name, user.email, user.role);
    let record = Record {
        tenant: Some(tenant),
        user: None,
        who,
        // Where somebody of the provider sits is its own affair.
        address: "",
        what: What::UserInvited,
        subject: Some(user.id.0),
        detail: &detail,
    };
    activity::append_record(app, tx, &record).await?;
    let token = service::issue_link(app, tx, tenant, user.id).await?;
    Ok(Issued { user, token })
}

fn of_role(draft: &Draft) -> Draft {
    Draft {
        role: Role::Administrator.name().to_owned(),
        ..draft.clone()
    }
}

fn taken() -> Wrong {
    Wrong {
        email: Some(Key("console.new.error.email_taken")),
        ..Wrong::default()
    }
}
