//! The promises, row by row, each with the checks that show it.

use super::{Control, Side};
use crate::{
    access::checks as access,
    activity::checks as activity,
    grants::checks as grants,
    identity::checks as identity,
    keys::checks as keys,
    notices::mail_checks as mail,
    operators::checks as operators,
    portal::Key,
    probes, public_certificates,
    sessions::checks as sessions,
    tenancy::{
        boundary_checks as boundary, contract_checks as contract, inventory_checks as inventory,
    },
};

/// Every promise that the service keeps so far, in the order of the list of commitments.
pub const CONTROLS: &[Control] = &[
    Control {
        id: "2.1",
        clause: "6.1.1",
        side: Side::Both,
        promise: Key("evidence.promise.roles"),
        checks: &[&boundary::DECLARED, &contract::IN_FORCE],
    },
    Control {
        id: "2.2",
        clause: "6.1.3",
        side: Side::Provider,
        promise: Key("evidence.promise.locations"),
        checks: &[&contract::PROFILE, &contract::REGIONS],
    },
    Control {
        id: "2.3",
        clause: "CLD.6.3.1",
        side: Side::Both,
        promise: Key("evidence.promise.shared"),
        checks: &[
            &boundary::DECLARED,
            &contract::ACCEPTED,
            &contract::KEPT_TO,
        ],
    },
    Control {
        id: "4.1",
        clause: "8.1.1",
        side: Side::Provider,
        promise: Key("evidence.promise.assets_apart"),
        checks: &[
            &boundary::DECLARED,
            &keys::OWN_KEY,
            &inventory::OWN_KEYS,
            &sessions::NO_CROSSING,
        ],
    },
    Control {
        id: "4.2",
        clause: "8.2.2",
        side: Side::Provider,
        promise: Key("evidence.promise.labels"),
        checks: &[&contract::LABELLED, &inventory::LABELLED],
    },
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
        checks: &[
            &access::POLICIES,
            &grants::GRANTS,
            &operators::ELEVATIONS_BY_ANOTHER,
        ],
    },
    Control {
        id: "5.3",
        clause: "9.2.3",
        side: Side::Both,
        promise: Key("evidence.promise.second_factor"),
        checks: &[
            &identity::SECOND_FACTOR,
            &identity::DEVICES,
            &operators::SECOND_FACTOR,
        ],
    },
    Control {
        id: "5.4",
        clause: "9.2.4",
        side: Side::Both,
        promise: Key("evidence.promise.passwords"),
        checks: &[
            &identity::PASSWORDS,
            &identity::LINKS_RECORDED,
            &mail::IN_TIME,
            &mail::ERASED,
        ],
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
        checks: &[
            &probes::DOORS_ASK,
            &identity::FEDERATED_DOORS,
            &operators::ACTS_ELEVATED,
        ],
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
        checks: &[
            &probes::LISTENERS_TLS,
            &public_certificates::PORTAL_CERTIFICATE,
        ],
    },
    Control {
        id: "8.4",
        clause: "12.4.1",
        side: Side::Provider,
        promise: Key("evidence.promise.activity_log"),
        checks: &[
            &activity::RETENTION,
            &contract::KEPT_TO,
            &activity::INTEGRITY,
        ],
    },
    Control {
        id: "8.5",
        clause: "12.4.3",
        side: Side::Provider,
        promise: Key("evidence.promise.work_log"),
        checks: &[&activity::WORK_LOG, &operators::ELEVATIONS_BY_ANOTHER],
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
        id: "13.2",
        clause: "18.1.2",
        side: Side::Both,
        promise: Key("evidence.promise.stays_theirs"),
        checks: &[&boundary::DECLARED, &boundary::EXPORTABLE],
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
