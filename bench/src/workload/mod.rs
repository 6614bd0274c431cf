//! The workloads. All of them answer key presses, so that input-to-paint is known under load as well.

pub(crate) mod drag;
pub(crate) mod idle;
pub(crate) mod scroll;
pub(crate) mod typing;
pub(crate) mod video;
