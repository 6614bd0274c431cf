//! What the reconciler makes of what hosts and gateways say, and of their silence.

#![allow(clippy::unwrap_used)]

use super::{
    service::{self, Connect},
    state::State,
    store::{self, StoreError},
    tests::state,
};
use crate::{
    activity::What,
    fakes::opening,
    testing::{World, worlds},
};
use wire::{
    control::{EndReason, FromGateway, Phase, ToHost},
    ids::SessionId,
};

const SECOND_MS: i64 = 1000;
const MINUTE_MS: i64 = 60 * SECOND_MS;

/// The person's click, before anything was made of it.
async fn clicked(world: &World) -> SessionId {
    let customer = &world.customers[0];
    world.clicked(&customer.user, customer.desktop).await
}

fn starts(orders: &[ToHost]) -> usize {
    let is_start = |order: &&ToHost| matches!(order, ToHost::Start { .. });
    orders.iter().filter(is_start).count()
}

#[tokio::test]
async fn a_session_waits_for_a_host_and_fails_when_none_comes() {
    for world in worlds().await {
        let waiting = clicked(&world).await;
        world.pass().await;
        world.pass_ms(80 * SECOND_MS);
        world.pass().await;
        assert_eq!(state(&world, waiting).await, State::Requested);
        let host = world.host(1);
        world.pass().await;
        let placed = State::Starting { host: host.id };
        assert_eq!(state(&world, waiting).await, placed);

        // The host is full now, and so is nobody else there for the next.
        let (customer, app) = (&world.customers[0], &world.app);
        let boss = &customer.administrator.actor;
        let full = service::launch(app, boss, customer.desktop).await.unwrap();
        world.pass().await;
        world.pass_ms(91 * SECOND_MS);
        world.pass().await;
        let reason = EndReason::StartFailed;
        assert_eq!(state(&world, full).await, State::Ended { reason });
        let told = service::connect(app, boss, uuid::Uuid::nil(), full)
            .await
            .unwrap();
        let reason = "start_failed";
        assert_eq!(told, Connect::Ended { reason });
    }
}

#[tokio::test]
async fn sessions_spread_over_hosts_as_far_as_there_is_room() {
    for world in worlds().await {
        let (one, two) = (world.host(1), world.host(3));
        let mut at = Vec::new();
        for customer in &world.customers {
            for person in [&customer.user, &customer.administrator] {
                at.push(world.clicked(person, customer.desktop).await);
            }
        }
        // All in one pass: what it places counts for what it places next.
        world.pass().await;
        let mut on_one = 0;
        for session in at {
            match state(&world, session).await.host() {
                Some(host) if host == one.id => on_one += 1,
                host => assert_eq!(host, Some(two.id)),
            }
        }
        assert_eq!(on_one, 1);
    }
}

#[tokio::test]
async fn an_order_that_was_lost_with_its_link_is_given_again() {
    for world in worlds().await {
        let mut host = world.host(3);
        let session = clicked(&world).await;
        world.pass().await;
        world.pass().await;
        assert_eq!(starts(&host.orders()), 1);
        let id = host.leaves();
        world.pass().await;
        // Until the host has said what it carries, nothing is concluded from its silence.
        let mut host = world.host_again(id, 3);
        world.pass().await;
        assert_eq!(starts(&host.orders()), 0);
        host.says(&[]);
        world.pass().await;
        assert_eq!(starts(&host.orders()), 1);
        // A host that is at it is left alone.
        host.says(&[(session, Phase::Starting)]);
        world.pass().await;
        assert!(host.orders().is_empty());
    }
}

#[tokio::test]
async fn a_start_that_takes_too_long_is_given_up_and_cleaned_up() {
    for world in worlds().await {
        let mut host = world.host(3);
        let session = clicked(&world).await;
        world.pass().await;
        host.says(&[(session, Phase::Starting)]);
        world.pass_ms(91 * SECOND_MS);
        world.pass().await;
        world.pass().await;
        assert_eq!(host.orders(), [ToHost::Stop { session }]);
        let reason = EndReason::Stopped;
        host.says(&[(session, Phase::Ended { reason })]);
        world.pass().await;
        let reason = EndReason::StartFailed;
        assert_eq!(state(&world, session).await, State::Ended { reason });
    }
}

