//! One delivery to the provider's mail server.

#[cfg(test)]
use super::testing::Fake;
use super::{
    config::{MailConfig, MailTls},
    state::Why,
};
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::Mailbox,
    transport::smtp::{
        Error as SmtpError,
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters},
        extension::ClientId,
    },
};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use std::{error::Error, fmt, fs, io, os::unix::fs::MetadataExt as _, path::Path, time::Duration};
use tokio::time::timeout;

/// How long one delivery may take in all.
const LIMIT: Duration = Duration::from_mins(1);
/// How long the server may take for each answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// What sends.
pub(crate) struct Mailer {
    /// From whom.
    pub(super) from: Mailbox,
    way: Way,
}

enum Way {
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>),
    #[cfg(test)]
    Fake(Fake),
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailer({})", self.from.email)
    }
}

/// Why mail cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// A file cannot be read.
    #[error("[mail]: cannot read {path}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// Others than its owner may read the password.
    #[error("[mail]: others can read {0}; run: chmod 600 {0}")]
    Readable(String),
    /// `from` is no address.
    #[error("[mail]: `from` is not an address such as \"Nagaya <no-reply@example.jp>\"")]
    From,
    /// A password in the clear over a network.
    #[error(
        "[mail]: tls = \"none\" is for a server on this machine alone (localhost or a loopback address)"
    )]
    Clear,
    /// One of user and password is missing.
    #[error("[mail]: `user` and `password_file` go together")]
    Credentials,
    /// No certificate in the file, or one that cannot be used.
    #[error("[mail]: cannot use the certificates of `authority_file`, or the name of the host")]
    Tls,
}

impl Mailer {
    /// Reads what the configuration names. `hello` is how the service names itself to the server.
    pub(crate) fn open(config: &MailConfig, hello: &str) -> Result<Self, MailerError> {
        // The parser takes what comes first and leaves the rest.
        if config.from.contains(char::is_control) {
            return Err(MailerError::From);
        }
        let from: Mailbox = config.from.parse().map_err(|_| MailerError::From)?;
        let tls = match config.tls {
            MailTls::Starttls => Tls::Required(tls(config)?),
            MailTls::Implicit => Tls::Wrapper(tls(config)?),
            MailTls::None if config.is_loopback() => Tls::None,
            MailTls::None => return Err(MailerError::Clear),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port())
            .hello_name(ClientId::Domain(hello.to_owned()))
            .timeout(Some(ANSWER_LIMIT))
            .tls(tls);
        match (&config.user, &config.password_file) {
            (Some(user), Some(file)) => {
                let password = password(file)?;
                builder = builder.credentials(Credentials::new(user.clone(), password));
            }
            (None, None) => {}
            _ => return Err(MailerError::Credentials),
        }
        Ok(Self {
            from,
            way: Way::Smtp(Box::new(builder.build())),
        })
    }

    #[cfg(test)]
    pub(super) fn fake(from: Mailbox, fake: Fake) -> Self {
        Self {
            from,
            way: Way::Fake(fake),
        }
    }

    /// Hands a message to the server. What the server says goes to the log of the service, never to a customer.
    pub(super) async fn send(&self, message: Message) -> Result<(), Why> {
        match &self.way {
            Way::Smtp(transport) => {
                let to = message.envelope().to();
                let other_letters = to.iter().any(|to| !AsRef::<str>::as_ref(to).is_ascii());
                let sent = timeout(LIMIT, transport.send(message)).await;
                match sent {
                    Ok(Ok(_)) => Ok(()),
                    Ok(Err(error)) => Err(why(&error, other_letters)),
                    Err(_) => Err(Why::Slow),
                }
            }
            #[cfg(test)]
            Way::Fake(fake) => fake.send(&message),
        }
    }
}

fn tls(config: &MailConfig) -> Result<TlsParameters, MailerError> {
    let mut builder = TlsParameters::builder(config.host.clone());
    if let Some(path) = &config.authority_file {
        let pem = fs::read(path).map_err(|source| file(path, source))?;
        // A file without any would be taken, and trust nobody.
        if CertificateDer::pem_slice_iter(&pem).next().is_none() {
            return Err(MailerError::Tls);
        }
        let authorities = Certificate::from_pem(&pem).map_err(|_| MailerError::Tls)?;
        builder = builder
            .certificate_store(CertificateStore::None)
            .add_root_certificate(authorities);
    } else {
        builder = builder.certificate_store(CertificateStore::WebpkiRoots);
    }
    builder.build().map_err(|_| MailerError::Tls)
}

