//! Runs the control plane: three listeners and the reconciler, until told to stop.

use crate::{
    activity,
    app::{App, Clock},
    authority::AuthorityError,
    clock,
    config::ServeConfig,
    db::NotAlone,
    evidence,
    hosts::{self, http::Peer},
    keys, listener,
    operators::{self, Certificate},
    rights::{self, PoliciesError},
    sessions::job,
    tls::{self, PeerAcceptor, TlsError},
};
use axum_server::{Handle, tls_rustls::RustlsAcceptor};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};

/// How long open requests may take once the service is told to stop.
const GRACE: Duration = Duration::from_secs(3);
/// How long a client may take for its TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Why the control plane does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Keys, certificates or the database.
    #[error("cannot open the service's state")]
    State(#[from] AuthorityError),
    /// The policies that say who may do what.
    #[error("cannot read the policies")]
    Policies(#[from] PoliciesError),
    /// Its data is being moved.
    #[error(
        "the database is being moved to another one (nagaya migrate); start again when that is done"
    )]
    Moving(#[from] NotAlone),
    /// The listeners' certificate.
    #[error("cannot set up TLS")]
    Tls(#[from] TlsError),
    /// An address that is taken, or a listener that failed.
    #[error("cannot listen on {address}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// Runs until `shutdown` ends.
pub async fn serve(
    config: ServeConfig,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    rights::check()?;
    let (customers, machines) = (config.customer_listen, config.infra_listen);
    let management = config.management_listen;
    let app = Arc::new(App::open(config, Clock::System).await?);
    let _serving = app.db.serving().await?;
    let identity = app
        .authority
        .listener(&app.config.extra_names, app.clock.now_s())?;
    let handle = Handle::new();

    let portal = axum_server::bind(customers)
        .acceptor(RustlsAcceptor::new(tls::customers(&identity)?).handshake_timeout(HANDSHAKE))
        .handle(handle.clone())
        .serve(
            listener::customer_router(Arc::clone(&app))
                .into_make_service_with_connect_info::<SocketAddr>(),
        );
    let machine_tls = tls::machines(&identity, &app.authority.certificate_pem)?;
    let infrastructure = axum_server::bind(machines)
        .acceptor(PeerAcceptor::new(
            RustlsAcceptor::new(machine_tls).handshake_timeout(HANDSHAKE),
            Peer::read,
        ))
        .handle(handle.clone())
        .serve(
            hosts::http::routes()
                .with_state(Arc::clone(&app))
                .into_make_service(),
        );
    let operator_tls = tls::operators(&identity, &app.authority.operators_pem)?;
    let console = axum_server::bind(management)
        .acceptor(PeerAcceptor::new(
            RustlsAcceptor::new(operator_tls).handshake_timeout(HANDSHAKE),
            Certificate::read,
        ))
        .handle(handle.clone())
        .serve(
            operators::router(Arc::clone(&app)).into_make_service_with_connect_info::<SocketAddr>(),
        );
    tracing::info!(%customers, %machines, %management, "the control plane is starting");
    let reconciler = tokio::spawn(job::run(Arc::clone(&app)));
    let logs = tokio::spawn(activity::job::run(Arc::clone(&app)));
    let streams = tokio::spawn(activity::stream::job::run(Arc::clone(&app)));
    let clock = tokio::spawn(clock::job::run(Arc::clone(&app)));
    let keys = tokio::spawn(keys::job::run(Arc::clone(&app)));
    let checks = tokio::spawn(evidence::job::run(Arc::clone(&app)));
    let result = tokio::select! {
        result = portal => result.map_err(|source| ServeError::Listen { address: customers, source }),
        result = infrastructure => result.map_err(|source| ServeError::Listen { address: machines, source }),
        result = console => result.map_err(|source| ServeError::Listen { address: management, source }),
        () = async { shutdown.await; handle.graceful_shutdown(Some(GRACE)); std::future::pending().await } => Ok(()),
    };
    reconciler.abort();
    logs.abort();
    clock.abort();
    streams.abort();
    keys.abort();
    checks.abort();
    result
}
