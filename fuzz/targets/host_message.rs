//! Messages to the browser, of every kind: what is read is written back the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::stream::HostMessage;

fuzz_target!(init: fuzz::seed(fuzz::samples::host_messages()), |data: &[u8]| {
    if let Ok(message) = HostMessage::decode(data) {
        assert_eq!(message.encode(), data);
    }
});
