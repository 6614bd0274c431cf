//! Use cases of administrators: whose certificates count, and which of them do not any more.

use super::{
    super::store as people,
    authority::{self, MAX_AUTHORITIES},
    revoking::Revoking,
    service::DeviceError,
    store::{self, AuthorityRow},
};
use crate::{
    activity::{self, What},
    actor::Actor,
    app::{App, new_uuid},
    portal::Key,
    rights::{self, Action},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Every authority, each with how many certificates were revoked by number.
pub(super) async fn authorities(
    app: &App,
    actor: &Actor,
) -> Result<Vec<(AuthorityRow, i64)>, DeviceError> {
    rights::authorize(actor, Action::ListUsers)?;
    let mut tx = app.db.read(actor.tenant).await?;
    let mut listed = Vec::new();
    for row in store::authorities(&mut tx, actor.tenant).await? {
        let revoked = store::revoked(&mut tx, (actor.tenant, row.id)).await?;
        listed.push((row, revoked));
    }
    Ok(listed)
}

/// One authority.
pub(super) async fn authority(
    app: &App,
    actor: &Actor,
    id: Uuid,
) -> Result<(AuthorityRow, i64), DeviceError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let mut found = authorities(app, actor).await?.into_iter();
    found
        .find(|(row, _)| row.id == id)
        .ok_or(DeviceError::NotFound)
}

/// Takes an authority that the customer brings: from now on its certificates count for this customer's people.
pub(super) async fn add_authority(app: &App, actor: &Actor, pem: &str) -> Result<(), DeviceError> {
    rights::authorize(actor, Action::ManageUsers)?;
    let now_ms = app.clock.now_ms();
    let given = authority::read(pem, now_ms).map_err(DeviceError::Given)?;
    let mut tx = app.db.begin(actor.tenant).await?;
    people::lock_people(&mut tx, actor.tenant).await?;
    if store::authorities(&mut tx, actor.tenant).await?.len() >= MAX_AUTHORITIES {
        return Err(DeviceError::Given(Key("authorities.wrong.many")));
    }
    let row = AuthorityRow {
        id: new_uuid(&app.clock),
        kind: "brought".to_owned(),
        certificate: pem_of(&given.der),
        fingerprint: given.fingerprint,
        subject: given.subject,
        not_after_ms: given.not_after_ms,
        secret: None,
        list_at_ms: None,
        list_until_ms: None,
    };
    if !store::insert_authority(&mut tx, actor.tenant, &row, now_ms).await? {
        return Err(DeviceError::Given(Key("authorities.wrong.there")));
    }
    let detail = format!("{}, sha256 {}", row.subject, row.fingerprint);
    activity::append(
        app,
        &mut tx,
        actor,
        What::DeviceAuthorityAdded,
        row.id,
        &detail,
    )
    .await?;
    Ok(tx.commit().await?)
}

/// PEM of what was read: nothing else that stood in the text is kept.
pub(super) fn pem_of(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = "-----BEGIN CERTIFICATE-----\n".to_owned();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

/// Removes an authority: none of its certificates counts any more.
pub(super) async fn remove_authority(
    app: &App,
    actor: &Actor,
    id: Uuid,
) -> Result<(), DeviceError> {
    let (row, _) = authority(app, actor, id).await?;
    let mut revoking = Revoking::begin(app, actor).await?;
    let whose = (actor.tenant, id);
    for (certificate, ..) in store::of_authority(&mut revoking.tx, whose).await? {
        revoking.end(certificate).await?;
    }
    store::remove_authority(&mut revoking.tx, whose).await?;
    let detail = format!("{}, sha256 {}", row.subject, row.fingerprint);
    let tx = &mut revoking.tx;
    activity::append(app, tx, actor, What::DeviceAuthorityRemoved, id, &detail).await?;
    revoking.commit().await
}

/// Revokes a certificate of an authority by its serial number or fingerprint, whether it was ever shown here or not.
pub(super) async fn revoke_named(
    app: &App,
    actor: &Actor,
    id: Uuid,
    typed: &str,
) -> Result<(), DeviceError> {
    let (row, _) = authority(app, actor, id).await?;
    let (serial, fingerprint) = authority::named(typed).map_err(DeviceError::Given)?;
    let mut revoking = Revoking::begin(app, actor).await?;
    revoke_all(&mut revoking, id, &[(serial.clone(), fingerprint.clone())]).await?;
    let detail = format!("{}, {serial}{fingerprint}", row.subject);
    activity::append(
        app,
        &mut revoking.tx,
        actor,
        What::DeviceRevoked,
        id,
        &detail,
    )
    .await?;
    revoking.commit().await
}

/// Takes a revocation list of an authority: whatever it names is revoked for good.
pub(super) async fn take_list(
    app: &App,
    actor: &Actor,
    id: Uuid,
    given: &str,
) -> Result<(), DeviceError> {
    let (row, _) = authority(app, actor, id).await?;
    let der = CertificateDer::from_pem_slice(row.certificate.as_bytes());
    let der = der.map_err(|error| DeviceError::Issue(error.to_string()))?;
    let list = authority::read_list(given, &der).map_err(DeviceError::Given)?;
    if row.list_at_ms.is_some_and(|kept| kept > list.at_ms) {
        return Err(DeviceError::Given(Key("authorities.wrong.list_old")));
    }
    let mut revoking = Revoking::begin(app, actor).await?;
    let named = list
        .serials
        .iter()
        .map(|serial| (serial.clone(), String::new()));
    revoke_all(&mut revoking, id, &named.collect::<Vec<_>>()).await?;
    let whose = (actor.tenant, id);
    store::set_list(&mut revoking.tx, whose, (list.at_ms, list.until_ms)).await?;
    let detail = format!("{}, {}", row.subject, list.serials.len());
    activity::append(
        app,
        &mut revoking.tx,
        actor,
        What::DeviceListTaken,
        id,
        &detail,
    )
    .await?;
    revoking.commit().await
}

/// Notes serial numbers and fingerprints, and revokes those certificates of them that were shown here.
async fn revoke_all(
    revoking: &mut Revoking<'_>,
    authority: Uuid,
    named: &[(String, String)],
) -> Result<(), DeviceError> {
    let whose = (revoking.actor.tenant, authority);
    let now_ms = revoking.app.clock.now_ms();
    for (serial, fingerprint) in named {
        let row = (
            new_uuid(&revoking.app.clock),
            serial.as_str(),
            fingerprint.as_str(),
        );
        store::insert_revocation(&mut revoking.tx, whose, row, now_ms).await?;
    }
    let named: BTreeSet<&str> = named
        .iter()
        .flat_map(|(serial, fingerprint)| [serial.as_str(), fingerprint.as_str()])
        .filter(|name| !name.is_empty())
        .collect();
    let is_named =
        |serial: &str, fingerprint: &str| named.contains(serial) || named.contains(fingerprint);
    for (id, serial, fingerprint) in store::of_authority(&mut revoking.tx, whose).await? {
        if is_named(&serial, &fingerprint) {
            revoking.revoke(id).await?;
        }
    }
    // One of this authority may be filed under another that stands behind it, too. A number alone does not tell, so it is
    // shown again, and judged then.
    for (id, serial, fingerprint) in store::of_others(&mut revoking.tx, whose).await? {
        if is_named(&serial, &fingerprint) {
            revoking.end(id).await?;
        }
    }
    Ok(())
}
