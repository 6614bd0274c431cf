//! The cursor's picture, which the client draws by itself.

use super::{DisplayError, X};
use wire::stream::{CursorShape, HostMessage, MAX_CURSOR_SIDE};
use x11rb::protocol::xfixes::{ConnectionExt as _, CursorNotifyMask, GetCursorImageReply};

/// What the client was told last.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    told: Option<u32>,
}

impl Cursor {
    pub(super) fn watch(x: &X) -> Result<Self, DisplayError> {
        x.conn.xfixes_query_version(5, 0)?.reply()?;
        x.conn
            .xfixes_select_cursor_input(x.root, CursorNotifyMask::DISPLAY_CURSOR)?
            .check()?;
        Ok(Self::default())
    }

    /// A new client has no cursor yet.
    pub(super) fn forget(&mut self) {
        self.told = None;
    }

    /// The message, if the cursor is another one than was told.
    pub(super) fn shape(&mut self, x: &X) -> Result<Option<Vec<u8>>, DisplayError> {
        let image = x.conn.xfixes_get_cursor_image()?.reply()?;
        if self.told.replace(image.cursor_serial) == Some(image.cursor_serial) {
            return Ok(None);
        }
        Ok(Some(encode(&image)))
    }
}

fn encode(image: &GetCursorImageReply) -> Vec<u8> {
    // Larger cursors than the protocol has are cut at the right and at the bottom.
    let (w, h) = (
        image.width.min(MAX_CURSOR_SIDE),
        image.height.min(MAX_CURSOR_SIDE),
    );
    let mut rgba = Vec::with_capacity(usize::from(w) * usize::from(h) * 4);
    for line in image
        .cursor_image
        .chunks(usize::from(image.width).max(1))
        .take(h.into())
    {
        for pixel in line.iter().take(w.into()) {
            let [blue, green, red, alpha] = pixel.to_le_bytes();
            // X has premultiplied colours, browsers have not.
            let plain = |colour: u8| match alpha {
                0 => 0,
                _ => u8::try_from(u16::from(colour) * 255 / u16::from(alpha)).unwrap_or(u8::MAX),
            };
            rgba.extend_from_slice(&[plain(red), plain(green), plain(blue), alpha]);
        }
    }
    let invisible = rgba.chunks_exact(4).all(|pixel| pixel[3] == 0);
    let shape = if invisible || rgba.len() != usize::from(w) * usize::from(h) * 4 {
        CursorShape {
            w: 0,
            h: 0,
            hot_x: 0,
            hot_y: 0,
            rgba: &[],
        }
    } else {
        CursorShape {
            w,
            h,
            hot_x: image.xhot.min(w - 1),
            hot_y: image.yhot.min(h - 1),
            rgba: &rgba,
        }
    };
    HostMessage::Cursor(shape).encode()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn image(width: u16, height: u16, pixels: Vec<u32>) -> GetCursorImageReply {
        GetCursorImageReply {
            width,
            height,
            cursor_image: pixels,
            ..Default::default()
        }
    }

    #[test]
    fn colours_are_told_without_the_premultiplication() {
        let message = encode(&image(1, 1, vec![0x8040_2000]));
        let HostMessage::Cursor(shape) = HostMessage::decode(&message).unwrap() else {
            panic!("a cursor");
        };
        assert_eq!(shape.rgba, [0x7f, 0x3f, 0, 0x80]);
    }

    #[test]
    fn an_invisible_cursor_is_hidden_and_a_huge_one_is_cut() {
        let message = encode(&image(4, 4, vec![0; 16]));
        assert!(
            matches!(HostMessage::decode(&message).unwrap(), HostMessage::Cursor(c) if c.w == 0)
        );
        let message = encode(&image(200, 150, vec![!0; 30_000]));
        assert!(
            matches!(HostMessage::decode(&message).unwrap(), HostMessage::Cursor(c) if (c.w, c.h) == (128, 128))
        );
    }
}
