//! Fuzzes the parser of Prometheus's text.
#![no_main]

use connectors_formats::exposition::Format;

libfuzzer_sys::fuzz_target!(|data: &[u8]| connectors_formats_fuzz::exposition(Format::PrometheusText, data));
