//! Use cases of an administrator: people come, change, pause and go.
//!
//! Each is a turn (`turn.rs`) at the organisation's people, so that an organisation is never without an administrator.

use super::{
    account::store as sessions_of_the_web,
    factors,
    service::normal,
    store::{self, UserRow},
    turn::Turn,
};
use crate::{
    activity::What,
    actor::{Actor, Role},
    api::service as tokens,
    app::App,
    notices::Content,
    portal::Key,
    rights::{self, Action, Denied},
    sessions::service::{self as sessions, Opened, SessionError},
};
use wire::ids::UserId;

/// The most characters of a name.
const MAX_NAME_CHARS: usize = 100;
/// The most bytes of an address (RFC 5321, section 4.5.3.1.3, without the angle brackets).
const MAX_EMAIL: usize = 254;
/// The most bytes of its part before the `@` (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL_PART: usize = 64;
/// The most characters of a login name inside sessions.
const MAX_LOGIN: usize = 31;

/// A person as typed into a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// Their name.
    pub full_name: String,
    /// Their address.
    pub email: String,
    /// The stored form of their role.
    pub role: String,
}

/// What is to be another of a person; what is `None` stays as it is when the change is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Their name.
    pub full_name: Option<String>,
    /// The stored form of their role.
    pub role: Option<String>,
}

/// What is wrong with a [`Draft`], beside each field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    /// With the name.
    pub full_name: Option<Key>,
    /// With the address.
    pub email: Option<Key>,
    /// With the role.
    pub role: Option<Key>,
}

/// Why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum LifecycleError {
    /// There is no such person, or they are another customer's.
    #[error("no such person")]
    NotFound,
    /// The policies say no.
    #[error("not allowed")]
    Denied(#[from] Denied),
    /// What was typed cannot be taken.
    #[error("the form is not filled in well")]
    Wrong(Wrong),
    /// Nobody does this to themselves.
    #[error("nobody does this to themselves")]
    Yourself,
    /// The organisation would be left without an administrator.
    #[error("the last administrator stays one")]
    LastAdministrator,
    /// It does not fit where the account stands.
    #[error("does not fit the account's state")]
    State,
    /// Too many messages were sent to the address; try again later.
    #[error("too many messages to the address; wait {wait_ms} ms")]
    Wait {
        /// How long.
        wait_ms: i64,
    },
    /// The service sends no mail.
    #[error("the service sends no mail")]
    NoMail,
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
    /// The person's desktops could not be reached; the change itself was made.
    #[error("cannot close the person's desktops")]
    Sessions(#[from] SessionError),
}

/// A one-time link that somebody hands over. It is kept nowhere.
#[derive(Debug)]
pub struct Issued {
    /// For whom.
    pub user: UserRow,
    /// Its secret part.
    pub token: String,
}

/// Adds a person and makes their first one-time link.
pub async fn invite(app: &App, actor: &Actor, draft: &Draft) -> Result<Issued, LifecycleError> {
    let mut turn = Turn::begin(app, actor).await?;
    let user = turn.add(draft).await?;
    let token = turn.link(user.id).await?;
    turn.commit().await?;
    Ok(Issued { user, token })
}

/// Adds a person and has their first one-time link sent to them.
pub async fn invite_by_mail(
    app: &App,
    actor: &Actor,
    draft: &Draft,
) -> Result<UserRow, LifecycleError> {
    let mut turn = Turn::begin(app, actor).await?;
    let user = turn.add(draft).await?;
    turn.mail_link(&user).await?;
    turn.commit().await?;
    Ok(user)
}

/// A person of the administrator's organisation.
pub async fn person(app: &App, actor: &Actor, id: UserId) -> Result<UserRow, LifecycleError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let mut tx = app.db.read(actor.tenant).await?;
    store::user(&mut tx, actor.tenant, id)
        .await?
        .filter(|user| user.state != "removed")
        .ok_or(LifecycleError::NotFound)
}

