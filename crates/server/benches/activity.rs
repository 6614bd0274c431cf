//! The activity log's speed: one JSON object a line, `{"name", "value", "unit"}`, which `bench/web/activity.mjs` collects.
//!
//! Appends are measured as the service makes them, durable when they return (SQLite: WAL with `synchronous=FULL`;
//! PostgreSQL: as its server is set), by several writers at once into several customers' logs.

#![allow(clippy::unwrap_used, missing_docs)]

use server::{
    ServeConfig,
    activity::{self, Record, What, service, store::Search, verify::verify},
    actor::{Actor, Role},
    app::{App, Clock},
};
use std::{
    env,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use uuid::Uuid;
use wire::ids::{TenantId, UserId};

/// Writers at once.
const WRITERS: u64 = 64;
/// Customers whose logs they write to.
const CUSTOMERS: u64 = 8;
/// Records in the log that is verified.
const VERIFIED: u64 = 1_000_000;
/// How long appends are counted.
const LENGTH: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() {
    let records: u64 = env::var("BENCH_RECORDS").map_or(10_000_000, |n| n.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let sqlite = open(dir.path(), None).await;
    appends(&sqlite, "SQLite").await;
    let other = tempfile::tempdir().unwrap();
    let postgres = match env::var("TEST_POSTGRES_URL") {
        Ok(url) => Some(open(other.path(), Some(url)).await),
        Err(_) => None,
    };
    if let Some(app) = &postgres {
        appends(app, "PostgreSQL").await;
    }
    let verified = Uuid::from_u128(999);
    load(&sqlite, verified, VERIFIED).await;
    verification(&sqlite, verified, VERIFIED).await;
    let searched = Uuid::from_u128(1000);
    load(&sqlite, searched, records).await;
    searches(&sqlite, searched, "SQLite", records).await;
    if let Some(app) = &postgres {
        load(app, searched, records).await;
        searches(app, searched, "PostgreSQL", records).await;
    }
}

async fn open(dir: &std::path::Path, database_url: Option<String>) -> Arc<App> {
    let config = ServeConfig {
        state_dir: dir.to_owned(),
        database_url,
        ..ServeConfig::default()
    };
    Arc::new(App::open(config, Clock::System).await.unwrap())
}

fn figure(name: &str, value: f64, unit: &str) {
    println!(
        "{}",
        serde_json::json!({ "name": name, "value": value, "unit": unit })
    );
}

/// What a customer of some hundred people has as names, things and addresses.
struct Texts {
    who: String,
    address: String,
    detail: String,
}

impl Texts {
    fn of(n: u64) -> Self {
        Self {
            who: format!("利用者 {:03}", n % 300),
            address: format!("198.51.{}.{}", n / 250 % 250, n % 250),
            detail: format!("業務デスクトップ {n}"),
        }
    }

    fn record(&self, tenant: Uuid, n: u64) -> Record<'_> {
        Record {
            tenant: Some(TenantId(tenant)),
            user: Some(UserId(Uuid::from_u128(u128::from(n % 300)))),
            who: &self.who,
            address: &self.address,
            what: What::ALL[usize::try_from(n).unwrap() % What::ALL.len()],
            subject: Some(Uuid::from_u128(u128::from(n))),
            detail: &self.detail,
        }
    }
}

/// How a record is made.
#[derive(Clone, Copy)]
enum How {
    /// By itself, as refusals are.
    Alone,
    /// In the transaction of an act, here with nothing else in it.
    InTransaction,
}

async fn append(app: &App, how: How, record: &Record<'_>) {
    match how {
        How::Alone => activity::record(app, record).await.unwrap(),
        How::InTransaction => {
            let tenant = record.tenant.unwrap();
            let mut tx = app.db.begin(tenant).await.unwrap();
            activity::append_record(app, &mut tx, record).await.unwrap();
            tx.commit().await.unwrap();
        }
    }
}

async fn appends(app: &Arc<App>, engine: &str) {
    for (how, name) in [
        (How::Alone, "records appended"),
        (
            How::InTransaction,
            "acts with their record, a transaction each",
        ),
    ] {
        let done = Arc::new(AtomicU64::new(0));
        let begin = Instant::now();
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (app, done) = (Arc::clone(app), Arc::clone(&done));
                tokio::spawn(async move {
                    let tenant = Uuid::from_u128(u128::from(10 + writer % CUSTOMERS));
                    while begin.elapsed() < LENGTH {
                        let n = done.fetch_add(1, Ordering::Relaxed);
                        append(&app, how, &Texts::of(n).record(tenant, n)).await;
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        let done = u32::try_from(done.load(Ordering::Relaxed)).unwrap();
        let rate = f64::from(done) / begin.elapsed().as_secs_f64();
        figure(&format!("{engine}: {name}"), rate, "records/s");
    }
}

/// Fills a log.
async fn load(app: &App, tenant: Uuid, records: u64) {
    const AT_ONCE: u64 = 5000;
    let begin = Instant::now();
    for first in (0..records).step_by(usize::try_from(AT_ONCE).unwrap()) {
        let numbers = first..first + AT_ONCE;
        let texts: Vec<(Texts, u64)> = numbers.map(|n| (Texts::of(n), n)).collect();
        let records: Vec<Record<'_>> = texts
            .iter()
            .map(|(texts, n)| texts.record(tenant, *n))
            .collect();
        let mut tx = app.db.begin(server::db::Scope::Everybody).await.unwrap();
        activity::append_records(app, &mut tx, &records)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }
    eprintln!("{records} records loaded in {:?}", begin.elapsed());
}

fn reader(tenant: Uuid) -> Actor {
    Actor {
        tenant: TenantId(tenant),
        user: UserId(Uuid::from_u128(1)),
        role: Role::Administrator,
        full_name: "boss".to_owned(),
        address: String::new(),
        scopes: None,
        grants: Vec::new(),
    }
}

async fn searches(app: &App, tenant: Uuid, engine: &str, records: u64) {
    const ROUNDS: usize = 20;
    let actor = reader(tenant);
    let mut times = Vec::new();
    let texts = [
        "",
        "利用者 042",
        "198.51.7.",
        "nothing like it",
        &format!("{}", records - 7),
    ];
    for _ in 0..ROUNDS {
        for text in texts {
            for what in ["", What::SessionEnded.name()] {
                let search = Search {
                    text: text.to_owned(),
                    what: what.to_owned(),
                    to_ms: i64::MAX,
                    ..Search::default()
                };
                let begin = Instant::now();
                service::search(app, &actor, &search, 1, 50).await.unwrap();
                times.push(begin.elapsed());
            }
        }
    }
    times.sort_unstable();
    let p95 = times[times.len() * 95 / 100].as_secs_f64() * 1000.0;
    let name = format!(
        "{engine}: portal search in {} million records, p95",
        records / 1_000_000
    );
    figure(&name, p95, "ms");
}

async fn verification(app: &Arc<App>, tenant: Uuid, records: u64) {
    let actor = reader(tenant);
    let begin = Instant::now();
    let mut export = service::proof_bundle(app, &actor, true)
        .await
        .unwrap()
        .unwrap();
    let mut bundle = String::new();
    while let Some(part) = export.next().await.unwrap() {
        bundle.push_str(&part);
    }
    eprintln!(
        "bundle: {} MB in {:?}",
        bundle.len() / 1_000_000,
        begin.elapsed()
    );
    let key = service::key(app, &actor).await.unwrap().unwrap();
    let begin = Instant::now();
    let verified = verify(bundle.as_bytes(), &key, None).unwrap();
    assert_eq!(verified.contents, records + 1);
    let name = format!("nagaya verify of {} million records", records / 1_000_000);
    figure(&name, begin.elapsed().as_secs_f64(), "s");
}
