//! Transactions that see every customer's rows are begun in few places, each for a reason.

use crate::{
    finding::Finding,
    rust_text::shipped_lines,
    tree::{File, Tree},
};

const SERVER: &str = "crates/server/src/";
const SCOPE: &str = "Scope::Everybody";

/// Where the wall between customers may be stepped over, and what for.
const ALLOWED: &[(&str, &str)] = &[
    ("db.rs", "migrations"),
    ("setup.rs", "the command line, before anybody is signed in"),
    (
        "identity/service.rs",
        "sign-in and links, before it is known whose they are",
    ),
    (
        "identity/forgot/service.rs",
        "requests for links, before it is known whose they are",
    ),
    (
        "notices/mail/job.rs",
        "messages of all customers that are due",
    ),
    ("api/service.rs", "a token, before it is known whose it is"),
    (
        "activity/appending.rs",
        "places for records of the time before there were logs",
    ),
    (
        "activity/committer.rs",
        "records of all customers in one transaction",
    ),
    (
        "activity/log.rs",
        "the log of the logs holds every log's checkpoints",
    ),
    (
        "identity/factors/service.rs",
        "the second step of sign-in, before it is known whose it is",
    ),
    (
        "identity/devices/step.rs",
        "a ticket at the devices' own name, before it is known whose it is",
    ),
    (
        "identity/federation/attempt.rs",
        "sign-in by an organisation's own provider, before it is known whose it is",
    ),
    (
        "identity/passkeys/ceremony.rs",
        "a passkey, before it is known whose it is",
    ),
    ("activity/job.rs", "checkpoints and expiry of every log"),
    ("activity/stream/job.rs", "every customer's collector"),
    ("activity/acts.rs", "acts that dead processes left open"),
    ("activity/mod.rs", "the operators' work log"),
    ("activity/bundle.rs", "proofs in the log of the logs"),
    (
        "operators/contracts.rs",
        "the customer of a code, and acts that are in two logs",
    ),
    (
        "operators/domains/service.rs",
        "a domain is one customer's of all, and acts that are in two logs",
    ),
    (
        "operators/customers/service.rs",
        "a customer that is not there yet, and acts that are in two logs",
    ),
    (
        "operators/catalogue/service.rs",
        "how many customers use what is offered",
    ),
    (
        "tenancy/branding/service.rs",
        "the look of a sign-in page, before anybody has signed in",
    ),
    (
        "tenancy/contract/job.rs",
        "versions of every contract whose day has come",
    ),
    (
        "tenancy/inventory/service.rs",
        "how much every customer has, for operators, in numbers alone",
    ),
    ("operators/service.rs", "operators and their work log"),
    (
        "operators/elevation/service.rs",
        "elevations of all customers, and steps that are in two logs",
    ),
    (
        "operators/elevation/checks.rs",
        "elevations of all customers",
    ),
    (
        "operators/people/service.rs",
        "operators and their work log",
    ),
    ("operators/people/making.rs", "operators and their work log"),
    ("sessions/job.rs", "the reconciler of every session"),
    ("clock/service.rs", "the service's own log"),
    ("keys/service.rs", "data keys and their rotation"),
    (
        "evidence/job.rs",
        "what is checked, and the service's own log",
    ),
    (
        "evidence/service.rs",
        "operators see how many promises hold",
    ),
    (
        "transfer/service.rs",
        "everything is moved to another database",
    ),
];

/// A file that begins a transaction of [`SCOPE`] is in the list above.
pub(super) fn everybody(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, path) in sources(tree) {
        if ALLOWED.iter().any(|(allowed, _)| *allowed == path) {
            continue;
        }
        for (number, line) in shipped_lines(file) {
            if line.contains(SCOPE) {
                let text = "this sees every customer's rows: begin with the customer's id, or give the reason in \
                    crates/xtask/src/rules/walls.rs";
                findings.push(Finding::new("walls", &file.path, number, text));
            }
        }
    }
    findings
}

fn sources(tree: &Tree) -> impl Iterator<Item = (&File, &str)> {
    tree.with_extension(&["rs"])
        .filter(|file| !file.is_test_code())
        .filter_map(|file| Some((file, file.path.strip_prefix(SERVER)?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::found;

    #[test]
    fn only_listed_files_see_everybody() {
        let begin = "fn a() {\n    db.begin(Scope::Everybody);\n}\n";
        let own = "fn a() {\n    db.begin(actor.tenant);\n}\n";
        let files = [
            ("crates/server/src/sessions/job.rs", begin),
            ("crates/server/src/sessions/tests.rs", begin),
            (
                "crates/server/src/sessions/mod.rs",
                "#[cfg(test)]\nmod tests;\n",
            ),
            ("crates/server/src/desktops/http.rs", begin),
            ("crates/server/src/desktops/service.rs", own),
        ];
        assert_eq!(
            found(everybody, &files),
            ["crates/server/src/desktops/http.rs:2"]
        );
    }
}
