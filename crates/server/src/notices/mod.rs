//! What the service tells people of its own accord.

pub(crate) mod mail;

pub(crate) use mail::{
    Content, Delivered, Mailer, Token, checks as mail_checks, is_on, last_links, of_person, post,
    withdraw, withdraw_links,
};
pub use mail::{MailConfig, MailTls, MailerError};
