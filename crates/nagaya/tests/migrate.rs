//! The real executable: a service is rehearsed while it runs, stopped, moved to PostgreSQL and back, and started there.

#![allow(clippy::unwrap_used)]

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

const NAGAYA: &str = env!("CARGO_BIN_EXE_nagaya");

/// A service's folder with its configuration.
struct Service {
    dir: tempfile::TempDir,
}

impl Service {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// The configuration with a database, or with the default one.
    fn config(&self, database: Option<&str>) -> PathBuf {
        let held: Vec<TcpListener> = (0..3)
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let address = |n: usize| held[n].local_addr().unwrap();
        let database = database.map(|url| format!("database_url = {url:?}\n"));
        let text = format!(
            "customer_listen = \"{}\"\ninfra_listen = \"{}\"\nmanagement_listen = \"{}\"\nstate_dir = \"{}\"\n{}",
            address(0),
            address(1),
            address(2),
            self.dir.path().join("state").display(),
            database.unwrap_or_default()
        );
        self.file("serve.toml", &text)
    }

    /// Runs `nagaya` to its end.
    fn nagaya(&self, arguments: &[&str]) -> Output {
        Command::new(NAGAYA)
            .args(arguments)
            .current_dir(self.dir.path())
            .output()
            .unwrap()
    }

    fn migrate(&self, more: &[&str]) -> Output {
        self.nagaya(&[&["migrate", "--config", "serve.toml"], more].concat())
    }

    fn add_operator(&self, login: &str) -> Output {
        let name = [
            "--config",
            "serve.toml",
            "--name",
            "Grace",
            "--role",
            "owner",
        ];
        self.nagaya(&[&["add-operator"], &name[..], &["--out", ".", login]].concat())
    }
}

/// `nagaya serve`, which has the database from its first line on.
struct Serving(Child);

impl Serving {
    fn start(config: &Path) -> Self {
        let mut child = Command::new(NAGAYA)
            .args(["serve", "--config"])
            .arg(config)
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let mut lines = log.lines().map_while(Result::ok);
        assert!(lines.any(|line| line.contains("the control plane is starting")));
        // Nobody reads on, and what it says fits into the pipe.
        Self(child)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn said(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&both).into_owned()
}

/// An empty schema of the PostgreSQL beside the tests.
fn schema() -> Option<String> {
    let url = env::var("TEST_POSTGRES_URL").ok()?;
    let schema = format!("m{}", std::process::id());
    let made = Command::new("psql")
        .args([
            "--quiet",
            &url,
            "--command",
            &format!("CREATE SCHEMA {schema}"),
        ])
        .status()
        .unwrap();
    assert!(made.success());
    Some(format!("{url}&options[search_path]={schema}"))
}

#[test]
fn a_service_moves_to_postgresql_and_back() {
    let service = Service::new();
    let config = service.config(None);
    assert!(service.add_operator("grace").status.success());
    let Some(postgres) = schema() else {
        return;
    };
    service.file("target", &postgres);
    let to = ["--to-file", "target"];

    let serving = Serving::start(&config);
    let refused = service.migrate(&to);
    assert!(!refused.status.success());
    assert!(
        said(&refused).contains("stop every `nagaya serve` first"),
        "{}",
        said(&refused)
    );
    let rehearsed = service.migrate(&["--to-file", "target", "--rehearse"]);
    assert!(rehearsed.status.success(), "{}", said(&rehearsed));
    assert!(said(&rehearsed).contains("operators: 1 rows copied"));
    drop(serving);

    let moved = service.migrate(&to);
    assert!(moved.status.success(), "{}", said(&moved));
    assert!(said(&moved).contains("Next:"));
    let again = service.migrate(&to);
    assert!(
        said(&again).contains("the target is not empty"),
        "{}",
        said(&again)
    );

    // The new database has what the old one had, and is served.
    let config = service.config(Some(&postgres));
    assert!(
        said(&service.add_operator("grace")).contains("there is an operator with the login grace")
    );
    assert!(service.add_operator("oliver").status.success());
    drop(Serving::start(&config));

    let mut back = service.migrate(&["--to", "sqlite:back.sqlite3"]);
    // PostgreSQL learns a little later that the service is gone.
    while said(&back).contains("stop every `nagaya serve` first") {
        back = service.migrate(&["--to", "sqlite:back.sqlite3"]);
    }
    assert!(back.status.success(), "{}", said(&back));
    service.config(Some(&format!(
        "sqlite:{}",
        service.dir.path().join("back.sqlite3").display()
    )));
    for login in ["grace", "oliver"] {
        let taken = said(&service.add_operator(login));
        assert!(
            taken.contains("there is an operator with the login"),
            "{taken}"
        );
    }
}

#[test]
fn a_password_is_neither_on_the_command_line_nor_in_a_file_for_all() {
    let service = Service::new();
    service.config(None);
    let open = service.migrate(&["--to", "postgres://nagaya:secret@localhost/nagaya"]);
    assert!(!open.status.success() && said(&open).contains("--to-file"));
    let file = service.file("target", "postgres://nagaya:secret@localhost/nagaya");
    fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    let open = service.migrate(&["--to-file", "target"]);
    assert!(
        !open.status.success() && said(&open).contains("chmod 600"),
        "{}",
        said(&open)
    );
}
