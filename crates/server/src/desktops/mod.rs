//! What a customer offers to its users: desktops and published applications.

pub mod page;
