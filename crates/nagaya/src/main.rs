//! The executable: serve, gateway, agent, demo, and the command-line client.
fn main() {}
