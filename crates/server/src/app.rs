//! What every use case gets: database, clock, chance, keys and links. The only place that reads a clock or draws a
//! random number, so that tests own both.

use crate::{
    activity::{Committer, acts::Running},
    api::RefusedCalls,
    authority::{Authority, AuthorityError},
    clock,
    config::ServeConfig,
    db::Db,
    hosts::links::{GatewayLinks, HostLinks},
    identity::{
        federation,
        forgot::Asked,
        password::{Passwords, breached::Breached},
    },
    keys,
    notices::Mailer,
    public_certificates::PublicCertificates,
    sessions::attach::Attachments,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::{TryRng as _, rngs::SysRng};
use sha2::{Digest as _, Sha256};
use std::{
    fs,
    sync::{
        Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};
use time::OffsetDateTime;
use tokio::sync::Notify;
use uuid::Uuid;
use wire::ids::Id;

/// The control plane's means.
#[derive(Debug)]
pub struct App {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// The name of the machine that this process runs on.
    pub node: String,
    /// When this process began, Unix milliseconds: what it has not heard of before then says nothing.
    pub started_ms: i64,
    /// The configuration.
    pub config: ServeConfig,
    /// The certificate authority and the key that signs tickets.
    pub authority: Authority,
    /// Password hashing, bounded.
    pub passwords: Passwords,
    /// Passwords that nobody may choose.
    pub breached: Breached,
    /// What customers' identity providers say of themselves, for a while.
    pub providers: federation::Known,
    /// What customers' browsers are shown instead of a certificate of our own authority.
    pub(crate) certificates: PublicCertificates,
    /// What sends mail, where the service does.
    pub(crate) mailer: Option<Mailer>,
    /// Requests for new links that wait to be looked at.
    pub asked: Asked,
    /// From where programs called with tokens that are not good.
    pub refused_calls: RefusedCalls,
    /// The session hosts that are linked now.
    pub hosts: HostLinks,
    /// The gateways that are linked now.
    pub gateways: GatewayLinks,
    /// What connections were promised to whom.
    pub attachments: Attachments,
    /// What this process has begun and not ended.
    pub acts: Running,
    /// Records that wait to be committed together.
    pub committer: Committer,
    /// Wakes the reconciler.
    pub wake: Notify,
}

/// The time.
#[derive(Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that a test sets.
    Set(SetClock),
}

/// A clock that a test sets.
#[derive(Debug)]
pub struct SetClock {
    /// Unix milliseconds.
    pub now_ms: AtomicI64,
    /// What the kernel would say of it.
    pub sample: Mutex<ClockSample>,
}

impl From<i64> for SetClock {
    fn from(now_ms: i64) -> Self {
        Self {
            now_ms: now_ms.into(),
            sample: Mutex::default(),
        }
    }
}

/// What the kernel says of its clock (RFC 1589).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockSample {
    /// How far it can be trusted.
    pub reading: ClockReading,
    /// What is still to be corrected, in microseconds: positive when the clock is behind.
    pub offset_us: i64,
}

/// How far a clock can be trusted, as records keep it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockReading {
    /// Whether something keeps it right.
    pub state: ClockState,
    /// How far it may be off, in microseconds; `None` when nobody knows.
    pub error_us: Option<u32>,
}

/// Whether something keeps a clock right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClockState {
    /// Nobody has looked.
    #[default]
    Unknown,
    /// It is kept right by NTP or the like.
    Synchronised,
    /// It runs by itself.
    Unsynchronised,
}

impl ClockState {
    const ALL: [Self; 3] = [Self::Unknown, Self::Synchronised, Self::Unsynchronised];

    /// The stored form. It is part of what is signed, so it never changes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Synchronised => "synchronised",
            Self::Unsynchronised => "unsynchronised",
        }
    }

    /// The state of a stored form.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl Clock {
    /// How the clock is.
    pub fn reading(&self) -> ClockReading {
        self.sample().reading
    }

    /// What the kernel says of the clock. Asked for each record: it takes less than a microsecond.
    pub fn sample(&self) -> ClockSample {
        match self {
            Self::System => clock::kernel::read(),
            Self::Set(set) => set
                .sample
                .lock()
                .map_or_else(|_| ClockSample::default(), |s| *s),
        }
    }

    /// Unix time in milliseconds.
    pub fn now_ms(&self) -> i64 {
        match self {
            Self::System => {
                let since = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
            }
            Self::Set(set) => set.now_ms.load(Ordering::SeqCst),
        }
    }

    /// Unix time in seconds.
    pub fn now_s(&self) -> u64 {
        u64::try_from(self.now_ms() / 1000).unwrap_or_default()
    }
}

