//! The provider's own certificate authority, the listeners' certificate, and the key that signs tickets.
//!
//! All keys live in the state folder, readable by the service's user alone, and are made at the first start.

use crate::app;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use certificates::{CertificateError, NotPrivate, private};
use ed25519_dalek::SigningKey;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData,
    SanType,
};
use sha2::{Digest as _, Sha256};
use std::{
    fmt,
    fmt::Write as _,
    fs, io,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use wire::control::MachineKind;

const AUTHORITY_DAYS: i64 = 3650;
/// How long the listeners' certificate is good for.
pub(crate) const LISTENER_DAYS: i64 = 90;
/// How long an operator's certificate is good for.
const OPERATOR_DAYS: i64 = 90;
/// How long a session host's or gateway's certificate is good for; it is renewed after half of it.
const MACHINE_HOURS: i64 = 24;

/// Keys and certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// The authority's certificate, to be trusted by browsers, hosts and gateways.
    pub certificate_pem: String,
    /// Operators have an authority of their own: no other certificate of ours opens the management listener.
    operators: Issuer<'static, KeyPair>,
    /// The certificate of the operators' authority.
    pub operators_pem: String,
    /// The key that signs tickets.
    pub ticket_key: SigningKey,
    /// The key that signs the activity logs' checkpoints.
    pub log_key: SigningKey,
}

/// A certificate with its key.
pub struct Identity {
    /// The chain, own certificate first.
    pub chain_pem: String,
    /// The private key, PKCS#8.
    pub key_pem: String,
}

/// A certificate of an operator with its key, and by what it is known again.
#[allow(missing_debug_implementations)] // It holds a private key.
pub struct OperatorIdentity {
    /// Both.
    pub identity: Identity,
    /// The certificate's [`digest_of`].
    pub digest: String,
    /// Until when it is good, in Unix milliseconds.
    pub until_ms: i64,
}

