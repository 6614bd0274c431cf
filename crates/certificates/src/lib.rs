//! The certificate of a public authority that browsers are shown by the portal and by gateways, and who is shown the one
//! of the service's own authority instead.
//!
//! The provider names two PEM files, as clients of ACME (RFC 8555) leave them. They are read at the start, where every
//! mistake is told, and looked at again while the listener runs: what does not fit together then is left aside.

mod choice;
mod client;
mod files;
mod private;
mod watched;

pub use choice::{own, server_resolver};
pub use client::verifier;
pub use files::{CertificateError, CertificateFiles, Public, days_left};
pub use private::{NotPrivate, private};
pub use watched::Watched;

/// With fewer days left than this a certificate should have been renewed: ACME clients do it 30 days before its end.
pub const FEW_DAYS: i64 = 14;
