//! The life of a session, from click to end.

pub mod page;
