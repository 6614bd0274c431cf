//! The stream between a session's display and the browser, version 1. `docs/protocol.md` says the same in prose.
//!
//! Each WebSocket binary message is one message: a type byte, then the fields, little-endian, without padding. The
//! host's types are below 0x80, the client's from 0x80. Bytes left over after the last field are an error.

mod bytes;
mod client;
mod frame;
mod host;

pub use bytes::Malformed;
pub use client::{ClientHello, ClientMessage, Quality};
pub use frame::{FrameHeader, FrameOp, FramePart, Rect};
pub use host::{ClipboardData, CursorShape, Ended, HostMessage, HostStats};

/// The version that both sides name in their hello.
pub const VERSION: u16 = 1;
/// The longest message from the host, in bytes; larger pictures travel as several frame parts.
pub const MAX_HOST_LEN: usize = 256 * 1024;
/// The longest message from the client, in bytes; the clipboard sets it.
pub const MAX_CLIENT_LEN: usize = MAX_CLIPBOARD_LEN + 16;
/// The most clipboard data carried, in bytes.
pub const MAX_CLIPBOARD_LEN: usize = 240 * 1024;
/// The longest text of one input-method commit, in bytes of UTF-8.
pub const MAX_TEXT_LEN: usize = 16 * 1024;
/// The largest width and height of a screen, in pixels.
pub const MAX_SIDE: u16 = 8192;
/// The largest width and height of a cursor, in pixels.
pub const MAX_CURSOR_SIDE: u16 = 128;