#[tokio::test]
async fn an_end_is_recorded_once_before_the_host_may_forget_it() {
    for world in worlds().await {
        let (customer, mut host) = (&world.customers[0], world.host(3));
        let session = world
            .running(&customer.user, customer.desktop, &mut host)
            .await;
        let reason = EndReason::Crashed;
        host.says(&[(session, Phase::Ended { reason })]);
        world.pass().await;
        assert_eq!(state(&world, session).await, State::Ended { reason });
        assert!(host.orders().is_empty());
        world.pass().await;
        world.pass().await;
        let forget = ToHost::Forget { session };
        assert_eq!(host.orders(), [forget.clone(), forget]);
        let log = world.log(Some(customer.tenant)).await;
        assert_eq!(log, [What::SessionRequested, What::SessionEnded]);
    }
}

#[tokio::test]
async fn what_a_host_no_longer_knows_is_lost() {
    for world in worlds().await {
        let (customer, mut host) = (&world.customers[0], world.host(3));
        let session = world
            .running(&customer.user, customer.desktop, &mut host)
            .await;
        // The machine was started anew.
        let id = host.leaves();
        let host = world.host_again(id, 3);
        world.pass().await;
        assert_eq!(state(&world, session).await, State::Ready { host: id });
        host.says(&[]);
        world.pass().await;
        let reason = EndReason::Lost;
        assert_eq!(state(&world, session).await, State::Ended { reason });
    }
}

#[tokio::test]
async fn a_host_that_comes_back_in_time_has_lost_nothing() {
    for world in worlds().await {
        let (customer, mut host) = (&world.customers[0], world.host(3));
        let session = world
            .running(&customer.user, customer.desktop, &mut host)
            .await;
        // How long the session has been running says nothing.
        world.pass_ms(60 * MINUTE_MS);
        let id = host.leaves();
        world.pass_ms(10 * MINUTE_MS);
        world.pass().await;
        let host = world.host_again(id, 3);
        host.says(&[(session, Phase::Ready)]);
        world.pass().await;
        assert_eq!(state(&world, session).await, State::Ready { host: id });

        // The next time it is away too long; what it still runs when it comes back is stopped.
        host.leaves();
        world.pass_ms(10 * MINUTE_MS + 1);
        world.pass().await;
        let reason = EndReason::Lost;
        assert_eq!(state(&world, session).await, State::Ended { reason });
        let mut host = world.host_again(id, 3);
        host.says(&[(session, Phase::Ready)]);
        world.pass().await;
        assert_eq!(host.orders(), [ToHost::Stop { session }]);
    }
}

#[tokio::test]
async fn a_host_can_say_nothing_about_another_hosts_session() {
    for world in worlds().await {
        let (customer, mut host) = (&world.customers[0], world.host(3));
        let session = world
            .running(&customer.user, customer.desktop, &mut host)
            .await;
        let mut rogue = world.host(3);
        let reason = EndReason::SignedOut;
        for phase in [Phase::Starting, Phase::Ended { reason }] {
            rogue.says(&[(session, phase)]);
            world.pass().await;
            assert_eq!(state(&world, session).await, State::Ready { host: host.id });
        }
        assert!(host.orders().is_empty());
        // And a session that nobody ever asked for is stopped.
        let made_up: SessionId = world.app.new_id();
        rogue.orders();
        rogue.says(&[(made_up, Phase::Ready)]);
        world.pass().await;
        assert_eq!(rogue.orders(), [ToHost::Stop { session: made_up }]);
    }
}

#[tokio::test]
async fn the_control_plane_may_die_in_each_state_of_a_session() {
    for mut world in worlds().await {
        let customer = world.customers[0].clone();
        let session = clicked(&world).await;
        world.restart().await;
        let id = {
            let host = world.host(3);
            world.pass().await;
            assert_eq!(
                state(&world, session).await,
                State::Starting { host: host.id }
            );
            host.id
        };
        world.restart().await;
        // It knows from its database where the session is; the host has not come yet.
        world.pass().await;
        let mut host = world.host_again(id, 3);
        host.says(&[]);
        world.pass().await;
        assert_eq!(starts(&host.orders()), 1);
        host.says(&[(session, Phase::Ready)]);
        world.pass().await;

        world.restart().await;
        world.pass_ms(9 * MINUTE_MS);
        world.pass().await;
        assert_eq!(state(&world, session).await, State::Ready { host: id });
        let mut host = world.host_again(id, 3);
        host.says(&[(session, Phase::Ready)]);
        let gateway = world.gateway();
        let pairing = world
            .pairing(&customer.user, session, &mut host, &gateway)
            .await;
        gateway.opened(pairing.open).await;
        service::end(&world.app, &customer.user.actor, session)
            .await
            .unwrap();

        world.restart().await;
        let mut host = world.host_again(id, 3);
        host.says(&[(session, Phase::Ready)]);
        world.pass().await;
        assert_eq!(host.orders(), [ToHost::Stop { session }]);
        host.says(&[]);
        world.pass().await;
        let reason = EndReason::SignedOut;
        assert_eq!(state(&world, session).await, State::Ended { reason });
    }
}

