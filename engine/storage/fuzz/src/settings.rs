//! Fuzzes the YAML that all configuration is read from, and the small languages in its values.
#![no_main]

// Its allocator.
use engine_storage_fuzz as _;

use engine_settings::{Document, expand_environment, parse_byte_size};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Document::parse("fuzzed.yml", text) {
        Ok(document) => drop(format!("{document:?}")),
        Err(diagnostics) => drop(diagnostics.to_string()),
    }
    drop(expand_environment(text, |name| Some(name.to_lowercase())));
    drop(parse_byte_size(text));
});
