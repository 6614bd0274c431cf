//! The gateway as browsers, agents and the control plane meet it: over TLS, on real sockets.
// What stands around the tests' functions is test code as well.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod control_plane;
mod limits;
mod link;
mod pairs;
mod site;
mod tickets;
