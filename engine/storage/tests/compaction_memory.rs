//! A merge takes a bounded amount of memory, counted at the allocator, however many samples it reads.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use engine_model::Labels;
use engine_storage::compaction::merge;
use engine_storage::disk;
use engine_storage::segment::{Level, Segment, SegmentHeader, SegmentWriter};

struct Counting;

static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        PEAK.fetch_max(held, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const INPUTS: i64 = 4;
const SERIES: i64 = 40;
const SAMPLES: i64 = 10_000;

#[test]
fn a_merge_holds_a_few_megabytes_an_input() {
    let dir = tempfile::tempdir().unwrap();
    let inputs: Vec<Segment> = (0..INPUTS)
        .map(|input| {
            let header = SegmentHeader {
                level: Level::Cut,
                sequence: input as u64,
                created_ms: 0,
                sources: Vec::new(),
            };
            let mut writer = SegmentWriter::create(disk::real(), dir.path(), header).unwrap();
            for series in 0..SERIES {
                let id = format!("{series:03}");
                let labels = Labels::from_pairs([("__name__", "m"), ("id", id.as_str())]);
                let times: Vec<i64> = (0..SAMPLES).map(|i| (i * INPUTS + input) * 500).collect();
                let values: Vec<f64> = times.iter().map(|t| ((t * series) % 7919) as f64 / 3.0).collect();
                writer.push_series(&labels, &times, &values).unwrap();
            }
            writer.finish().unwrap()
        })
        .collect();
    let before = HELD.load(Ordering::Relaxed);
    PEAK.store(before, Ordering::Relaxed);
    let merged = merge(&disk::real(), &inputs, dir.path(), Level::Day, 0).unwrap();
    let taken = PEAK.load(Ordering::Relaxed) - before;
    let samples: u64 = merged.iter().map(Segment::sample_count).sum();
    assert_eq!(samples, (INPUTS * SERIES * SAMPLES) as u64);
    let decoded = samples as usize * 16;
    let bound = INPUTS as usize * (3 << 20) + (10 << 20);
    assert!(
        bound < decoded,
        "the test is large enough to tell: {bound} of {decoded}"
    );
    assert!(taken < bound, "{taken} bytes taken, {bound} allowed");
}
