//! Whatever is written is read back bit by bit, by any selection of series and time.

use std::collections::BTreeMap;
use std::fs;

use engine_model::matcher::all_match;
use engine_model::staleness::{NORMAL_NAN_BITS, STALE_NAN, STALE_NAN_BITS};
use engine_model::{Labels, MatchOp, Matcher};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;
use crate::segment::SegmentError;
use crate::segment::verify::verify;

/// Kinds of series that metrics have, and doubles that no metric should have.
fn values(count: usize) -> impl Strategy<Value = Vec<f64>> {
    let special = prop_oneof![
        Just(-0.0),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        Just(STALE_NAN),
        Just(f64::from_bits(NORMAL_NAN_BITS)),
        Just(f64::MIN_POSITIVE),
        Just(5e-324),
        Just(9_007_199_254_740_993.0),
        any::<u64>().prop_map(f64::from_bits),
    ];
    let sample = |plain: BoxedStrategy<f64>| prop_oneof![9 => plain, 1 => special.clone()].boxed();
    prop_oneof![
        vec(
            sample((-1000i64..1_000_000).prop_map(|v| v as f64).boxed()),
            count
        ),
        vec(
            sample((0i64..1_000_000).prop_map(|v| v as f64 / 100.0).boxed()),
            count
        ),
        vec(
            sample((0i64..1 << 60).prop_map(|v| v as f64 / 1e9).boxed()),
            count
        ),
        vec(
            sample((0i64..1 << 50).prop_map(|v| v as f64 * 4096.0).boxed()),
            count
        ),
        vec(sample((0.0..1.0).boxed()), count),
        vec(special.clone(), count),
    ]
}

fn samples() -> impl Strategy<Value = (Vec<i64>, Vec<f64>)> {
    (1usize..80, -10_000_000_000i64..10_000_000_000).prop_flat_map(|(count, start)| {
        let steps = vec(prop_oneof![8 => Just(15_000i64), 2 => 1i64..5_000_000], count);
        (steps, values(count)).prop_map(move |(steps, values)| {
            let mut time = start;
            let timestamps = steps.iter().map(|step| {
                time += step;
                time
            });
            (timestamps.collect(), values)
        })
    })
}

fn labels() -> impl Strategy<Value = Labels> {
    let name = prop_oneof![
        Just("job"),
        Just("instance"),
        Just("le"),
        Just("a.b"),
        Just("é"),
        Just("Job")
    ];
    let value = prop_oneof!["[a-c]{1,2}", "\\PC{1,6}"];
    let metric = prop_oneof![
        Just(""),
        Just("up"),
        Just("node_load1"),
        Just("http_requests_total")
    ];
    (metric, btree_map(name, value, 0..5)).prop_map(|(metric, mut pairs)| {
        pairs.insert("__name__", metric.to_owned());
        Labels::from_pairs(pairs)
    })
}

pub(crate) fn dataset() -> impl Strategy<Value = Vec<SeriesSamples>> {
    let key = labels().prop_map(|labels| labels.encoded().to_vec());
    btree_map(key, samples(), 1..25).prop_map(|map: BTreeMap<Vec<u8>, (Vec<i64>, Vec<f64>)>| {
        let series = map.into_iter().map(|(key, (timestamps, values))| SeriesSamples {
            labels: Labels::from_encoded(&key).unwrap(),
            timestamps,
            values,
            histograms: Vec::new(),
            starts: Vec::new(),
        });
        let mut series: Vec<SeriesSamples> = series.collect();
        series.sort_by(|a, b| a.labels.storage_cmp(&b.labels));
        series
    })
}

