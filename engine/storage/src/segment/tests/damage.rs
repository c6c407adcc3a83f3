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

/// Opens and reads everything, then two series alone.
fn read_twice(path: &Path) -> Result<Vec<Vec<SeriesSamples>>, SegmentError> {
    let segment = Segment::open(path)?;
    let rows: Vec<u32> = segment.all_rows().collect();
    let few = &rows[rows.len() / 2..][..2.min(rows.len() / 2)];
    Ok(vec![
        segment.read(&rows, i64::MIN, i64::MAX)?,
        segment.read(few, 30_000, 60_000)?,
    ])
}

/// Changes bytes of a file of a sound segment, one at a time: what is read is right or an error that names the file.
fn damage_each(segment: &Path, name: &str, step: usize) {
    let path = segment.join(name);
    let original = fs::read(&path).unwrap();
    let right = format!("{:?}", read_twice(segment).unwrap());
    let mut found = 0;
    for at in (0..original.len()).step_by(step) {
        for mask in [0x01, 0x55, 0x80] {
            let mut bytes = original.clone();
            bytes[at] ^= mask;
            fs::write(&path, &bytes).unwrap();
            assert_names(&verify(segment).unwrap_err(), name);
            match read_twice(segment) {
                Ok(read) => assert_eq!(format!("{read:?}"), right, "{name} at {at}"),
                Err(error) => {
                    found += 1;
                    assert_names(&error, name);
                }
            }
        }
    }
    assert!(found > 0, "{name}");
    fs::write(&path, &original).unwrap();
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
    for name in [SERIES_FILE, SAMPLES_FILE, MANIFEST_FILE] {
        damage_each(segment.path(), name, 41);
    }
    verify(segment.path()).unwrap();
}

#[test]
fn damage_stops_only_reads_that_meet_it() {
    let dir = tempfile::tempdir().unwrap();
    let data: Vec<SeriesSamples> = (0..20u64)
        .map(|i| {
            let value = |s: u64| f64::from_bits((i << 32 | s).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 2);
            let samples: Vec<(i64, f64)> = (0..3000).map(|s| (s as i64, value(s))).collect();
            series(&[("__name__", "m"), ("id", &format!("{i:02}"))], &samples)
        })
        .collect();
    let segment = write(dir.path(), header(Level::Day, 1), &data);
    let path = segment.path().join(SAMPLES_FILE);
    let mut bytes = fs::read(&path).unwrap();
    assert!(bytes.len() > 300_000, "many blocks: {}", bytes.len());
    let at = bytes.len() * 2 / 3;
    bytes[at] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let segment = Segment::open(segment.path()).unwrap();
    let read = |row: u32| segment.read(&[row], i64::MIN, i64::MAX);
    let failed: Vec<u32> = (0..20).filter(|&row| read(row).is_err()).collect();
    assert!((1..10).contains(&failed.len()), "{failed:?}");
    for row in (0..20).filter(|row| !failed.contains(row)) {
        assert_eq!(bits(&read(row).unwrap()), bits(&data[row as usize..][..1]));
    }
    let error = crate::error_chain(&read(failed[0]).unwrap_err());
    let block = at >> 14 << 14;
    assert!(error.contains(&format!("bytes at {block} differs")), "{error}");
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
    damage_each(segment.path(), HISTOGRAMS_FILE, 37);
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
        ("\"minor\": 3", "\"minor\": 7, \"extra\": true", "fine"),
        ("\"series\": 20", "\"series\": 21", "Corrupt"),
        ("\"samples\": 2000", "\"samples\": 1999", "Corrupt"),
        ("\"min_time_ms\": 0", "\"min_time_ms\": 5", "Corrupt"),
        ("\"samples.parquet\"", "\"other.parquet\"", "Corrupt"),
    ];
    for (from, to, expected) in cases {
        assert!(original.contains(from), "{from}");
        fs::write(&path, resealed(&original.replace(from, to))).unwrap();
        let got = match Segment::open(segment.path()) {
            Ok(_) => "fine",
            Err(SegmentError::Unsupported { .. }) => "Unsupported",
            Err(SegmentError::Corrupt { .. }) => "Corrupt",
            Err(error) => panic!("{error}"),
        };
        assert_eq!(got, expected, "{from} -> {to}");
    }
}
