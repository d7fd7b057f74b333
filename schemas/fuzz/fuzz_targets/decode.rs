//! Whatever the bytes: the decoder does not panic, and what it takes it writes and reads the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paceline_schemas::codec::{Limits, decode, encode};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(event) = decode(bytes, Limits::default()) {
        let limits = Limits {
            event_bytes_max: usize::MAX,
            ..Limits::default()
        };
        let again = decode(&encode(&event), limits).expect("what was written can be read");
        assert_eq!(again, event);
    }
});
