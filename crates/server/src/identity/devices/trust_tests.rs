#![allow(clippy::unwrap_used)]

use super::{
    service::DeviceError,
    testing::{Brought, Leaf, show},
    trust,
};
use crate::{
    portal::Key,
    testing::{START_MS, World, worlds},
};
use rcgen::{
    CertificateRevocationListParams, Issuer, KeyIdMethod, KeyPair, RevokedCertParams, SerialNumber,
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

async fn added(world: &World, brought: &Brought) -> Uuid {
    let boss = &world.customers[0].administrator.actor;
    trust::add_authority(&world.app, boss, &brought.pem)
        .await
        .unwrap();
    trust::authorities(&world.app, boss).await.unwrap()[0].0.id
}

fn list(issuer: &Issuer<'static, KeyPair>, serials: &[u64], hours: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(START_MS / 1000).unwrap() + Duration::hours(hours);
    let revoked = serials.iter().map(|serial| RevokedCertParams {
        serial_number: (*serial).into(),
        revocation_time: at,
        reason_code: None,
        invalidity_date: None,
    });
    let params = CertificateRevocationListParams {
        this_update: at,
        next_update: at + Duration::days(1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    params.signed_by(issuer).unwrap().pem().unwrap()
}

#[tokio::test]
async fn a_brought_authoritys_certificates_are_mapped_and_listed() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let brought = Brought::new("corporate");
        let id = added(&world, &brought).await;
        let boss = &customer.administrator.actor;
        let again = trust::add_authority(&world.app, boss, &brought.pem).await;
        assert!(matches!(
            again,
            Err(DeviceError::Given(Key("authorities.wrong.there")))
        ));
        let emails = [customer.user.email.as_str()];
        let own = [brought.leaf(&Leaf {
            emails: &emails,
            ..Leaf::default()
        })];
        let mut hana = world.signed_in(&customer.user).await;
        assert_eq!(show(&world, &mut hana, &own).await.status, 303);
        let mut other = world.signed_in(&customer.administrator).await;
        assert_eq!(show(&world, &mut other, &own).await.status, 401);
        let listed = other.get("/devices?q=hana").await.text;
        assert!(listed.contains("CN=laptop") && listed.contains("<code>2a</code>"));
        // Without its authority it counts for nobody, and who came with it is out.
        trust::remove_authority(&world.app, boss, id).await.unwrap();
        assert_eq!(hana.get("/desktops").await.status, 303);
        let mut hana = world.signed_in(&customer.user).await;
        assert_eq!(show(&world, &mut hana, &own).await.status, 401);
    }
}

/// Both the root and the authority that issues are trusted; the issuer's list counts, whichever came first.
#[tokio::test]
async fn the_list_of_the_issuing_authority_counts_beside_its_root() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let boss = &customer.administrator.actor;
        let root = Brought::new("root");
        let between = root.between("issuing");
        added(&world, &root).await;
        let chain = |serial| {
            let leaf = Leaf {
                serial,
                ..Leaf::default()
            };
            [between.leaf(&leaf), between.der.clone()]
        };
        // Shown while the root alone was trusted.
        let mut hana = world.signed_in(&customer.user).await;
        assert_eq!(show(&world, &mut hana, &chain(18)).await.status, 303);
        trust::add_authority(&world.app, boss, &between.pem)
            .await
            .unwrap();
        let rows = trust::authorities(&world.app, boss).await.unwrap();
        let (issuing, _) = rows
            .iter()
            .find(|(row, _)| row.subject.contains("issuing"))
            .unwrap();
        let revoked = list(&between.issuer, &[18, 19], 1);
        trust::take_list(&world.app, boss, issuing.id, &revoked)
            .await
            .unwrap();
        assert_eq!(hana.get("/desktops").await.status, 303);
        let mut hana = world.signed_in(&customer.user).await;
        for (serial, status) in [(18, 401), (19, 401), (20, 303)] {
            let shown = show(&world, &mut hana, &chain(serial)).await;
            assert_eq!(shown.status, status, "{serial}");
        }
        // What is good is filed under who issued it, so that a list ends its sessions.
        let revoked = list(&between.issuer, &[20], 2);
        trust::take_list(&world.app, boss, issuing.id, &revoked)
            .await
            .unwrap();
        assert_eq!(hana.get("/desktops").await.status, 303);
    }
}

#[tokio::test]
async fn certificates_are_revoked_by_number_fingerprint_and_list() {
    for world in worlds().await {
        let customer = &world.customers[0];
        let boss = &customer.administrator.actor;
        let brought = Brought::new("corporate");
        let id = added(&world, &brought).await;
        let device = |serial| {
            [brought.leaf(&Leaf {
                serial,
                ..Leaf::default()
            })]
        };
        let (number, printed, listed, free) = (device(16), device(17), device(18), device(19));
        let mut hana = world.signed_in(&customer.user).await;
        // Before they were ever shown.
        trust::revoke_named(&world.app, boss, id, "0x10")
            .await
            .unwrap();
        let fingerprint = super::certificate::facts(&printed[0]).unwrap().fingerprint;
        trust::revoke_named(&world.app, boss, id, &fingerprint)
            .await
            .unwrap();
        assert_eq!(show(&world, &mut hana, &number).await.status, 401);
        assert_eq!(show(&world, &mut hana, &printed).await.status, 401);
        assert_eq!(show(&world, &mut hana, &listed).await.status, 303);

        let forged = list(&Brought::new("corporate").issuer, &[18], 1);
        let refused = trust::take_list(&world.app, boss, id, &forged).await;
        assert!(matches!(
            refused,
            Err(DeviceError::Given(Key("authorities.wrong.list_signature")))
        ));
        assert_eq!(hana.get("/desktops").await.status, 200);
        let good = list(&brought.issuer, &[18], 2);
        trust::take_list(&world.app, boss, id, &good).await.unwrap();
        assert_eq!(hana.get("/desktops").await.status, 303);
        let earlier = list(&brought.issuer, &[], 1);
        let refused = trust::take_list(&world.app, boss, id, &earlier).await;
        assert!(matches!(
            refused,
            Err(DeviceError::Given(Key("authorities.wrong.list_old")))
        ));
        // A later list that names it no more does not bring it back.
        let later = list(&brought.issuer, &[], 3);
        trust::take_list(&world.app, boss, id, &later)
            .await
            .unwrap();
        let mut hana = world.signed_in(&customer.user).await;
        assert_eq!(show(&world, &mut hana, &listed).await.status, 401);
        assert_eq!(show(&world, &mut hana, &free).await.status, 303);
    }
}
