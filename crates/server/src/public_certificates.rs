//! The certificates of public authorities that customers' browsers are shown, where the provider has configured some.

use crate::{
    app::App,
    config::ServeConfig,
    evidence::{Answer, CannotTell, Check, Run},
    portal::Key,
    probes,
};
use certificates::{CertificateError, FEW_DAYS, Public, Watched};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{
        WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
    },
    version::TLS13,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::{fmt, sync::Arc};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// One for each of the customer listener's names.
#[derive(Debug, Default)]
pub(crate) struct PublicCertificates {
    portal: Option<Watched>,
    devices: Option<Watched>,
}

impl PublicCertificates {
    /// Reads what the configuration names.
    pub(crate) fn open(config: &ServeConfig) -> Result<Self, CertificateError> {
        let open = |files: &Option<_>, host: String| {
            let files = files.clone();
            files.map(|files| Watched::open(files, &host)).transpose()
        };
        Ok(Self {
            portal: open(&config.certificate, config.public_host())?,
            devices: open(&config.device_certificate, config.device_host())?,
        })
    }

    /// The portal's.
    pub(crate) fn portal(&self) -> Option<Public> {
        self.portal.as_ref().map(Watched::current)
    }

    /// The devices' own name's.
    pub(crate) fn devices(&self) -> Option<Public> {
        self.devices.as_ref().map(Watched::current)
    }

    /// The fewest days that one of them has left; `None` where none is configured.
    pub(crate) fn days_left(&self, now_s: u64) -> Option<i64> {
        let both = [self.portal(), self.devices()];
        let days = both.iter().flatten().map(|public| public.days_left(now_s));
        days.min()
    }

    /// Looks at the files again. `true` when another certificate is shown from now on.
    pub(crate) fn look(&self) -> bool {
        let mut changed = false;
        for watched in [&self.portal, &self.devices].into_iter().flatten() {
            match watched.look() {
                Ok(is_new) => changed |= is_new,
                Err(error) => {
                    let why = error.to_string();
                    tracing::error!(why, "the certificate's files changed and cannot be used");
                }
            }
        }
        changed
    }
}

/// What browsers are shown has enough days left.
pub(crate) const PORTAL_CERTIFICATE: Check = Check {
    name: "listener.certificate",
    says: Key("evidence.check.portal_certificate"),
    figures: &[Key("evidence.figure.days_left")],
    run: Run::Service(|app| Box::pin(portal_certificate(app))),
};

async fn portal_certificate(app: &App) -> Result<Answer, CannotTell> {
    let told = |error: &dyn fmt::Display| CannotTell(error.to_string());
    let host = app.config.public_host();
    let stream = probes::connect(app.config.customer_listen).await;
    let stream = stream.map_err(|error| told(&error))?;
    let name = ServerName::try_from(host).map_err(|error| told(&error))?;
    let browser = browser().map_err(|error| told(&error))?;
    let stream = timeout(probes::PATIENCE, browser.connect(name, stream)).await;
    let stream = stream
        .map_err(|error| told(&error))?
        .map_err(|error| told(&error))?;
    let shown = stream.get_ref().1.peer_certificates();
    let shown = shown.and_then(<[_]>::first);
    let days = shown.and_then(|shown| certificates::days_left(shown, app.clock.now_s()));
    let days = days.ok_or_else(|| told(&"no certificate was shown"))?;
    Ok(Answer::of(days >= FEW_DAYS, vec![days]))
}

/// What a browser would be shown, whichever authority it is of: only its end is looked at, and nothing is said to it.
fn browser() -> Result<TlsConnector, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Onlooker(algorithms)))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Takes any certificate whose key the listener has.
#[derive(Debug)]
struct Onlooker(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Onlooker {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use super::*;
    use crate::{
        evidence::Outcome,
        testing::{START_MS, World, worlds},
        tls::Listeners,
    };
    use certificates::CertificateFiles;
    use rcgen::{CertificateParams, KeyPair};
    use std::{fs, os::unix::fs::PermissionsExt as _};
    use time::{Duration, OffsetDateTime};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    const DAY_MS: i64 = 24 * 60 * 60 * 1000;

    /// Puts a certificate for the portal that is good for so many days from the tests' beginning.
    fn put(files: &CertificateFiles, days: i64) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let start = OffsetDateTime::from_unix_timestamp(START_MS / 1000).unwrap();
        params.not_before = start - Duration::days(1);
        params.not_after = start + Duration::days(days);
        let chain = params.self_signed(&key).unwrap().pem();
        fs::write(&files.chain_file, chain).unwrap();
        fs::write(&files.key_file, key.serialize_pem()).unwrap();
        fs::set_permissions(&files.key_file, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// A service with such a certificate.
    pub(crate) async fn with_certificate(days: i64) -> (World, CertificateFiles) {
        let mut world = worlds().await.remove(0);
        let files = CertificateFiles {
            chain_file: world.place().0.join("fullchain.pem"),
            key_file: world.place().0.join("privkey.pem"),
        };
        put(&files, days);
        let app = Arc::get_mut(&mut world.app).unwrap();
        app.config.public_url = "https://localhost:8443".to_owned();
        app.config.certificate = Some(files.clone());
        app.certificates = PublicCertificates::open(&app.config).unwrap();
        (world, files)
    }

    /// What the check says while this listens.
    async fn asked(world: &mut World, listeners: &Listeners) -> Answer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let app = Arc::get_mut(&mut world.app).unwrap();
        app.config.customer_listen = listener.local_addr().unwrap();
        let tls = TlsAcceptor::from(listeners.customers.get_inner());
        let served = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let _stream = tls.accept(stream).await;
        });
        let answer = portal_certificate(&world.app).await.unwrap();
        served.await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_certificate_that_ends_soon_or_has_ended_falls_short_until_it_is_renewed() {
        let (mut world, files) = with_certificate(90).await;
        let mut listeners = Listeners::new(&world.app).unwrap();
        let answer = asked(&mut world, &listeners).await;
        assert_eq!((answer.outcome, answer.figures[0]), (Outcome::Holds, 90));
        for (passed, left, outcome) in [
            (76, 14, Outcome::Holds),
            (1, 13, Outcome::FallsShort),
            (14, -1, Outcome::FallsShort),
        ] {
            world.pass_ms(passed * DAY_MS);
            let answer = asked(&mut world, &listeners).await;
            assert_eq!((answer.outcome, answer.figures[0]), (outcome, left));
            assert_eq!(
                world.app.certificates.days_left(world.app.clock.now_s()),
                Some(left)
            );
        }
        // The files are read again while the service runs.
        put(&files, 91 + 90);
        assert!(listeners.renew(&world.app).unwrap());
        let answer = asked(&mut world, &listeners).await;
        assert_eq!((answer.outcome, answer.figures[0]), (Outcome::Holds, 90));
        assert!(!listeners.renew(&world.app).unwrap());
    }

    #[tokio::test]
    async fn without_a_configured_certificate_our_own_is_shown() {
        let mut world = worlds().await.remove(0);
        let listeners = Listeners::new(&world.app).unwrap();
        assert_eq!(
            world.app.certificates.days_left(world.app.clock.now_s()),
            None
        );
        let answer = asked(&mut world, &listeners).await;
        assert_eq!(answer.outcome, Outcome::Holds);
    }
}
