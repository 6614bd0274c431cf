//! One good message of each kind.

use screen::{Encoder, EncoderOptions, Picture, tiles::TileWriter};
use uuid::Uuid;
use wire::{
    rights::Rights,
    stream::{
        ClientHello, ClientMessage, ClipboardData, CursorShape, Ended, FrameHeader, FrameOp,
        FramePart, HostMessage, HostStats, Quality, Rect,
    },
};

const HEADER: FrameHeader = FrameHeader {
    seq: 1,
    first: true,
    last: true,
    captured_at_us: 9,
};

/// From the browser.
#[must_use]
pub fn client_messages() -> Vec<Vec<u8>> {
    let (w, h, scale_percent) = (1280, 720, 150);
    let messages = [
        ClientMessage::Hello(ClientHello {
            version: 1,
            w,
            h,
            scale_percent,
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
            w,
            h,
            scale_percent,
        },
        ClientMessage::Clipboard(ClipboardData::Text("clip")),
        ClientMessage::Ping {
            token: 1,
            rtt_us: 2,
        },
        ClientMessage::Quality(Quality::Smooth),
        ClientMessage::Refresh,
    ];
    messages.iter().map(ClientMessage::encode).collect()
}

/// To the browser.
#[must_use]
pub fn host_messages() -> Vec<Vec<u8>> {
    let messages = [
        HostMessage::Hello {
            version: 1,
            w: 1920,
            h: 1080,
            rights: Rights::OWN_SESSION,
        },
        HostMessage::Cursor(CursorShape {
            w: 1,
            h: 1,
            hot_x: 0,
            hot_y: 0,
            rgba: &[1, 2, 3, 4],
        }),
        HostMessage::PointerAt { x: 1, y: 2 },
        HostMessage::Clipboard(ClipboardData::Text("日本語")),
        HostMessage::Clipboard(ClipboardData::Png(&[9; 8])),
        HostMessage::Pong { token: 77 },
        HostMessage::Ended(Ended::TakenOver),
        HostMessage::Stats(HostStats {
            frames: 30,
            encode_us: 4000,
            video_percent: 100,
            bandwidth_kbps: 10_000,
        }),
    ];
    let mut all: Vec<_> = messages.iter().map(HostMessage::encode).collect();
    all.push(frame());
    all
}

/// A part of a frame with every operation in it.
#[must_use]
pub fn frame() -> Vec<u8> {
    let rect = Rect {
        x: 3,
        y: 4,
        w: 5,
        h: 6,
    };
    let payload = tiles();
    let ops = vec![
        FrameOp::Size { w: 96, h: 64 },
        FrameOp::Tiles(&payload),
        FrameOp::Copy {
            src: rect,
            x: 9,
            y: 9,
        },
        FrameOp::Video {
            stream: 3,
            key: true,
            more: true,
            dst: rect,
            data: &[0, 0, 0, 1],
        },
        FrameOp::VideoEnd { stream: 0 },
    ];
    HostMessage::Frame(FramePart {
        header: HEADER,
        ops,
    })
    .encode()
}

/// The byte with which a part of a frame begins.
#[must_use]
pub fn frame_type() -> u8 {
    let ops = Vec::new();
    HostMessage::Frame(FramePart {
        header: HEADER,
        ops,
    })
    .encode()[0]
}

/// A payload of tiles with every kind of record in it, compressed.
///
/// # Panics
/// If there is no memory for the compressor.
#[must_use]
pub fn tiles() -> Vec<u8> {
    let at = |x| Rect {
        x,
        y: 2,
        w: 16,
        h: 16,
    };
    let picture = |colour: fn(u32) -> u32| (0..256).map(colour).collect::<Vec<_>>();
    let mut writer = TileWriter::new().expect("a compressor");
    writer.pixels(at(0), &picture(|_| 0x00ff_0000));
    writer.pixels(at(16), &picture(|i| i * i % 7 * 0x0010_2030));
    writer.pixels(
        at(32),
        &picture(|i| i.wrapping_mul(1_664_525) & 0x00ff_ffff),
    );
    writer.keep(at(32), 3);
    writer.cached(at(50), 3);
    writer.finish()
}

/// The messages of a small screen that changes twice, with something in it that moves.
///
/// # Panics
/// If there is no memory for the compressor.
#[must_use]
pub fn stream() -> Vec<Vec<u8>> {
    const SIDE: u16 = 96;
    let all = Rect {
        x: 0,
        y: 0,
        w: SIDE,
        h: SIDE,
    };
    let mut encoder = Encoder::new(EncoderOptions { h264: false }).expect("a compressor");
    let mut picture = Picture::new(SIDE, SIDE);
    let mut messages = Vec::new();
    for step in 0..3_u16 {
        for y in 0..SIDE {
            let row = (u32::from(y) + u32::from(step) * 8).wrapping_mul(2_654_435_761);
            for (x, pixel) in (0_u32..).zip(picture.line_mut(y, 0, SIDE)) {
                *pixel = (row ^ x.wrapping_mul(40_503)) & 0x00ff_ffff;
            }
        }
        let now_us = 1_000_000 + u64::from(step) * 100_000;
        if let Some(frame) = picture.frame() {
            encoder.encode(&frame, &[all], now_us, &mut messages);
        }
        encoder.acknowledged(u32::from(step), 0, 0, now_us + 2000);
    }
    messages
}

/// Messages one after the other, each after its length (16 bits, little-endian).
#[must_use]
pub fn joined(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut all = Vec::new();
    for message in messages {
        if let Ok(len) = u16::try_from(message.len()) {
            all.extend(len.to_le_bytes());
            all.extend(message);
        }
    }
    all
}

/// Control messages, each after the number of its type, as the target `control` reads it.
#[must_use]
pub fn control_messages() -> Vec<String> {
    let id = Uuid::from_u128(7);
    let open = format!(
        r#"{{"connection":"{id}","session":"{id}","tenant":"{id}","to_browser_bytes":1,"to_agent_bytes":2}}"#
    );
    let times = r#""times":{"sandbox_ms":1,"display_ms":2,"desktop_ms":3},"memory_bytes":4"#;
    vec![
        r#"0{"token":"a","csr_pem":"b"}"#.to_owned(),
        r#"1{"csr_pem":"b"}"#.to_owned(),
        format!(
            r#"2{{"id":"{id}","kind":"host","certificate_pem":"a","authority_pem":"b","renew_at_s":9}}"#
        ),
        r#"3{"type":"hello","protocol":1,"version":"1","max_sessions":9,"features":["a"]}"#
            .to_owned(),
        format!(
            r#"3{{"type":"sessions","sessions":[{{"session":"{id}","phase":"ended","reason":"lost",{times}}},{{"session":"{id}","phase":"ready",{times}}}]}}"#
        ),
        format!(r#"3{{"type":"attach_failed","session":"{id}","connection":"{id}","detail":"a"}}"#),
        format!(r#"4{{"type":"welcome","host":"{id}"}}"#),
        format!(
            r#"4{{"type":"start","spec":{{"session":"{id}","tenant":"{id}","user":"{id}","login":"a","full_name":"b","launch":{{"kind":"application","name":"c"}},"image":"d","language":"ja","time_zone":"Asia/Tokyo","keyboard":"jp","width":1,"height":2,"limits":{{"memory_mib":3,"cpu_percent":4,"tasks":5}}}}}}"#
        ),
        format!(r#"4{{"type":"stop","session":"{id}"}}"#),
        r#"4{"type":"ping"}"#.to_owned(),
        r#"5{"type":"hello","protocol":1,"version":"1","relay_url":"wss://a"}"#.to_owned(),
        format!(r#"5{{"type":"connections","open":[{open}]}}"#),
        format!(r#"5{{"type":"opened","open":{open},"client_address":"a"}}"#),
        format!(r#"5{{"type":"closed","last":{open},"code":4000,"duration_ms":1}}"#),
        r#"5{"type":"refused","why":"a","address":"b","session":null,"tenant":null}"#.to_owned(),
        format!(r#"6{{"type":"welcome","gateway":"{id}","ticket_keys":["a"],"origins":["b"]}}"#),
        format!(r#"6{{"type":"kill","session":"{id}"}}"#),
    ]
}
