//! A whole stream, as the browser's client and its twin in Rust read it: any messages are painted or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use screen::Canvas;
use wire::stream::{FrameOp, HostMessage};

/// Larger pictures are allowed, but only fill the memory here, not a parser.
const MAX_AREA: u32 = 1 << 18;

fuzz_target!(init: fuzz::seed(seeds()), |data: &[u8]| {
    let mut canvas = Canvas::new();
    let mut rest = data;
    while let Some((len, after)) = rest.split_first_chunk() {
        let len = usize::from(u16::from_le_bytes(*len)).min(after.len());
        let (message, after) = after.split_at(len);
        rest = after;
        if is_small(message) {
            let _ = canvas.apply(message);
            let area = usize::from(canvas.picture.w()) * usize::from(canvas.picture.h());
            assert_eq!(canvas.picture.pixels().len(), area);
        }
    }
});

fn is_small(message: &[u8]) -> bool {
    let Ok(HostMessage::Frame(part)) = HostMessage::decode(message) else {
        return true;
    };
    part.ops.iter().all(|op| match op {
        FrameOp::Size { w, h } => u32::from(*w) * u32::from(*h) <= MAX_AREA,
        _ => true,
    })
}

fn seeds() -> [Vec<u8>; 2] {
    use fuzz::samples::{frame, joined, stream};
    [joined(&stream()), joined(&[frame()])]
}
