//! On a session host: sandboxes, display, input. The only privileged code.
