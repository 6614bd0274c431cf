//! Passwords: argon2id (RFC 9106) with the parameters that OWASP's Password Storage Cheat Sheet names.

pub mod breached;
mod strength;

use super::store::UserRow;
use crate::{app::App, portal::Key, tenancy::service as tenants};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The fewest characters of a password.
pub const MIN_CHARS: usize = 12;
/// The most characters: beyond this it is not a password but a way to keep us busy.
pub const MAX_CHARS: usize = 256;
/// The fewest characters of a password besides one of the person's own words in it.
const OWN_REST: usize = 8;
/// Each takes 19 MiB and about 20 ms of a core.
const AT_ONCE: usize = 4;

/// What is wrong with a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// Fewer than [`MIN_CHARS`].
    TooShort,
    /// More than [`MAX_CHARS`].
    TooLong,
    /// One character repeated, a run of the keyboard, the person's own name, or what takes few guesses.
    TooCommon,
    /// Known from a breach.
    Breached,
}

/// Why a new password was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is not good enough.
    #[error("the password is too weak")]
    Weak {
        /// In short.
        weakness: Weakness,
        /// What makes it weak and what would be better.
        hints: Vec<Key>,
    },
    /// The machine cannot hash it.
    #[error("cannot hash a password")]
    Hash,
    /// The copy of breached passwords cannot be read.
    #[error("cannot read the breached passwords")]
    Breached(#[from] std::io::Error),
    /// The database.
    #[error("cannot reach the database")]
    Database(#[from] sqlx::Error),
}

impl Weakness {
    /// What the person is told.
    #[must_use]
    pub fn label(self) -> Key {
        match self {
            Self::TooShort => Key("password.error.too_short"),
            Self::TooLong => Key("password.error.too_long"),
            Self::TooCommon => Key("password.error.too_common"),
            Self::Breached => Key("password.error.breached"),
        }
    }
}

/// Looks at a new password of somebody and gives the form in which it is stored. Their name and address, and what their
/// organisation and the service are called, are what a guesser tries first.
pub(crate) async fn accept(app: &App, password: String, user: &UserRow) -> Result<String, Refusal> {
    let names = tenants::names(app, user.tenant_id).await?;
    let own = [
        user.email.clone(),
        user.full_name.clone(),
        names.ja,
        names.en,
        "nagaya".to_owned(),
    ];
    let weak = |weakness, hints| Refusal::Weak { weakness, hints };
    if let Some(weakness) = weakness(&password, &own.each_ref().map(String::as_str)) {
        return Err(weak(weakness, Vec::new()));
    }
    let (breached, text) = (app.breached.clone(), password.clone());
    let look = move || {
        let own: Vec<&str> = own.iter().map(String::as_str).collect();
        (breached.contains(&text), strength::hints(&text, &own))
    };
    let (known, hints) = tokio::task::spawn_blocking(look)
        .await
        .map_err(|_| Refusal::Hash)?;
    if known? {
        return Err(weak(Weakness::Breached, Vec::new()));
    }
    if let Some(hints) = hints {
        return Err(weak(Weakness::TooCommon, hints));
    }
    app.passwords.hash(password).await.ok_or(Refusal::Hash)
}

/// Hashes and checks passwords, a few at a time and off the runtime's threads.
#[derive(Clone, Debug)]
pub struct Passwords {
    slots: Arc<Semaphore>,
    /// How many hashes were made: what an attempt costs, for tests.
    #[cfg(test)]
    pub(super) made: Arc<std::sync::atomic::AtomicUsize>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            slots: Arc::new(Semaphore::new(AT_ONCE)),
            #[cfg(test)]
            made: Arc::default(),
        }
    }
}

impl Passwords {
    /// The form in which a password is stored (PHC string), or `None` when the machine cannot.
    pub async fn hash(&self, password: String) -> Option<String> {
        self.run(move || {
            let salt: [u8; 16] = crate::app::random();
            let hash = hasher()?
                .hash_password_with_salt(password.as_bytes(), &salt)
                .ok()?;
            Some(hash.to_string())
        })
        .await
        .flatten()
    }

    /// Whether the password belongs to the hash. Without a hash the same work is done, so that the time tells nobody
    /// whether an account exists.
    pub async fn verify(&self, password: String, hash: Option<String>) -> bool {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| DUMMY.to_owned());
        let matches = self
            .run(move || {
                let (Some(hasher), Ok(hash)) = (hasher(), PasswordHash::new(&hash)) else {
                    return false;
                };
                hasher.verify_password(password.as_bytes(), &hash).is_ok()
            })
            .await;
        known && matches == Some(true)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let _slot = self.slots.acquire().await.ok()?;
        #[cfg(test)]
        self.made.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        tokio::task::spawn_blocking(work).await.ok()
    }
}

