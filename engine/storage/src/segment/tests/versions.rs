//! Segments of other versions: old ones open and read as they always did, newer ones are read when only
//! what may be ignored is new, and refused by name otherwise. `fixtures/` at the crate's root holds them.

use std::sync::Arc;

use engine_model::histogram::{CUSTOM_BUCKETS_SCHEMA, Counts, Histogram, ResetHint, Span};
use engine_model::staleness::STALE_NAN;

use super::histograms::same;
use super::*;

/// A folder below `fixtures/`.
fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// What `fixtures/segment-1.0` was written from.
fn content_1_0() -> Vec<SeriesSamples> {
    let start = 1_700_000_000_000;
    let ramp: Vec<(i64, f64)> = (0..100).map(|i| (start + i * 15_000, i as f64 / 4.0)).collect();
    let odd = [
        (start + 7, 0.1 + 0.2),
        (start + 15_000, STALE_NAN),
        (start + 30_000, -0.0),
    ];
    vec![
        series(&[("__name__", "a"), ("Zone", "x"), ("job", "j")], &ramp),
        series(&[("__name__", "b"), ("job", "j"), ("zone", "y")], &odd),
        series(&[("job", "no name")], &[(start, f64::INFINITY)]),
    ]
}

#[test]
fn a_segment_of_version_1_0_reads_as_ever() {
    let segment = Segment::open(&fixture("segment-1.0")).unwrap();
    let mut expected = content_1_0();
    expected.sort_by(|a, b| a.labels.storage_cmp(&b.labels));
    assert_eq!(bits(&read_all(&segment)), bits(&expected));
    crate::segment::verify(segment.path()).unwrap();
    assert_eq!((segment.level(), segment.sequence()), (Level::TwoHours, 7));
}

/// What `fixtures/segment-2.0` was written from.
fn content_2_0() -> Vec<SeriesSamples> {
    let start = 1_700_000_000_000;
    let of = |i: i64| Histogram {
        schema: 2,
        reset_hint: ResetHint::NotReset,
        zero_threshold: 0.001,
        sum: i as f64 / 8.0,
        positive_spans: vec![
            Span {
                offset: -1,
                length: 2,
            },
            Span { offset: 3, length: 1 },
        ],
        custom_values: Vec::new(),
        counts: Counts::Integer {
            count: 6 + i as u64,
            zero: 1,
            positive: vec![1, i, -1],
            negative: Vec::new(),
        },
        ..Histogram::stale()
    };
    let custom = Histogram {
        schema: CUSTOM_BUCKETS_SCHEMA,
        sum: 7.5,
        positive_spans: vec![Span { offset: 0, length: 2 }],
        custom_values: vec![0.5, 1.0],
        counts: Counts::Float {
            count: 2.5,
            zero: 0.0,
            positive: vec![1.0, 1.5],
            negative: Vec::new(),
        },
        ..Histogram::stale()
    };
    let mut mixed = series(
        &[("__name__", "b"), ("job", "j")],
        &[(start, 1.0), (start + 30_000, 2.0)],
    );
    mixed.histograms = vec![
        (start + 15_000, Arc::new(custom)),
        (start + 45_000, Arc::new(Histogram::stale())),
    ];
    let mut native = series(&[("__name__", "a"), ("job", "j")], &[]);
    native.histograms = (0..20).map(|i| (start + i * 15_000, Arc::new(of(i)))).collect();
    vec![native, mixed, series(&[("__name__", "c")], &[(start, -0.0)])]
}

#[test]
fn a_segment_of_version_2_0_reads_as_ever() {
    let segment = Segment::open(&fixture("segment-2.0")).unwrap();
    assert!(same(&read_all(&segment), &content_2_0()));
    crate::segment::verify(segment.path()).unwrap();
    assert_eq!(segment.histogram_count(), 22);
}
