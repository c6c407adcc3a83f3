//! Fuzzes the opening, reading and verifying of a segment: manifest, table of series, samples and histograms.
#![no_main]

use engine_model::{MatchOp, Matcher};
use engine_storage::segment::{Segment, verify};

libfuzzer_sys::fuzz_target!(init: let_decoders_panic(), |data: &[u8]| {
    let root = engine_storage_fuzz::folder();
    let folder = root.path().join("l0-0-1-00");
    if !engine_storage_fuzz::write_segment(&folder, data) {
        return;
    }
    drop(format!("{:?}", verify(&folder)));
    let Ok(segment) = Segment::open(&folder) else {
        return;
    };
    let all = [Matcher::new(MatchOp::NotEqual, "__name__", "").expect("no pattern")];
    let rows = segment.matching(&all);
    drop(segment.read(&rows, i64::MIN, i64::MAX));
    drop(segment.label_names(&rows));
});

/// A panic of the Parquet or Arrow decoder becomes an error on its way through the segment reader; one that does not
/// ends the run at the target's edge. A panic of our own ends it where it happens.
fn let_decoders_panic() {
    let abort = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let is_theirs = panic
            .location()
            .is_some_and(|place| place.file().contains("/registry/"));
        if !is_theirs {
            abort(panic);
        }
    }));
}