impl App {
    /// Opens the database and reads, or makes, the keys in the state folder.
    pub async fn open(config: ServeConfig, clock: Clock) -> Result<Self, AuthorityError> {
        let certificates = PublicCertificates::open(&config)?;
        let authority = Authority::open(&config.state_dir, clock.now_s())?;
        let db = Db::open(&config.database_url(), keys::open_store(&config)?).await?;
        keys::service::prepare(&db, clock.now_ms()).await?;
        let mailer = mailer(&config)?;
        let mut app = Self::with(config, clock, db, authority);
        app.mailer = mailer;
        app.certificates = certificates;
        app.breached
            .check()
            .map_err(|source| AuthorityError::File {
                path: "breached_passwords".to_owned(),
                source,
            })?;
        crate::activity::adopt(&app).await?;
        crate::hosts::service::recall_relays(&app).await?;
        Ok(app)
    }

    /// Puts the parts together.
    pub fn with(config: ServeConfig, clock: Clock, db: Db, authority: Authority) -> Self {
        let breached = Breached::new(config.breached_passwords.clone());
        Self {
            db,
            node: fs::read_to_string("/proc/sys/kernel/hostname")
                .map_or_else(|_| String::new(), |name| name.trim().to_owned()),
            started_ms: clock.now_ms(),
            clock,
            config,
            authority,
            passwords: Passwords::default(),
            breached,
            providers: federation::Known::default(),
            certificates: PublicCertificates::default(),
            mailer: None,
            asked: Asked::default(),
            refused_calls: RefusedCalls::default(),
            hosts: HostLinks::default(),
            gateways: GatewayLinks::default(),
            attachments: Attachments::default(),
            acts: Running::default(),
            committer: Committer::default(),
            wake: Notify::new(),
        }
    }

    /// A new id of any kind: it sorts by the time of its making.
    pub fn new_id<I: Id>(&self) -> I {
        I::from_uuid(new_uuid(&self.clock))
    }

    /// A secret of 256 bits, as text.
    pub fn new_secret(&self) -> String {
        new_secret()
    }
}

/// What sends mail, where the configuration says so. It names itself to the mail server as people name the portal.
fn mailer(config: &ServeConfig) -> Result<Option<Mailer>, AuthorityError> {
    let host = config.public_url.trim_start_matches("https://");
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let mailer = config.mail.as_ref().map(|mail| Mailer::open(mail, host));
    Ok(mailer.transpose()?)
}

/// A secret of 256 bits as base64url text, from the kernel.
pub(crate) fn new_secret() -> String {
    URL_SAFE_NO_PAD.encode(random::<32>())
}

/// Random bytes from the kernel.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // The kernel's generator fails only where the machine is broken beyond serving anybody.
    #[allow(clippy::expect_used)]
    SysRng
        .try_fill_bytes(&mut bytes)
        .expect("the kernel gives random bytes");
    bytes
}

/// The form in which secrets are stored. They are long and random, so a plain hash does.
pub(crate) fn secret_hash(secret: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(secret.as_bytes()))
}

/// A stored moment.
pub(crate) fn moment(ms: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// A new UUID, for what has no id type. It sorts after all that this process made before, also within one millisecond:
/// the 12 bits after the time count (RFC 9562, section 6.2, method 1), so that records keep the order of what happened.
pub(crate) fn new_uuid(clock: &Clock) -> Uuid {
    const COUNTER_BITS: u32 = 12;
    static LAST: AtomicU64 = AtomicU64::new(0);
    let now = u64::try_from(clock.now_ms()).unwrap_or_default() << COUNTER_BITS;
    let next = |last: u64| now.max(last + 1);
    let last = LAST.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(next(last)));
    let at = next(last.unwrap_or_else(|last| last));
    let mut bytes: [u8; 10] = random();
    let [.., high, low] = (at & ((1 << COUNTER_BITS) - 1)).to_be_bytes();
    bytes[..2].copy_from_slice(&[high, low]);
    uuid::Builder::from_unix_timestamp_millis(at >> COUNTER_BITS, &bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_moment_sort_by_their_making() {
        let clock = Clock::Set(1_800_000_000_000.into());
        let ids: Vec<Uuid> = (0..10_000).map(|_| new_uuid(&clock)).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
    }
}
