//! Damaged, truncated, missing and newer files end in an error that names the file, never in a panic.

use std::fs;

use engine_model::histogram::Histogram;

use super::*;
use crate::segment::SegmentError;
use crate::segment::manifest::{HISTOGRAMS_FILE, MANIFEST_FILE, SAMPLES_FILE, SERIES_FILE};
use crate::segment::verify::verify;

fn sound(dir: &Path) -> Segment {
    let data: Vec<SeriesSamples> = (0..20)
        .map(|i| {
            let id = i.to_string();
            let samples: Vec<(i64, f64)> = (0..100)
                .map(|s| (s * 15_000, (s * i) as f64 / 7.0 + i as f64))
                .collect();
            series(&[("__name__", "m"), ("id", &id), ("ID", "x")], &samples)
        })
        .collect();
    write(dir, header(Level::Day, 1), &data)
}

/// Opens and reads everything; whatever happens, it must not panic.
fn read_quietly(path: &Path) -> Result<(), SegmentError> {
    let segment = Segment::open(path)?;
    let rows: Vec<u32> = segment.all_rows().collect();
    segment.read(&rows, i64::MIN, i64::MAX)?;
    segment.read(&rows[3..5], 30_000, 60_000)?;
    Ok(())
}

fn assert_names(error: &SegmentError, file: &str) {
    let SegmentError::Corrupt { path, .. } = error else {
        panic!("{error:?}")
    };
    assert!(path.ends_with(file), "{error} should name {file}");
}

#[test]
fn flipped_bits_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let segment = sound(dir.path());
    for name in [SERIES_FILE, SAMPLES_FILE] {
        let path = segment.path().join(name);
        let original = fs::read(&path).unwrap();
        let step = original.len() / 60;
        for at in (0..original.len()).step_by(step.max(1)) {
            let mut bytes = original.clone();
            bytes[at] ^= 0x55;
            fs::write(&path, &bytes).unwrap();
            let error = verify(segment.path()).unwrap_err();
            assert_names(&error, name);
            if let Err(error) = read_quietly(segment.path()) {
                assert_names(&error, name);
            }
        }
        fs::write(&path, &original).unwrap();
    }
    verify(segment.path()).unwrap();
}

#[test]
fn flipped_bits_of_histograms_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let mut data = series(&[("__name__", "h")], &[(5, 1.0)]);
    data.histograms = (10..200)
        .map(|t| (t, std::sync::Arc::new(Histogram::stale())))
        .collect();
    let segment = write(dir.path(), header(Level::Cut, 1), &[data]);
    let path = segment.path().join(HISTOGRAMS_FILE);
    let original = fs::read(&path).unwrap();
    for at in (0..original.len()).step_by(37) {
        let mut bytes = original.clone();
        bytes[at] ^= 0x55;
        fs::write(&path, &bytes).unwrap();
        assert_names(&verify(segment.path()).unwrap_err(), HISTOGRAMS_FILE);
        if let Ok(segment) = Segment::open(segment.path())
            && let Err(error) = segment.read(&[0], i64::MIN, i64::MAX)
        {
            assert_names(&error, HISTOGRAMS_FILE);
        }
    }
    fs::remove_file(&path).unwrap();
    assert_names(&Segment::open(segment.path()).unwrap_err(), HISTOGRAMS_FILE);
}

#[test]
fn truncated_and_missing_files_are_found_at_open() {
    let dir = tempfile::tempdir().unwrap();
    let segment = sound(dir.path());
    for name in [SERIES_FILE, SAMPLES_FILE, MANIFEST_FILE] {
        let path = segment.path().join(name);
        let original = fs::read(&path).unwrap();
        for length in [0, 4, original.len() / 2, original.len() - 1] {
            fs::write(&path, &original[..length]).unwrap();
            assert_names(&Segment::open(segment.path()).unwrap_err(), name);
        }
        fs::remove_file(&path).unwrap();
        assert_names(&Segment::open(segment.path()).unwrap_err(), name);
        fs::write(&path, &original).unwrap();
    }
    let error = Segment::open(&dir.path().join("none")).unwrap_err();
    assert!(matches!(error, SegmentError::Io { .. }), "{error:?}");
}

#[test]
fn manifests_that_lie_or_are_newer() {
    let dir = tempfile::tempdir().unwrap();
    let segment = sound(dir.path());
    let path = segment.path().join(MANIFEST_FILE);
    let original = fs::read_to_string(&path).unwrap();
    let cases = [
        ("\"major\": 1", "\"major\": 3", "Unsupported"),
        ("\"level\": 2", "\"level\": 9", "Unsupported"),
        ("\"minor\": 1", "\"minor\": 7, \"extra\": true", "fine"),
        ("\"series\": 20", "\"series\": 21", "Corrupt"),
        ("\"samples\": 2000", "\"samples\": 1999", "Corrupt"),
        ("\"min_time_ms\": 0", "\"min_time_ms\": 5", "Corrupt"),
        ("\"samples.parquet\"", "\"other.parquet\"", "Corrupt"),
    ];
    for (from, to, expected) in cases {
        assert!(original.contains(from), "{from}");
        fs::write(&path, original.replace(from, to)).unwrap();
        let got = match Segment::open(segment.path()) {
            Ok(_) => "fine",
            Err(SegmentError::Unsupported { .. }) => "Unsupported",
            Err(SegmentError::Corrupt { .. }) => "Corrupt",
            Err(error) => panic!("{error}"),
        };
        assert_eq!(got, expected, "{from} -> {to}");
    }
}
