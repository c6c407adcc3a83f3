//! Fuzzes decompression: what comes out has the announced size, and comes back after compressing it.
#![no_main]

// Its allocator.
use connectors_formats::remote_write::{compress, decompress, decompressed_bytes};
use connectors_formats_fuzz as _;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(message) = decompress(data) {
        assert_eq!(decompressed_bytes(data).ok(), Some(message.len()));
        let body = compress(&message).expect("small enough");
        assert_eq!(decompress(&body).expect("was just compressed"), message);
    }
});