/// Why the keys or the database cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file of the state folder.
    #[error("cannot use {path}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A key file that others may read or change.
    #[error(transparent)]
    NotPrivate(#[from] NotPrivate),
    /// The certificate of a public authority that the configuration names.
    #[error("cannot show the configured certificate")]
    Public(#[from] CertificateError),
    /// A key or certificate that cannot be read or made.
    #[error("cannot make or read a certificate")]
    Certificate(#[from] rcgen::Error),
    /// A key's file does not hold 32 bytes of base64url.
    #[error("the key in {0} is damaged")]
    Damaged(String),
    /// A file for a browser.
    #[error("cannot make a PKCS#12 file: {0}")]
    Pkcs12(String),
    /// The database.
    #[error("cannot open the database")]
    Database(#[from] sqlx::Error),
    /// The mail server's settings.
    #[error("cannot set up mail")]
    Mail(#[from] crate::notices::MailerError),
    /// The key store.
    #[error("cannot use the key store")]
    Keys(#[from] crate::keys::KeyError),
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority(keys not shown)")
    }
}

impl Authority {
    /// Reads the keys, or makes them at the first start.
    pub fn open(dir: &Path, now_s: u64) -> Result<Self, AuthorityError> {
        make_dir(dir)?;
        let (own, certificate_pem) = issuer(dir, "authority", "Nagaya authority", now_s)?;
        let (operators, operators_pem) = issuer(dir, "operators", "Nagaya operators", now_s)?;
        let ticket_key = key_file(dir, "ticket.key")?;
        let log_key = key_file(dir, "log.key")?;
        Ok(Self {
            issuer: own,
            certificate_pem,
            operators,
            operators_pem,
            ticket_key: SigningKey::from_bytes(&ticket_key),
            log_key: SigningKey::from_bytes(&log_key),
        })
    }

    /// SHA-256 of the authority's certificate, as browsers show it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let der = rustls_pki_types::pem::PemObject::from_pem_slice(self.certificate_pem.as_bytes())
            .map(|der: rustls_pki_types::CertificateDer<'_>| der.to_vec())
            .unwrap_or_default();
        let digest = Sha256::digest(&der);
        let hex: Vec<String> = digest.iter().map(|byte| format!("{byte:02X}")).collect();
        hex.join(":")
    }

    /// A new certificate for the listeners.
    pub fn listener(&self, names: &[String], now_s: u64) -> Result<Identity, AuthorityError> {
        self.server(subject_names(names), now_s)
    }

    /// A new certificate for one name alone: browsers reuse no connection to it for another name, nor one for it.
    pub fn listener_of(&self, name: &str, now_s: u64) -> Result<Identity, AuthorityError> {
        self.server(vec![SanType::DnsName(name.try_into()?)], now_s)
    }

    fn server(&self, names: Vec<SanType>, now_s: u64) -> Result<Identity, AuthorityError> {
        let key = KeyPair::generate()?;
        let mut params = leaf_params("Nagaya", now_s, Duration::days(LISTENER_DAYS));
        params.subject_alt_names = names;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        Ok(Identity {
            chain_pem: self.sign(&params, &key)?,
            key_pem: key.serialize_pem(),
        })
    }

    /// A certificate for a machine's own key; of its request only the public key is used. Returns the chain and the
    /// Unix time in seconds at which to renew it.
    pub fn machine(
        &self,
        csr_pem: &str,
        id: Uuid,
        kind: MachineKind,
        names: &[String],
        now_s: u64,
    ) -> Result<(String, u64), AuthorityError> {
        let request = CertificateSigningRequestParams::from_pem(csr_pem)?;
        let life = Duration::hours(MACHINE_HOURS);
        let mut params = leaf_params(&id.to_string(), now_s, life);
        let uri = machine_uri(id, kind);
        params.subject_alt_names = vec![SanType::URI(uri.try_into()?)];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        if kind == MachineKind::Gateway {
            // A gateway also serves browsers and agents.
            params.subject_alt_names.extend(subject_names(names));
            params
                .extended_key_usages
                .push(ExtendedKeyUsagePurpose::ServerAuth);
        }
        let renew_at_s = now_s + u64::try_from(life.whole_seconds() / 2).unwrap_or_default();
        Ok((self.sign(&params, &request.public_key)?, renew_at_s))
    }

    /// A certificate with its key for an operator, to be imported into their browser.
    pub fn operator(
        &self,
        id: Uuid,
        login: &str,
        now_s: u64,
    ) -> Result<OperatorIdentity, AuthorityError> {
        let key = KeyPair::generate()?;
        let life = Duration::days(OPERATOR_DAYS);
        let mut params = leaf_params(login, now_s, life);
        params.subject_alt_names = vec![SanType::URI(operator_uri(id).try_into()?)];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let own = params.signed_by(&key, &self.operators)?;
        Ok(OperatorIdentity {
            digest: digest_of(own.der()),
            until_ms: params.not_after.unix_timestamp() * 1000,
            identity: Identity {
                chain_pem: format!("{}{}", own.pem(), self.operators_pem),
                key_pem: key.serialize_pem(),
            },
        })
    }

    fn sign(
        &self,
        params: &CertificateParams,
        key: &impl PublicKeyData,
    ) -> Result<String, AuthorityError> {
        let own = params.signed_by(key, &self.issuer)?.pem();
        Ok(format!("{own}{}", self.certificate_pem))
    }
}

/// The name of a machine inside its certificate.
#[must_use]
pub fn machine_uri(id: Uuid, kind: MachineKind) -> String {
    match kind {
        MachineKind::Host => format!("nagaya://host/{id}"),
        MachineKind::Gateway => format!("nagaya://gateway/{id}"),
    }
}

/// SHA-256 of a certificate (DER), hexadecimal.
#[must_use]
pub fn digest_of(certificate: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(certificate) {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The name of an operator inside their certificate.
#[must_use]
pub fn operator_uri(id: Uuid) -> String {
    format!("nagaya://operator/{id}")
}

/// An authority: its key and its certificate, which is made with the key.
fn issuer(
    dir: &Path,
    file: &str,
    name: &str,
    now_s: u64,
) -> Result<(Issuer<'static, KeyPair>, String), AuthorityError> {
    let key_pem = secret_file(&dir.join(format!("{file}.key")), || {
        Ok(KeyPair::generate()?.serialize_pem())
    })?;
    let key = KeyPair::from_pem(&key_pem)?;
    let certificate_pem = plain_file(&dir.join(format!("{file}.pem")), || {
        Ok(authority_params(name, now_s).self_signed(&key)?.pem())
    })?;
    Ok((
        Issuer::from_ca_cert_pem(&certificate_pem, key)?,
        certificate_pem,
    ))
}

/// What an authority's certificate says.
pub(crate) fn authority_params(name: &str, now_s: u64) -> CertificateParams {
    let mut params = leaf_params(name, now_s, Duration::days(AUTHORITY_DAYS));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// What a certificate says that is signed by an authority of ours.
pub(crate) fn leaf_params(name: &str, now_s: u64, life: Duration) -> CertificateParams {
    let now = i64::try_from(now_s)
        .ok()
        .and_then(|s| OffsetDateTime::from_unix_timestamp(s).ok())
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    // Clocks of machines differ a little.
    params.not_before = now - Duration::minutes(5);
    params.not_after = now + life;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params
}

/// `localhost`, the loopback addresses and the given names.
fn subject_names(extra: &[String]) -> Vec<SanType> {
    ["localhost", "127.0.0.1", "::1"]
        .into_iter()
        .map(str::to_owned)
        .chain(extra.iter().cloned())
        .filter_map(|name| match name.parse() {
            Ok(address) => Some(SanType::IpAddress(address)),
            Err(_) => name.try_into().ok().map(SanType::DnsName),
        })
        .collect()
}

fn make_dir(dir: &Path) -> Result<(), AuthorityError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|source| file_error(dir, source))
}

/// A key of 32 bytes.
pub(crate) fn key_file(dir: &Path, name: &str) -> Result<[u8; 32], AuthorityError> {
    let path = dir.join(name);
    let text = secret_file(&path, || Ok(app::new_secret()))?;
    let bytes = URL_SAFE_NO_PAD.decode(text.trim()).ok();
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| AuthorityError::Damaged(path.display().to_string()))
}

fn secret_file(
    path: &Path,
    make: impl FnOnce() -> Result<String, AuthorityError>,
) -> Result<String, AuthorityError> {
    let text = file(path, 0o600, make)?;
    private(path)?;
    Ok(text)
}

fn plain_file(
    path: &Path,
    make: impl FnOnce() -> Result<String, AuthorityError>,
) -> Result<String, AuthorityError> {
    file(path, 0o644, make)
}

/// Reads the file, or makes it whole and durable.
fn file(
    path: &Path,
    mode: u32,
    make: impl FnOnce() -> Result<String, AuthorityError>,
) -> Result<String, AuthorityError> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        result => return result.map_err(|source| file_error(path, source)),
    }
    let text = make()?;
    let part = path.with_extension("part");
    let write = || {
        let _ = fs::remove_file(&part);
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&part)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&part, path)
    };
    write().map_err(|source| file_error(path, source))?;
    Ok(text)
}