fn password(path: &Path) -> Result<String, MailerError> {
    let mode = fs::metadata(path).map_err(|source| file(path, source))?;
    if mode.mode() & 0o077 != 0 {
        return Err(MailerError::Readable(path.display().to_string()));
    }
    let text = fs::read_to_string(path).map_err(|source| file(path, source))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn file(path: &Path, source: io::Error) -> MailerError {
    MailerError::File {
        path: path.display().to_string(),
        source,
    }
}

/// What went wrong, in our words.
fn why(error: &SmtpError, other_letters: bool) -> Why {
    let text = sources(error);
    tracing::debug!(error = text, "the mail server");
    if let Some(tls) = tls_error(error) {
        return match tls {
            rustls::Error::InvalidCertificate(_) => Why::Certificate,
            _ => Why::Tls,
        };
    }
    if let Some(code) = error.status() {
        return of_code(u16::from(code), &text);
    }
    if error.is_timeout() {
        return Why::Slow;
    }
    // What the client itself found, before the server was asked.
    if error.is_client() {
        return match text.as_str() {
            _ if other_letters => Why::Address,
            _ if text.contains("STARTTLS") => Why::Tls,
            _ if text.contains("authentication") => Why::Password,
            _ => Why::Refused,
        };
    }
    if error.is_tls() {
        return Why::Tls;
    }
    Why::Unreachable
}

/// What an answer means (RFC 5321, section 4.2.3; RFC 4954, section 6; RFC 3463 for the longer codes in the text).
fn of_code(code: u16, text: &str) -> Why {
    let says = |start: &str| text.contains(start);
    match code {
        400..500 => Why::Busy,
        530 | 534 | 535 | 538 => Why::Password,
        // Relaying is refused, or the sender or the message is not liked: that is not the person's address.
        _ if says("5.7.") || says("5.3.") || says("5.6.") => Why::Refused,
        550 | 551 | 553 | 556 => Why::Address,
        _ if says("5.1.") => Why::Address,
        _ => Why::Refused,
    }
}

/// An error with what it came from, for the service's own log.
fn sources(error: &SmtpError) -> String {
    let mut text = error.to_string();
    let mut at = error.source();
    while let Some(source) = at {
        text = format!("{text}: {source}");
        at = source.source();
    }
    text
}

/// The error of TLS that is somewhere within: errors of input and output hide what they hold from `source`.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut at = Some(error);
    while let Some(error) = at {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        if let Some(found) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return Some(found);
        }
        at = error.source();
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn config() -> MailConfig {
        MailConfig {
            host: "smtp.example.jp".to_owned(),
            port: None,
            tls: MailTls::Starttls,
            from: "Nagaya <no-reply@example.jp>".to_owned(),
            user: None,
            password_file: None,
            authority_file: None,
        }
    }

    fn refused(change: impl FnOnce(&mut MailConfig)) -> MailerError {
        let mut config = config();
        change(&mut config);
        Mailer::open(&config, "desk.example.jp").unwrap_err()
    }

    #[test]
    fn nothing_goes_in_the_clear_but_to_this_machine() {
        for host in ["smtp.example.jp", "10.0.0.1", "localhost.example.jp"] {
            let error = refused(|config| {
                config.tls = MailTls::None;
                config.host = host.to_owned();
            });
            assert!(matches!(error, MailerError::Clear), "{host}");
        }
        for host in ["localhost", "127.0.0.1", "::1"] {
            let local = MailConfig {
                host: host.to_owned(),
                tls: MailTls::None,
                ..config()
            };
            assert!(Mailer::open(&local, "desk.example.jp").is_ok(), "{host}");
        }
        let read: MailConfig = toml_of("host = 'a.jp'\nfrom = 'x@a.jp'");
        assert_eq!((read.tls, read.port()), (MailTls::Starttls, 587));
    }

    fn toml_of(text: &str) -> MailConfig {
        let fields = text.lines().filter_map(|line| line.split_once(" = "));
        let object: serde_json::Map<String, serde_json::Value> = fields
            .map(|(name, value)| (name.to_owned(), value.trim_matches('\'').into()))
            .collect();
        serde_json::from_value(object.into()).unwrap()
    }

    #[test]
    fn a_configuration_that_cannot_work_is_refused_at_the_start() {
        assert!(matches!(
            refused(|config| config.from = "nobody".to_owned()),
            MailerError::From
        ));
        assert!(matches!(
            refused(|config| config.from = "a@b.jp\r\nBcc: c@d.jp".to_owned()),
            MailerError::From
        ));
        assert!(matches!(
            refused(|config| config.user = Some("nagaya".to_owned())),
            MailerError::Credentials
        ));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("password");
        fs::write(&path, "sesame\n").unwrap();
        let with_password = |config: &mut MailConfig| {
            config.user = Some("nagaya".to_owned());
            config.password_file = Some(path.clone());
        };
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(refused(with_password), MailerError::Readable(_)));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let mut good = config();
        with_password(&mut good);
        let mailer = Mailer::open(&good, "desk.example.jp").unwrap();
        assert!(!format!("{mailer:?}").contains("sesame"));
        assert_eq!(password(&path).unwrap(), "sesame");
        let error = refused(|config| config.authority_file = Some(path.clone()));
        assert!(matches!(error, MailerError::Tls));
    }

    #[test]
    fn answers_are_told_apart() {
        for (code, text, expected) in [
            (421, "4.3.2 shutting down", Why::Busy),
            (451, "try again", Why::Busy),
            (535, "5.7.8 bad credentials", Why::Password),
            (550, "5.1.1 no such user", Why::Address),
            (550, "no such user", Why::Address),
            (550, "5.7.1 relaying denied", Why::Refused),
            (553, "5.1.3 bad address", Why::Address),
            (554, "5.6.0 not liked", Why::Refused),
            (554, "no", Why::Refused),
        ] {
            assert_eq!(of_code(code, text), expected, "{code} {text}");
        }
    }
}
