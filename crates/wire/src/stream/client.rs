//! Messages from the browser to the session's display.

use super::{
    MAX_CLIENT_LEN, MAX_SIDE, MAX_TEXT_LEN,
    bytes::{Malformed, Put as _, Reader},
    host::ClipboardData,
};

/// A message from the browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientMessage<'a> {
    /// First message.
    Hello(ClientHello<'a>),
    /// A frame was painted.
    Ack {
        /// Its number.
        seq: u32,
        /// From the arrival of its last part to the end of decoding, in microseconds.
        decode_us: u32,
        /// From there to the paint, in microseconds.
        paint_us: u32,
    },
    /// A key went down or up.
    Key {
        /// Down.
        down: bool,
        /// X keysym of the character or function, 0 when only the physical key is known.
        keysym: u32,
        /// Linux input event code of the physical key (`KEY_A` = 30), 0 when unknown.
        code: u16,
    },
    /// No key and no button is held any more.
    ReleaseAll,
    /// Text that the client's input method committed.
    Text(&'a str),
    /// The pointer is here, with these buttons held.
    Pointer {
        /// Pixels from the left.
        x: u16,
        /// Pixels from the top.
        y: u16,
        /// Bit 0 left, 1 middle, 2 right, 3 back, 4 forward.
        buttons: u8,
    },
    /// The pointer moved by this much (pointer lock).
    PointerBy {
        /// Pixels to the right.
        dx: i16,
        /// Pixels down.
        dy: i16,
        /// As in `Pointer`.
        buttons: u8,
    },
    /// The wheel turned; 120 is one notch.
    Wheel {
        /// To the right.
        dx: i16,
        /// Down.
        dy: i16,
    },
    /// The window has this size now.
    Resize {
        /// Width in device pixels.
        w: u16,
        /// Height in device pixels.
        h: u16,
        /// Device pixel ratio in per cent (200 = two device pixels per CSS pixel).
        scale_percent: u16,
    },
    /// The client's clipboard holds this.
    Clipboard(ClipboardData<'a>),
    /// Asks for a pong.
    Ping {
        /// Comes back in the pong.
        token: u64,
        /// The last measured round trip in microseconds, 0 when none.
        rtt_us: u32,
    },
    /// How the user wants the picture.
    Quality(Quality),
    /// Send everything anew: the client lost its picture or a decoder failed.
    Refresh,
}

/// The first message of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientHello<'a> {
    /// [`super::VERSION`].
    pub version: u16,
    /// Width of the window in device pixels.
    pub w: u16,
    /// Height of the window in device pixels.
    pub h: u16,
    /// Device pixel ratio in per cent.
    pub scale_percent: u16,
    /// The client decodes H.264 (WebCodecs).
    pub h264: bool,
    /// The client's language as a BCP 47 tag.
    pub language: &'a str,
}

/// The user's choice between sharpness and smoothness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Quality {
    /// The encoder chooses per region.
    Auto = 0,
    /// Lossless only.
    Sharp = 1,
    /// Video early, for slow links.
    Smooth = 2,
}

/// The longest language tag.
const MAX_LANGUAGE_LEN: usize = 64;

