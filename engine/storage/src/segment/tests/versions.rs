//! Segments of other versions: old ones open and read as they always did, newer ones are read when only
//! what may be ignored is new, and refused by name otherwise. `fixtures/` at the crate's root holds them.

use engine_model::staleness::STALE_NAN;

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
