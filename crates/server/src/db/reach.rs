//! How a PostgreSQL server is reached: on this machine, or over TLS that makes sure that it is the one that is meant.

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use std::{net::IpAddr, str::FromStr as _};

/// What a URL says, with what the environment adds (`PGHOST`, `PGSSLMODE`, …). A server on another machine is refused unless
/// its certificate is verified: passwords and customers' rows would go to whoever answers.
pub(super) fn options(url: &str) -> sqlx::Result<PgConnectOptions> {
    let options = PgConnectOptions::from_str(url)?;
    let is_here = options.get_socket().is_some() || is_this_machine(options.get_host());
    if is_here || matches!(options.get_ssl_mode(), PgSslMode::VerifyFull) {
        return Ok(options);
    }
    let text = format!(
        "PostgreSQL at {0} is on another machine, and its certificate would not be verified; add sslmode=verify-full to the \
         URL, as in postgres://USER@{0}/DATABASE?sslmode=verify-full, and &sslrootcert=FILE with the authority's \
         certificate unless it is a public one",
        options.get_host()
    );
    Err(sqlx::Error::Configuration(text.into()))
}

/// A folder is that of a UNIX socket.
fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_loopback = bare
        .parse()
        .is_ok_and(|address: IpAddr| address.to_canonical().is_loopback());
    host.starts_with('/') || host.eq_ignore_ascii_case("localhost") || is_loopback
}

#[cfg(test)]
mod tests {
    use super::options;

    #[test]
    fn a_server_on_another_machine_is_verified_or_refused() {
        for url in [
            "postgres://nagaya@db.example/nagaya",
            "postgres://nagaya@db.example/nagaya?sslmode=require",
            "postgres://nagaya@db.example/nagaya?sslmode=verify-ca",
            "postgres://nagaya@10.0.0.7/nagaya?sslmode=disable",
            "postgres://nagaya@[2001:db8::7]/nagaya",
            "postgres://nagaya@localhost.example/nagaya",
            // The address that is connected to counts, whatever is written before it.
            "postgres://nagaya@localhost/nagaya?host=db.example",
            "postgres://nagaya@localhost/nagaya?hostaddr=10.0.0.7",
        ] {
            let text = options(url).map_or_else(|error| error.to_string(), |_| String::new());
            assert!(text.contains("?sslmode=verify-full"), "{url}: {text}");
        }
        for url in [
            "postgres://nagaya@db.example/nagaya?sslmode=verify-full",
            "postgres://nagaya@localhost/nagaya",
            "postgres://nagaya@127.0.0.1:5433/nagaya?sslmode=disable",
            "postgres://nagaya@[::1]/nagaya",
            "postgres://nagaya@localhost/nagaya?host=/run/postgresql",
            "postgres://nagaya@%2Frun%2Fpostgresql/nagaya",
        ] {
            assert!(options(url).is_ok(), "{url}");
        }
    }
}
