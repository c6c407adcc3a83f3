//! Our own reading of pages against the parquet crate's, over series of every kind, in every order.

use std::sync::Arc;

use engine_model::Labels;
use engine_model::staleness::STALE_NAN;
use proptest::prelude::*;

use super::cache::PageCache;
use super::delta::DeltaDecoder;
use crate::disk;
use crate::segment::read::{self, SeriesRows};
use crate::segment::{Level, RunLength, Segment, SegmentHeader, SegmentWriter};

/// A series' values: counters, decimals, odd doubles, nulls of all kinds.
fn values() -> impl Strategy<Value = Vec<f64>> {
    let value = prop_oneof![
        4 => (0..1_000_000i64).prop_map(|cents| cents as f64 / 100.0),
        2 => any::<i32>().prop_map(f64::from),
        1 => any::<f64>(),
        1 => Just(STALE_NAN),
    ];
    prop_oneof![
        (1..3000usize, 0..50i64)
            .prop_map(|(n, rate)| (0..n as i64).map(|i| (i * rate) as f64 * 4096.0).collect()),
        (1..3000usize, any::<f64>()).prop_map(|(n, seed)| (0..n).map(|i| seed / (i as f64 + 0.3)).collect()),
        prop::collection::vec(value, 1..600),
    ]
}

fn segment(dir: &std::path::Path, series: &[Vec<f64>], runs: RunLength) -> Segment {
    let header = SegmentHeader {
        level: Level::Cut,
        sequence: 1,
        created_ms: 0,
        sources: Vec::new(),
    };
    let mut writer = SegmentWriter::create_for(disk::real(), dir, header, runs).unwrap();
    for (number, values) in series.iter().enumerate() {
        let labels = Labels::from_pairs([("__name__", format!("m{number:04}").as_str())]);
        let jitter = |i: usize| (i * i % 7) as i64 * i64::from(number % 3 == 0);
        let timestamps: Vec<i64> = (0..values.len()).map(|i| i as i64 * 15_000 + jitter(i)).collect();
        writer.push_series(&labels, &timestamps, values).unwrap();
    }
    writer.finish().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn reads_what_the_parquet_crate_reads(
        series in prop::collection::vec(values(), 1..40),
        long in any::<bool>(),
        cached in any::<bool>(),
        asked in prop::collection::vec((any::<prop::sample::Index>(), 0..3000i64, 0..3000i64), 1..30),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let runs = if long { RunLength::Long } else { RunLength::Short };
        let segment = segment(dir.path(), &series, runs);
        let table = segment.samples_table();
        // So small that pages come and go.
        let cache = Arc::new(PageCache::new(200 << 10));
        let mut reader = segment.float_reader(cached.then_some(&cache), false);
        for (index, from, length) in asked {
            let row = index.index(series.len()) as u32;
            let range = segment.row_range(row);
            let (min_ms, max_ms) = (from * 15_000, (from + length) * 15_000);
            let rows = SeriesRows { series: row, first: range.first_row, count: range.row_count };
            let clipped = read::clip(table, &[rows], min_ms, max_ms).unwrap();
            let expected = read::read_values(table, &clipped).unwrap().concat();
            let (mut timestamps, mut values) = (vec![-1], vec![-1.0]);
            segment.append_floats(&mut reader, row, (min_ms, max_ms), &mut timestamps, &mut values).unwrap();
            prop_assert_eq!(&timestamps[1..], clipped.first().map_or(&[][..], |c| &c.timestamps));
            let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            prop_assert_eq!(bits(&values[1..]), bits(&expected));
        }
    }

    #[test]
    fn broken_differences_are_errors(bytes in prop::collection::vec(any::<u8>(), 0..200), count in 0..500usize) {
        if let Ok(mut decoder) = DeltaDecoder::begin(&bytes, 0) {
            let mut found = 0;
            let mut skipping = decoder.clone();
            let skipped = skipping.skip(&bytes, count).is_ok();
            prop_assert_eq!(skipped, decoder.clone().read(&bytes, count, |_| ()).is_ok());
            if decoder.read(&bytes, count, |values| found += values.len()).is_ok() {
                prop_assert_eq!(found, count);
            }
        }
    }
}
