//! Fuzzes the decoder of remote write 2.0.
#![no_main]

use connectors_formats::remote_write::v2;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    // Damage is an error, and all that is asked.
    let _ = v2::decode(data, connectors_formats_fuzz::series);
});