fn file_error(path: &Path, source: io::Error) -> AuthorityError {
    AuthorityError::File {
        path: path.display().to_string(),
        source,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn keys_are_made_once_and_kept_from_others() {
        let dir = tempfile::tempdir().unwrap();
        let first = Authority::open(dir.path(), 1_800_000_000).unwrap();
        let again = Authority::open(dir.path(), 1_800_000_001).unwrap();
        assert_eq!(first.fingerprint(), again.fingerprint());
        assert_eq!(first.ticket_key, again.ticket_key);

        let key = dir.path().join("ticket.key");
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            Authority::open(dir.path(), 1_800_000_002),
            Err(AuthorityError::NotPrivate(NotPrivate::Exposed(_)))
        ));
    }

    #[test]
    fn a_key_of_another_user_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        Authority::open(dir.path(), 1_800_000_000).unwrap();
        let key = dir.path().join("ticket.key");
        // Only root can give a file away.
        if std::os::unix::fs::chown(&key, Some(65534), None).is_err() {
            return;
        }
        assert!(matches!(
            Authority::open(dir.path(), 1_800_000_002),
            Err(AuthorityError::NotPrivate(NotPrivate::Foreign(_)))
        ));
    }

    #[test]
    fn a_machine_cannot_choose_its_own_name() {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::open(dir.path(), 1_800_000_000).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut wish = CertificateParams::new(vec!["portal.example".to_owned()]).unwrap();
        wish.distinguished_name.push(DnType::CommonName, "root");
        let csr = wish.serialize_request(&key).unwrap().pem().unwrap();
        let id = Uuid::from_u128(7);
        let (chain, _) = authority
            .machine(&csr, id, MachineKind::Host, &[], 1_800_000_000)
            .unwrap();
        let (_, pem) = x509_parser::pem::parse_x509_pem(chain.as_bytes()).unwrap();
        let certificate = pem.parse_x509().unwrap();
        let names = certificate.subject_alternative_name().unwrap().unwrap();
        let names: Vec<String> = names
            .value
            .general_names
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            names,
            [format!("URI({})", machine_uri(id, MachineKind::Host))]
        );
    }
}
