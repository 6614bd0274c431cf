//! WebSocket frames (RFC 6455, section 5), as the server's end reads and writes them. Pure: bytes come in, pieces go out.
//!
//! A payload is never collected here. What has arrived of it is a piece that can go on at once, as a fragment of its own;
//! so the gateway needs no memory for a message, and it can always say something between two pieces.

use std::ops::Range;

/// The longest header of a frame from a client: two bytes, the length, the mask.
const MAX_HEADER: usize = 14;
/// The longest header that [`put_header`] writes for a piece of at most [`MAX_PIECE`] bytes.
pub(crate) const PIECE_HEADER: usize = 4;
/// The longest piece, in bytes.
const MAX_PIECE: usize = u16::MAX as usize;
/// The longest payload of a control frame (RFC 6455, section 5.5).
const MAX_CONTROL: usize = 125;

/// What stands for a close message without a code (RFC 6455, section 7.1.5); it is never sent.
pub(crate) const NO_CODE: u16 = 1005;

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Opcode {
    /// A message goes on.
    Continuation = 0,
    /// A message of text begins.
    Text = 1,
    /// A message of bytes begins.
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// The peer does not speak WebSocket as a client must. Nothing that comes after it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// What the first bytes of the input are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// So many bytes of the input are done with.
    pub(crate) taken: usize,
    /// What they were.
    pub(crate) what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Nothing whole yet.
    Unfinished,
    /// The header of a frame with which a message is longer than it may be. Its pieces follow all the same.
    TooLong,
    /// A piece of a message.
    Piece(Piece),
    /// A control frame, whole.
    Control(Control),
}

/// A part of a message, as it lies in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// [`Opcode::Continuation`] unless the message begins with this piece.
    pub(crate) opcode: Opcode,
    /// Whether the message ends with this piece.
    pub(crate) last: bool,
    /// Where in the input it is; never longer than [`MAX_PIECE`].
    at: (usize, usize),
    /// What its bytes must be combined with, beginning with the first.
    mask: [u8; 4],
}

/// A control frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Control {
    pub(crate) opcode: Opcode,
    payload: [u8; MAX_CONTROL],
    len: u8,
}

/// One socket's input.
#[derive(Debug)]
pub(crate) struct Frames {
    /// The longest message, in bytes.
    max_message: u64,
    /// The part of a header that has arrived.
    header: [u8; MAX_HEADER],
    header_len: u8,
    /// The data frame of which more is to come.
    frame: Option<Frame>,
    /// The length so far of the message of which more frames are to come.
    message: Option<u64>,
    /// The control frame of which more is to come. It may come between the frames of a message.
    control: Option<(Control, Frame)>,
}

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Frame {
    opcode: Opcode,
    fin: bool,
    mask: [u8; 4],
    /// Bytes of the payload that are still to come.
    left: u64,
}

impl Frames {
    pub(crate) fn new(max_message: usize) -> Self {
        Self {
            max_message: max_message as u64,
            header: [0; MAX_HEADER],
            header_len: 0,
            frame: None,
            message: None,
            control: None,
        }
    }

    /// From now on messages may be so long, in bytes.
    pub(crate) fn set_max_message(&mut self, max_message: usize) {
        self.max_message = max_message as u64;
    }

    /// Looks at the input as far as the end of a piece or a control frame.
    pub(crate) fn next(&mut self, input: &[u8]) -> Result<Step, Malformed> {
        let mut taken = 0;
        while self.frame.is_none() && self.control.is_none() {
            let Some(&byte) = input.get(taken) else {
                let what = What::Unfinished;
                return Ok(Step { taken, what });
            };
            taken += 1;
            self.header[usize::from(self.header_len)] = byte;
            self.header_len += 1;
            if let Some(frame) = read_header(&self.header[..usize::from(self.header_len)])? {
                self.header_len = 0;
                if self.begin(frame)? > self.max_message {
                    let what = What::TooLong;
                    return Ok(Step { taken, what });
                }
            }
        }
        let what = if self.control.is_some() {
            self.control_goes_on(input, &mut taken)
        } else {
            self.frame_goes_on(input, &mut taken)
        };
        Ok(Step { taken, what })
    }

    /// Takes up a frame. Returns how long its message is with it.
    fn begin(&mut self, frame: Frame) -> Result<u64, Malformed> {
        if matches!(frame.opcode, Opcode::Close | Opcode::Ping | Opcode::Pong) {
            if !frame.fin || frame.left > MAX_CONTROL as u64 {
                return Err(Malformed);
            }
            let control = Control {
                opcode: frame.opcode,
                payload: [0; MAX_CONTROL],
                len: 0,
            };
            self.control = Some((control, frame));
            return Ok(0);
        }
        let goes_on = frame.opcode == Opcode::Continuation;
        if goes_on != self.message.is_some() {
            return Err(Malformed);
        }
        let len = self.message.unwrap_or(0).saturating_add(frame.left);
        self.message = (!frame.fin).then_some(len);
        self.frame = Some(frame);
        Ok(len)
    }

