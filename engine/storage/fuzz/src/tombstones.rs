//! Fuzzes the reading of the files of deletes.
#![no_main]

use std::fs;

use engine_storage::inspect::verify_store;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let root = engine_storage_fuzz::folder();
    let deletes = root.path().join("tombstones");
    fs::create_dir_all(root.path().join("wal"))
        .and_then(|()| fs::create_dir_all(&deletes))
        .and_then(|()| fs::write(deletes.join("1-0000000000000001.json"), data))
        .expect("a folder in memory");
    drop(format!("{:?}", verify_store(root.path())));
});
