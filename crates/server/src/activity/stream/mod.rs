//! A customer's records, sent to the customer's own collector (SIEM) as they are made: as syslog over TLS (RFC 5424 over
//! RFC 5425) or as OpenTelemetry logs (OTLP over HTTPS). At least once, in the log's order; the log never waits for it.

pub(super) mod http;
pub mod job;
mod otlp;
mod page;
mod send;
mod service;
mod syslog;
mod target;
#[cfg(test)]
mod tests;

pub use page::{StreamPage, StreamRemovePage};
