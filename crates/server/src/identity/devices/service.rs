//! Use cases of administrators: issuing, revoking and renewing certificates.

use super::{
    super::{
        service::normal,
        store::{self as people, UserRow},
    },
    authority,
    issue::{self, IssueError, LIVES_DAYS, OwnAuthority, Subject},
    revoking::Revoking,
    store::{self, AuthorityRow, CertificateRow},
};
use crate::{
    activity::{self, What},
    actor::Actor,
    app::{App, new_uuid},
    db::Tx,
    pkcs12::File,
    portal::Key,
    rights::{self, Action, Denied},
    sessions::service::SessionError,
    tenancy,
};
use uuid::Uuid;
use wire::ids::TenantId;

/// The longest name of a device, in characters.
pub const MAX_NAME: usize = 60;
/// The longest name inside a certificate (X.520), in characters.
const MAX_COMMON_NAME: usize = 64;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// The address of the person who alone may use it; empty for a device of anybody.
    pub person: String,
    /// How people name the device.
    pub name: String,
    /// For how many days it is good.
    pub days: i64,
}

/// What is wrong, beside each field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    /// With the person.
    pub person: Option<Key>,
    /// With the name.
    pub name: Option<Key>,
    /// With the days.
    pub days: Option<Key>,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The policies say no.
    #[error("not allowed")]
    Denied(#[from] Denied),
    /// No such certificate or authority here.
    #[error("no such device")]
    NotFound,
    /// What was typed cannot be taken.
    #[error("the form is not filled in well")]
    Wrong(Wrong),
    /// What was given cannot be taken.
    #[error("{}", .0.0)]
    Given(Key),
    /// It would lock out whoever does it.
    #[error("it would lock out whoever does it")]
    Lockout,
    /// Making a certificate.
    #[error("cannot issue a certificate: {0}")]
    Issue(String),
    /// Desktops could not be disconnected.
    #[error("cannot disconnect desktops: {0}")]
    Sessions(#[from] SessionError),
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

impl From<IssueError> for DeviceError {
    fn from(error: IssueError) -> Self {
        Self::Issue(error.to_string())
    }
}

/// A certificate with the name of its person.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(super) row: CertificateRow,
    /// The person's name and address; `None` for a device of anybody.
    pub(super) person: Option<(String, String)>,
}

/// A certificate that was issued: the only time that its file is there.
pub(crate) struct Issued {
    pub(super) file: File,
    pub(super) file_name: String,
    pub(super) name: String,
    pub(super) person: Option<String>,
    pub(super) not_after_ms: i64,
}

/// Every certificate whose device or person holds a text.
pub(super) async fn list(app: &App, actor: &Actor, text: &str) -> Result<Vec<Listed>, DeviceError> {
    rights::authorize(actor, Action::ListUsers)?;
    let text = text.to_lowercase();
    let mut tx = app.db.read(actor.tenant).await?;
    let mut found = Vec::new();
    for row in store::certificates(&mut tx, actor.tenant).await? {
        let listed = with_person(&mut tx, actor.tenant, row).await?;
        let (name, email) = listed.person.clone().unwrap_or_default();
        let texts = [&listed.row.name, &name, &email, &listed.row.serial];
        if texts.iter().any(|held| held.to_lowercase().contains(&text)) {
            found.push(listed);
        }
    }
    Ok(found)
}

async fn with_person(
    tx: &mut Tx,
    tenant: TenantId,
    row: CertificateRow,
) -> Result<Listed, DeviceError> {
    let person = match row.user_id {
        Some(user) => people::user(tx, tenant, user).await?,
        None => None,
    };
    let person = person.map(|person| (person.full_name, person.email));
    Ok(Listed { row, person })
}

/// One certificate, for whoever may do something with it.
pub(super) async fn get(app: &App, actor: &Actor, id: Uuid) -> Result<Listed, DeviceError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let mut tx = app.db.read(actor.tenant).await?;
    let row = store::certificate(&mut tx, (actor.tenant, id)).await?;
    with_person(&mut tx, actor.tenant, row.ok_or(DeviceError::NotFound)?).await
}

/// Issues a certificate.
pub(super) async fn issue(app: &App, actor: &Actor, draft: &Draft) -> Result<Issued, DeviceError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let name = check(draft)?;
    let person = person(app, actor, &draft.person).await?;
    make(app, actor, (name, person), draft.days).await
}

/// Issues a certificate like an earlier one, which stays good until it ends or is revoked.
pub(super) async fn renew(app: &App, actor: &Actor, id: Uuid) -> Result<Issued, DeviceError> {
    let listed = get(app, actor, id).await?;
    if listed.row.kind != "own" {
        return Err(DeviceError::NotFound);
    }
    let person = match (listed.row.user_id, listed.person) {
        (None, _) => None,
        // Whoever is removed has no address any more; without one it would become everybody's.
        (Some(_), Some((_, email))) if !email.is_empty() => person(app, actor, &email).await?,
        (Some(_), _) => return Err(DeviceError::NotFound),
    };
    make(app, actor, (listed.row.name, person), LIVES_DAYS[0]).await
}

fn check(draft: &Draft) -> Result<String, DeviceError> {
    let mut wrong = Wrong::default();
    let name = draft.name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        wrong.name = Some(Key("devices.wrong.name"));
    }
    if !LIVES_DAYS.contains(&draft.days) {
        wrong.days = Some(Key("devices.wrong.days"));
    }
    if wrong == Wrong::default() {
        Ok(name.to_owned())
    } else {
        Err(DeviceError::Wrong(wrong))
    }
}

