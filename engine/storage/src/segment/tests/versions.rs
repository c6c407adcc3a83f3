//! Segments of other versions: old ones open and read as they always did, newer ones are read when only
//! what may be ignored is new, and refused by name otherwise. `fixtures/` at the crate's root holds them.

use std::sync::Arc;

use engine_model::histogram::{CUSTOM_BUCKETS_SCHEMA, Counts, Histogram, ResetHint, Span};
use engine_model::staleness::STALE_NAN;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::histograms::same;
use super::*;

/// A folder below `fixtures/`.
fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// What `fixtures/segment-1.…` were written from.
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

/// The same with start timestamps: what `fixtures/segment-1.4` and `-2.3` were written from.
fn with_starts(mut content: Vec<SeriesSamples>) -> Vec<SeriesSamples> {
    for series in &mut content {
        let floats = series.timestamps.iter().copied();
        let times = floats.chain(series.histograms.iter().map(|(time, _)| *time));
        series.starts = times
            .filter(|time| time % 4 == 0)
            .map(|time| (time, 1_699_999_999_000 + time % 7))
            .collect();
        series.starts.sort_unstable();
    }
    content
}

fn read_with_starts(segment: &Segment) -> Vec<Vec<(i64, i64)>> {
    let all = (i64::MIN, i64::MAX);
    let rows: Vec<u32> = segment.all_rows().collect();
    let read = segment.read_rows(&rows, all.0, all.1, true).unwrap();
    read.into_iter().map(|(_, series)| series.starts).collect()
}

#[test]
fn start_timestamps_of_older_segments_are_read() {
    for (name, mut content) in [
        ("segment-1.4", with_starts(content_1_0())),
        ("segment-2.3", with_starts(content_2_0())),
    ] {
        content.sort_by(|a, b| a.labels.storage_cmp(&b.labels));
        let segment = Segment::open(&fixture(name)).unwrap();
        let starts: Vec<Vec<(i64, i64)>> = content.iter().map(|series| series.starts.clone()).collect();
        assert!(starts.iter().map(Vec::len).sum::<usize>() > 10);
        assert_eq!(read_with_starts(&segment), starts, "{name}");
    }
}

#[test]
fn segments_of_versions_1_read_as_ever() {
    let mut expected = content_1_0();
    expected.sort_by(|a, b| a.labels.storage_cmp(&b.labels));
    for name in ["segment-1.0", "segment-1.2", "segment-1.3", "segment-1.4"] {
        let segment = Segment::open(&fixture(name)).unwrap();
        assert_eq!(bits(&read_all(&segment)), bits(&expected), "{name}");
        crate::segment::verify(segment.path()).unwrap();
        assert_eq!((segment.level(), segment.sequence()), (Level::TwoHours, 7));
    }
}

/// What `fixtures/segment-2.…` were written from.
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
fn segments_of_versions_2_read_as_ever() {
    for name in ["segment-2.0", "segment-2.1", "segment-2.2", "segment-2.3"] {
        let segment = Segment::open(&fixture(name)).unwrap();
        assert!(same(&read_all(&segment), &content_2_0()), "{name}");
        crate::segment::verify(segment.path()).unwrap();
        assert_eq!(segment.histogram_count(), 22);
    }
}

/// The fixtures of the newest versions are of the version that is written today.
#[test]
fn the_newest_fixtures_have_the_versions_that_are_written() {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("segment-1.3", content_1_0()),
        ("segment-1.4", with_starts(content_1_0())),
        ("segment-2.2", content_2_0()),
        ("segment-2.3", with_starts(content_2_0())),
    ] {
        let written = write(dir.path(), header(Level::TwoHours, 7), &content);
        let version = |folder: &Path| {
            let text = std::fs::read_to_string(folder.join("segment.json")).unwrap();
            serde_json::from_str::<serde_json::Value>(&text).unwrap()["format"].clone()
        };
        assert_eq!(version(written.path()), version(&fixture(name)));
    }
}

/// An older reader of the same major version finds every column that it knows, with its type, in a newer segment.
#[test]
fn minor_versions_keep_the_columns_of_older_readers() {
    // Left out since 1.1: no reader looked at it.
    const LEFT_OUT: &str = "fingerprint";
    let files = ["samples.parquet", "series.parquet", "histograms.parquet"];
    for (old, new, files) in [
        ("segment-1.0", "segment-1.2", &files[..2]),
        ("segment-1.2", "segment-1.3", &files[..2]),
        ("segment-2.0", "segment-2.1", &files[..]),
        ("segment-1.3", "segment-1.4", &files[..2]),
        ("segment-2.1", "segment-2.2", &files[..]),
        ("segment-2.2", "segment-2.3", &files[..]),
    ] {
        for file in files {
            let columns = |folder: &str| {
                let file = std::fs::File::open(fixture(folder).join(file)).unwrap();
                let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
                Arc::clone(builder.schema())
            };
            let (before, after) = (columns(old), columns(new));
            for column in before.fields().iter().filter(|column| column.name() != LEFT_OUT) {
                let kept = after.field_with_name(column.name()).unwrap();
                assert_eq!(kept, column.as_ref(), "{new}/{file}");
            }
        }
    }
}
