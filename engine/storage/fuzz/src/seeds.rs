//! Writes inputs to start from: the log, the checkpoint and the segments of a small store, into the folder that
//! the variable `SEEDS` names, one below it for each target. No target: it is linked as one, because of coverage.
#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use engine_model::histogram::Histogram;
use engine_model::{Labels, SampleBatchBuilder};
use engine_storage::{AppendOptions, Store, StoreConfig};

libfuzzer_sys::fuzz_target!(init: write(), |_data: &[u8]| {});

fn write() {
    let into = PathBuf::from(std::env::var_os("SEEDS").expect("the variable SEEDS names a folder"));
    let root = engine_storage_fuzz::folder();
    let store = Store::open(StoreConfig::new(root.path())).expect("an empty folder");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    for scrape in 0..6 {
        runtime
            .block_on(store.append(batch(&store, scrape), AppendOptions::default()))
            .expect("room");
    }
    save_logs(root.path(), &into);
    runtime.block_on(store.flush()).expect("room");
    runtime
        .block_on(store.append(batch(&store, 7), AppendOptions::default()))
        .expect("room");
    save_logs(root.path(), &into);
    for segment in fs::read_dir(store.segments_dir()).expect("segments") {
        let segment = segment.expect("a segment").path();
        save(
            &into.join("segment"),
            &engine_storage_fuzz::pack_segment(&segment),
        );
    }
}

fn batch(store: &Store, scrape: i64) -> engine_model::SampleBatch {
    let table = store.series_table();
    let mut builder = SampleBatchBuilder::default();
    for series in 0..4 {
        let labels = Labels::from_pairs([("__name__", "m".to_owned()), ("series", series.to_string())]);
        let reference = table.intern(&labels);
        let time = 1_700_000_000_000 + scrape * 15_000;
        match series {
            0 => builder.push(reference, time, scrape as f64),
            1 => builder.push(reference, time, scrape as f64 / 3.0),
            2 => builder.push(reference, time, f64::from_bits(0x7ff0_0000_0000_0002)),
            _ => builder.push_histogram(reference, time, Arc::new(Histogram::stale())),
        }
    }
    builder.set_float_starts(vec![1_699_999_999_000 + scrape / 3, 0, 5]);
    builder.set_histogram_starts(vec![scrape]);
    builder.finish(table)
}

fn save_logs(root: &Path, into: &Path) {
    for file in fs::read_dir(root.join("wal")).expect("a log") {
        let path = file.expect("a file").path();
        let choice = if path.extension().is_some_and(|e| e == "checkpoint") {
            2
        } else {
            0
        };
        let mut input = vec![choice];
        input.extend(fs::read(&path).expect("a file"));
        save(&into.join("log"), &input);
        save(&into.join("replay"), &input);
    }
}

fn save(folder: &Path, input: &[u8]) {
    fs::create_dir_all(folder).expect("a folder");
    let name = format!("{:08x}", crc32fast::hash(input));
    fs::write(folder.join(name), input).expect("a file");
}
