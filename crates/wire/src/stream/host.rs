//! Messages from the session's display to the browser.

use super::{
    MAX_CLIPBOARD_LEN, MAX_CURSOR_SIDE, MAX_HOST_LEN, MAX_SIDE,
    bytes::{Malformed, Put as _, Reader},
    frame::FramePart,
};
use crate::rights::Rights;

/// A message from the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostMessage<'a> {
    /// First message, in answer to the client's hello.
    Hello {
        /// [`super::VERSION`].
        version: u16,
        /// Width of the screen now, in pixels.
        w: u16,
        /// Height of the screen now, in pixels.
        h: u16,
        /// What this connection may do; the host enforces it, the client only shows it.
        rights: Rights,
    },
    /// A part of a frame.
    Frame(FramePart<'a>),
    /// The cursor looks like this from now on.
    Cursor(CursorShape<'a>),
    /// The session moved the pointer itself (a game, an accessibility tool).
    PointerAt {
        /// Pixels from the left.
        x: u16,
        /// Pixels from the top.
        y: u16,
    },
    /// The session's clipboard changed.
    Clipboard(ClipboardData<'a>),
    /// Answer to a ping.
    Pong {
        /// The ping's token.
        token: u64,
    },
    /// Last message: nothing follows, and the reason why.
    Ended(Ended),
    /// Figures for the toolbar, about once a second while frames flow.
    Stats(HostStats),
}

/// Why the display ends the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Ended {
    /// The session is over: signed out, or its last window closed.
    SessionOver = 1,
    /// Another connection took the session over.
    TakenOver = 2,
    /// The client broke the protocol.
    BadMessage = 3,
    /// The client speaks another version.
    Version = 4,
}

/// The picture of the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CursorShape<'a> {
    /// Width in pixels, 0 (hidden) to [`MAX_CURSOR_SIDE`].
    pub w: u16,
    /// Height in pixels, 0 (hidden) to [`MAX_CURSOR_SIDE`].
    pub h: u16,
    /// The pixel that points, from the left.
    pub hot_x: u16,
    /// The pixel that points, from the top.
    pub hot_y: u16,
    /// `w * h` pixels of red, green, blue, alpha; not premultiplied.
    pub rgba: &'a [u8],
}

/// What the clipboard holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClipboardData<'a> {
    /// Text.
    Text(&'a str),
    /// An image as PNG.
    Png(&'a [u8]),
}

/// What the encoder did in the last second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostStats {
    /// Frames sent.
    pub frames: u16,
    /// Middle time to capture and encode a frame, in microseconds.
    pub encode_us: u32,
    /// Share of the sent picture that went as video, in per cent.
    pub video_percent: u8,
    /// The bandwidth the pacer believes in, in kbit/s; 0 when it has not been challenged.
    pub bandwidth_kbps: u32,
}

impl<'a> HostMessage<'a> {
    /// The message as bytes. Callers keep parts under [`MAX_HOST_LEN`].
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        match self {
            Self::Hello {
                version,
                w,
                h,
                rights,
            } => {
                out.u8(1);
                out.u16(*version);
                out.u16(*w);
                out.u16(*h);
                out.u32(rights.to_bits());
            }
            Self::Frame(part) => {
                out.u8(2);
                part.write(&mut out);
            }
            Self::Cursor(shape) => {
                out.u8(3);
                for value in [shape.w, shape.h, shape.hot_x, shape.hot_y] {
                    out.u16(value);
                }
                out.extend_from_slice(shape.rgba);
            }
            Self::PointerAt { x, y } => {
                out.u8(4);
                out.u16(*x);
                out.u16(*y);
            }
            Self::Clipboard(data) => {
                out.u8(5);
                data.write(&mut out);
            }
            Self::Pong { token } => {
                out.u8(6);
                out.u64(*token);
            }
            Self::Ended(why) => {
                out.u8(7);
                out.u8(*why as u8);
            }
            Self::Stats(stats) => {
                out.u8(8);
                out.u16(stats.frames);
                out.u32(stats.encode_us);
                out.u8(stats.video_percent);
                out.u32(stats.bandwidth_kbps);
            }
        }
        out
    }

    /// Reads one message.
    pub fn decode(message: &'a [u8]) -> Result<Self, Malformed> {
        if message.len() > MAX_HOST_LEN {
            return Err(Malformed::TooLarge);
        }
        let mut r = Reader(message);
        let decoded = match r.u8()? {
            1 => Self::Hello {
                version: r.u16()?,
                w: at_most(r.u16()?, MAX_SIDE)?,
                h: at_most(r.u16()?, MAX_SIDE)?,
                rights: rights(r.u32()?)?,
            },
            2 => return FramePart::read(r).map(Self::Frame),
            3 => Self::Cursor(cursor(&mut r)?),
            4 => Self::PointerAt {
                x: r.u16()?,
                y: r.u16()?,
            },
            5 => Self::Clipboard(ClipboardData::read(&mut r)?),
            6 => Self::Pong { token: r.u64()? },
            7 => Self::Ended(ended(r.u8()?)?),
            8 => Self::Stats(HostStats {
                frames: r.u16()?,
                encode_us: r.u32()?,
                video_percent: r.u8()?,
                bandwidth_kbps: r.u32()?,
            }),
            other => {
                return Err(Malformed::Unknown {
                    field: "host message",
                    value: other.into(),
                });
            }
        };
        r.end().map(|()| decoded)
    }
}

