//! Frames: what changes on the screen at one moment, in one or more parts.
//!
//! A frame is the parts from one with `first` to the one with `last`; the client applies the operations in order and
//! shows the result after the last. Parts keep each message small, so that a control message never waits long.

use super::{
    MAX_HOST_LEN, MAX_SIDE,
    bytes::{Malformed, Put as _, Reader},
};

/// A rectangle in pixels of the screen, never empty and always inside 0..[`MAX_SIDE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rect {
    /// Left edge.
    pub x: u16,
    /// Top edge.
    pub y: u16,
    /// Width.
    pub w: u16,
    /// Height.
    pub h: u16,
}

impl Rect {
    /// The area in pixels.
    #[must_use]
    pub fn area(self) -> u32 {
        u32::from(self.w) * u32::from(self.h)
    }

    fn is_valid(self) -> bool {
        self.w > 0
            && self.h > 0
            && u32::from(self.x) + u32::from(self.w) <= u32::from(MAX_SIDE)
            && u32::from(self.y) + u32::from(self.h) <= u32::from(MAX_SIDE)
    }
}

/// What every part of a frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Number of the frame; the next frame has the next number, after the highest comes zero.
    pub seq: u32,
    /// The first part of its frame.
    pub first: bool,
    /// The last part of its frame: show it, then acknowledge it.
    pub last: bool,
    /// When the pixels were read, in microseconds of the host's clock (any origin).
    pub captured_at_us: u64,
}

/// One change of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameOp<'a> {
    /// The screen has this size from now on; everything is black until painted, caches and video streams are void.
    Size {
        /// Width in pixels, 1..=[`MAX_SIDE`].
        w: u16,
        /// Height in pixels, 1..=[`MAX_SIDE`].
        h: u16,
    },
    /// Copy `src` of what was shown so far to (`x`, `y`); the two may overlap.
    Copy {
        /// From where, and how large.
        src: Rect,
        /// Left edge of the target.
        x: u16,
        /// Top edge of the target.
        y: u16,
    },
    /// Lossless tiles in the form of `screen::tiles`.
    Tiles(&'a [u8]),
    /// A piece of an H.264 access unit (Annex B byte stream) that paints `dst`.
    Video {
        /// Which of the video streams, 0..=3; each has a decoder of its own.
        stream: u8,
        /// The access unit can be decoded without earlier ones; resets the decoder.
        key: bool,
        /// The access unit goes on in the next `Video` of the same stream.
        more: bool,
        /// Where the picture goes. Its size is the coded picture's size less the cropping.
        dst: Rect,
        /// The bytes.
        data: &'a [u8],
    },
    /// The stream is over; its decoder can be closed.
    VideoEnd {
        /// Which stream.
        stream: u8,
    },
}

/// One message of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FramePart<'a> {
    /// Which frame, and where in it.
    pub header: FrameHeader,
    /// The changes, in order.
    pub ops: Vec<FrameOp<'a>>,
}

const FIRST: u8 = 1;
const LAST: u8 = 2;
const KEY: u8 = 1;
const MORE: u8 = 2;
const MAX_STREAM: u8 = 3;

impl<'a> FramePart<'a> {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let flags = (u8::from(self.header.first) * FIRST) | (u8::from(self.header.last) * LAST);
        out.u8(flags);
        out.u32(self.header.seq);
        out.u64(self.header.captured_at_us);
        for op in &self.ops {
            op.write(out);
        }
    }

    pub(super) fn read(mut r: Reader<'a>) -> Result<Self, Malformed> {
        let flags = r.u8()?;
        if flags & !(FIRST | LAST) != 0 {
            return Err(unknown("frame flags", flags));
        }
        let header = FrameHeader {
            seq: r.u32()?,
            first: flags & FIRST != 0,
            last: flags & LAST != 0,
            captured_at_us: r.u64()?,
        };
        let mut ops = Vec::new();
        while !r.0.is_empty() {
            ops.push(FrameOp::read(&mut r)?);
        }
        Ok(Self { header, ops })
    }
}

impl<'a> FrameOp<'a> {
    /// How many bytes the operation takes in a part.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        match self {
            Self::Size { .. } => 5,
            Self::Copy { .. } => 13,
            Self::Tiles(data) => 5 + data.len(),
            Self::Video { data, .. } => 15 + data.len(),
            Self::VideoEnd { .. } => 2,
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Size { w, h } => {
                out.u8(1);
                out.u16(w);
                out.u16(h);
            }
            Self::Copy { src, x, y } => {
                out.u8(2);
                put_rect(out, src);
                out.u16(x);
                out.u16(y);
            }
            Self::Tiles(data) => {
                out.u8(3);
                out.blob(data);
            }
            Self::Video {
                stream,
                key,
                more,
                dst,
                data,
            } => {
                out.u8(4);
                out.u8(stream);
                out.u8((u8::from(key) * KEY) | (u8::from(more) * MORE));
                put_rect(out, dst);
                out.blob(data);
            }
            Self::VideoEnd { stream } => {
                out.u8(5);
                out.u8(stream);
            }
        }
    }

    fn read(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(match r.u8()? {
            1 => Self::Size {
                w: side(r.u16()?)?,
                h: side(r.u16()?)?,
            },
            2 => {
                let src = rect(r)?;
                let (x, y) = (r.u16()?, r.u16()?);
                if !(Rect { x, y, ..src }).is_valid() {
                    return Err(Malformed::TooLarge);
                }
                Self::Copy { src, x, y }
            }
            3 => Self::Tiles(r.blob(MAX_HOST_LEN)?),
            4 => {
                let stream = stream_number(r)?;
                let flags = r.u8()?;
                if flags & !(KEY | MORE) != 0 {
                    return Err(unknown("video flags", flags));
                }
                Self::Video {
                    stream,
                    key: flags & KEY != 0,
                    more: flags & MORE != 0,
                    dst: rect(r)?,
                    data: r.blob(MAX_HOST_LEN)?,
                }
            }
            5 => Self::VideoEnd {
                stream: stream_number(r)?,
            },
            other => return Err(unknown("frame operation", other)),
        })
    }
}

fn unknown(field: &'static str, value: u8) -> Malformed {
    Malformed::Unknown {
        field,
        value: value.into(),
    }
}

fn stream_number(r: &mut Reader<'_>) -> Result<u8, Malformed> {
    match r.u8()? {
        stream @ 0..=MAX_STREAM => Ok(stream),
        other => Err(unknown("video stream", other)),
    }
}

fn side(value: u16) -> Result<u16, Malformed> {
    if (1..=MAX_SIDE).contains(&value) {
        Ok(value)
    } else {
        Err(Malformed::TooLarge)
    }
}

fn rect(r: &mut Reader<'_>) -> Result<Rect, Malformed> {
    let rect = Rect {
        x: r.u16()?,
        y: r.u16()?,
        w: r.u16()?,
        h: r.u16()?,
    };
    if rect.is_valid() {
        Ok(rect)
    } else {
        Err(Malformed::TooLarge)
    }
}

fn put_rect(out: &mut Vec<u8>, rect: Rect) {
    for value in [rect.x, rect.y, rect.w, rect.h] {
        out.u16(value);
    }
}
