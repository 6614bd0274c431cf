//! One request to a server that a customer named: over TLS to an address that was looked at, within a time and a size, and
//! following no redirect.

use super::Trouble;
use crate::{config::ServeConfig, public_address::is_public};
use openidconnect::{HttpRequest, HttpResponse, url::Host};
use reqwest::{Client, Url, redirect::Policy};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use std::{error::Error as _, net::SocketAddr, sync::Arc, time::Duration};

/// How long one request may take in all.
const LIMIT: Duration = Duration::from_secs(8);
/// The most bytes of an answer.
const LONGEST: usize = 256 * 1024;

/// Sends a request and reads the answer, whatever its status is.
pub(super) async fn send(
    config: &ServeConfig,
    request: HttpRequest,
) -> Result<HttpResponse, Trouble> {
    tokio::time::timeout(LIMIT, sending(config, request))
        .await
        .unwrap_or(Err(Trouble::Slow))
}

async fn sending(config: &ServeConfig, request: HttpRequest) -> Result<HttpResponse, Trouble> {
    let (parts, body) = request.into_parts();
    let url = Url::parse(&parts.uri.to_string()).map_err(|_| Trouble::Unknown)?;
    if url.scheme() != "https" {
        return Err(Trouble::Insecure);
    }
    let addresses = addresses(&url, config.private_identity_providers).await?;
    let client = client(config, &url, &addresses)?;
    let sent = client
        .request(parts.method, url)
        .headers(parts.headers)
        .body(body);
    let mut answer = sent.send().await.map_err(|error| trouble(&error))?;
    let mut read = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| trouble(&error))? {
        if read.len() + chunk.len() > LONGEST {
            return Err(Trouble::Answer);
        }
        read.extend_from_slice(&chunk);
    }
    let mut response = HttpResponse::new(read);
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    Ok(response)
}

/// Where a server is. What is connected to is what was looked at: the name is not looked up again.
async fn addresses(url: &Url, private: bool) -> Result<Vec<SocketAddr>, Trouble> {
    let port = url.port_or_known_default().unwrap_or(443);
    let found = match url.host().ok_or(Trouble::Unknown)? {
        Host::Ipv4(address) => vec![SocketAddr::from((address, port))],
        Host::Ipv6(address) => vec![SocketAddr::from((address, port))],
        Host::Domain(name) => tokio::net::lookup_host((name, port))
            .await
            .map_err(|_| Trouble::Unknown)?
            .collect(),
    };
    if found.is_empty() {
        return Err(Trouble::Unknown);
    }
    if !private && found.iter().any(|address| !is_public(address.ip())) {
        return Err(Trouble::Forbidden);
    }
    Ok(found)
}

fn client(config: &ServeConfig, url: &Url, addresses: &[SocketAddr]) -> Result<Client, Trouble> {
    Client::builder()
        .tls_backend_preconfigured(tls(config)?)
        .https_only(true)
        .no_proxy()
        .redirect(Policy::none())
        .referer(false)
        .timeout(LIMIT)
        .resolve_to_addrs(url.host_str().unwrap_or_default(), addresses)
        .build()
        .map_err(|_| Trouble::Tls)
}

/// The public authorities, and those of the configuration.
fn tls(config: &ServeConfig) -> Result<ClientConfig, Trouble> {
    let mut roots = RootCertStore::empty();
    roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    if let Some(file) = &config.identity_provider_authorities {
        let authorities = CertificateDer::pem_file_iter(file).map_err(|error| {
            tracing::error!(%error, "identity_provider_authorities cannot be read");
            Trouble::Tls
        })?;
        for authority in authorities {
            let authority = authority.map_err(|_| Trouble::Tls)?;
            roots.add(authority).map_err(|_| Trouble::Tls)?;
        }
    }
    Ok(
        ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| Trouble::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth(),
    )
}

fn trouble(error: &reqwest::Error) -> Trouble {
    if error.is_timeout() {
        return Trouble::Slow;
    }
    let mut cause = error.source();
    while let Some(at) = cause {
        if at.is::<rustls::Error>() {
            return Trouble::Tls;
        }
        // What is wrapped in an error of input and output is not its source.
        let wrapped = at
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        cause = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => at.source(),
        };
    }
    if error.is_body() || error.is_decode() {
        return Trouble::Answer;
    }
    Trouble::Unreachable
}
