//! The frames' reading and writing, against another implementation and against what must not be.

use super::*;
use proptest::{collection::vec, prelude::*};
use std::io::Cursor;
use tokio_tungstenite::tungstenite::{
    Message, WebSocket,
    protocol::{CloseFrame, Role},
};

const MAX: usize = 1000;

/// A frame as a client writes it.
fn frame(first: u8, mask: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let len = payload.len();
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(len @ 0..126), _) => bytes.push(MASKED | len),
        (_, Ok(len)) => {
            bytes.push(MASKED | 0x7e);
            bytes.extend(len.to_be_bytes());
        }
        _ => {
            bytes.push(MASKED | 0x7f);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(a, b)| a ^ b));
    bytes
}

/// Reads the input in cuts of these lengths and writes what a server sends on: pieces, and a pong for each ping.
fn relayed(input: &[u8], cuts: &[usize], max: usize) -> Result<Vec<u8>, Malformed> {
    let mut frames = Frames::new(max);
    let mut out = Vec::new();
    let mut at = 0;
    let mut cuts = cuts.iter().cycle();
    while at < input.len() {
        let mut cut = &input[at..input.len().min(at + cuts.next().unwrap())];
        at += cut.len();
        while !cut.is_empty() {
            let step = frames.next(cut)?;
            match step.what {
                What::Unfinished => {}
                What::TooLong => return Err(Malformed),
                What::Piece(piece) => {
                    put_header(&mut out, piece.opcode, piece.last, piece.len());
                    piece.put(cut, &mut out);
                }
                What::Control(control) => match control.opcode {
                    Opcode::Close => {
                        put_close(&mut out, control.close_code()?, "");
                    }
                    _ => put_control(&mut out, Opcode::Pong, control.payload()),
                },
            }
            cut = &cut[step.taken..];
        }
    }
    Ok(out)
}

/// What another implementation's client makes of the bytes.
fn heard(bytes: Vec<u8>) -> Vec<Message> {
    let mut client = WebSocket::from_raw_socket(Cursor::new(bytes), Role::Client, None);
    std::iter::from_fn(|| client.read().ok()).collect()
}

proptest! {
    #[test]
    fn messages_go_on_as_they_came_however_they_are_cut(
        messages in vec((vec(any::<u8>(), 0..300), 1..4_usize), 1..6),
        mask in any::<[u8; 4]>(),
        cuts in vec(1..50_usize, 1..10),
    ) {
        let mut input = Vec::new();
        let mut expected = Vec::new();
        for (payload, fragments) in &messages {
            let len = payload.len().div_ceil(*fragments).max(1);
            let parts: Vec<&[u8]> = if payload.is_empty() { vec![&[]] } else { payload.chunks(len).collect() };
            for (at, part) in parts.iter().enumerate() {
                let opcode = if at == 0 { 2 } else { 0 };
                let fin = if at + 1 == parts.len() { 0x80 } else { 0 };
                input.extend(frame(opcode | fin, mask, part));
                // Between the fragments of a message, too.
                input.extend(frame(0x89, mask, b"are you there"));
                expected.push(Message::Pong(b"are you there"[..].into()));
            }
            // The pong after the last fragment comes when the message is whole.
            expected.insert(expected.len() - 1, Message::binary(payload.clone()));
        }
        let out = relayed(&input, &cuts, MAX).unwrap();
        prop_assert_eq!(heard(out), expected);
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in vec(any::<u8>(), 0..400), cut in 1..50_usize) {
        let _ = relayed(&bytes, &[cut], MAX);
    }
}

#[test]
fn lengths_have_three_forms() {
    for len in [0, 125, 126, 65_535, 65_536, 200_000] {
        let payload = vec![7; len];
        let input = frame(0x82, [1, 2, 3, 4], &payload);
        let out = relayed(&input, &[16_384], 200_000).unwrap();
        assert_eq!(heard(out), [Message::binary(payload)]);
    }
}

#[test]
fn a_message_that_is_too_long_is_refused_at_its_header() {
    let fits = frame(0x82, [0; 4], &[0; MAX]);
    assert!(relayed(&fits, &[1], MAX).is_ok());
    let long = frame(0x82, [0; 4], &[0; MAX + 1]);
    assert_eq!(relayed(&long[..8], &[8], MAX), Err(Malformed));
    // Also in fragments, and when the header's number is as large as can be.
    let parts = [frame(0x02, [0; 4], &[0; MAX]), frame(0x80, [0; 4], &[0])].concat();
    assert_eq!(relayed(&parts, &[1], MAX), Err(Malformed));
    let endless = [
        frame(0x02, [0; 4], &[0; MAX]),
        [&[0x80, 0xff][..], &[0xff; 8], &[0; 4]].concat(),
    ]
    .concat();
    assert_eq!(relayed(&endless, &[1], MAX), Err(Malformed));
}

#[test]
fn what_follows_a_message_that_is_too_long_can_still_be_read() {
    let input = [
        frame(0x82, [1; 4], &[0; MAX + 1]),
        frame(0x88, [1; 4], &[3, 0xe8]),
    ]
    .concat();
    let mut frames = Frames::new(MAX);
    let mut at = 0;
    let close = loop {
        let step = frames.next(&input[at..]).unwrap();
        at += step.taken;
        if let What::Control(control) = step.what {
            break control;
        }
    };
    assert_eq!(close.close_code(), Ok(1000));
}

#[test]
fn what_a_client_must_not_send_is_refused() {
    let bad = [
        ("not masked", vec![0x82, 0x00]),
        ("an extension's bit", frame(0xc2, [0; 4], b"")),
        ("an unknown opcode", frame(0x83, [0; 4], b"")),
        ("nothing that could go on", frame(0x80, [0; 4], b"")),
        (
            "a message inside a message",
            [frame(0x02, [0; 4], b"a"), frame(0x82, [0; 4], b"b")].concat(),
        ),
        ("a ping in fragments", frame(0x09, [0; 4], b"")),
        ("a long ping", frame(0x89, [0; 4], &[0; 126])),
        ("half a close code", frame(0x88, [0; 4], &[3])),
        (
            "a close code for no one to send",
            frame(0x88, [0; 4], &[3, 0xee]),
        ),
        (
            "a close reason that is no text",
            frame(0x88, [0; 4], &[3, 0xe8, 0xff]),
        ),
    ];
    for (what, bytes) in bad {
        assert_eq!(relayed(&bytes, &[100], MAX), Err(Malformed), "{what}");
    }
}

#[test]
fn a_close_message_has_code_and_reason() {
    let mut out = Vec::new();
    put_close(&mut out, 4010, "killed");
    let close = CloseFrame {
        code: 4010.into(),
        reason: "killed".into(),
    };
    assert_eq!(heard(out), [Message::Close(Some(close))]);
}
