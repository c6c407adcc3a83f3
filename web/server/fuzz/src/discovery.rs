//! Fuzzes the lists of targets that files and HTTP servers give. The first byte chooses the language.
#![no_main]

// Its allocator.
use connectors_formats_fuzz as _;
use connectors_peers::discovery::parse_target_list;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((choice, list)) = data.split_first() else {
        return;
    };
    let file = if choice % 2 == 0 { "list.json" } else { "list.yml" };
    match parse_target_list(file, list) {
        Ok(groups) => drop(format!("{groups:?}")),
        Err(error) => drop(error),
    }
});
