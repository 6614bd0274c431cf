//! What the demo tells the person who started it, on the screen and as a file for programs.

use super::{
    DemoOperator,
    layout::{self, Layout},
    parts::Part,
};
use serde_json::json;
use std::{io, path::Path};

pub(crate) struct Report {
    portal_url: String,
    authority: std::path::PathBuf,
    fingerprint: String,
    state_dir: std::path::PathBuf,
    run_dir: std::path::PathBuf,
    accounts: server::setup::DemoAccounts,
    console_url: String,
    operators: Vec<DemoOperator>,
}

impl Report {
    pub(crate) fn new(
        layout: &Layout,
        accounts: &server::setup::DemoAccounts,
        operators: Vec<DemoOperator>,
    ) -> Self {
        Self {
            portal_url: layout.portal_url(),
            authority: layout.serve_dir().join("authority.pem"),
            fingerprint: accounts.authority_fingerprint.clone(),
            state_dir: layout.state_dir.clone(),
            run_dir: layout.run_dir.clone(),
            accounts: accounts.clone(),
            console_url: layout.console_url(),
            operators,
        }
    }

    /// Prints the addresses and the one-time links.
    pub(crate) fn print(&self) {
        println!("\n  Nagaya is ready.   {}\n", self.portal_url);
        for account in &self.accounts.accounts {
            println!(
                "  {:<14} {:<28} {}",
                account.role, account.email, account.tenant
            );
            match &account.link {
                Some(link) => println!("    first sign-in, once: {link}"),
                None => println!("    has a password already"),
            }
        }
        self.print_console();
        println!("\n  The browser will warn until it trusts the demo's own authority:");
        println!("    {}", self.authority.display());
        println!("    SHA-256 {}", self.fingerprint);
        println!(
            "    Debian, system-wide: cp {} /usr/local/share/ca-certificates/nagaya-demo.crt && update-ca-certificates",
            self.authority.display()
        );
        println!(
            "    Chromium, this user:  certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n nagaya-demo -i {}",
            self.authority.display()
        );
        println!("    Or compare the fingerprint in the browser's warning, then go on.");
        println!("\n  Logs: {}", self.state_dir.join("logs").display());
        println!("  Ctrl-C stops everything.\n");
    }

    fn print_console(&self) {
        println!("\n  Management console: {}/console/", self.console_url);
        println!("    It takes an operator's certificate, which a browser imports as PKCS#12.");
        println!("    Two operators, since what touches a customer is approved by another person:");
        for operator in &self.operators {
            let file = operator.file.display();
            let key = operator.file.with_extension("key");
            println!("    {:<10} {}", operator.role.name(), operator.name);
            println!(
                "      openssl pkcs12 -export -in {file} -inkey {} -out {}.p12",
                key.display(),
                operator.login
            );
            match &operator.link {
                Some(link) => println!("      first visit, once: {link}"),
                None => println!("      then a code of the operator's authenticator"),
            }
        }
    }

    /// Writes the same for programs, with the parts' process ids.
    pub(crate) fn save(&mut self, path: Option<&Path>, parts: &[Part]) -> io::Result<()> {
        let Some(path) = path else { return Ok(()) };
        let pids: serde_json::Map<String, serde_json::Value> = parts
            .iter()
            .map(|part| (part.name.to_owned(), json!(part.pid())))
            .collect();
        let accounts: Vec<_> = self
            .accounts
            .accounts
            .iter()
            .map(|account| {
                json!({
                    "email": account.email, "tenant": account.tenant, "role": account.role, "link": account.link,
                })
            })
            .collect();
        let operators: Vec<_> = self
            .operators
            .iter()
            .map(|operator| {
                json!({
                    "login": operator.login, "name": operator.name, "role": operator.role.name(),
                    "pem_path": operator.file, "link": operator.link,
                })
            })
            .collect();
        let first = self.operators.first();
        let report = json!({
            "portal_url": self.portal_url,
            "authority_pem_path": self.authority,
            "authority_sha256": self.fingerprint,
            "state_dir": self.state_dir,
            "run_dir": self.run_dir,
            "accounts": accounts,
            "console_url": self.console_url,
            "operators": operators,
            "operator_pem_path": first.map(|operator| &operator.file),
            "operator_link": first.and_then(|operator| operator.link.as_ref()),
            "pids": pids,
        });
        layout::write_secret(path, &report.to_string())
    }
}
