//! What the service tells people of its own accord.

pub mod mail;

pub(crate) use mail::{
    Content, Mailer, Token, checks as mail_checks, is_on, last_links, of_person, post, withdraw,
    withdraw_links,
};
pub use mail::{Delivered, MailConfig, MailTls, MailerError};
