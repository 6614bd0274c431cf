//! What gateways report: believed as far as it was ordered, recorded, and answered by cutting what should not be.

#![allow(clippy::unwrap_used)]

use super::{
    service::{self, Connect},
    state::State,
    tests::state,
};
use crate::{
    activity::What,
    fakes::{FakeGateway, FakeHost, opening},
    testing::{PASSWORD, World, worlds},
};
use wire::{
    control::{FromGateway, Phase},
    ids::SessionId,
};

/// A host, a gateway, and the first user's session, which runs and is shown nowhere.
async fn stage(world: &World) -> (FakeHost, FakeGateway, SessionId) {
    let customer = &world.customers[0];
    let (mut host, gateway) = (world.host(3), world.gateway());
    let session = world
        .running(&customer.user, customer.desktop, &mut host)
        .await;
    (host, gateway, session)
}

#[tokio::test]
async fn connections_are_recorded_and_a_lost_one_does_not_end_the_session() {
    for world in worlds().await {
        let (mut host, mut gateway, session) = stage(&world).await;
        let customer = &world.customers[0];
        let pairing = world
            .pairing(&customer.user, session, &mut host, &gateway)
            .await;
        gateway.opened(pairing.open).await;
        let connected = State::Connected {
            host: host.id,
            connection: pairing.open.connection,
        };
        assert_eq!(state(&world, session).await, connected);
        let mut last = pairing.open;
        last.to_browser_bytes = 4321;
        gateway.closed(last, 1006).await;
        assert_eq!(state(&world, session).await, State::Ready { host: host.id });
        let log = world.log(Some(customer.tenant)).await;
        assert_eq!(
            log[1..],
            [What::SessionConnected, What::SessionDisconnected]
        );
        assert!(gateway.kills().is_empty());
        // The way back in is open.
        world
            .pairing(&customer.user, session, &mut host, &gateway)
            .await;
    }
}

#[tokio::test]
async fn a_gateway_cannot_open_what_was_not_ordered_or_was_ordered_from_another() {
    for world in worlds().await {
        let (mut host, gateway, session) = stage(&world).await;
        let customer = &world.customers[0];
        let pairing = world
            .pairing(&customer.user, session, &mut host, &gateway)
            .await;
        let mut rogue = world.gateway();
        rogue.opened(pairing.open).await;
        assert_eq!(rogue.kills(), [session]);
        let made_up = opening(world.app.new_id(), session, customer.tenant);
        rogue.opened(made_up).await;
        assert_eq!(rogue.kills(), [session]);
        assert_eq!(state(&world, session).await, State::Ready { host: host.id });
        assert_eq!(
            world.log(Some(customer.tenant)).await,
            [What::SessionRequested]
        );
    }
}

#[tokio::test]
async fn a_gateway_cannot_name_a_session_with_another_customer() {
    for world in worlds().await {
        let (mut host, gateway, session) = stage(&world).await;
        let [shoji, harbour] = &world.customers;
        let pairing = world
            .pairing(&shoji.user, session, &mut host, &gateway)
            .await;
        let foreign = opening(pairing.open.connection, session, harbour.tenant);
        let before = world.log(Some(shoji.tenant)).await;
        gateway.opened(foreign).await;
        let ready = State::Ready { host: host.id };
        assert_eq!(state(&world, session).await, ready);
        gateway.closed(foreign, 1000).await;
        assert!(world.log(Some(harbour.tenant)).await.is_empty());
        assert_eq!(world.log(Some(shoji.tenant)).await, before);
    }
}

/// A page that is reloaded fast: the first page's pair is told of after the second's.
#[tokio::test]
async fn a_pair_that_was_overtaken_does_not_cut_the_newer_one() {
    for world in worlds().await {
        let (mut host, mut gateway, session) = stage(&world).await;
        let user = &world.customers[0].user;
        let first = world.pairing(user, session, &mut host, &gateway).await;
        let second = world.pairing(user, session, &mut host, &gateway).await;
        gateway.opened(second.open).await;
        gateway.opened(first.open).await;
        let connected = State::Connected {
            host: host.id,
            connection: second.open.connection,
        };
        assert_eq!(state(&world, session).await, connected);
        gateway.closed(first.open, 4010).await;
        assert!(gateway.kills().is_empty());
        assert_eq!(state(&world, session).await, connected);
        // Each that was open is in the log.
        let log = world.log(Some(user.actor.tenant)).await;
        let opened = log.iter().filter(|what| **what == What::SessionConnected);
        assert_eq!(opened.count(), 2);
    }
}

