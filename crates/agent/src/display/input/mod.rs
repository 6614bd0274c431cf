//! Keyboard, pointer and text, given to the X server by XTEST.

mod keymap;
mod keys;
mod text;

use super::{DisplayError, X};
use keys::Keys;
use std::{rc::Rc, time::Instant};
use text::Typist;
use wire::stream::ClientMessage;
use x11rb::{
    CURRENT_TIME, NONE,
    protocol::{
        xproto::{BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, MOTION_NOTIFY_EVENT},
        xtest::ConnectionExt as _,
    },
};

/// X buttons of the protocol's button bits.
const BUTTONS: [u8; 5] = [1, 2, 3, 8, 9];
/// X buttons of the wheel: up, down, left, right.
const WHEEL: [u8; 4] = [4, 5, 6, 7];
/// The protocol's units of one notch, and the most notches of one message.
const NOTCH: i32 = 120;
const MAX_NOTCHES: i32 = 30;

/// What the client holds down, and how to press it.
pub(super) struct Input {
    x: Rc<X>,
    keys: Keys,
    typist: Typist,
    buttons: u8,
    /// Turns of the wheel that are no whole notch yet.
    wheel: (i32, i32),
}

impl Input {
    pub(super) fn new(x: Rc<X>) -> Result<Self, DisplayError> {
        x.conn.xtest_get_version(2, 2)?.reply()?;
        Ok(Self {
            keys: Keys::new(x.clone())?,
            typist: Typist::default(),
            buttons: 0,
            wheel: (0, 0),
            x,
        })
    }

    /// Carries out what the client did.
    pub(super) fn take(&mut self, message: &ClientMessage<'_>) -> Result<(), DisplayError> {
        match *message {
            ClientMessage::Key { down, keysym, code } => self.key(down, keysym, code),
            ClientMessage::ReleaseAll => self.release_all(),
            ClientMessage::Text(text) => {
                self.typist.queue(text);
                self.type_on(Instant::now())
            }
            ClientMessage::Pointer { x, y, buttons } => {
                // Coordinates are below 8192; the server keeps the pointer on the screen.
                let (x, y) = (x.min(8191).cast_signed(), y.min(8191).cast_signed());
                self.fake(MOTION_NOTIFY_EVENT, 0, x, y)?;
                self.set_buttons(buttons)
            }
            ClientMessage::PointerBy { dx, dy, buttons } => {
                self.fake(MOTION_NOTIFY_EVENT, 1, dx, dy)?;
                self.set_buttons(buttons)
            }
            ClientMessage::Wheel { dx, dy } => self.turn(dx.into(), dy.into()),
            _ => Ok(()),
        }
    }

    fn key(&mut self, down: bool, keysym: u32, code: u16) -> Result<(), DisplayError> {
        if self.typist.queue_key(down, keysym, code) {
            return Ok(());
        }
        if down {
            self.keys.press(keysym, code)
        } else {
            self.keys.release(keysym, code)
        }
    }

    /// Lets everything go that is held down.
    pub(super) fn release_all(&mut self) -> Result<(), DisplayError> {
        self.typist.forget_keys();
        self.keys.release_all()?;
        self.wheel = (0, 0);
        self.set_buttons(0)
    }

    /// The keyboard's map has changed.
    pub(super) fn keys_changed(&mut self) -> Result<(), DisplayError> {
        self.keys.read_map()
    }

    /// Goes on with text that waits.
    pub(super) fn type_on(&mut self, now: Instant) -> Result<(), DisplayError> {
        self.typist.type_on(now, &mut self.keys)
    }

    /// When [`Input::type_on`] has something to do.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.typist.next_at()
    }

    fn set_buttons(&mut self, buttons: u8) -> Result<(), DisplayError> {
        for (bit, button) in BUTTONS.into_iter().enumerate() {
            let (was, is) = (self.buttons >> bit & 1, buttons >> bit & 1);
            if was != is {
                let kind = if is == 1 {
                    BUTTON_PRESS_EVENT
                } else {
                    BUTTON_RELEASE_EVENT
                };
                self.fake(kind, button, 0, 0)?;
            }
        }
        self.buttons = buttons;
        Ok(())
    }

    fn turn(&mut self, dx: i32, dy: i32) -> Result<(), DisplayError> {
        let [up, down, left, right] = WHEEL;
        for (rest, by, back, forth) in [
            (&mut self.wheel.1, dy, up, down),
            (&mut self.wheel.0, dx, left, right),
        ] {
            let notches = notches(rest, by);
            let button = if notches < 0 { back } else { forth };
            for _ in 0..notches.abs() {
                fake(&self.x, BUTTON_PRESS_EVENT, button, 0, 0)?;
                fake(&self.x, BUTTON_RELEASE_EVENT, button, 0, 0)?;
            }
        }
        Ok(())
    }

    fn fake(&self, kind: u8, detail: u8, x: i16, y: i16) -> Result<(), DisplayError> {
        fake(&self.x, kind, detail, x, y)
    }
}

fn fake(x: &X, kind: u8, detail: u8, root_x: i16, root_y: i16) -> Result<(), DisplayError> {
    // Relative motion has no window; everything else ignores it.
    let root = if kind == MOTION_NOTIFY_EVENT && detail == 0 {
        x.root
    } else {
        NONE
    };
    x.conn
        .xtest_fake_input(kind, detail, CURRENT_TIME, root, root_x, root_y, 0)?;
    Ok(())
}

/// Adds a turn to what is left of earlier ones. Returns the whole notches in it.
fn notches(rest: &mut i32, by: i32) -> i32 {
    if rest.signum() * by.signum() < 0 {
        // Turning back begins anew, or the first notch would come late.
        *rest = 0;
    }
    *rest += by;
    let whole = (*rest / NOTCH).clamp(-MAX_NOTCHES, MAX_NOTCHES);
    *rest %= NOTCH;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_turns_add_up_and_turning_back_begins_anew() {
        let mut rest = 0;
        assert_eq!([50, 50, 50].map(|by| notches(&mut rest, by)), [0, 0, 1]);
        assert_eq!(rest, 30);
        assert_eq!(notches(&mut rest, -120), -1);
        assert_eq!(notches(&mut rest, 32_000), MAX_NOTCHES);
    }
}
