//! Fuzzes the chunks of Prometheus's blocks in all encodings, with checksums that are right.
#![no_main]

use connectors_formats::tsdb_block::{ChunkSamples, check_chunks_header, decode_chunk};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else {
        return;
    };
    drop(format!("{:?}", check_chunks_header(data)));
    // The four encodings, one that is none, and bytes that frame themselves.
    let bytes = match choice % 6 {
        5 => data.to_vec(),
        encoding => connectors_formats_fuzz::framed_chunk(encoding + 1, data),
    };
    match decode_chunk(&bytes, 0) {
        Ok(ChunkSamples::Floats(times, values)) => assert_eq!(times.len(), values.len()),
        // Valid or not, checking must end.
        Ok(ChunkSamples::Histograms(samples)) => {
            for (_, histogram) in &samples {
                drop(histogram.validate());
            }
        }
        Err(error) => drop(error.to_string()),
    }
});
