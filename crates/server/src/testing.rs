//! What tests share: the control plane on each engine, with two customers and their people, a clock that stands still,
//! and browsers, session hosts and gateways without a network.

#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

mod browser;
mod console;

pub(crate) use browser::{Answer, Browser};

use crate::{
    activity::What,
    actor::{Actor, Role},
    app::{App, Clock, ClockSample},
    authority::Authority,
    config::ServeConfig,
    db::{Db, Tx, on},
    desktops::service::{self as desktops, DesktopRow},
    identity::{
        Client,
        factors::Entered,
        service::{issue_link, welcome},
        store::{UserRow, insert_user},
    },
    keys,
    notices::mail::testing::Fake,
    setup::provider,
    tenancy::{self, contract::testing::agree, store::TenantRow},
};
use sqlx::Connection as _;
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, atomic::Ordering},
};
use uuid::Uuid;
use wire::ids::{DesktopId, SessionId, TenantId, UserId};

/// When the tests' clock starts, Unix milliseconds: some day in 2027.
pub(crate) const START_MS: i64 = 1_800_000_000_000;
/// Everybody's password once they have used their link.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A control plane on one engine.
pub(crate) struct World {
    pub(crate) app: Arc<App>,
    /// 長屋商事 and Harbour.
    pub(crate) customers: [Customer; 2],
    /// How to open the same database again.
    url: String,
    dir: tempfile::TempDir,
}

/// A customer with an administrator, a user, a desktop and an application.
#[derive(Clone, Debug)]
pub(crate) struct Customer {
    pub(crate) tenant: TenantId,
    pub(crate) administrator: Person,
    pub(crate) user: Person,
    pub(crate) desktop: DesktopId,
    pub(crate) editor: DesktopId,
}

/// Somebody.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) actor: Actor,
    pub(crate) email: String,
}

/// The control plane on every engine that is there: SQLite, and PostgreSQL when `TEST_POSTGRES_URL` names one.
pub(crate) async fn worlds() -> Vec<World> {
    let mut worlds = Vec::new();
    for (dir, url) in urls().await {
        worlds.push(World::open(dir, url).await);
    }
    worlds
}

/// An empty database on every engine that is there, each with a state folder.
pub(crate) async fn urls() -> Vec<(tempfile::TempDir, String)> {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", dir.path().join("test.sqlite3").display());
    let mut urls = vec![(dir, url)];
    if let Ok(server) = std::env::var("TEST_POSTGRES_URL") {
        let schema = format!("t{}", uuid::Uuid::from_bytes(crate::app::random()).simple());
        let mut connection = sqlx::PgConnection::connect(&server).await.unwrap();
        let create = sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
        sqlx::raw_sql(create)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        let url = format!("{server}&options[search_path]={schema}");
        urls.push((tempfile::tempdir().unwrap(), url));
    }
    urls
}

impl Customer {
    /// The service code of whole desktops.
    pub(crate) async fn code(&self, world: &World) -> Uuid {
        let mut tx = world.app.db.read(self.tenant).await.unwrap();
        let desktop = desktops::get(&mut tx, self.tenant, self.desktop).await;
        desktop.unwrap().unwrap().service_code.unwrap()
    }
}

impl World {
    async fn open(dir: tempfile::TempDir, url: String) -> Self {
        let app = open_app(dir.path(), &url, START_MS).await;
        let mut tx = app.db.begin(crate::db::Scope::Everybody).await.unwrap();
        let shoji = add_customer(&app, &mut tx, "shoji", "ja").await;
        let harbour = add_customer(&app, &mut tx, "harbour", "en").await;
        tx.commit().await.unwrap();
        Self {
            app,
            customers: [shoji, harbour],
            url,
            dir,
        }
    }

    /// The process is killed and started again: what was in memory is gone, what was committed is there.
    pub(crate) async fn restart(&mut self) {
        self.app = open_app(self.dir.path(), &self.url, self.app.clock.now_ms()).await;
    }

    /// From now on the service sends mail, to a server that the test holds. Before anybody has a browser.
    pub(crate) fn send_mail(&mut self) -> Fake {
        let fake = Fake::default();
        let app = Arc::get_mut(&mut self.app).unwrap();
        app.mailer = Some(fake.mailer());
        fake
    }

    /// The state folder and the database.
    pub(crate) fn place(&self) -> (&Path, &str) {
        (self.dir.path(), &self.url)
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }

    /// Lets time go by.
    pub(crate) fn pass_ms(&self, ms: i64) {
        if let Clock::Set(set) = &self.app.clock {
            set.now_ms.fetch_add(ms, Ordering::SeqCst);
        }
    }

