//! Control messages: what is read is written back and read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};
use wire::control::{
    Enrol, Enrolled, FromGateway, FromHost, Renew, ToGateway, ToHost, decode, encode,
};

fuzz_target!(init: fuzz::seed(fuzz::samples::control_messages()), |data: &[u8]| {
    let Some((kind, text)) = data.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    match kind {
        b'0' => read::<Enrol>(text),
        b'1' => read::<Renew>(text),
        b'2' => read::<Enrolled>(text),
        b'3' => read::<FromHost>(text),
        b'4' => read::<ToHost>(text),
        b'5' => read::<FromGateway>(text),
        _ => read::<ToGateway>(text),
    }
});

fn read<T: Serialize + DeserializeOwned>(text: &str) {
    if let Ok(message) = decode::<T>(text) {
        let written = encode(&message);
        // What was just short enough to be read may be too long when written with all its escapes.
        if written.len() <= wire::control::MAX_LEN {
            let again = decode::<T>(&written).expect("what is written can be read");
            assert_eq!(encode(&again), written);
        }
    }
}
