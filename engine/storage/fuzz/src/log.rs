//! Fuzzes the reading of log files and checkpoints, as `weir inspect` and `weir verify` do it: nothing is written.
#![no_main]

use engine_storage::inspect::{inspect, verify_store};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let root = engine_storage_fuzz::folder();
    if engine_storage_fuzz::write_log(root.path(), data) {
        drop(format!("{:?}", inspect(root.path())));
        drop(format!("{:?}", verify_store(root.path())));
    }
});
