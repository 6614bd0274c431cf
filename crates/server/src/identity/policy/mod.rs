//! What an organisation asks of its people at the door and behind it, role by role: a second factor, from where, when, for
//! how long, and how fresh a proof must be before something dangerous is done.
//!
//! All of it is asked in one place, when a request's session of the web is looked up (`gate`), so that no page can forget
//! it; sign-in asks besides, before there is a session. Desktops that are shown outside the hours are disconnected by the
//! reconciler (`service`).

pub mod draft;
mod gate;
pub(super) mod http;
pub mod page;
pub mod rules;
pub mod service;
pub(super) mod store;
#[cfg(test)]
mod tests;

pub(crate) use gate::{Gate, gate};
pub(crate) use service::{admits_program, good_web_sessions, shut_out};
