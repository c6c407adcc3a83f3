//! Start timestamps come back with their samples, of both kinds, across batches and pages, and only when asked for.

use std::sync::Arc;

use engine_model::histogram::Histogram;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::*;
use crate::segment::verify;

/// A long series whose start moves now and then, one without any, and one of both kinds.
fn content() -> Vec<SeriesSamples> {
    let start = 1_700_000_000_000;
    let ramp: Vec<(i64, f64)> = (0..40_000).map(|i| (start + i * 15_000, i as f64)).collect();
    let mut long = series(&[("__name__", "a")], &ramp);
    long.starts = (0..40_000i64)
        .filter(|i| i % 1000 != 7)
        .map(|i| (start + i * 15_000, start - 1 + i / 5_000))
        .collect();
    let plain = series(&[("__name__", "b")], &ramp[..100]);
    let mut mixed = series(&[("__name__", "c")], &[(start, 1.0), (start + 30_000, 2.0)]);
    mixed.histograms = vec![
        (start + 15_000, Arc::new(Histogram::stale())),
        (start + 45_000, Arc::new(Histogram::stale())),
    ];
    mixed.starts = vec![(start + 15_000, start), (start + 30_000, -5)];
    vec![long, plain, mixed]
}

#[test]
fn they_come_back_with_their_samples() {
    let (dir, content) = (tempfile::tempdir().unwrap(), content());
    let segment = write(dir.path(), header(Level::Day, 7), &content);
    verify(segment.path()).unwrap();
    let total: usize = content.iter().map(|series| series.starts.len()).sum();
    assert_eq!(segment.start_timestamp_count(), total as u64);
    let rows: Vec<u32> = segment.all_rows().collect();
    let whole = segment.read_rows(&rows, i64::MIN, i64::MAX, false).unwrap();
    assert!(
        whole.iter().all(|(_, series)| series.starts.is_empty()),
        "nobody asked"
    );
    let start = 1_700_000_000_000;
    for range in [
        (i64::MIN, i64::MAX),
        (start + 1, start + 15_000),
        (start + 300_000_000, start + 400_000_000),
        (start + 45_000, start + 45_000),
    ] {
        for rows in [&rows[..], &rows[1..], &rows[..1]] {
            for (row, found) in segment.read_rows(rows, range.0, range.1, true).unwrap() {
                let mut expected = content[row as usize].starts.clone();
                expected.retain(|(time, _)| (range.0..=range.1).contains(time));
                assert_eq!(found.starts, expected, "series {row} in {range:?}");
            }
        }
    }
}

#[test]
fn histograms_need_room_for_them() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = SegmentWriter::create(crate::disk::real(), dir.path(), header(Level::Day, 7)).unwrap();
    let error = writer.push_series_samples(&content()[2]).unwrap_err();
    assert!(error.to_string().contains("without room"), "{error}");
}

/// Without start timestamps nothing in a segment differs from what was written before there were any.
#[test]
fn segments_without_them_have_no_column_for_histograms() {
    let (dir, mut content) = (tempfile::tempdir().unwrap(), content());
    content.iter_mut().for_each(|series| series.starts.clear());
    let segment = write(dir.path(), header(Level::Day, 7), &content);
    let file = std::fs::File::open(segment.path().join("histograms.parquet")).unwrap();
    let schema = Arc::clone(ParquetRecordBatchReaderBuilder::try_new(file).unwrap().schema());
    assert!(schema.field_with_name("start_timestamp").is_err());
    let text = std::fs::read_to_string(segment.path().join("segment.json")).unwrap();
    assert!(!text.contains("start_timestamps"), "{text}");
}
