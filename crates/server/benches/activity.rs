//! The activity log's speed: one JSON object a line, `{"name", "value", "unit"}`, which `bench/web/activity.mjs` collects.
//!
//! Appends are measured as the service makes them: a transaction each, durable when it returns (SQLite: WAL with
//! `synchronous=FULL`; PostgreSQL: as its server is set), by several writers at once into several customers' logs.

#![allow(clippy::unwrap_used, missing_docs)]

use server::{
    ServeConfig,
    activity::{Record, What, append_record, service, store::Search, verify::verify},
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
const WRITERS: u64 = 16;
/// Customers whose logs they write to.
const CUSTOMERS: u64 = 8;
/// How long appends are counted.
const LENGTH: Duration = Duration::from_secs(5);
/// Records in one transaction where it is told so.
const TOGETHER: u64 = 100;

#[tokio::main]
async fn main() {
    let records: u64 = env::var("BENCH_RECORDS").map_or(1_000_000, |n| n.parse().unwrap());
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
    let tenant = Uuid::from_u128(1000);
    load(&sqlite, tenant, records).await;
    searches(&sqlite, tenant, "SQLite", records).await;
    if let Some(app) = &postgres {
        load(app, tenant, records).await;
        searches(app, tenant, "PostgreSQL", records).await;
    }
    verification(&sqlite, tenant, records).await;
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

/// Appends to a log in one transaction.
async fn append(app: &App, tenant: Uuid, first: u64, count: u64) {
    let mut tx = app.db.begin(server::db::Scope::Everybody).await.unwrap();
    for n in first..first + count {
        // Names, things and addresses as many and as long as a customer of some hundred people has.
        let record = Record {
            tenant: Some(TenantId(tenant)),
            user: Some(UserId(Uuid::from_u128(u128::from(n % 300)))),
            who: &format!("利用者 {:03}", n % 300),
            address: &format!("198.51.{}.{}", n / 250 % 250, n % 250),
            what: What::ALL[usize::try_from(n).unwrap() % What::ALL.len()],
            subject: Some(Uuid::from_u128(u128::from(n))),
            detail: &format!("業務デスクトップ {n}"),
        };
        append_record(app, &mut tx, &record).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn appends(app: &Arc<App>, engine: &str) {
    for (count, how) in [(1, "each"), (TOGETHER, "of 100")] {
        let done = Arc::new(AtomicU64::new(0));
        let begin = Instant::now();
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (app, done) = (Arc::clone(app), Arc::clone(&done));
                tokio::spawn(async move {
                    while begin.elapsed() < LENGTH {
                        let tenant = Uuid::from_u128(u128::from(10 + writer % CUSTOMERS));
                        append(&app, tenant, 0, count).await;
                        done.fetch_add(count, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        let rate = f64::from(u32::try_from(done.load(Ordering::SeqCst)).unwrap())
            / begin.elapsed().as_secs_f64();
        let name = format!("{engine}: records appended, transactions {how}");
        figure(&name, rate, "records/s");
    }
}

async fn load(app: &App, tenant: Uuid, records: u64) {
    const AT_ONCE: u64 = 5000;
    for n in 0..records / AT_ONCE {
        append(app, tenant, n * AT_ONCE, AT_ONCE).await;
    }
}

fn reader(tenant: Uuid) -> Actor {
    Actor {
        tenant: TenantId(tenant),
        user: UserId(Uuid::from_u128(1)),
        role: Role::Administrator,
        full_name: "boss".to_owned(),
        address: String::new(),
        scopes: None,
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