impl<'a> ClientMessage<'a> {
    /// The message as bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(24);
        match *self {
            Self::Hello(hello) => {
                out.u8(0x81);
                for value in [hello.version, hello.w, hello.h, hello.scale_percent] {
                    out.u16(value);
                }
                out.u8(hello.h264.into());
                out.blob(hello.language.as_bytes());
            }
            Self::Ack {
                seq,
                decode_us,
                paint_us,
            } => {
                out.u8(0x82);
                for value in [seq, decode_us, paint_us] {
                    out.u32(value);
                }
            }
            Self::Key { down, keysym, code } => {
                out.u8(0x83);
                out.u8(down.into());
                out.u32(keysym);
                out.u16(code);
            }
            Self::ReleaseAll => out.u8(0x84),
            Self::Text(text) => {
                out.u8(0x85);
                out.blob(text.as_bytes());
            }
            Self::Pointer { x, y, buttons } => {
                out.u8(0x86);
                out.u16(x);
                out.u16(y);
                out.u8(buttons);
            }
            Self::PointerBy { dx, dy, buttons } => {
                out.u8(0x87);
                out.i16(dx);
                out.i16(dy);
                out.u8(buttons);
            }
            Self::Wheel { dx, dy } => {
                out.u8(0x88);
                out.i16(dx);
                out.i16(dy);
            }
            Self::Resize {
                w,
                h,
                scale_percent,
            } => {
                out.u8(0x89);
                for value in [w, h, scale_percent] {
                    out.u16(value);
                }
            }
            Self::Clipboard(data) => {
                out.u8(0x8a);
                data.write(&mut out);
            }
            Self::Ping { token, rtt_us } => {
                out.u8(0x8b);
                out.u64(token);
                out.u32(rtt_us);
            }
            Self::Quality(quality) => {
                out.u8(0x8c);
                out.u8(quality as u8);
            }
            Self::Refresh => out.u8(0x8d),
        }
        out
    }

    /// Reads one message. Sizes of windows are brought into 1..=[`MAX_SIDE`], everything else is refused when wrong.
    pub fn decode(message: &'a [u8]) -> Result<Self, Malformed> {
        if message.len() > MAX_CLIENT_LEN {
            return Err(Malformed::TooLarge);
        }
        let mut r = Reader(message);
        let decoded = match r.u8()? {
            0x81 => Self::Hello(ClientHello {
                version: r.u16()?,
                w: side(r.u16()?),
                h: side(r.u16()?),
                scale_percent: r.u16()?,
                h264: r.flag("h264")?,
                language: r.text(MAX_LANGUAGE_LEN)?,
            }),
            0x82 => Self::Ack {
                seq: r.u32()?,
                decode_us: r.u32()?,
                paint_us: r.u32()?,
            },
            0x83 => Self::Key {
                down: r.flag("key down")?,
                keysym: r.u32()?,
                code: r.u16()?,
            },
            0x84 => Self::ReleaseAll,
            0x85 => Self::Text(r.text(MAX_TEXT_LEN)?),
            0x86 => Self::Pointer {
                x: r.u16()?,
                y: r.u16()?,
                buttons: r.u8()?,
            },
            0x87 => Self::PointerBy {
                dx: r.i16()?,
                dy: r.i16()?,
                buttons: r.u8()?,
            },
            0x88 => Self::Wheel {
                dx: r.i16()?,
                dy: r.i16()?,
            },
            0x89 => Self::Resize {
                w: side(r.u16()?),
                h: side(r.u16()?),
                scale_percent: r.u16()?,
            },
            0x8a => Self::Clipboard(ClipboardData::read(&mut r)?),
            0x8b => Self::Ping {
                token: r.u64()?,
                rtt_us: r.u32()?,
            },
            0x8c => Self::Quality(quality(r.u8()?)?),
            0x8d => Self::Refresh,
            other => {
                return Err(Malformed::Unknown {
                    field: "client message",
                    value: other.into(),
                });
            }
        };
        r.end().map(|()| decoded)
    }
}

fn side(value: u16) -> u16 {
    value.clamp(1, MAX_SIDE)
}

fn quality(value: u8) -> Result<Quality, Malformed> {
    [Quality::Auto, Quality::Sharp, Quality::Smooth]
        .into_iter()
        .find(|quality| *quality as u8 == value)
        .ok_or(Malformed::Unknown {
            field: "quality",
            value: value.into(),
        })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn samples() -> Vec<ClientMessage<'static>> {
        vec![
            ClientMessage::Hello(ClientHello {
                version: 1,
                w: 1280,
                h: 720,
                scale_percent: 150,
                h264: true,
                language: "ja-JP",
            }),
            ClientMessage::Ack {
                seq: 5,
                decode_us: 6,
                paint_us: 7,
            },
            ClientMessage::Key {
                down: true,
                keysym: 0xff0d,
                code: 28,
            },
            ClientMessage::ReleaseAll,
            ClientMessage::Text("変換"),
            ClientMessage::Pointer {
                x: 1,
                y: 2,
                buttons: 4,
            },
            ClientMessage::PointerBy {
                dx: -1,
                dy: 1,
                buttons: 0,
            },
            ClientMessage::Wheel { dx: 0, dy: -120 },
            ClientMessage::Resize {
                w: 800,
                h: 600,
                scale_percent: 100,
            },
            ClientMessage::Clipboard(ClipboardData::Text("clip")),
            ClientMessage::Ping {
                token: 1,
                rtt_us: 2,
            },
            ClientMessage::Quality(Quality::Smooth),
            ClientMessage::Refresh,
        ]
    }

    #[test]
    fn every_message_is_read_back_and_a_cut_or_longer_one_is_refused() {
        for message in samples() {
            let mut bytes = message.encode();
            assert_eq!(ClientMessage::decode(&bytes).unwrap(), message);
            assert!(ClientMessage::decode(&bytes[..bytes.len() - 1]).is_err());
            bytes.push(0);
            assert!(ClientMessage::decode(&bytes).is_err());
        }
    }

    #[test]
    fn the_largest_clipboard_fits_and_one_more_does_not() {
        let text = "a".repeat(super::super::MAX_CLIPBOARD_LEN);
        let bytes = ClientMessage::Clipboard(ClipboardData::Text(&text)).encode();
        assert!(ClientMessage::decode(&bytes).is_ok());
        let text = "a".repeat(super::super::MAX_CLIPBOARD_LEN + 1);
        let bytes = ClientMessage::Clipboard(ClipboardData::Text(&text)).encode();
        assert_eq!(ClientMessage::decode(&bytes), Err(Malformed::TooLarge));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = ClientMessage::decode(&bytes);
        }
    }
}
