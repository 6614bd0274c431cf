//! Use cases of showing a certificate. The portal sends the browser with a ticket to the devices' own name, where TLS asks
//! for a certificate; from there it comes back with a result. Both work once, and only for the session of the web that asked.

use super::{
    super::{
        account::store::WebSessionRow,
        policy::{self, rules::Rules},
        service::{NewWebSession, WEB_SESSION_MAX_MS},
        store::{self as people, UserRow},
    },
    certificate::{self, Facts, Refusal, Trusted, judge},
    store::{
        self, CertificateRow,
        steps::{self, CheckRow},
    },
};
use crate::{
    activity::{self, Record, What},
    actor::Actor,
    app::{App, new_uuid, secret_hash},
    db::{Scope, Tx},
};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

/// How long a ticket works, in milliseconds: people look for the right certificate meanwhile.
const TICKET_MS: i64 = 5 * 60 * 1000;
/// How long a result works, in milliseconds: the browser brings it at once.
const RESULT_MS: i64 = 60 * 1000;

/// What came of it.
#[derive(Debug)]
pub(super) enum Taken {
    /// A good certificate. The session goes on under another secret.
    Shown {
        session: NewWebSession,
        /// Where its person goes, a local path.
        next: String,
    },
    /// No good one.
    Refused {
        why: Refusal,
        /// Where its person wanted to go.
        next: String,
    },
    /// The result is unknown, used, too old or another session's.
    Gone,
}

/// Whether a session of the web has shown a certificate that is good now.
pub(in super::super) fn has_shown(row: &WebSessionRow, now_ms: i64) -> bool {
    row.device_until_ms
        .is_some_and(|until_ms| until_ms > now_ms)
}

/// Sends a session to show a certificate: the address to go to.
pub(super) async fn begin(
    app: &App,
    actor: &Actor,
    session: Uuid,
    next: &str,
) -> sqlx::Result<String> {
    let now_ms = app.clock.now_ms();
    let ticket = app.new_secret();
    let mut tx = app.db.begin(actor.tenant).await?;
    steps::drop_old(&mut tx, now_ms - TICKET_MS - RESULT_MS).await?;
    let whose = (actor.tenant, actor.user, session);
    steps::insert(&mut tx, whose, (&secret_hash(&ticket), next), now_ms).await?;
    tx.commit().await?;
    Ok(format!("{}/device/{ticket}", app.config.device_url()))
}

