//! Fuzzes the decoder of remote read's requests.
#![no_main]

// Its allocator.
use connectors_formats::remote_read::ReadRequest;
use connectors_formats_fuzz as _;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    match ReadRequest::decode(data) {
        Ok(request) => drop(request.response_kind()),
        Err(error) => drop(error.to_string()),
    }
});
