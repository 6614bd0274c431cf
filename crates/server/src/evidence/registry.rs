//! The promises, row by row, each with the checks that show it.

use super::{Control, Side};
use crate::{
    access::checks as access, activity::checks as activity, identity::checks as identity,
    operators::checks as operators, portal::Key, probes, sessions::checks as sessions,
};

/// Every promise that the service keeps so far, in the order of the list of commitments.
pub const CONTROLS: &[Control] = &[
    Control {
        id: "5.1",
        clause: "9.2.1",
        side: Side::Both,
        promise: Key("evidence.promise.life_cycle"),
        checks: &[&identity::LEFT_OVER_ACCESS, &identity::AN_ADMINISTRATOR],
    },
    Control {
        id: "5.2",
        clause: "9.2.2",
        side: Side::Both,
        promise: Key("evidence.promise.rights"),
        checks: &[&access::POLICIES],
    },
    Control {
        id: "5.3",
        clause: "9.2.3",
        side: Side::Both,
        promise: Key("evidence.promise.second_factor"),
        checks: &[&operators::SECOND_FACTOR],
    },
    Control {
        id: "5.4",
        clause: "9.2.4",
        side: Side::Both,
        promise: Key("evidence.promise.passwords"),
        checks: &[&identity::PASSWORDS],
    },
    Control {
        id: "5.5",
        clause: "9.4.1",
        side: Side::Provider,
        promise: Key("evidence.promise.documented"),
        checks: &[&access::POLICIES],
    },
    Control {
        id: "5.6",
        clause: "9.4.4",
        side: Side::Provider,
        promise: Key("evidence.promise.one_door"),
        checks: &[&probes::DOORS_ASK],
    },
    Control {
        id: "5.7",
        clause: "CLD.9.5.1",
        side: Side::Provider,
        promise: Key("evidence.promise.separated"),
        checks: &[
            &access::PROOF,
            &probes::LISTENERS_APART,
            &sessions::NO_CROSSING,
        ],
    },
    Control {
        id: "6.1",
        clause: "10.1.1",
        side: Side::Provider,
        promise: Key("evidence.promise.tls"),
        checks: &[&probes::LISTENERS_TLS],
    },
    Control {
        id: "8.4",
        clause: "12.4.1",
        side: Side::Provider,
        promise: Key("evidence.promise.activity_log"),
        checks: &[&activity::RETENTION, &activity::INTEGRITY],
    },
    Control {
        id: "8.5",
        clause: "12.4.3",
        side: Side::Provider,
        promise: Key("evidence.promise.work_log"),
        checks: &[&activity::WORK_LOG],
    },
    Control {
        id: "8.6",
        clause: "12.4.4",
        side: Side::Provider,
        promise: Key("evidence.promise.clock"),
        checks: &[&activity::CLOCK],
    },
    Control {
        id: "8.9",
        clause: "CLD.12.4.5",
        side: Side::Provider,
        promise: Key("evidence.promise.monitoring"),
        checks: &[&activity::RETENTION, &activity::INTEGRITY],
    },
    Control {
        id: "9.1",
        clause: "13.1.3",
        side: Side::Provider,
        promise: Key("evidence.promise.networks"),
        checks: &[&probes::LISTENERS_APART],
    },
    Control {
        id: "13.3",
        clause: "18.1.3",
        side: Side::Provider,
        promise: Key("evidence.promise.records"),
        checks: &[
            &activity::RETENTION,
            &activity::INTEGRITY,
            &access::PROOF,
            &sessions::NO_CROSSING,
        ],
    },
];