/// A gateway that was away comes back with a connection that has a successor elsewhere by now.
#[tokio::test]
async fn a_stale_connection_is_cut_where_it_is_and_nowhere_else() {
    for world in worlds().await {
        let (mut host, gateway, session) = stage(&world).await;
        let user = &world.customers[0].user;
        let old = world.pairing(user, session, &mut host, &gateway).await;
        gateway.opened(old.open).await;
        let away = gateway.leaves();
        let mut other = world.gateway();
        let new = world.pairing(user, session, &mut host, &other).await;
        other.opened(new.open).await;
        let mut back = world.gateway_again(away);
        let open = vec![old.open];
        back.says(FromGateway::Connections { open }).await;
        assert_eq!(back.kills(), [session]);
        assert!(other.kills().is_empty());
        let connected = State::Connected {
            host: host.id,
            connection: new.open.connection,
        };
        assert_eq!(state(&world, session).await, connected);
    }
}

#[tokio::test]
async fn a_pair_of_a_session_that_is_over_is_cut() {
    for world in worlds().await {
        let (mut host, gateway, session) = stage(&world).await;
        let user = &world.customers[0].user;
        let pairing = world.pairing(user, session, &mut host, &gateway).await;
        gateway.opened(pairing.open).await;
        let away = gateway.leaves();
        service::end(&world.app, &user.actor, session)
            .await
            .unwrap();
        host.says(&[]);
        world.pass().await;
        let mut gateway = world.gateway_again(away);
        let open = vec![pairing.open];
        gateway.says(FromGateway::Connections { open }).await;
        assert_eq!(gateway.kills(), [session]);
    }
}

#[tokio::test]
async fn a_pair_that_opens_after_the_end_was_asked_for_is_cut() {
    for world in worlds().await {
        let (mut host, mut gateway, session) = stage(&world).await;
        let user = &world.customers[0].user;
        let pairing = world.pairing(user, session, &mut host, &gateway).await;
        service::end(&world.app, &user.actor, session)
            .await
            .unwrap();
        assert_eq!(gateway.kills(), [session]);
        gateway.opened(pairing.open).await;
        assert_eq!(gateway.kills(), [session]);
    }
}

#[tokio::test]
async fn who_connects_while_the_control_plane_starts_anew_gets_in() {
    for mut world in worlds().await {
        let (mut host, gateway, session) = stage(&world).await;
        let user = world.customers[0].user.clone();
        let pairing = world.pairing(&user, session, &mut host, &gateway).await;
        let (host, gateway) = (host.leaves(), gateway.leaves());
        world.restart().await;
        let mut gateway = world.gateway_again(gateway);
        let open = vec![pairing.open];
        gateway.says(FromGateway::Connections { open }).await;
        assert!(gateway.kills().is_empty());
        let connection = pairing.open.connection;
        let connected = State::Connected { host, connection };
        assert_eq!(state(&world, session).await, connected);

        // When the last ticket of the process before is too old, nothing is believed any more.
        gateway.closed(pairing.open, 1006).await;
        world.pass_ms(2 * 60_000);
        let made_up = opening(world.app.new_id(), session, user.actor.tenant);
        gateway.opened(made_up).await;
        assert_eq!(gateway.kills(), [session]);
    }
}

#[tokio::test]
async fn signing_out_cuts_what_is_open_and_what_was_about_to_open() {
    for world in worlds().await {
        let (mut host, mut gateway, session) = stage(&world).await;
        let user = &world.customers[0].user;
        let mut browser = world.signed_in(user).await;
        let here = world.session_in(&browser).await;
        let open = world
            .pairing_in(here, user, session, &mut host, &gateway)
            .await;
        gateway.opened(open.open).await;
        let pending = world
            .pairing_in(here, user, session, &mut host, &gateway)
            .await;
        let csrf = browser.csrf().await;
        let answer = browser.post("/sign-out", &[("csrf", &csrf)]).await;
        assert_eq!(answer.status, 303);
        assert_eq!(gateway.kills(), [session]);
        // A ticket is good for a minute, but not after its bearer signed out.
        gateway.opened(pending.open).await;
        assert_eq!(gateway.kills(), [session]);
        // The desktop lives on.
        gateway.closed(open.open, 4003).await;
        assert_eq!(state(&world, session).await, State::Ready { host: host.id });
    }
}

