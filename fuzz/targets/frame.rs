//! Parts of frames: their operations, without the detour of finding the type of a frame first.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::stream::{FrameOp, HostMessage};

fuzz_target!(init: fuzz::seed([&fuzz::samples::frame()[1..]]), |data: &[u8]| {
    let mut message = vec![fuzz::samples::frame_type()];
    message.extend(data);
    if let Ok(HostMessage::Frame(part)) = HostMessage::decode(&message) {
        let ops: usize = part.ops.iter().map(FrameOp::encoded_len).sum();
        let written = HostMessage::Frame(part).encode();
        assert_eq!(written, message);
        assert!(ops < written.len());
    }
});
