//! What is counted against whom, and what is reported.

use super::*;
use rustls::{crypto::aws_lc_rs, server::ResolvesServerCertUsingSni, version::TLS13};

fn shared(limits: Limits) -> (Arc<Shared>, mpsc::Receiver<FromGateway>) {
    let tls = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(ResolvesServerCertUsingSni::new()));
    let (reports, queue) = mpsc::channel(1000);
    (Arc::new(Shared::new(limits, tls, reports)), queue)
}

#[test]
fn an_address_is_what_one_customer_has() {
    let (shared, _queue) = shared(Limits {
        max_unpaired_per_address: 1,
        ..Limits::default()
    });
    let place = |address: &str| shared.place(address.parse().unwrap());
    let first = place("192.0.2.1");
    assert!(first.is_some());
    assert!(place("192.0.2.1").is_none());
    // The same in the form in which a listener for both families shows it.
    assert!(place("::ffff:192.0.2.1").is_none());
    assert!(place("192.0.2.2").is_some());
    drop(first);
    assert!(place("192.0.2.1").is_some());
    let in_network = place("2001:db8:1:2::1");
    assert!(in_network.is_some());
    assert!(place("2001:db8:1:2:ffff::9").is_none());
    assert!(place("2001:db8:1:3::1").is_some());
}

#[tokio::test(start_paused = true)]
async fn few_refusals_are_reported_one_by_one_and_many_as_a_number() {
    let (shared, mut queue) = shared(Limits::default());
    let summing = tokio::spawn({
        let shared = Arc::clone(&shared);
        async move { shared.sum_up_refusals().await }
    });
    // The first interval begins.
    tokio::task::yield_now().await;
    for _ in 0..REFUSALS + 7 {
        shared.report_refusal(Refusal::Origin, None, [192, 0, 2, 1].into());
    }
    let mut whys = Vec::new();
    for _ in 0..=REFUSALS {
        let Some(FromGateway::Refused { why, .. }) = queue.recv().await else {
            panic!("not a refusal");
        };
        whys.push(why);
    }
    assert_eq!(whys.pop().unwrap(), "7 more refusals in 10 s");
    assert!(whys.iter().all(|why| *why == Refusal::Origin.to_string()));
    shared.report_refusal(Refusal::Origin, None, [192, 0, 2, 1].into());
    assert!(queue.recv().await.is_some());
    summing.abort();
}