#[tokio::test]
async fn a_connection_outlives_the_control_plane_and_is_dropped_when_no_gateway_speaks_of_it() {
    for mut world in worlds().await {
        let user = world.customers[0].user.clone();
        let desktop = world.customers[0].desktop;
        let (mut host, gateway) = (world.host(3), world.gateway());
        let session = world.running(&user, desktop, &mut host).await;
        let pairing = world.pairing(&user, session, &mut host, &gateway).await;
        gateway.opened(pairing.open).await;
        let (host_id, gateway_id) = (host.leaves(), gateway.leaves());
        world.pass_ms(9 * MINUTE_MS);

        world.restart().await;
        let host = world.host_again(host_id, 3);
        host.says(&[(session, Phase::Ready)]);
        world.pass().await;
        let connected = State::Connected {
            host: host_id,
            connection: pairing.open.connection,
        };
        assert_eq!(state(&world, session).await, connected);
        let mut gateway = world.gateway_again(gateway_id);
        let open = vec![pairing.open];
        gateway.says(FromGateway::Connections { open }).await;
        world.pass_ms(MINUTE_MS);
        world.pass().await;
        assert_eq!(state(&world, session).await, connected);
        assert!(gateway.kills().is_empty());

        // The gateway is started anew and carries nothing.
        gateway.leaves();
        let gateway = world.gateway();
        gateway
            .says(FromGateway::Connections { open: vec![] })
            .await;
        world.pass_ms(30 * SECOND_MS);
        world.pass().await;
        assert_eq!(state(&world, session).await, connected);
        world.pass_ms(1);
        world.pass().await;
        assert_eq!(state(&world, session).await, State::Ready { host: host_id });
    }
}

#[tokio::test]
async fn one_damaged_row_holds_up_nobody_else() {
    for world in worlds().await {
        let (customer, mut host) = (&world.customers[0], world.host(3));
        let damaged = world
            .running(&customer.user, customer.desktop, &mut host)
            .await;
        world.damage(damaged).await;
        let (app, boss) = (&world.app, &customer.administrator.actor);
        let session = service::launch(app, boss, customer.desktop).await.unwrap();
        world.pass().await;
        assert_eq!(
            state(&world, session).await,
            State::Starting { host: host.id }
        );
        let open = opening(app.new_id(), damaged, customer.tenant);
        let gateway = world.gateway();
        // Its reports are refused without harm to the gateway's link or to anybody else.
        let report = FromGateway::Connections { open: vec![open] };
        let _ = super::reports::take(app, gateway.id, report).await;
        world.pass().await;
    }
}

#[tokio::test]
async fn a_change_is_not_saved_over_one_that_it_did_not_see() {
    for world in worlds().await {
        let (customer, mut host) = (&world.customers[0], world.host(3));
        let id = world
            .running(&customer.user, customer.desktop, &mut host)
            .await;
        let mut tx = world
            .app
            .db
            .read(crate::db::Scope::Everybody)
            .await
            .unwrap();
        let session = store::any(&mut tx, id).await.unwrap().unwrap();
        drop(tx);
        let save = async |state| {
            let mut tx = world
                .app
                .db
                .begin(crate::db::Scope::Everybody)
                .await
                .unwrap();
            let saved = store::save(&mut tx, &session, state, 0).await;
            tx.commit().await.unwrap();
            saved
        };
        let (host, reason) = (host.id, EndReason::SignedOut);
        let ending = State::Ending { host, reason };
        assert!(save(ending).await.is_ok());
        let late = save(State::Ready { host }).await;
        assert!(matches!(late, Err(StoreError::Stale)));
        assert_eq!(state(&world, id).await, ending);
    }
}
