//! A client in Rust: what the browser's Worker does, for tests, fuzzing and measurements.

use crate::{
    picture::Picture,
    tiles::{self, Slots, TileError},
};
use wire::stream::{FrameOp, HostMessage, Malformed, Rect};

/// Why a message cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CanvasError {
    /// The message.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Its tiles.
    #[error(transparent)]
    Tiles(#[from] TileError),
    /// A rectangle that is not on the screen.
    #[error("a rectangle outside the picture")]
    Outside,
}

/// Video that a frame brought; the canvas does not decode it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoPiece {
    /// Of which stream.
    pub stream: u8,
    /// The first piece of a picture that can be decoded alone.
    pub key: bool,
    /// The picture goes on in the next piece.
    pub more: bool,
    /// Where it belongs.
    pub dst: Rect,
    /// Annex B byte stream.
    pub data: Vec<u8>,
}

/// The picture as a client has it.
#[derive(Debug, Default)]
pub struct Canvas {
    /// What is shown.
    pub picture: Picture,
    /// The number of the last frame that was complete.
    pub complete: Option<u32>,
    slots: Slots,
}

impl Canvas {
    /// One without a picture: the first frame brings its size.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one message; those that are no frame change nothing. Returns the video in it.
    pub fn apply(&mut self, message: &[u8]) -> Result<Vec<VideoPiece>, CanvasError> {
        let HostMessage::Frame(part) = HostMessage::decode(message)? else {
            return Ok(Vec::new());
        };
        let mut videos = Vec::new();
        for op in part.ops {
            match op {
                FrameOp::Size { w, h } => {
                    self.picture = Picture::new(w, h);
                    self.slots.clear();
                }
                FrameOp::Copy { src, x, y } => {
                    if !self.picture.contains(src) || !self.picture.contains(Rect { x, y, ..src }) {
                        return Err(CanvasError::Outside);
                    }
                    self.picture.copy(src, x, y);
                }
                FrameOp::Tiles(payload) => {
                    tiles::decode(payload, &mut self.picture, &mut self.slots)?;
                }
                FrameOp::Video {
                    stream,
                    key,
                    more,
                    dst,
                    data,
                } => {
                    if !self.picture.contains(dst) {
                        return Err(CanvasError::Outside);
                    }
                    videos.push(VideoPiece {
                        stream,
                        key,
                        more,
                        dst,
                        data: data.to_vec(),
                    });
                }
                FrameOp::VideoEnd { .. } => {}
            }
        }
        if part.header.last {
            self.complete = Some(part.header.seq);
        }
        Ok(videos)
    }
}