impl<'a> ClipboardData<'a> {
    pub(super) fn write(self, out: &mut Vec<u8>) {
        let (kind, bytes) = match self {
            Self::Text(text) => (0, text.as_bytes()),
            Self::Png(bytes) => (1, bytes),
        };
        out.u8(kind);
        out.blob(bytes);
    }

    pub(super) fn read(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        match r.u8()? {
            0 => r.text(MAX_CLIPBOARD_LEN).map(Self::Text),
            1 => r.blob(MAX_CLIPBOARD_LEN).map(Self::Png),
            other => Err(Malformed::Unknown {
                field: "clipboard kind",
                value: other.into(),
            }),
        }
    }
}

fn at_most(value: u16, max: u16) -> Result<u16, Malformed> {
    if value <= max {
        Ok(value)
    } else {
        Err(Malformed::TooLarge)
    }
}

fn rights(bits: u32) -> Result<Rights, Malformed> {
    Rights::from_bits(bits).ok_or(Malformed::Unknown {
        field: "rights",
        value: bits,
    })
}

fn cursor<'a>(r: &mut Reader<'a>) -> Result<CursorShape<'a>, Malformed> {
    let w = at_most(r.u16()?, MAX_CURSOR_SIDE)?;
    let h = at_most(r.u16()?, MAX_CURSOR_SIDE)?;
    Ok(CursorShape {
        w,
        h,
        hot_x: r.u16()?,
        hot_y: r.u16()?,
        rgba: r.take(usize::from(w) * usize::from(h) * 4)?,
    })
}

fn ended(value: u8) -> Result<Ended, Malformed> {
    [
        Ended::SessionOver,
        Ended::TakenOver,
        Ended::BadMessage,
        Ended::Version,
    ]
    .into_iter()
    .find(|why| *why as u8 == value)
    .ok_or(Malformed::Unknown {
        field: "ended",
        value: value.into(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::stream::{FrameHeader, FrameOp, Rect};
    use proptest::prelude::*;

    fn samples(blob: &[u8]) -> Vec<HostMessage<'_>> {
        let rect = Rect {
            x: 3,
            y: 4,
            w: 5,
            h: 6,
        };
        vec![
            HostMessage::Hello {
                version: 1,
                w: 1920,
                h: 1080,
                rights: Rights::OWN_SESSION,
            },
            HostMessage::Frame(FramePart {
                header: FrameHeader {
                    seq: u32::MAX,
                    first: true,
                    last: false,
                    captured_at_us: 9,
                },
                ops: vec![
                    FrameOp::Size { w: 1, h: MAX_SIDE },
                    FrameOp::Copy {
                        src: rect,
                        x: 0,
                        y: 99,
                    },
                    FrameOp::Tiles(blob),
                    FrameOp::Video {
                        stream: 3,
                        key: true,
                        more: true,
                        dst: rect,
                        data: blob,
                    },
                    FrameOp::VideoEnd { stream: 0 },
                ],
            }),
            HostMessage::Cursor(CursorShape {
                w: 0,
                h: 0,
                hot_x: 0,
                hot_y: 0,
                rgba: &[],
            }),
            HostMessage::PointerAt { x: 1, y: 2 },
            HostMessage::Clipboard(ClipboardData::Text("日本語")),
            HostMessage::Clipboard(ClipboardData::Png(blob)),
            HostMessage::Pong { token: 77 },
            HostMessage::Ended(Ended::TakenOver),
            HostMessage::Stats(HostStats {
                frames: 30,
                encode_us: 4000,
                video_percent: 100,
                bandwidth_kbps: 10_000,
            }),
        ]
    }

    #[test]
    fn every_message_is_read_back_and_a_cut_one_is_refused() {
        for message in samples(&[1, 2, 3]) {
            let bytes = message.encode();
            assert_eq!(HostMessage::decode(&bytes).unwrap(), message);
            assert!(HostMessage::decode(&bytes[..bytes.len() - 1]).is_err());
        }
    }

    #[test]
    fn sizes_in_frames_match_what_is_written() {
        for message in samples(&[9; 40]) {
            if let HostMessage::Frame(part) = &message {
                let ops: usize = part.ops.iter().map(FrameOp::encoded_len).sum();
                assert_eq!(message.encode().len(), 14 + ops);
            }
        }
    }

    #[test]
    fn a_rectangle_outside_the_largest_screen_is_refused() {
        let rect = Rect {
            x: MAX_SIDE,
            y: 0,
            w: 1,
            h: 1,
        };
        let bytes = HostMessage::Frame(FramePart {
            header: FrameHeader {
                seq: 0,
                first: true,
                last: true,
                captured_at_us: 0,
            },
            ops: vec![FrameOp::Copy {
                src: rect,
                x: 0,
                y: 0,
            }],
        })
        .encode();
        assert_eq!(HostMessage::decode(&bytes), Err(Malformed::TooLarge));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic_and_written_back_the_same(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(message) = HostMessage::decode(&bytes) {
                prop_assert_eq!(message.encode(), bytes);
            }
        }
    }
}
