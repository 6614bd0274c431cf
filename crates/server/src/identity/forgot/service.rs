//! What comes of a request for a new link.

use super::{
    super::{
        failures::{self, Subject},
        federation,
        policy::{self, rules::Shut},
        service::{self as sign_in, normal},
        store::{self, UserRow},
    },
    queue::Request,
};
use crate::{
    activity::{self, Record, What},
    app::{App, secret_hash},
    db::{Scope, Tx},
    notices::{self, Content, Token},
};

/// Sends the person of the address a new link, if they may have one. The password that they have works until it is used,
/// and so do earlier links: who asks for others takes nothing from them.
pub(super) async fn look_at(app: &App, request: &Request) -> sqlx::Result<()> {
    let email = normal(&request.email);
    let mut tx = app.db.begin(Scope::Everybody).await?;
    if !counted(app, &mut tx, &email, &request.address).await? {
        return Ok(());
    }
    let user = store::user_by_email(&mut tx, &email).await?;
    tx.commit().await?;
    let Some(user) = user else {
        return activity::record(app, &refused(None, &request.address, "")).await;
    };
    let mut tx = app.db.begin(user.tenant_id).await?;
    // Nobody suspends or removes them meanwhile.
    store::lock_people(&mut tx, user.tenant_id).await?;
    let Some(user) = store::user(&mut tx, user.tenant_id, user.id).await? else {
        return Ok(());
    };
    if let Some(why) = obstacle(app, &mut tx, &user, &request.address).await? {
        drop(tx);
        return activity::record(app, &refused(Some(&user), &request.address, why)).await;
    }
    let token = sign_in::issue_another_link(app, &mut tx, user.tenant_id, user.id).await?;
    let content = Content::Reset {
        token: Token(token),
        address: request.address.clone(),
    };
    notices::post(app, &mut tx, &user, content).await?;
    let record = sign_in::record(&user, &request.address, What::LinkRequested);
    activity::append_record(app, &mut tx, &record).await?;
    tx.commit().await
}

/// Counts a request for an address, whether somebody has it or not, and for where it came from. `false` when there were
/// too many: then nothing is looked at.
async fn counted(app: &App, tx: &mut Tx, email: &str, address: &str) -> sqlx::Result<bool> {
    let now_ms = app.clock.now_ms();
    store::drop_old_failures(tx, now_ms - failures::FORGET_MS).await?;
    for (kind, subject) in [
        (Subject::Letter, format!("link to {email}")),
        (
            Subject::Address,
            format!("link from {}", failures::counted(address)),
        ),
    ] {
        let subject = secret_hash(&subject);
        let before = store::failures(tx, &subject).await?;
        if before.wait_ms(now_ms) > 0 {
            // The transaction is dropped: what is not looked at does not count.
            return Ok(false);
        }
        store::save_failures(tx, &subject, before.plus_one(kind, now_ms)).await?;
    }
    Ok(true)
}

/// Why somebody gets no link: an administrator has not let them in yet or any more, they sign in by their organisation's
/// provider alone, or the organisation's rules let them in from elsewhere or at other times alone.
async fn obstacle(
    app: &App,
    tx: &mut Tx,
    user: &UserRow,
    address: &str,
) -> sqlx::Result<Option<&'static str>> {
    let who = (user.tenant_id, user.id);
    match user.state.as_str() {
        "active" => {}
        // Who was registered by a directory is invited once somebody makes them a link.
        "invited" if store::had_link(tx, who).await? => {}
        "invited" => return Ok(Some("not invited")),
        "suspended" => return Ok(Some("suspended")),
        _ => return Ok(Some("removed")),
    }
    if federation::closes_password(tx, user).await? {
        return Ok(Some("password closed"));
    }
    // Who never had a password is known to the provider alone. Whoever was invited chooses one by the link.
    let has_none = user.state == "active" && user.password_hash.is_none();
    if has_none && federation::is_on(tx, user.tenant_id).await? {
        return Ok(Some("no password"));
    }
    let admitted = policy::service::admits(app, tx, user, address).await?;
    Ok(admitted.err().map(Shut::name))
}

/// In the log of the account's organisation, if there is such an account.
fn refused<'a>(user: Option<&'a UserRow>, address: &'a str, why: &'a str) -> Record<'a> {
    Record {
        tenant: user.map(|user| user.tenant_id),
        user: user.map(|user| user.id),
        who: user.map_or("", |user| &user.full_name),
        address,
        what: What::LinkRefused,
        subject: user.map(|user| user.id.0),
        detail: why,
    }
}