    fn frame_goes_on(&mut self, input: &[u8], taken: &mut usize) -> What {
        let Some(frame) = &mut self.frame else {
            return What::Unfinished;
        };
        let here = (input.len() - *taken).min(MAX_PIECE);
        let len = usize::try_from(frame.left).map_or(here, |left| left.min(here));
        if len == 0 && frame.left > 0 {
            return What::Unfinished;
        }
        let piece = Piece {
            opcode: frame.opcode,
            last: frame.fin && frame.left == len as u64,
            at: (*taken, *taken + len),
            mask: frame.mask,
        };
        *taken += len;
        frame.left -= len as u64;
        frame.mask.rotate_left(len % 4);
        frame.opcode = Opcode::Continuation;
        if frame.left == 0 {
            self.frame = None;
        }
        What::Piece(piece)
    }

    fn control_goes_on(&mut self, input: &[u8], taken: &mut usize) -> What {
        let Some((control, frame)) = &mut self.control else {
            return What::Unfinished;
        };
        let rest = &input[*taken..];
        let len = usize::try_from(frame.left).map_or(rest.len(), |left| left.min(rest.len()));
        let begin = usize::from(control.len);
        let payload = &mut control.payload[begin..begin + len];
        payload.copy_from_slice(&rest[..len]);
        unmask(payload, frame.mask);
        *taken += len;
        // At most 125, as the header was checked.
        control.len += u8::try_from(len).unwrap_or_default();
        frame.left -= len as u64;
        frame.mask.rotate_left(len % 4);
        if frame.left > 0 {
            return What::Unfinished;
        }
        let control = *control;
        self.control = None;
        What::Control(control)
    }
}

impl Piece {
    fn range(&self) -> Range<usize> {
        self.at.0..self.at.1
    }

    /// How many bytes it is.
    pub(crate) fn len(&self) -> usize {
        self.range().len()
    }

    /// Puts its bytes, as the sender meant them, behind what is in `out`. `input` is what the piece was found in.
    pub(crate) fn put(&self, input: &[u8], out: &mut Vec<u8>) {
        let begin = out.len();
        out.extend_from_slice(&input[self.range()]);
        unmask(&mut out[begin..], self.mask);
    }
}

impl Control {
    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload[..usize::from(self.len)]
    }

    /// The code of a close message: [`NO_CODE`] when it has none.
    pub(crate) fn close_code(&self) -> Result<u16, Malformed> {
        match *self.payload() {
            [] => Ok(NO_CODE),
            [high, low, ref reason @ ..] => match u16::from_be_bytes([high, low]) {
                // Those that may be sent at all (section 7.4).
                code @ (1000..=1003 | 1007..=1014 | 3000..=4999)
                    if std::str::from_utf8(reason).is_ok() =>
                {
                    Ok(code)
                }
                _ => Err(Malformed),
            },
            [_] => Err(Malformed),
        }
    }
}

/// Writes the header of a frame from the server, which is not masked. `len` is at most [`MAX_PIECE`].
pub(crate) fn put_header(out: &mut Vec<u8>, opcode: Opcode, last: bool, len: usize) {
    out.push(opcode as u8 | if last { FIN } else { 0 });
    match u8::try_from(len) {
        Ok(len) if usize::from(len) <= MAX_CONTROL => out.push(len),
        _ => {
            let len = u16::try_from(len).unwrap_or(u16::MAX);
            out.push(126);
            out.extend_from_slice(&len.to_be_bytes());
        }
    }
}

/// Writes a whole control frame; of a payload that is too long, the beginning.
pub(crate) fn put_control(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8]) {
    let payload = &payload[..payload.len().min(MAX_CONTROL)];
    put_header(out, opcode, true, payload.len());
    out.extend_from_slice(payload);
}

/// Writes a close message.
pub(crate) fn put_close(out: &mut Vec<u8>, code: u16, reason: &str) {
    let payload = [&code.to_be_bytes(), reason.as_bytes()].concat();
    put_control(out, Opcode::Close, &payload);
}

/// Reads a header of a frame from a client; nothing while it is not whole.
fn read_header(bytes: &[u8]) -> Result<Option<Frame>, Malformed> {
    let &[first, second, ref rest @ ..] = bytes else {
        return Ok(None);
    };
    let opcode = match first & 0x7f {
        0 => Opcode::Continuation,
        1 => Opcode::Text,
        2 => Opcode::Binary,
        8 => Opcode::Close,
        9 => Opcode::Ping,
        10 => Opcode::Pong,
        // Unknown, or with a bit of an extension that was not agreed on.
        _ => return Err(Malformed),
    };
    // A client masks, always (RFC 6455, section 5.1).
    if second & MASKED == 0 {
        return Err(Malformed);
    }
    let (len, rest) = match second & 0x7f {
        126 => match rest.split_first_chunk() {
            Some((len, rest)) => (u64::from(u16::from_be_bytes(*len)), rest),
            None => return Ok(None),
        },
        127 => match rest.split_first_chunk() {
            Some((len, rest)) => (u64::from_be_bytes(*len), rest),
            None => return Ok(None),
        },
        len => (u64::from(len), rest),
    };
    Ok(rest.first_chunk().map(|mask| Frame {
        opcode,
        fin: first & FIN != 0,
        mask: *mask,
        left: len,
    }))
}

/// Combines bytes with the mask, eight at a time where there are so many.
fn unmask(bytes: &mut [u8], mask: [u8; 4]) {
    let [a, b, c, d] = mask;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = bytes.as_chunks_mut();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.into_iter().cycle()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
#[path = "frame_tests.rs"]
mod tests;
