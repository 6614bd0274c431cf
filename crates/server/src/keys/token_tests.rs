//! The master key inside a token: `SoftHSM` from Debian (scripts/packages test).
//!
//! The library finds its tokens by an environment variable, so that what uses it runs in a process of its own.

#![allow(clippy::unwrap_used)]

use super::{
    KeyError, KeyStore as _, KeyStoreConfig, Pkcs11Config, Pkcs11Store, service,
    tests::{found, keys},
};
use crate::{
    app::{App, Clock},
    authority::Authority,
    config::ServeConfig,
    db::Db,
    testing::{START_MS, worlds},
};
use cryptoki::{
    context::Pkcs11,
    object::{Attribute, AttributeInfo, AttributeType},
};
use std::{env, fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

const LIBRARY: &str = "/usr/lib/softhsm/libsofthsm2.so";
const DIR: &str = "NAGAYA_TOKEN_TEST_DIR";
const PIN: &str = "876543";

/// Makes an empty token and runs a test of this file in a process that finds it.
fn with_token(test: &str) {
    assert!(Path::new(LIBRARY).exists(), "run scripts/packages test");
    let dir = tempfile::tempdir().unwrap();
    let tokens = dir.path().join("tokens");
    fs::create_dir(&tokens).unwrap();
    let conf = dir.path().join("softhsm2.conf");
    fs::write(
        &conf,
        format!("directories.tokendir = {}\n", tokens.display()),
    )
    .unwrap();
    // A test's PIN: a real one is never on a command line.
    let made = Command::new("softhsm2-util")
        .args([
            "--init-token",
            "--free",
            "--label",
            "nagaya",
            "--so-pin",
            "12345678",
        ])
        .args(["--pin", PIN])
        .env("SOFTHSM2_CONF", &conf)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    // As the service manager gives it.
    fs::write(dir.path().join("pkcs11-pin"), format!("{PIN}\n")).unwrap();
    let ran = Command::new(env::current_exe().unwrap())
        .args([test, "--exact", "--ignored", "--nocapture"])
        .env("SOFTHSM2_CONF", &conf)
        .env("CREDENTIALS_DIRECTORY", dir.path())
        .env(DIR, dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(
        ran.status.success() && said.contains("1 passed"),
        "{said}\n{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}

fn config() -> Pkcs11Config {
    Pkcs11Config {
        module: LIBRARY.into(),
        token: "nagaya".to_owned(),
        key: "nagaya-master".to_owned(),
        pin_file: None,
    }
}

#[test]
fn a_token_keeps_its_key_and_wraps_with_it() {
    with_token("keys::token_tests::inner_wraps");
}

#[test]
#[ignore = "started by the test above"]
fn inner_wraps() {
    let Ok(dir) = env::var(DIR) else {
        return;
    };
    let pin_file = Path::new(&dir).join("wrong");
    fs::write(&pin_file, "000000").unwrap();
    let with_pin = |mode| {
        fs::set_permissions(&pin_file, fs::Permissions::from_mode(mode)).unwrap();
        let pin_file = Some(pin_file.clone());
        Pkcs11Store::open(&Pkcs11Config {
            pin_file,
            ..config()
        })
    };
    let exposed = with_pin(0o644).unwrap_err();
    assert!(matches!(&exposed, KeyError::File(text) if text.contains("chmod 600")));
    assert!(matches!(with_pin(0o600), Err(KeyError::Token(_))));
    let token = "elsewhere".to_owned();
    let nowhere = Pkcs11Store::open(&Pkcs11Config { token, ..config() });
    assert!(matches!(nowhere, Err(KeyError::Token(_))));

    let store = Pkcs11Store::open(&config()).unwrap();
    let wrapped = store.wrap("of shoji", &[7; 32]).unwrap();
    // The same key is found again, and opens what it wrapped, for that label alone.
    let again = Pkcs11Store::open(&config()).unwrap();
    assert_eq!(again.unwrap("of shoji", &wrapped).unwrap(), [7; 32]);
    assert!(again.unwrap("of harbour", &wrapped).is_err());
    assert!(again.unwrap("of shoji", "AAAA").is_err());
    assert_ne!(again.wrap("of shoji", &[7; 32]).unwrap(), wrapped);

    let library = Pkcs11::new(LIBRARY).unwrap();
    let slot = library.get_slots_with_initialized_token().unwrap()[0];
    let session = library.open_ro_session(slot).unwrap();
    let keys = session
        .find_objects(&[Attribute::Label(b"nagaya-master".to_vec())])
        .unwrap();
    let [key] = keys[..] else {
        panic!("{} master keys", keys.len());
    };
    let value = session.get_attribute_info(key, &[AttributeType::Value]);
    assert!(matches!(value.unwrap()[..], [AttributeInfo::Sensitive]));
}

#[test]
fn a_service_moves_its_keys_from_the_file_to_a_token() {
    with_token("keys::token_tests::inner_moves");
}

#[tokio::test]
#[ignore = "started by the test above"]
async fn inner_moves() {
    if env::var(DIR).is_err() {
        return;
    }
    for world in worlds().await {
        let (dir, url) = world.place();
        let email = &world.customers[0].user.email;
        let wrapped = kept_keys(&world.app).await;
        let reopen = async || {
            let config = KeyStoreConfig::Pkcs11(config());
            let db = Db::open(url, keys(dir, config)).await.unwrap();
            service::prepare(&db, START_MS).await.unwrap();
            let config = ServeConfig {
                state_dir: dir.to_owned(),
                ..ServeConfig::default()
            };
            let authority = Authority::open(dir, 1_800_000_000).unwrap();
            App::with(config, Clock::Set(START_MS.into()), db, authority)
        };
        let app = reopen().await;
        assert!(found(&app, email).await.unwrap().is_some());
        let moved = kept_keys(&app).await;
        assert!(moved.iter().all(|key| !wrapped.contains(key)));
        // The file is needed no more, and of no use any more.
        fs::rename(dir.join("master.key"), dir.join("old.key")).unwrap();
        assert!(found(&reopen().await, email).await.unwrap().is_some());
        fs::rename(dir.join("old.key"), dir.join("master.key")).unwrap();
        let db = Db::open(url, keys(dir, KeyStoreConfig::File))
            .await
            .unwrap();
        assert!(service::prepare(&db, START_MS).await.is_err());
    }
}

async fn kept_keys(app: &App) -> Vec<String> {
    const SQL: &str = "SELECT wrapped FROM data_keys ORDER BY tenant_id, purpose";
    let mut tx = app.db.begin(crate::db::Scope::Everybody).await.unwrap();
    crate::db::on!(&mut tx, c => sqlx::query_scalar(SQL).fetch_all(c).await).unwrap()
}