/// The person of an address in the actor's organisation; nobody for an empty one.
async fn person(app: &App, actor: &Actor, email: &str) -> Result<Option<UserRow>, DeviceError> {
    let email = normal(email);
    if email.is_empty() {
        return Ok(None);
    }
    let mut tx = app.db.read(actor.tenant).await?;
    let user = people::user_by_email(&mut tx, &email).await?;
    let user = user.filter(|user| user.tenant_id == actor.tenant && user.state != "removed");
    user.map(Some).ok_or(DeviceError::Wrong(Wrong {
        person: Some(Key("devices.wrong.person")),
        ..Wrong::default()
    }))
}

async fn make(
    app: &App,
    actor: &Actor,
    (name, person): (String, Option<UserRow>),
    days: i64,
) -> Result<Issued, DeviceError> {
    let (authority, own) = own_authority(app, actor, days).await?;
    let shown = person.as_ref().map(|person| person.full_name.clone());
    let common = shown
        .as_ref()
        .map_or_else(|| name.clone(), |shown| format!("{shown} ({name})"));
    let common: String = common.chars().take(MAX_COMMON_NAME).collect();
    let (email, now_s) = (person.as_ref().map(|p| p.email.clone()), app.clock.now_s());
    // Deriving the file's key takes a while, during which no transaction is held.
    let made = tokio::task::spawn_blocking(move || {
        let (name, email) = (common.as_str(), email.as_deref());
        issue::issue(&own, Subject { name, email, days }, now_s)
    });
    let made = made
        .await
        .map_err(|error| DeviceError::Issue(error.to_string()))??;
    let row = CertificateRow {
        id: new_uuid(&app.clock),
        authority_id: authority,
        kind: "own".to_owned(),
        user_id: person.as_ref().map(|person| person.id),
        name: name.clone(),
        serial: made.facts.serial.clone(),
        fingerprint: made.facts.fingerprint.clone(),
        not_after_ms: made.facts.not_after_ms,
        created_at_ms: app.clock.now_ms(),
        shown_at_ms: None,
        revoked_at_ms: None,
    };
    let mut tx = app.db.begin(actor.tenant).await?;
    store::insert_certificate(&mut tx, actor.tenant, &row).await?;
    let detail = told(&name, shown.as_deref(), &row.serial);
    activity::append(app, &mut tx, actor, What::DeviceIssued, row.id, &detail).await?;
    tx.commit().await?;
    Ok(Issued {
        file_name: issue::file_name(&made.facts),
        file: made.file,
        name,
        person: shown,
        not_after_ms: row.not_after_ms,
    })
}

/// As records name a certificate.
fn told(name: &str, person: Option<&str>, serial: &str) -> String {
    match person {
        Some(person) => format!("{name} ({person}), {serial}"),
        None => format!("{name}, {serial}"),
    }
}

/// The customer's own authority, which outlives what it issues; made when there is none.
async fn own_authority(
    app: &App,
    actor: &Actor,
    days: i64,
) -> Result<(Uuid, OwnAuthority), DeviceError> {
    let tenant = actor.tenant;
    let names = tenancy::service::names(app, tenant).await?;
    let mut tx = app.db.begin(tenant).await?;
    people::lock_people(&mut tx, tenant).await?;
    let until_ms = app.clock.now_ms() + days * DAY_MS;
    let own = |row: &AuthorityRow| row.kind == "own" && row.not_after_ms > until_ms;
    if let Some(row) = store::authorities(&mut tx, tenant)
        .await?
        .into_iter()
        .rfind(own)
    {
        let key_pem = store::key(&mut tx, tenant, &row).await?;
        let certificate_pem = row.certificate;
        return Ok((
            row.id,
            OwnAuthority {
                certificate_pem,
                key_pem,
            },
        ));
    }
    let name: String = format!("{} devices", names.en)
        .chars()
        .take(MAX_COMMON_NAME)
        .collect();
    let made = issue::new_authority(&name, app.clock.now_s())?;
    let given = authority::read(&made.certificate_pem, app.clock.now_ms());
    let given = given.map_err(DeviceError::Given)?;
    let row = AuthorityRow {
        id: new_uuid(&app.clock),
        kind: "own".to_owned(),
        certificate: made.certificate_pem.clone(),
        fingerprint: given.fingerprint,
        subject: given.subject,
        not_after_ms: given.not_after_ms,
        secret: Some(made.key_pem.clone()),
        list_at_ms: None,
        list_until_ms: None,
    };
    store::insert_authority(&mut tx, tenant, &row, app.clock.now_ms()).await?;
    activity::append(
        app,
        &mut tx,
        actor,
        What::DeviceAuthorityAdded,
        row.id,
        &row.subject,
    )
    .await?;
    tx.commit().await?;
    Ok((row.id, made))
}

/// Revokes a certificate for good: sessions of the web that showed it end, desktops are disconnected.
pub(super) async fn revoke(app: &App, actor: &Actor, id: Uuid) -> Result<(), DeviceError> {
    let listed = get(app, actor, id).await?;
    let mut revoking = Revoking::begin(app, actor).await?;
    let person = listed.person.as_ref().map(|(name, _)| name.as_str());
    let detail = told(&listed.row.name, person, &listed.row.serial);
    if revoking.revoke(id).await? {
        let tx = &mut revoking.tx;
        activity::append(app, tx, actor, What::DeviceRevoked, id, &detail).await?;
    }
    revoking.commit().await
}

/// A removed person's certificates do not count any more.
pub(crate) async fn forget(app: &App, tx: &mut Tx, user: &UserRow) -> sqlx::Result<()> {
    for id in store::of_person(tx, user.tenant_id, user.id).await? {
        store::revoke(tx, (user.tenant_id, id), app.clock.now_ms()).await?;
    }
    Ok(())
}
