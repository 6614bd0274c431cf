//! Mail to people: one-time links, and notices of what was done to their accounts.
//!
//! A message is written in the transaction of the act that it tells of (`post`) and sent afterwards by a reconciler
//! ([`job`]), over TLS, at least once and always under the same Message-ID. What it says is sealed, and erased as soon as it
//! was sent, given up or withdrawn. See `docs/adr/0025-mail.md`.

pub(crate) mod checks;
pub mod config;
pub mod job;
mod letter;
mod message;
pub mod page;
mod send;
mod service;
pub(crate) mod state;
mod store;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use config::{MailConfig, MailTls};
pub(crate) use letter::{Content, Token};
pub use page::Delivered;
pub(crate) use send::Mailer;
pub use send::MailerError;
pub(crate) use service::{is_on, last_links, of_person, post, withdraw, withdraw_links};