/// Says what is wrong with a new password, if anything.
#[must_use]
pub fn weakness(password: &str, own_words: &[&str]) -> Option<Weakness> {
    let chars: Vec<char> = password.chars().collect();
    if chars.len() < MIN_CHARS {
        return Some(Weakness::TooShort);
    }
    if chars.len() > MAX_CHARS {
        return Some(Weakness::TooLong);
    }
    let distinct: std::collections::BTreeSet<&char> = chars.iter().collect();
    let low = password.to_lowercase();
    // Names of Japanese organisations are short: three characters of theirs with a year behind them are no secret.
    let own = own_words.iter().any(|word| {
        let word = word.to_lowercase();
        let rest = low.replacen(&word, "", 1).chars().count();
        word.chars().count() > 2 && low.contains(&word) && rest < OWN_REST
    });
    let run = RUNS.iter().any(|run| run.contains(low.as_str()));
    (distinct.len() < 5 || own || run).then_some(Weakness::TooCommon)
}

const RUNS: [&str; 3] = [
    "12345678901234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
];

/// A hash of nothing anybody knows, with the current parameters.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bmFnYXlhLW5vLWFjY291bnQ$6Wvm4pHvHpqTmJ1xkp0vXyTSl4R9NF8yV0GmW6yqVFo";

/// Whether a stored form was not made as new ones are: it is made anew when the password is at hand.
pub(super) fn is_outdated(hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else {
        return false;
    };
    let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
    let kept = Params::try_from(&hash).ok();
    let now = hasher().map(|hasher| cost(hasher.params()));
    hash.algorithm != Algorithm::Argon2id.ident() || kept.as_ref().map(cost) != now
}

fn hasher() -> Option<Argon2<'static>> {
    let params = Params::new(19_456, 2, 1, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_matches_and_no_account_never_does() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse battery".into()).await;
        assert!(hash.is_some());
        let verify = |text: &str, hash| passwords.verify(text.to_owned(), hash);
        assert!(verify("correct horse battery", hash.clone()).await);
        assert!(!verify("correct horse batterY", hash).await);
        assert!(!verify("correct horse battery", None).await);
    }

    #[test]
    fn the_stand_in_costs_as_much_as_a_real_hash() {
        let hash = PasswordHash::new(DUMMY).unwrap();
        assert_eq!(Params::try_from(&hash).unwrap().m_cost(), 19_456);
        assert_eq!(Params::try_from(&hash).unwrap().t_cost(), 2);
    }

    #[tokio::test]
    async fn new_hashes_are_argon2id_at_the_cost_that_owasp_names() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse battery".into()).await;
        let hash = hash.unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(!is_outdated(&hash));
        for other in [
            hash.replace("m=19456", "m=9216"),
            hash.replace("t=2", "t=3"),
            hash.replace("p=1", "p=2"),
            hash.replace("argon2id", "argon2i"),
        ] {
            assert!(is_outdated(&other), "{other}");
        }
    }

    #[test]
    fn long_phrases_are_taken_whole() {
        let phrase = "Violet anchors turn 4 kettles; ".repeat(10);
        for chars in [64, MAX_CHARS] {
            assert_eq!(weakness(&phrase[..chars], &["hana"]), None);
        }
        let longer = &phrase[..=MAX_CHARS];
        assert_eq!(weakness(longer, &["hana"]), Some(Weakness::TooLong));
    }

    #[test]
    fn weak_passwords_are_named() {
        assert_eq!(weakness("short", &[]), Some(Weakness::TooShort));
        assert_eq!(weakness(&"あ".repeat(11), &[]), Some(Weakness::TooShort));
        assert_eq!(weakness(&"ab".repeat(200), &[]), Some(Weakness::TooLong));
        assert_eq!(weakness("aaaaaaaaaaaaaa", &[]), Some(Weakness::TooCommon));
        assert_eq!(weakness("123456789012", &[]), Some(Weakness::TooCommon));
        assert_eq!(
            weakness("Hana@Example.jp", &["hana@example.jp"]),
            Some(Weakness::TooCommon)
        );
        let organisation = ["青葉設計株式会社", "Harbour Design"];
        assert_eq!(
            weakness("青葉設計株式会社2026!", &organisation),
            Some(Weakness::TooCommon)
        );
        assert_eq!(
            weakness("harbour design 1", &organisation),
            Some(Weakness::TooCommon)
        );
        assert_eq!(
            weakness("harbour design takes tea at five", &organisation),
            None
        );
        assert_eq!(weakness("四つの言葉を並べると長い", &[]), None);
    }
}
