//! The master key inside a token that is reached by PKCS#11 (OASIS, version 2.40): it never leaves the token. Data keys
//! are wrapped by the token with AES-256-GCM.

use super::{KeyError, KeyStore};
use crate::app;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
    mechanism::{Mechanism, aead::GcmParams},
    object::{Attribute, KeyType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    types::AuthPin,
};
use serde::{Deserialize, Serialize};
use std::{
    env, fmt, fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

const IV_LEN: usize = 12;
const TAG_BITS: u64 = 128;

/// How a token is found and opened. The PIN is never part of the configuration, nor of a command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pkcs11Config {
    /// The token's library, such as `/usr/lib/softhsm/libsofthsm2.so`.
    pub module: PathBuf,
    /// The token's label.
    pub token: String,
    /// The master key's label; the key is made inside the token when there is none.
    #[serde(default = "default_key")]
    pub key: String,
    /// A file that holds the PIN and that its owner alone may read. Without it the PIN is the credential `pkcs11-pin` of
    /// the service manager (`LoadCredential=` of systemd).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin_file: Option<PathBuf>,
}

fn default_key() -> String {
    "nagaya-master".to_owned()
}

/// A token.
pub struct Pkcs11Store {
    /// One session: tokens are slow, and data keys are unwrapped rarely.
    session: Mutex<Session>,
    key: ObjectHandle,
    // Ends the library's use after the session.
    _library: Pkcs11,
}

impl fmt::Debug for Pkcs11Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pkcs11Store")
    }
}

impl Pkcs11Store {
    /// Opens the token and finds, or makes, the master key.
    pub fn open(config: &Pkcs11Config) -> Result<Self, KeyError> {
        let pin = AuthPin::from(pin(config)?.trim());
        let library = Pkcs11::new(&config.module).map_err(|error| token(&error))?;
        library
            .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
            .or_else(|error| match error {
                // By another store of this process.
                Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _) => Ok(()),
                error => Err(token(&error)),
            })?;
        let session = open_session(&library, config)?;
        session
            .login(UserType::User, Some(&pin))
            .or_else(|error| match error {
                Error::Pkcs11(RvError::UserAlreadyLoggedIn, _) => Ok(()),
                error => Err(token(&error)),
            })?;
        let key = master_key(&session, &config.key)?;
        Ok(Self {
            session: Mutex::new(session),
            key,
            _library: library,
        })
    }
}

fn open_session(library: &Pkcs11, config: &Pkcs11Config) -> Result<Session, KeyError> {
    let slots = library.get_slots_with_initialized_token();
    for slot in slots.map_err(|error| token(&error))? {
        let info = library
            .get_token_info(slot)
            .map_err(|error| token(&error))?;
        if info.label().trim_end() == config.token {
            return library.open_rw_session(slot).map_err(|error| token(&error));
        }
    }
    Err(KeyError::Token(format!(
        "there is no token with the label {}",
        config.token
    )))
}

fn master_key(session: &Session, label: &str) -> Result<ObjectHandle, KeyError> {
    let label = Attribute::Label(label.as_bytes().to_vec());
    let wanted = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        label.clone(),
    ];
    let found = session
        .find_objects(&wanted)
        .map_err(|error| token(&error))?;
    match found[..] {
        [key] => return Ok(key),
        [] => {}
        _ => {
            return Err(KeyError::Token(
                "there are several keys with the master key's label".to_owned(),
            ));
        }
    }
    let template = [
        label,
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
        Attribute::ValueLen(32_u64.into()),
    ];
    session
        .generate_key(&Mechanism::AesKeyGen, &template)
        .map_err(|error| token(&error))
}

/// The PIN from its file, which must be nobody else's to read.
fn pin(config: &Pkcs11Config) -> Result<String, KeyError> {
    let Some(path) = &config.pin_file else {
        let dir = env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(|| {
            KeyError::File(
                "no PIN: name a file by `pin_file`, or give the credential `pkcs11-pin`".to_owned(),
            )
        })?;
        // The service manager keeps credentials from others.
        return read(&Path::new(&dir).join("pkcs11-pin"));
    };
    certificates::private(path).map_err(|error| KeyError::File(error.to_string()))?;
    read(path)
}

fn read(path: &Path) -> Result<String, KeyError> {
    let text = fs::read_to_string(path);
    text.map_err(|error| KeyError::File(format!("cannot read {}: {error}", path.display())))
}

fn token(error: &Error) -> KeyError {
    KeyError::Token(error.to_string())
}

impl KeyStore for Pkcs11Store {
    fn name(&self) -> &'static str {
        "pkcs11"
    }

    fn wrap(&self, label: &str, key: &[u8; 32]) -> Result<String, KeyError> {
        let iv: [u8; IV_LEN] = app::random();
        let mut used = iv;
        let params = GcmParams::new(&mut used, label.as_bytes(), TAG_BITS.into());
        let mechanism = Mechanism::AesGcm(params.map_err(|error| token(&error))?);
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let sealed = session.encrypt(&mechanism, self.key, key);
        let sealed = sealed.map_err(|error| token(&error))?;
        Ok(URL_SAFE_NO_PAD.encode([&iv[..], &sealed].concat()))
    }

    fn unwrap(&self, label: &str, wrapped: &str) -> Result<[u8; 32], KeyError> {
        let bytes = URL_SAFE_NO_PAD
            .decode(wrapped)
            .map_err(|_| KeyError::Sealed)?;
        let (iv, sealed) = bytes
            .split_first_chunk::<IV_LEN>()
            .ok_or(KeyError::Sealed)?;
        let mut iv = *iv;
        let params = GcmParams::new(&mut iv, label.as_bytes(), TAG_BITS.into());
        let mechanism = Mechanism::AesGcm(params.map_err(|error| token(&error))?);
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let key = session.decrypt(&mechanism, self.key, sealed);
        let key = key.map_err(|error| token(&error))?;
        key.try_into().map_err(|_| KeyError::Sealed)
    }
}
