//! Fuzzes the other files of Prometheus's blocks: index, tombstones and `meta.json`.
#![no_main]

use connectors_formats::tsdb_block::{BlockIndex, BlockMeta, parse_tombstones};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((choice, data)) = data.split_first() else {
        return;
    };
    let mut bytes = data.to_vec();
    match choice % 4 {
        0 => drop(format!("{:?}", BlockMeta::parse(data))),
        1 => {
            connectors_formats_fuzz::correct_tombstones(&mut bytes);
            drop(format!("{:?}", parse_tombstones(&bytes)));
        }
        kind => {
            if kind == 2 {
                connectors_formats_fuzz::correct_index(&mut bytes);
            }
            match BlockIndex::parse(&bytes) {
                Ok(index) => index.series().for_each(|series| drop(format!("{series:?}"))),
                Err(error) => drop(error.to_string()),
            }
        }
    }
});
