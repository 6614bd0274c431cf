//! What a connection may do besides showing the screen.

use serde::{Deserialize, Serialize};

/// The rights of one connection. All off is "watch only".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools)] // Independent switches, not a state.
pub struct Rights {
    /// Keyboard and pointer reach the session.
    pub input: bool,
    /// Text goes from the browser's clipboard into the session.
    pub clipboard_in: bool,
    /// Text goes from the session into the browser's clipboard.
    pub clipboard_out: bool,
    /// Files go from the browser into the session.
    pub files_in: bool,
    /// Files go from the session to the browser.
    pub files_out: bool,
    /// Sound of the session is played in the browser.
    pub audio: bool,
    /// Documents printed in the session reach the browser as PDF.
    pub print: bool,
}

impl Rights {
    /// What a user has in an own session when no policy takes anything away.
    pub const OWN_SESSION: Self = Self {
        input: true,
        clipboard_in: true,
        clipboard_out: true,
        files_in: true,
        files_out: true,
        audio: true,
        print: true,
    };

    /// The bits that [`Rights::to_bits`] may set.
    const ALL_BITS: u32 = 0x7f;

    /// The form that travels in [`crate::stream::HostMessage::Hello`]: bit 0 is `input`, then in order of the fields.
    #[must_use]
    pub fn to_bits(self) -> u32 {
        [
            self.input,
            self.clipboard_in,
            self.clipboard_out,
            self.files_in,
            self.files_out,
            self.audio,
            self.print,
        ]
        .into_iter()
        .enumerate()
        .fold(0, |bits, (i, on)| bits | (u32::from(on) << i))
    }

    /// The opposite of [`Rights::to_bits`]; `None` when a bit is set that this version does not know.
    #[must_use]
    pub fn from_bits(bits: u32) -> Option<Self> {
        let on = |i: u32| bits & (1 << i) != 0;
        (bits & !Self::ALL_BITS == 0).then(|| Self {
            input: on(0),
            clipboard_in: on(1),
            clipboard_out: on(2),
            files_in: on(3),
            files_out: on(4),
            audio: on(5),
            print: on(6),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_name_the_same_right_in_both_directions() {
        for bits in 0..=Rights::ALL_BITS {
            assert_eq!(Rights::from_bits(bits).map(Rights::to_bits), Some(bits));
        }
        assert_eq!(Rights::from_bits(Rights::ALL_BITS + 1), None);
        assert_eq!(Rights::default().to_bits(), 0);
    }
}