fn matchers() -> impl Strategy<Value = Vec<Matcher>> {
    let name = prop_oneof![
        Just("__name__"),
        Just("job"),
        Just("le"),
        Just("missing"),
        Just("Job")
    ];
    let value = prop_oneof![
        Just(""),
        Just("up"),
        Just("a"),
        Just("a|b|node_load1"),
        Just(".*a.*"),
        Just(".+")
    ];
    let op = prop_oneof![
        Just(MatchOp::Equal),
        Just(MatchOp::NotEqual),
        Just(MatchOp::Regex),
        Just(MatchOp::NotRegex)
    ];
    vec(
        (op, name, value).prop_map(|(op, name, value)| Matcher::new(op, name, value).unwrap()),
        0..4,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reads_return_identical_bits(
        data in dataset(),
        level in prop_oneof![Just(Level::Cut), Just(Level::Day)],
        queries in vec((matchers(), any::<prop::sample::Index>(), 0i64..3_000_000), 6),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let segment = write(dir.path(), header(level, 1), &data);
        prop_assert_eq!(bits(&read_all(&segment)), bits(&data));
        prop_assert_eq!(segment.sample_count(), data.iter().map(|s| s.len() as u64).sum::<u64>());
        for (matchers, start, length) in queries {
            let expected_rows: Vec<u32> = (0u32..)
                .zip(&data)
                .filter(|(_, s)| all_match(&matchers, &s.labels))
                .map(|(row, _)| row)
                .collect();
            let rows = segment.matching(&matchers);
            prop_assert_eq!(&rows, &expected_rows, "{:?}", matchers);
            let min = start.get(&data).timestamps[0];
            let found = segment.read(&rows, min, min + length).unwrap();
            let expected: Vec<SeriesSamples> = rows
                .iter()
                .map(|&row| between(&data[row as usize], min, min + length))
                .filter(|s| !s.is_empty())
                .collect();
            prop_assert_eq!(bits(&found), bits(&expected));
        }
        let report = verify(segment.path()).unwrap();
        prop_assert_eq!((report.series, report.samples), (data.len() as u64, segment.sample_count()));
    }
}

fn between(series: &SeriesSamples, min: i64, max: i64) -> SeriesSamples {
    let from = series.timestamps.partition_point(|&t| t < min);
    let until = series.timestamps.partition_point(|&t| t <= max).max(from);
    SeriesSamples {
        labels: series.labels.clone(),
        timestamps: series.timestamps[from..until].to_vec(),
        values: series.values[from..until].to_vec(),
        histograms: Vec::new(),
        starts: Vec::new(),
    }
}

#[test]
fn long_series_span_pages_and_batches() {
    let dir = tempfile::tempdir().unwrap();
    let times: Vec<i64> = (0..40_000).map(|i| i * 15_000).collect();
    let data: Vec<SeriesSamples> = (0..3)
        .map(|s| SeriesSamples {
            labels: Labels::from_pairs([("__name__", "m".to_owned()), ("s", s.to_string())]),
            timestamps: times.clone(),
            values: (0..40_000).map(|i| f64::from(i * (s + 1)) / 10.0).collect(),
            histograms: Vec::new(),
            starts: Vec::new(),
        })
        .collect();
    let segment = write(dir.path(), header(Level::Day, 1), &data);
    assert_eq!(bits(&read_all(&segment)), bits(&data));
    for (from, until) in [(0, 0), (8191, 8192), (16_383, 32_769), (39_999, 50_000)] {
        let found = segment.read(&[0, 2], from * 15_000, until * 15_000).unwrap();
        let expected: Vec<_> = [0, 2]
            .map(|s: usize| between(&data[s], from * 15_000, until * 15_000))
            .to_vec();
        assert_eq!(bits(&found), bits(&expected));
    }
    assert!(
        segment.bytes() < 120_000,
        "{} bytes for 120,000 samples",
        segment.bytes()
    );
}

#[test]
fn stale_markers_are_two_nulls_and_payloads_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let payload = f64::from_bits(0x7ff0_0000_dead_beef);
    let samples = [
        (1, 1.5),
        (2, STALE_NAN),
        (3, payload),
        (4, -0.0),
        (5, f64::NEG_INFINITY),
    ];
    let segment = write(
        dir.path(),
        header(Level::Cut, 1),
        &[series(&[("__name__", "x")], &samples)],
    );
    let found = read_all(&segment);
    let read: Vec<u64> = found[0].values.iter().map(|v| v.to_bits()).collect();
    assert_eq!(read, samples.map(|(_, v)| v.to_bits()));
    assert_eq!(read[1], STALE_NAN_BITS);
}

#[test]
fn contract_of_the_writer() {
    let dir = tempfile::tempdir().unwrap();
    let of = |name: &str| Labels::from_pairs([("__name__", name)]);
    let mut writer = SegmentWriter::create(crate::disk::real(), dir.path(), header(Level::Cut, 1)).unwrap();
    writer.push_series(&of("b"), &[1, 2], &[1.0, 2.0]).unwrap();
    writer.push_series(&of("ba"), &[], &[]).unwrap();
    for (labels, times, values) in [
        (of("a"), &[1i64][..], &[1.0][..]),
        (of("b"), &[1], &[1.0]),
        (of("c"), &[2, 2], &[1.0, 2.0]),
        (of("c"), &[2, 1], &[1.0, 2.0]),
        (of("c"), &[1, 2], &[1.0]),
    ] {
        let refused = writer.push_series(&labels, times, values);
        assert!(
            matches!(refused, Err(SegmentError::Refused { .. })),
            "{labels} {times:?}"
        );
    }
    writer.push_series(&of("c"), &[5], &[1.0]).unwrap();
    let segment = writer.finish().unwrap();
    assert_eq!(
        (segment.series_count(), segment.min_time(), segment.max_time()),
        (2, 1, 5)
    );
    assert!(segment.id().as_str().starts_with("l0-1-5-"), "{}", segment.id());
    assert_eq!(
        segment.sources().map(|id| id.to_string()).collect::<Vec<_>>(),
        ["l0-1-2-source"]
    );
    assert!(matches!(
        segment.read(&[1, 0], 0, 9),
        Err(SegmentError::Refused { .. })
    ));
    assert!(matches!(
        segment.read(&[2], 0, 9),
        Err(SegmentError::Refused { .. })
    ));

    let empty = SegmentWriter::create(crate::disk::real(), dir.path(), header(Level::Cut, 2)).unwrap();
    assert!(matches!(empty.finish(), Err(SegmentError::Refused { .. })));
    let mut dropped = SegmentWriter::create(crate::disk::real(), dir.path(), header(Level::Cut, 2)).unwrap();
    dropped.push_series(&of("a"), &[1], &[1.0]).unwrap();
    drop(dropped);
    let left: Vec<_> = fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left, [segment.id().as_str()]);
}

#[test]
fn readable_after_its_folder_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let data = [series(&[("__name__", "x")], &[(1, 1.0), (2, 2.0)])];
    let segment = write(dir.path(), header(Level::Cut, 1), &data);
    fs::remove_dir_all(segment.path()).unwrap();
    assert_eq!(bits(&read_all(&segment)), bits(&data));
}
