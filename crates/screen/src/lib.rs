//! The stream's heart: what changed on a screen, how it travels, and how fast.
//!
//! [`Encoder`] turns pictures of the screen into messages of `wire::stream`; [`Canvas`] is a client in Rust that
//! paints them, for tests and measurements. Nothing here touches a clock, a socket or an X server: times and
//! pictures come in, bytes go out.

// Pixels, samples and rates are computed in the narrow types in which they travel.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]
// The formulas' own names: a, b, c of the predictor, x, y, w, h of rectangles.
#![allow(clippy::many_single_char_names)]

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
