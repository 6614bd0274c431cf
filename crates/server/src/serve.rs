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
    identity, keys, notices,
    operators::{self, Certificate},
    rights::{self, PoliciesError},
    sessions::job,
    tenancy,
    tls::{Listeners, PeerAcceptor, TlsError},
    two_names::{self, TwoNames},
};
use axum_server::{Handle, Server, tls_rustls::RustlsAcceptor};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};

/// How long open requests may take once the service is told to stop.
const GRACE: Duration = Duration::from_secs(3);
/// How long a client may take for its TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// And for the head of a request: who sends it a byte at a time holds a connection no longer than this.
const HEAD: Duration = Duration::from_secs(10);
/// How often an HTTP/2 connection on which nothing happens is asked whether somebody is there, and how long it may think.
const ALIVE: Duration = Duration::from_secs(30);
/// Requests on one HTTP/2 connection at the same time.
const STREAMS: u32 = 100;
/// The longest head of an HTTP/2 request, in bytes.
const HEAD_BYTES: u32 = 16 * 1024;
/// How often it is looked at whether the listeners' certificate has to be renewed, or the files of another one changed.
const RENEWAL: Duration = Duration::from_mins(1);

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
    /// The devices' name is the portal's.
    #[error("device_url must name another host than public_url")]
    DeviceName,
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
    if config.device_host_is_the_portals() {
        return Err(ServeError::DeviceName);
    }
    let (customers, machines) = (config.customer_listen, config.infra_listen);
    let management = config.management_listen;
    let app = Arc::new(App::open(config, Clock::System).await?);
    let _serving = app.db.serving().await?;
    let listeners = Listeners::new(&app)?;
    let handle = Handle::new();

    let portal = bounded(axum_server::bind(customers))
        .acceptor(TwoNames {
            portal: listeners.customers.clone(),
            device: listeners.devices.clone(),
            device_host: app.config.device_host().into(),
        })
        .handle(handle.clone())
        .serve(
            two_names::router(Arc::clone(&app)).into_make_service_with_connect_info::<SocketAddr>(),
        );
    let infrastructure = bounded(axum_server::bind(machines))
        .acceptor(PeerAcceptor::new(
            RustlsAcceptor::new(listeners.machines.clone()).handshake_timeout(HANDSHAKE),
            Peer::read,
        ))
        .handle(handle.clone())
        .serve(
            hosts::http::routes()
                .with_state(Arc::clone(&app))
                .into_make_service(),
        );
    let console = bounded(axum_server::bind(management))
        .acceptor(PeerAcceptor::new(
            RustlsAcceptor::new(listeners.operators.clone()).handshake_timeout(HANDSHAKE),
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
    let mail = tokio::spawn(notices::mail::job::run(Arc::clone(&app)));
    let forgot = tokio::spawn(identity::forgot::job::run(Arc::clone(&app)));
    let elevations = tokio::spawn(operators::elevation::job::run(Arc::clone(&app)));
    let contracts = tokio::spawn(tenancy::contract::job::run(Arc::clone(&app)));
    let checks = tokio::spawn(evidence::job::run(Arc::clone(&app)));
    let certificate = tokio::spawn(renewal(Arc::clone(&app), listeners));
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
    mail.abort();
    forgot.abort();
    elevations.abort();
    contracts.abort();
    checks.abort();
    certificate.abort();
    result
}

/// Nobody holds a connection by saying nothing, or too much.
fn bounded(server: Server<SocketAddr>) -> Server<SocketAddr> {
    let mut server = server.first_request_timeout(HEAD);
    let builder = server.http_builder();
    builder.http1().header_read_timeout(HEAD);
    builder
        .http2()
        .keep_alive_interval(ALIVE)
        .keep_alive_timeout(ALIVE)
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_BYTES);
    server
}

/// Renews the listeners' certificate long before it ends, without a restart, and takes what the provider renewed.
async fn renewal(app: Arc<App>, mut listeners: Listeners) {
    let mut look = tokio::time::interval(RENEWAL);
    loop {
        look.tick().await;
        match listeners.renew(&app) {
            Ok(true) => tracing::info!("the listeners have a new certificate"),
            Ok(false) => (),
            Err(error) => tracing::error!(%error, "the listeners' certificate cannot be renewed"),
        }
    }
}
