//! Calls that only one place may make, so that tests own time and chance and the reader finds what is dangerous.

use crate::{
    finding::Finding,
    rust_text::{shipped_lines, test_lines},
    tree::{File, Tree},
};

/// The wall clock and random numbers are read in a crate's `app.rs` alone.
pub(super) fn clock_and_chance(tree: &Tree) -> Vec<Finding> {
    const CALLS: &[&str] = &[
        "SystemTime::now",
        "OffsetDateTime::now_",
        "Utc::now",
        "Uuid::now_v",
        "Uuid::new_v4",
        "rand::rng(",
        "rand::random",
        "thread_rng(",
        "OsRng",
        "SysRng",
        "getrandom::",
    ];
    let others = tree
        .with_extension(&["rs"])
        .filter(|file| file.crate_folder().is_some() && file.name() != "app.rs");
    others
        .flat_map(|file| lines_with(file, CALLS, "clock", "only `app.rs` reads clock and chance"))
        .collect()
}

/// A session host opens no inbound port.
pub(super) fn inbound_ports(tree: &Tree) -> Vec<Finding> {
    const CALLS: &[&str] = &["TcpListener", "UdpSocket", "TcpSocket"];
    let agent = tree
        .with_extension(&["rs"])
        .filter(|file| file.crate_folder() == Some("crates/agent"));
    agent
        .flat_map(|file| lines_with(file, CALLS, "ports", "an agent opens no inbound port"))
        .collect()
}

/// A test waits for a condition, never for a time: a sleep is too long on one machine and too short on another.
pub(super) fn sleeps(tree: &Tree) -> Vec<Finding> {
    // Written in two parts, so that this file is not its own finding.
    const RUST: &str = concat!("thread::", "sleep");
    const BROWSER: &str = concat!(".waitFor", "Timeout(");
    let message = "a test waits for a condition, not for a time";
    let rust = tree.with_extension(&["rs"]).flat_map(|file| {
        let lines = test_lines(file).into_iter();
        lines.filter_map(move |(number, line)| line.contains(RUST).then_some((file, number)))
    });
    let browser = tree.with_extension(&["mjs", "ts", "js"]).flat_map(|file| {
        let lines = file.lines();
        lines.filter_map(move |(number, line)| line.contains(BROWSER).then_some((file, number)))
    });
    rust.chain(browser)
        .map(|(file, number)| Finding::new("sleeps", &file.path, number, message))
        .collect()
}

/// Only `main` ends the process: elsewhere what is open would not be closed, and no test could see it.
pub(super) fn exits(tree: &Tree) -> Vec<Finding> {
    const CALLS: &[&str] = &["process::exit(", "process::abort("];
    let others = tree
        .with_extension(&["rs"])
        .filter(|file| file.crate_folder().is_some() && file.name() != "main.rs");
    others
        .flat_map(|file| lines_with(file, CALLS, "exits", "only `main.rs` ends the process"))
        .collect()
}

/// Every `unsafe` block says why it is sound.
pub(super) fn unsafe_reasons(tree: &Tree) -> Vec<Finding> {
    const REACH: usize = 4;
    let mut findings = Vec::new();
    for file in tree.with_extension(&["rs"]) {
        let lines: Vec<_> = file.text.lines().collect();
        for (number, line) in shipped_lines(file) {
            let before = &lines[number.saturating_sub(REACH)..number];
            let reasoned = before.iter().any(|line| line.contains("SAFETY:"));
            if line.contains("unsafe {") && !reasoned {
                let text = "`unsafe` without a SAFETY comment";
                findings.push(Finding::new("unsafe", &file.path, number, text));
            }
        }
    }
    findings
}

fn lines_with(file: &File, calls: &[&str], rule: &'static str, message: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in shipped_lines(file) {
        for call in calls.iter().filter(|call| line.contains(**call)) {
            let text = format!("`{call}`: {message}");
            findings.push(Finding::new(rule, &file.path, number, text));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::testing::found;

    #[test]
    fn only_app_reads_clock_and_chance() {
        let call = "fn a() {\n    SystemTime::now();\n}\n";
        let files = [
            ("crates/agent/src/app.rs", call),
            ("crates/agent/src/link.rs", call),
            (
                "crates/agent/src/x.rs",
                "#[cfg(test)]\nmod tests {\n    fn a() { Uuid::new_v4(); }\n}\n",
            ),
            ("bench/src/page.rs", "let id = Uuid::now_v7();\n"),
        ];
        assert_eq!(
            found(clock_and_chance, &files),
            ["crates/agent/src/link.rs:2", "bench/src/page.rs:1"]
        );
    }

    #[test]
    fn an_agent_listens_nowhere() {
        let files = [
            ("crates/agent/src/link.rs", "use tokio::net::TcpListener;\n"),
            (
                "crates/gateway/src/serve.rs",
                "use tokio::net::TcpListener;\n",
            ),
        ];
        assert_eq!(found(inbound_ports, &files), ["crates/agent/src/link.rs:1"]);
    }

    #[test]
    fn a_test_does_not_sleep() {
        let sleep = concat!("thread::", "sleep(PAUSE);");
        let product = format!("fn a() {{\n    {sleep}\n}}\n");
        let with_tests =
            format!("{product}#[cfg(test)]\nmod tests {{\n    fn b() {{ {sleep} }}\n}}\n");
        let journey = format!("await page{}500);\n", concat!(".waitFor", "Timeout("));
        let files = [
            ("crates/agent/src/a.rs", product.as_str()),
            ("crates/agent/src/b.rs", &with_tests),
            ("crates/agent/tests/c.rs", &product),
            ("journeys/tests/d.mjs", &journey),
        ];
        assert_eq!(
            found(sleeps, &files),
            [
                "crates/agent/src/b.rs:6",
                "crates/agent/tests/c.rs:2",
                "journeys/tests/d.mjs:1"
            ]
        );
    }

    #[test]
    fn only_main_ends_the_process() {
        let call = "fn a() {\n    std::process::exit(1);\n}\n";
        let files = [
            ("crates/nagaya/src/main.rs", call),
            ("crates/nagaya/src/cli.rs", call),
        ];
        assert_eq!(found(exits, &files), ["crates/nagaya/src/cli.rs:2"]);
    }

    #[test]
    fn unsafe_needs_a_reason() {
        let files = [
            (
                "crates/agent/src/a.rs",
                "// SAFETY: nothing else runs yet.\nunsafe {\n}\n",
            ),
            ("crates/agent/src/b.rs", "fn a() {\n    unsafe { x() }\n}\n"),
        ];
        assert_eq!(found(unsafe_reasons, &files), ["crates/agent/src/b.rs:2"]);
    }
}