/// Changes name and role. The address stays: it names the account.
pub async fn edit(
    app: &App,
    actor: &Actor,
    id: UserId,
    draft: &Draft,
) -> Result<(), LifecycleError> {
    let mut turn = Turn::begin(app, actor).await?;
    let user = turn.person(id).await?;
    turn.edit(&user, draft).await?;
    turn.commit().await
}

/// The same of what is to be another alone. Returns the person as they are then.
pub async fn change(
    app: &App,
    actor: &Actor,
    id: UserId,
    change: Change,
) -> Result<UserRow, LifecycleError> {
    let mut turn = Turn::begin(app, actor).await?;
    let user = turn.person(id).await?;
    let draft = Draft {
        full_name: change.full_name.unwrap_or_else(|| user.full_name.clone()),
        email: String::new(),
        role: change.role.unwrap_or_else(|| user.role.clone()),
    };
    turn.edit(&user, &draft).await?;
    let user = turn.person(id).await?;
    turn.commit().await?;
    Ok(user)
}

/// Takes access away until it is given back: sessions of the web end, desktops are disconnected and live on.
pub async fn suspend(app: &App, actor: &Actor, id: UserId) -> Result<(), LifecycleError> {
    let mut turn = Turn::begin(app, actor).await?;
    let user = turn.person(id).await?;
    turn.suspend(&user).await?;
    turn.commit().await
}

/// Gives access back.
pub async fn resume(app: &App, actor: &Actor, id: UserId) -> Result<(), LifecycleError> {
    let mut turn = Turn::begin(app, actor).await?;
    let user = turn.person(id).await?;
    turn.resume(&user).await?;
    turn.commit().await
}

/// Makes a new one-time link, with which the person chooses another password. The old password works until then.
pub async fn reissue(app: &App, actor: &Actor, id: UserId) -> Result<Issued, LifecycleError> {
    let mut turn = Turn::begin(app, actor).await?;
    let user = turn.person(id).await?;
    if user.state == "suspended" {
        return Err(LifecycleError::State);
    }
    let token = turn.link(id).await?;
    if user.state == "active" {
        let by = actor.full_name.clone();
        turn.tell(&user, Content::LinkMade { by }).await?;
    }
    turn.record(What::LinkIssued, id, &user.full_name).await?;
    turn.commit().await?;
    Ok(Issued { user, token })
}

/// The same, and the link is sent to the person: nobody else sees it.
pub async fn reissue_by_mail(
    app: &App,
    actor: &Actor,
    id: UserId,
) -> Result<UserRow, LifecycleError> {
    let mut turn = Turn::begin(app, actor).await?;
    let user = turn.person(id).await?;
    if user.state == "suspended" {
        return Err(LifecycleError::State);
    }
    turn.mail_link(&user).await?;
    turn.record(What::LinkIssued, id, &user.full_name).await?;
    turn.commit().await?;
    Ok(user)
}

/// Takes away the second factors of somebody who lost them, and ends their sessions of the web: the password alone lets
/// them in again. Nobody does this to themselves; that takes the password, on one's own account.
pub async fn reset_factors(app: &App, actor: &Actor, id: UserId) -> Result<(), LifecycleError> {
    let mut turn = Turn::begin(app, actor).await?;
    let user = turn.person(id).await?;
    if id == actor.user {
        return Err(LifecycleError::Yourself);
    }
    factors::forget(&mut turn.tx, &user).await?;
    sessions_of_the_web::remove_of(&mut turn.tx, user.tenant_id, user.id).await?;
    let by = actor.full_name.clone();
    turn.tell(&user, Content::FactorsReset { by }).await?;
    turn.record(What::FactorsReset, id, &user.full_name).await?;
    turn.commit().await?;
    Ok(sessions::disconnect(app, actor.tenant, id, Opened::Anywhere).await?)
}

/// Ends all API tokens of a person.
pub async fn revoke_tokens(app: &App, actor: &Actor, id: UserId) -> Result<(), LifecycleError> {
    let mut turn = Turn::begin(app, actor).await?;
    let user = turn.person(id).await?;
    tokens::revoke_all(app, &mut turn.tx, actor, &user).await?;
    turn.commit().await
}

