//! Messages from the browser: what is read is written back and read again as the same. (Not byte for byte: sizes that are
//! too large are read as the largest.)
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::stream::ClientMessage;

fuzz_target!(init: fuzz::seed(fuzz::samples::client_messages()), |data: &[u8]| {
    if let Ok(message) = ClientMessage::decode(data) {
        let written = message.encode();
        assert_eq!(ClientMessage::decode(&written), Ok(message));
    }
});
