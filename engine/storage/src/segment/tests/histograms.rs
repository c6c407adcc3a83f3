//! Native histograms come back bit by bit, alone, beside floats of the same series, and by any selection.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine_model::histogram::{CUSTOM_BUCKETS_SCHEMA, Counts, Histogram, ResetHint, Span};
use engine_model::staleness::STALE_NAN;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;
use crate::segment::verify;

fn double() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (0i64..100_000).prop_map(|v| v as f64 / 8.0),
        1 => Just(STALE_NAN),
        1 => Just(-0.0),
        1 => any::<u64>().prop_map(f64::from_bits),
    ]
}

fn spans() -> impl Strategy<Value = Vec<Span>> {
    vec(
        (any::<i32>(), 0u32..9).prop_map(|(offset, length)| Span { offset, length }),
        0..4,
    )
}

/// Any histogram that the types allow, sound or not: storage keeps what it is given.
pub(crate) fn histogram() -> impl Strategy<Value = Histogram> {
    let buckets = vec(prop_oneof![9 => -50i64..500, 1 => any::<i64>()], 0..12);
    let integers = (any::<u64>(), any::<u64>(), buckets.clone(), buckets).prop_map(
        |(count, zero, positive, negative)| Counts::Integer {
            count,
            zero,
            positive,
            negative,
        },
    );
    let floats = (double(), double(), vec(double(), 0..12), vec(double(), 0..12)).prop_map(
        |(count, zero, positive, negative)| Counts::Float {
            count,
            zero,
            positive,
            negative,
        },
    );
    let hint = prop_oneof![
        Just(ResetHint::Unknown),
        Just(ResetHint::Reset),
        Just(ResetHint::NotReset),
        Just(ResetHint::Gauge)
    ];
    let schema = prop_oneof![Just(CUSTOM_BUCKETS_SCHEMA), -4i32..9];
    let counts = prop_oneof![integers, floats];
    let shape = (schema, hint, double(), double(), spans(), spans());
    let whole = (shape, vec(double(), 0..5), counts).prop_map(|(shape, custom_values, counts)| {
        let (schema, reset_hint, zero_threshold, sum, positive_spans, negative_spans) = shape;
        Histogram {
            schema,
            reset_hint,
            zero_threshold,
            sum,
            positive_spans,
            negative_spans,
            custom_values,
            counts,
        }
    });
    prop_oneof![9 => whole, 1 => Just(Histogram::stale())]
}

/// Series with floats, histograms or both; a time has one of them.
fn dataset() -> impl Strategy<Value = Vec<SeriesSamples>> {
    let sample = prop_oneof![double().prop_map(Ok), histogram().prop_map(|h| Err(Arc::new(h)))];
    let samples = btree_map(0i64..500, sample, 1..40);
    btree_map(0u8..20, samples, 1..8).prop_map(|all| {
        let of = |(id, samples): (u8, BTreeMap<i64, Result<f64, Arc<Histogram>>>)| {
            let labels = [("__name__", "h".to_owned()), ("id", format!("{id:02}"))];
            let mut series = SeriesSamples::new(Labels::from_pairs(labels));
            for (time, sample) in samples {
                match sample {
                    Ok(value) => series.merge(&[time], &[value]),
                    Err(histogram) => series.histograms.push((time, histogram)),
                }
            }
            series
        };
        all.into_iter().map(of).collect()
    })
}

/// Everything of two lists of series is the same, bit by bit.
pub(crate) fn same(a: &[SeriesSamples], b: &[SeriesSamples]) -> bool {
    let same_histograms = |a: &SeriesSamples, b: &SeriesSamples| {
        let pairs = a.histograms.iter().zip(&b.histograms);
        a.histograms.len() == b.histograms.len()
            && pairs
                .into_iter()
                .all(|(a, b)| a.0 == b.0 && a.1.is_identical(&b.1))
    };
    bits(a) == bits(b) && a.iter().zip(b).all(|(a, b)| same_histograms(a, b))
}

fn between(series: &SeriesSamples, min: i64, max: i64) -> SeriesSamples {
    let mut cut = SeriesSamples::new(series.labels.clone());
    let floats = series.timestamps.iter().zip(&series.values);
    for (time, value) in floats.filter(|(time, _)| (min..=max).contains(*time)) {
        cut.merge(&[*time], &[*value]);
    }
    let histograms = series.histograms.iter();
    cut.histograms = histograms
        .filter(|(time, _)| (min..=max).contains(time))
        .cloned()
        .collect();
    cut
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reads_return_identical_histograms(data in dataset(), from in 0i64..500, length in 0i64..300) {
        let dir = tempfile::tempdir().unwrap();
        let segment = write(dir.path(), header(Level::Cut, 1), &data);
        prop_assert!(same(&read_all(&segment), &data));
        let histograms: u64 = data.iter().map(|s| s.histograms.len() as u64).sum();
        let samples: u64 = data.iter().map(|s| s.len() as u64).sum();
        prop_assert_eq!((segment.histogram_count(), segment.sample_count()), (histograms, samples));
        let rows: Vec<u32> = segment.all_rows().filter(|row| row % 2 == 0).collect();
        let found = segment.read(&rows, from, from + length).unwrap();
        let expected: Vec<SeriesSamples> = rows
            .iter()
            .map(|&row| between(&data[row as usize], from, from + length))
            .filter(|series| !series.is_empty())
            .collect();
        prop_assert!(same(&found, &expected));
        prop_assert_eq!(verify(segment.path()).unwrap().samples, samples);
    }
}

#[test]
fn histograms_pages_and_batches() {
    let dir = tempfile::tempdir().unwrap();
    let of = |id: &str, scale: i64| {
        let mut series = series(&[("__name__", "h"), ("id", id)], &[]);
        series.histograms = (0..3000)
            .map(|i| {
                let counts = Counts::Integer {
                    count: (i * 20 * scale) as u64,
                    zero: 0,
                    positive: (0..20).map(|bucket| i * scale + bucket).collect(),
                    negative: Vec::new(),
                };
                let positive_spans = vec![Span {
                    offset: -3,
                    length: 20,
                }];
                let histogram = Histogram {
                    schema: 3,
                    sum: i as f64 / 4.0,
                    positive_spans,
                    counts,
                    ..Histogram::stale()
                };
                (i * 15_000, Arc::new(histogram))
            })
            .collect();
        series
    };
    let data = [of("a", 1), of("b", 7)];
    let segment = write(dir.path(), header(Level::Day, 1), &data);
    assert!(same(&read_all(&segment), &data));
    let late = segment.read(&[1], 2999 * 15_000, i64::MAX).unwrap();
    assert!(
        late[0].histograms.len() == 1 && late[0].histograms[0].1.is_identical(&data[1].histograms[2999].1)
    );
    let manifest = std::fs::read_to_string(segment.path().join("segment.json")).unwrap();
    assert!(manifest.contains("\"major\": 2") && manifest.contains("\"histograms\": 6000"));
    let floats = write(
        dir.path(),
        header(Level::Day, 1),
        &[series(&[("__name__", "x")], &[(1, 1.0)])],
    );
    let manifest = std::fs::read_to_string(floats.path().join("segment.json")).unwrap();
    assert!(
        manifest.contains("\"major\": 1"),
        "older versions can read it: {manifest}"
    );
}
