//! Fuzzes the decoder of remote write 1.0.
#![no_main]

use connectors_formats::remote_write::v1;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    // Damage is an error, and all that is asked.
    let _ = v1::decode(data, connectors_formats_fuzz::series, |metadata| {
        drop(format!("{metadata:?}"))
    });
});
