//! Who is let in, and that everybody else gets one and the same refusal.

use crate::site::{Client, Site, closes, next, now_s};
use ed25519_dalek::SigningKey;
use futures_util::SinkExt as _;
use rustls::version::{TLS12, TLS13};
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;
use wire::{
    close::Close,
    control::FromGateway,
    ids::{GatewayId, SessionId, TenantId},
    rights::Rights,
    ticket::{self, Claims, Side},
};

/// What the control plane is told of a refusal.
#[derive(Debug, PartialEq)]
struct Record {
    why: String,
    session: Option<SessionId>,
    tenant: Option<TenantId>,
}

impl Site {
    /// The next refusal on record.
    async fn refusal(&mut self) -> Record {
        let refusal = self.control.report(|report| match report {
            FromGateway::Refused {
                why,
                address,
                session,
                tenant,
            } => {
                assert_eq!(address, "127.0.0.1");
                Some(Record {
                    why: why.clone(),
                    session: *session,
                    tenant: *tenant,
                })
            }
            _ => None,
        });
        refusal.await
    }

    /// Checks that the bearer learns nothing but that it is refused, and that the record says why.
    async fn refuses(&mut self, mut client: Client, why: &str, claims: Option<&Claims>) {
        closes(&mut client, Close::Refused).await;
        let expected = Record {
            why: why.to_owned(),
            session: claims.map(|claims| claims.session),
            tenant: claims.map(|claims| claims.tenant),
        };
        assert_eq!(self.refusal().await, expected);
    }
}

#[tokio::test]
async fn what_is_not_a_ticket_is_refused_and_recorded() {
    let mut site = Site::start().await;
    let good = site.sign(&site.claims(Side::Browser));
    for message in [
        Message::text("open sesame"),
        Message::text(""),
        Message::binary(good.clone()),
        Message::text(good.repeat(10)),
    ] {
        let client = site.says(message).await;
        site.refuses(client, "the ticket is malformed", None).await;
    }
}

#[tokio::test]
async fn a_ticket_of_a_wrong_hand_time_or_place_is_refused_and_recorded() {
    let mut site = Site::start().await;
    let good = site.claims(Side::Browser);

    let forged = ticket::sign(&good, &SigningKey::from_bytes(&[8; 32]));
    let client = site.says(Message::text(forged)).await;
    site.refuses(client, "the ticket's signature is wrong", None)
        .await;

    let old = Claims {
        issued_at_s: now_s() - 80,
        expires_at_s: now_s() - 20,
        ..good
    };
    let client = site.bearer(&old).await;
    site.refuses(client, "the ticket is outside its time", None)
        .await;

    let foreign = Claims {
        gateway: GatewayId(Uuid::from_u128(99)),
        ..good
    };
    let client = site.bearer(&foreign).await;
    site.refuses(client, "the ticket is for another gateway", None)
        .await;
}

#[tokio::test]
async fn a_browser_from_another_page_is_refused_and_its_ticket_stays_good() {
    let mut site = Site::start().await;
    let claims = site.claims(Side::Browser);
    for origin in [None, Some("https://evil.example")] {
        let mut client = site.dial(origin).await;
        let ticket = Message::text(site.sign(&claims));
        client.send(ticket).await.unwrap();
        let why = "the page that asks is not the portal's";
        site.refuses(client, why, Some(&claims)).await;
    }
    site.pair_with(claims).await;
}

#[tokio::test]
async fn a_ticket_opens_once() {
    let mut site = Site::start().await;
    let paired = site.pair().await;
    let waiting = site.claims(Side::Agent);
    let _waits = site.bearer(&waiting).await;
    for used in [paired.claims, waiting] {
        let again = site.bearer(&used).await;
        site.refuses(again, "the ticket was used before", Some(&used))
            .await;
    }
}

#[tokio::test]
async fn tickets_that_do_not_belong_together_are_refused_and_the_right_one_still_comes_in() {
    let mut site = Site::start().await;
    let browser = site.claims(Side::Browser);
    let mut waiting = site.bearer(&browser).await;
    let agent = Site::other(&browser);
    let why = "another bearer came for this side, or the two tickets do not belong together";
    let own = |claims: Claims| Claims {
        id: Uuid::now_v7(),
        ..claims
    };
    for wrong in [
        own(browser),
        Claims {
            session: SessionId(Uuid::from_u128(9)),
            ..own(agent)
        },
        Claims {
            tenant: TenantId(Uuid::from_u128(9)),
            ..own(agent)
        },
        Claims {
            rights: Rights::default(),
            ..own(agent)
        },
    ] {
        let client = site.bearer(&wrong).await;
        site.refuses(client, why, Some(&wrong)).await;
    }
    let mut right = site.bearer(&agent).await;
    right.send(Message::binary(&b"here"[..])).await.unwrap();
    assert_eq!(next(&mut waiting).await, "here");
}

#[tokio::test]
async fn only_tls_1_3_is_spoken() {
    let site = Site::start().await;
    for (version, spoken) in [(&TLS12, false), (&TLS13, true)] {
        let connector = TlsConnector::from(site.control.client(&[version]));
        let stream = TcpStream::connect(site.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        assert_eq!(connector.connect(name, stream).await.is_ok(), spoken);
    }
}