/// Looks at what the browser shows: the secret of the result, or `None` when the ticket does not work.
pub(super) async fn look(
    app: &App,
    ticket: &str,
    shown: &[CertificateDer<'static>],
    address: &str,
) -> sqlx::Result<Option<String>> {
    let now_ms = app.clock.now_ms();
    let ticket = secret_hash(ticket);
    let mut tx = app.db.read(Scope::Everybody).await?;
    let Some(check) = steps::waiting(&mut tx, &ticket, now_ms - TICKET_MS).await? else {
        return Ok(None);
    };
    drop(tx);
    // Many signatures may have to be checked, of a chain that the browser chose: nobody waits for that.
    let judged = judged(app, check.tenant_id, shown).await?;
    let mut tx = app.db.begin(check.tenant_id).await?;
    // Whoever revokes now is waited for.
    people::lock_people(&mut tx, check.tenant_id).await?;
    let user = people::user(&mut tx, check.tenant_id, check.user_id).await?;
    let Some(user) = user.filter(|user| user.state == "active") else {
        return Ok(None);
    };
    let seen = match judged {
        Ok(judged) => weigh(app, &mut tx, &user, judged).await?,
        Err(refused) => Err(refused),
    };
    let result = app.new_secret();
    let kept = match &seen {
        Ok(id) => (Some(*id), None),
        Err((why, _)) => (None, Some(why.name())),
    };
    let secrets = (ticket.as_str(), secret_hash(&result));
    let whose = check.tenant_id;
    if !steps::set_seen(&mut tx, whose, (secrets.0, &secrets.1), kept, now_ms).await? {
        return Ok(None);
    }
    if let Err((why, facts)) = seen {
        let detail = facts.map_or_else(
            || why.name().to_owned(),
            |facts| format!("{}: {}, {}", why.name(), facts.subject, facts.serial),
        );
        let record = Record {
            tenant: Some(user.tenant_id),
            user: Some(user.id),
            who: &user.full_name,
            address,
            what: What::DeviceRefused,
            subject: Some(check.session_id),
            detail: &detail,
        };
        activity::append_record(app, &mut tx, &record).await?;
    }
    tx.commit().await?;
    Ok(Some(result))
}

/// What a chain says, and which of the customer's authorities stand behind it.
type Judged = (Vec<Uuid>, Facts);
/// Why a certificate does not count, and what could be read of it.
type Refused = (Refusal, Option<Facts>);

/// Looks at a chain by itself.
async fn judged(
    app: &App,
    tenant: TenantId,
    shown: &[CertificateDer<'static>],
) -> sqlx::Result<Result<Judged, Refused>> {
    let now_ms = app.clock.now_ms();
    let mut tx = app.db.read(tenant).await?;
    let rows = store::authorities(&mut tx, tenant).await?;
    drop(tx);
    let good = rows.into_iter().filter(|row| row.not_after_ms > now_ms);
    let trusted: Vec<Trusted> = good
        .filter_map(|row| {
            let der = CertificateDer::from_pem_slice(row.certificate.as_bytes()).ok();
            der.map(|certificate| Trusted {
                id: row.id,
                certificate,
            })
        })
        .collect();
    let shown = shown.to_vec();
    let judging = tokio::task::spawn_blocking(move || {
        judge(&shown, &trusted, now_ms)
            .map_err(|why| (why, shown.first().and_then(|own| certificate::facts(own))))
    });
    judging
        .await
        .map_err(|error| sqlx::Error::Protocol(error.to_string()))
}

/// The certificate that is shown, if it counts for the person; otherwise why not.
async fn weigh(
    app: &App,
    tx: &mut Tx,
    user: &UserRow,
    (behind, facts): Judged,
) -> sqlx::Result<Result<Uuid, Refused>> {
    let rows = store::authorities(tx, user.tenant_id).await?;
    // One may have been removed meanwhile.
    let still = |id: &Uuid| rows.iter().find(|row| row.id == *id);
    let behind: Vec<_> = behind.iter().filter_map(still).collect();
    let Some(first) = behind.first() else {
        return Ok(Err((Refusal::Untrusted, Some(facts))));
    };
    if behind.iter().any(|row| row.kind == "own") {
        return Ok(known(tx, user, &facts)
            .await?
            .map_err(|why| (why, Some(facts))));
    }
    let named = (facts.serial.as_str(), facts.fingerprint.as_str());
    for row in &behind {
        if store::is_revoked(tx, (user.tenant_id, row.id), named).await? {
            return Ok(Err((Refusal::Revoked, Some(facts))));
        }
    }
    if !facts.people.is_empty() && !facts.people.contains(&user.email) {
        return Ok(Err((Refusal::OtherPerson, Some(facts))));
    }
    let id = noted(app, tx, user, (first.id, &facts)).await?;
    Ok(id.ok_or((Refusal::Revoked, Some(facts))))
}

/// A certificate of the customer's own authority: it is in the list here, or nobody's.
async fn known(tx: &mut Tx, user: &UserRow, facts: &Facts) -> sqlx::Result<Result<Uuid, Refusal>> {
    let found = store::by_fingerprint(tx, user.tenant_id, &facts.fingerprint).await?;
    let Some(row) = found else {
        return Ok(Err(Refusal::Untrusted));
    };
    if row.revoked_at_ms.is_some() {
        return Ok(Err(Refusal::Revoked));
    }
    if row.user_id.is_some_and(|owner| owner != user.id) {
        return Ok(Err(Refusal::OtherPerson));
    }
    Ok(Ok(row.id))
}

/// A certificate of a brought authority: from its first use on it is in the list. `None` when it was revoked there.
async fn noted(
    app: &App,
    tx: &mut Tx,
    user: &UserRow,
    (authority, facts): (Uuid, &Facts),
) -> sqlx::Result<Option<Uuid>> {
    let row = CertificateRow {
        id: new_uuid(&app.clock),
        authority_id: authority,
        kind: "brought".to_owned(),
        user_id: (!facts.people.is_empty()).then_some(user.id),
        name: facts.subject.clone(),
        serial: facts.serial.clone(),
        fingerprint: facts.fingerprint.clone(),
        not_after_ms: facts.not_after_ms,
        created_at_ms: app.clock.now_ms(),
        shown_at_ms: None,
        revoked_at_ms: None,
    };
    store::insert_certificate(tx, user.tenant_id, &row).await?;
    let kept = store::by_fingerprint(tx, user.tenant_id, &facts.fingerprint).await?;
    let kept = kept.filter(|kept| kept.revoked_at_ms.is_none());
    if let Some(kept) = &kept
        && kept.authority_id != authority
    {
        // The one that issued it came to be trusted after another that stands behind it.
        store::set_authority(tx, (user.tenant_id, kept.id), authority).await?;
    }
    Ok(kept.map(|kept| kept.id))
}

/// Uses a result. The session must be the one that was sent.
pub(super) async fn take(
    app: &App,
    actor: &Actor,
    (session, token): (Uuid, &str),
    result: &str,
) -> sqlx::Result<Taken> {
    let now_ms = app.clock.now_ms();
    let mut tx = app.db.begin(actor.tenant).await?;
    let hash = secret_hash(result);
    let row = steps::take(&mut tx, actor.tenant, &hash, now_ms - RESULT_MS).await?;
    let is_own = |row: &CheckRow| row.session_id == session && row.user_id == actor.user;
    let Some(row) = row.filter(is_own) else {
        tx.commit().await?;
        return Ok(Taken::Gone);
    };
    let certificate = match row.certificate_id {
        Some(id) => store::certificate(&mut tx, (actor.tenant, id)).await?,
        None => None,
    };
    let Some(certificate) = certificate.filter(|found| found.revoked_at_ms.is_none()) else {
        tx.commit().await?;
        let why = row.refusal.as_deref().and_then(Refusal::from_name);
        let why = why.unwrap_or(Refusal::Revoked);
        return Ok(Taken::Refused {
            why,
            next: row.next,
        });
    };
    let new = app.new_secret();
    let hashes = (secret_hash(token), secret_hash(&new));
    let secrets = (hashes.0.as_str(), hashes.1.as_str());
    if !steps::set_shown(&mut tx, &row, certificate.id, secrets, now_ms).await? {
        return Ok(Taken::Gone);
    }
    let detail = format!("{}, sha256 {}", certificate.name, certificate.fingerprint);
    activity::append(
        app,
        &mut tx,
        actor,
        What::DeviceShown,
        certificate.id,
        &detail,
    )
    .await?;
    tx.commit().await?;
    let session = NewWebSession { token: new };
    Ok(Taken::Shown {
        session,
        next: row.next,
    })
}

/// Whether a person is signed in somewhere with a certificate that is good now.
pub(in super::super) async fn is_shown(
    app: &App,
    tx: &mut Tx,
    who: (TenantId, UserId),
) -> sqlx::Result<bool> {
    steps::has_shown(tx, who, app.clock.now_ms()).await
}

/// Everybody of a role who has shown no good certificate for as long as a desktop can be open.
pub(in super::super) async fn without(
    app: &App,
    tx: &mut Tx,
    of_role: (TenantId, &str),
) -> sqlx::Result<Vec<UserId>> {
    let now_ms = app.clock.now_ms();
    let since_ms = now_ms - WEB_SESSION_MAX_MS;
    steps::without(tx, of_role, (since_ms, now_ms)).await
}

/// Whether anybody's certificate could count at all.
pub(in super::super) async fn has_authority(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<bool> {
    Ok(!store::authorities(tx, tenant).await?.is_empty())
}

/// What the organisation asks of the actor.
pub(super) async fn rules(app: &App, actor: &Actor) -> sqlx::Result<Rules> {
    let mut tx = app.db.read(actor.tenant).await?;
    policy::service::of_actor(&mut tx, actor).await
}

/// The certificate that was shown in a session of the actor's: its device, and until when it is good.
pub(super) async fn shown(
    app: &App,
    actor: &Actor,
    session: Uuid,
) -> sqlx::Result<Option<(String, i64)>> {
    let now_ms = app.clock.now_ms();
    let mut tx = app.db.read(actor.tenant).await?;
    let Some(id) = steps::shown_in(&mut tx, (actor.tenant, actor.user), session).await? else {
        return Ok(None);
    };
    let row = store::certificate(&mut tx, (actor.tenant, id)).await?;
    let row = row.filter(|row| row.revoked_at_ms.is_none() && row.not_after_ms > now_ms);
    Ok(row.map(|row| (row.name, row.not_after_ms)))
}

/// Sessions of the web in which a certificate was shown that is revoked now.
pub(in super::super) async fn revoked_inside(tx: &mut Tx, tenant: TenantId) -> sqlx::Result<i64> {
    steps::revoked_inside(tx, tenant).await
}