/// How many API tokens a person of the administrator's organisation has.
pub async fn tokens_of(app: &App, actor: &Actor, id: UserId) -> Result<usize, LifecycleError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let mut tx = app.db.read(actor.tenant).await?;
    Ok(tokens::count(&mut tx, (actor.tenant, id)).await?)
}

/// Whether a person of the administrator's organisation signs in with a second factor.
pub async fn has_factor(app: &App, actor: &Actor, id: UserId) -> Result<bool, LifecycleError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let mut tx = app.db.read(actor.tenant).await?;
    Ok(factors::is_on(&mut tx, actor.tenant, id).await?)
}

/// Removes a person for good: sessions of the web and desktops end, the address is free again. Records keep the name;
/// the home stays on its session host until the operator deletes it, so that work is not lost by a click.
pub async fn remove(app: &App, actor: &Actor, id: UserId) -> Result<(), LifecycleError> {
    let mut turn = Turn::begin(app, actor).await?;
    let user = turn.person(id).await?;
    turn.remove(&user).await?;
    turn.commit().await
}

/// Name, address and role as they are stored, or what is wrong with them.
pub(super) fn check(draft: &Draft) -> Result<(String, String, Role), Wrong> {
    let full_name = draft.full_name.trim();
    let email = normal(&draft.email);
    let role = Role::from_name(&draft.role);
    let name_error = if full_name.is_empty() {
        Some(Key("person.error.name_missing"))
    } else if full_name.chars().count() > MAX_NAME_CHARS {
        Some(Key("person.error.name_long"))
    } else if full_name.chars().any(char::is_control) {
        Some(Key("person.error.name_characters"))
    } else {
        None
    };
    let wrong = Wrong {
        full_name: name_error,
        email: (!is_address(&email)).then_some(Key("person.error.email_wrong")),
        role: role.is_none().then_some(Key("person.error.role_missing")),
    };
    match role {
        Some(role) if wrong == Wrong::default() => Ok((full_name.to_owned(), email, role)),
        _ => Err(wrong),
    }
}

/// Whether this can be an address: the shape only, since whether somebody reads it only a message can tell.
fn is_address(email: &str) -> bool {
    let Some((local, domain)) = email.split_once('@') else {
        return false;
    };
    let domain_ok = domain.split('.').all(|label| !label.is_empty()) && domain.contains('.');
    email.len() <= MAX_EMAIL
        && (1..=MAX_LOCAL_PART).contains(&local.len())
        && domain_ok
        && !domain.contains('@')
        && !email.contains(|c: char| c.is_whitespace() || "<>()[],;:\\\"".contains(c))
}

/// The login name inside sessions: `[a-z][a-z0-9_-]{0,30}` from the address's part before the `@`.
pub(super) fn login_of(email: &str) -> String {
    let local = email.split('@').next().unwrap_or_default();
    let login: String = local
        .chars()
        .map(|c| match c {
            'a'..='z' | '0'..='9' | '_' | '-' => c,
            _ => '-',
        })
        .skip_while(|c| !c.is_ascii_lowercase())
        .take(MAX_LOGIN)
        .collect();
    match login.as_str() {
        // Names that the session's own user table has.
        "" | "root" | "nobody" => "user".to_owned(),
        _ => login,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_fit_the_sessions_user_table() {
        assert_eq!(login_of("hana.sato+work@example.jp"), "hana-sato-work");
        assert_eq!(login_of("007@example.jp"), "user");
        assert_eq!(login_of("花子@example.jp"), "user");
        assert_eq!(login_of("root@example.jp"), "user");
        assert_eq!(login_of(&format!("{}@e.jp", "a".repeat(60))).len(), 31);
    }

    #[test]
    fn the_shape_of_an_address_is_checked() {
        for good in ["a@b.jp", "hana.sato+x@mail.example.co.jp", "花子@例え.jp"] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "", "a", "@b.jp", "a@", "a@b", "a@b..jp", "a@b@c.jp", "a b@c.jp", "<a@b.jp>",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
        assert!(!is_address(&format!("{}@b.jp", "a".repeat(65))));
    }
}