    /// What the kernel says of the clock from now on.
    pub(crate) fn set_clock(&self, sample: ClockSample) {
        if let Clock::Set(set) = &self.app.clock {
            *set.sample.lock().unwrap() = sample;
        }
    }

    /// A browser that has visited nothing yet.
    pub(crate) fn browser(&self) -> Browser {
        Browser {
            app: Arc::clone(&self.app),
            cookies: BTreeMap::new(),
            address: "192.0.2.7:50000".parse().unwrap(),
            shown: None,
        }
    }

    /// A browser in which the person has used a one-time link.
    pub(crate) async fn signed_in(&self, person: &Person) -> Browser {
        let token = self.link(person).await;
        let client = Client {
            address: "192.0.2.7".to_owned(),
            browser: "Firefox, Linux".to_owned(),
            lang: None,
        };
        let entered = welcome(&self.app, &token, PASSWORD.to_owned(), &client).await;
        let Entered::In(session) = entered.unwrap() else {
            panic!("a second factor is asked for");
        };
        let mut browser = self.browser();
        browser
            .cookies
            .insert(crate::visit::SESSION_COOKIE.to_owned(), session.token);
        browser
    }

    /// A session of the web of somebody who signed in somewhere; nothing in the log tells of it.
    pub(crate) async fn web_session(&self, person: &Person) -> Uuid {
        const SQL: &str = "INSERT INTO web_sessions
            (token_hash, id, tenant_id, user_id, csrf, address, browser, created_at_ms, last_seen_ms, proven_at_ms)
            VALUES ($1, $2, $3, $4, '', '', '', $5, $5, $5)";
        let id = crate::app::new_uuid(&self.app.clock);
        let (hash, now_ms) = (id.to_string(), self.app.clock.now_ms());
        let (tenant, user) = (person.actor.tenant, person.actor.user);
        let mut tx = self.app.db.begin(tenant).await.unwrap();
        on!(&mut tx, c => sqlx::query(SQL).bind(hash).bind(id).bind(tenant).bind(user).bind(now_ms)
            .execute(c).await.map(drop))
        .unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// By what the person names the browser's session of the web.
    pub(crate) async fn session_in(&self, browser: &Browser) -> Uuid {
        let token = &browser.cookies[crate::visit::SESSION_COOKIE];
        let visit = crate::identity::service::web_session(&self.app, token, "192.0.2.7").await;
        visit.unwrap().unwrap().row.id
    }

    /// The secret of a new one-time link.
    pub(crate) async fn link(&self, person: &Person) -> String {
        let mut tx = self
            .app
            .db
            .begin(crate::db::Scope::Everybody)
            .await
            .unwrap();
        let (tenant, user) = (person.actor.tenant, person.actor.user);
        let token = issue_link(&self.app, &mut tx, tenant, user).await.unwrap();
        tx.commit().await.unwrap();
        token
    }

    /// What a customer's log says, the oldest first; of nobody's log with `None`.
    pub(crate) async fn log(&self, tenant: Option<TenantId>) -> Vec<What> {
        const SQL: &str =
            "SELECT what FROM activity WHERE (tenant_id = $1 OR ($1 IS NULL AND tenant_id IS NULL))
            AND completes IS NULL
            ORDER BY at_ms, id";
        let mut tx = self
            .app
            .db
            .begin(crate::db::Scope::Everybody)
            .await
            .unwrap();
        let names: Vec<String> =
            on!(&mut tx, c => sqlx::query_scalar(SQL).bind(tenant).fetch_all(c).await).unwrap();
        names
            .iter()
            .map(|name| What::from_name(name).unwrap())
            .collect()
    }

    /// How many rows a table has.
    pub(crate) async fn rows(&self, table: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        let everybody = crate::db::Scope::Everybody;
        let mut tx = self.app.db.read(everybody).await.unwrap();
        on!(&mut tx, c => sqlx::query_scalar(sql).fetch_one(c).await).unwrap()
    }

    /// The person may work, or, with `suspended`, may not.
    pub(crate) async fn set_state(&self, person: &Person, state: &str) {
        const SQL: &str = "UPDATE users SET state = $1 WHERE id = $2";
        let mut tx = self
            .app
            .db
            .begin(crate::db::Scope::Everybody)
            .await
            .unwrap();
        let user = person.actor.user;
        on!(&mut tx, c => sqlx::query(SQL).bind(state).bind(user).execute(c).await.map(drop))
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// The person is something else from now on.
    pub(crate) async fn set_role(&self, person: &mut Person, role: Role) {
        const SQL: &str = "UPDATE users SET role = $1 WHERE id = $2";
        person.actor.role = role;
        let mut tx = self
            .app
            .db
            .begin(crate::db::Scope::Everybody)
            .await
            .unwrap();
        let (role, user) = (role.name(), person.actor.user);
        on!(&mut tx, c => sqlx::query(SQL).bind(role).bind(user).execute(c).await.map(drop))
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// Somebody wrote into a session's row what no state is.
    pub(crate) async fn damage(&self, session: SessionId) {
        const SQL: &str = "UPDATE sessions SET state = 'dreaming' WHERE id = $1";
        let mut tx = self
            .app
            .db
            .begin(crate::db::Scope::Everybody)
            .await
            .unwrap();
        on!(&mut tx, c => sqlx::query(SQL).bind(session).execute(c).await.map(drop)).unwrap();
        tx.commit().await.unwrap();
    }

    /// From now on nothing can be written to the log.
    pub(crate) async fn break_log(&self) {
        let sql = "ALTER TABLE activity RENAME TO activity_elsewhere";
        let mut tx = self
            .app
            .db
            .begin(crate::db::Scope::Everybody)
            .await
            .unwrap();
        on!(&mut tx, c => sqlx::raw_sql(sql).execute(c).await.map(drop)).unwrap();
        tx.commit().await.unwrap();
    }
}

/// The control plane on a database that may have been used before, with a clock that stands still.
pub(crate) async fn open_app(dir: &Path, url: &str, now_ms: i64) -> Arc<App> {
    let config = ServeConfig {
        state_dir: dir.to_owned(),
        database_url: Some(url.to_owned()),
        ..ServeConfig::default()
    };
    let clock = Clock::Set(now_ms.into());
    let authority = Authority::open(dir, clock.now_s()).unwrap();
    let db = Db::open(url, keys::open_store(&config).unwrap())
        .await
        .unwrap();
    keys::service::prepare(&db, now_ms).await.unwrap();
    Arc::new(App::with(config, clock, db, authority))
}

async fn add_customer(app: &App, tx: &mut Tx, code: &str, language: &str) -> Customer {
    let row = TenantRow {
        id: app.new_id(),
        code: code.to_owned(),
        name_ja: format!("{code} の会社"),
        name_en: format!("{code} Co."),
        language: language.to_owned(),
        time_zone: "Asia/Tokyo".to_owned(),
    };
    tenancy::service::add(app, tx, &row).await.unwrap();
    let administrator = add_person(app, tx, &row, "boss", Role::Administrator).await;
    let user = add_person(app, tx, &row, "hana", Role::User).await;
    let desktop = add_desktop(app, tx, row.id, None).await;
    let editor = add_desktop(app, tx, row.id, Some("editor")).await;
    provider::introduce(app, tx).await.unwrap();
    agree(app, tx, row.id, code).await;
    Customer {
        tenant: row.id,
        administrator,
        user,
        desktop,
        editor,
    }
}

async fn add_person(app: &App, tx: &mut Tx, tenant: &TenantRow, login: &str, role: Role) -> Person {
    let id: UserId = app.new_id();
    let row = UserRow {
        id,
        tenant_id: tenant.id,
        email: format!("{login}@{}.example", tenant.code),
        login: login.to_owned(),
        full_name: format!("{login} of {}", tenant.code),
        role: role.name().to_owned(),
        state: "invited".to_owned(),
        password_hash: None,
        last_sign_in_ms: None,
    };
    insert_user(tx, &row, app.clock.now_ms()).await.unwrap();
    Person {
        actor: Actor {
            tenant: tenant.id,
            user: id,
            role,
            full_name: row.full_name,
            address: "192.0.2.7".to_owned(),
            scopes: None,
            grants: Vec::new(),
        },
        email: row.email,
    }
}

async fn add_desktop(
    app: &App,
    tx: &mut Tx,
    tenant: TenantId,
    application: Option<&str>,
) -> DesktopId {
    let row = DesktopRow {
        id: app.new_id(),
        tenant_id: tenant,
        position: 0,
        name_ja: "机".to_owned(),
        name_en: "Desk".to_owned(),
        description_ja: String::new(),
        description_en: String::new(),
        application: application.map(str::to_owned),
        image: "machine".to_owned(),
        memory_mib: 1024,
        cpu_percent: 100,
        tasks: 256,
        service_code: None,
    };
    desktops::add(tx, &row).await.unwrap();
    row.id
}

/// The digest of the operator's certificate that counts; nothing when there is none.
async fn current(app: &App, operator: Option<uuid::Uuid>) -> String {
    const SQL: &str = "SELECT certificate FROM operators WHERE id = $1";
    let mut tx = app.db.read(crate::db::Scope::Nobody).await.unwrap();
    let found: Option<Option<String>> =
        on!(&mut tx, c => sqlx::query_scalar(SQL).bind(operator).fetch_optional(c).await).unwrap();
    found.flatten().unwrap_or_default()
}
