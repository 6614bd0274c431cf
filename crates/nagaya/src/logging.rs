//! Logs go to standard error, as text for a person or as JSON lines for a machine.

use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// One readable line for each event.
    Text,
    /// One JSON object for each event.
    Json,
}

/// Starts logging. `NAGAYA_LOG` chooses what is shown, in the form of `tracing`'s filters; `info` without it.
pub(crate) fn start(format: LogFormat) {
    let filter =
        EnvFilter::try_from_env("NAGAYA_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false);
    match format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
}