#[tokio::test]
async fn signing_out_reaches_a_gateway_that_was_away() {
    for world in worlds().await {
        let (mut host, gateway, session) = stage(&world).await;
        let user = &world.customers[0].user;
        let mut browser = world.signed_in(user).await;
        let here = world.session_in(&browser).await;
        let pairing = world
            .pairing_in(here, user, session, &mut host, &gateway)
            .await;
        gateway.opened(pairing.open).await;
        let away = gateway.leaves();
        let csrf = browser.csrf().await;
        browser.post("/sign-out", &[("csrf", &csrf)]).await;
        let mut gateway = world.gateway_again(away);
        let open = vec![pairing.open];
        gateway.says(FromGateway::Connections { open }).await;
        assert_eq!(gateway.kills(), [session]);
    }
}

#[tokio::test]
async fn somebody_who_is_locked_out_is_disconnected_at_once_and_cannot_come_back() {
    for world in worlds().await {
        let (mut host, mut gateway, session) = stage(&world).await;
        let user = &world.customers[0].user;
        let mut browser = world.signed_in(user).await;
        let open = world.pairing(user, session, &mut host, &gateway).await;
        gateway.opened(open.open).await;
        let pending = world.pairing(user, session, &mut host, &gateway).await;
        world.pass().await;
        assert!(gateway.kills().is_empty());
        world.set_state(user, "suspended").await;
        world.pass().await;
        assert_eq!(gateway.kills(), [session]);
        gateway.opened(pending.open).await;
        assert_eq!(gateway.kills(), [session]);
        assert_eq!(browser.get("/desktops").await.status, 303);
        world.pass().await;
        assert!(gateway.kills().is_empty());
    }
}

#[tokio::test]
async fn a_new_password_cuts_the_connections_of_whoever_had_the_old_one() {
    for world in worlds().await {
        let (mut host, mut gateway, session) = stage(&world).await;
        let user = &world.customers[0].user;
        let open = world.pairing(user, session, &mut host, &gateway).await;
        gateway.opened(open.open).await;
        let path = format!("/welcome/{}", world.link(user).await);
        let mut browser = world.browser();
        let csrf = browser.get(&path).await.csrf();
        let form = [
            ("password", PASSWORD),
            ("repeat", PASSWORD),
            ("csrf", &csrf),
        ];
        assert_eq!(browser.post(&path, &form).await.status, 303);
        assert_eq!(gateway.kills(), [session]);
    }
}

#[tokio::test]
async fn a_refused_ticket_is_in_the_log_of_whoever_it_was_for() {
    for world in worlds().await {
        let (_host, gateway, session) = stage(&world).await;
        let tenant = world.customers[0].tenant;
        for (session, tenant) in [(Some(session), Some(tenant)), (None, None)] {
            let (why, address) = (
                "the ticket was used before".to_owned(),
                "192.0.2.66".to_owned(),
            );
            let refused = FromGateway::Refused {
                why,
                address,
                session,
                tenant,
            };
            gateway.says(refused).await;
        }
        assert_eq!(
            world.log(Some(tenant)).await.last(),
            Some(&What::TicketRefused)
        );
        assert_eq!(world.log(None).await, [What::TicketRefused]);
    }
}

/// Reports of the same moment, and the reconciler beside them: none is lost, and no state is written over another.
#[tokio::test]
async fn reports_that_come_together_all_count() {
    for world in worlds().await {
        let (mut host, gateway, session) = stage(&world).await;
        let user = &world.customers[0].user;
        for _ in 0..5 {
            let pairing = world.pairing(user, session, &mut host, &gateway).await;
            host.says(&[(session, Phase::Ready)]);
            tokio::join!(gateway.opened(pairing.open), world.pass(), world.pass());
            tokio::join!(
                world.pass(),
                gateway.closed(pairing.open, 1006),
                world.pass()
            );
        }
        assert_eq!(state(&world, session).await, State::Ready { host: host.id });
        let log = world.log(Some(user.actor.tenant)).await;
        assert_eq!(log.len(), 1 + 5 * 2);
        let web = world.web_session(user).await;
        let answer = service::connect(&world.app, &user.actor, web, session).await;
        assert!(matches!(answer, Ok(Connect::Ready { .. })));
    }
}
