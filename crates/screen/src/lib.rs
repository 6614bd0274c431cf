//! The stream's heart: what changed on a screen, how it travels, and how fast.
//!
//! [`Encoder`] turns pictures of the screen into messages of `wire::stream`; [`Canvas`] is a client in Rust that
//! paints them, for tests and measurements. Nothing here touches a clock, a socket or an X server: times and
//! pictures come in, bytes go out.

mod activity;
mod cache;
mod canvas;
mod change;
mod encoder;
mod motion;
mod pace;
mod pack;
mod picture;
pub mod tiles;
mod video;

pub use canvas::{Canvas, CanvasError, VideoPiece};
pub use encoder::{Encoder, EncoderOptions};
pub use picture::{Frame, Picture};
pub use video::{Coded, Video, VideoError};
