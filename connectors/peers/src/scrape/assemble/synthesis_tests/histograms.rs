//! Native histograms, of whole and of weighted observations, and converted ones.

use engine_model::FloatHistogram;
use engine_model::histogram::Counts;

use super::super::protobuf_body::{GAUGE_HISTOGRAM, HISTOGRAM, Message};
use super::*;

/// A native histogram of whole observations: those in the zero bucket and in two buckets from index 0 on.
fn native(zero: u64, buckets: [i64; 2], sum: f64) -> Message {
    let count = zero + buckets[0] as u64 + buckets[1] as u64;
    Message::default()
        .varint(1, count)
        .double(2, sum)
        .zigzag(5, 0)
        .double(6, 0.001)
        .varint(7, zero)
        .message(12, &Message::default().zigzag(1, 0).varint(2, 2))
        .zigzag(13, buckets[0])
        .zigzag(13, buckets[1] - buckets[0])
}

/// The same with float counts.
fn weighted(zero: f64, buckets: [f64; 2], sum: f64) -> Message {
    Message::default()
        .double(4, zero + buckets[0] + buckets[1])
        .double(2, sum)
        .zigzag(5, 0)
        .double(6, 0.001)
        .double(8, zero)
        .message(12, &Message::default().zigzag(1, 0).varint(2, 2))
        .double(14, buckets[0])
        .double(14, buckets[1])
}

/// Histograms of a batch as `count zero [buckets] sum since ms`; `~` before those with float counts.
fn histograms(batch: &SampleBatch) -> Vec<String> {
    let starts = batch.histogram_starts();
    let line = |(row, sample): (usize, &engine_model::HistogramSample)| {
        let histogram = FloatHistogram::from_histogram(&sample.histogram);
        if sample.histogram.is_stale() {
            return "STALE".to_owned();
        }
        sample.histogram.validate().expect("a sound histogram");
        let kind = match sample.histogram.counts {
            Counts::Integer { .. } => "",
            Counts::Float { .. } => "~",
        };
        let since = starts.get(row).copied().unwrap_or_default() - AT_MS;
        let (count, zero, positive) = (histogram.count, histogram.zero_count, histogram.positive);
        format!(
            "{kind}{count} {zero} {positive:?} {} since {since}",
            histogram.sum
        )
    };
    batch.histograms().iter().enumerate().map(line).collect()
}

#[test]
fn native_histograms_are_counted_from_their_first_too() {
    let mut assembler = storing("  scrape_native_histograms: true\n");
    for (n, whole, float, expected) in [
        (
            0,
            native(3, [1, 5], 10.0),
            weighted(3.5, [1.0, 5.0], 10.0),
            &[][..],
        ),
        (
            1,
            native(3, [4, 5], 16.0),
            weighted(3.5, [4.5, 5.0], 16.0),
            // The bucket that did not grow is left out.
            &["3 0 [3.0] 6 since 0", "~3.5 0 [3.5] 6 since 0"],
        ),
        (
            2,
            native(4, [4, 9], 20.0),
            weighted(4.0, [4.5, 9.0], 20.0),
            &["8 1 [3.0, 4.0] 10 since 0", "~8 0.5 [3.5, 4.0] 10 since 0"],
        ),
        // One bucket fell, though the sum of all did not: nothing is taken away any more.
        (
            3,
            native(4, [3, 99], 21.0),
            weighted(4.0, [4.0, 99.0], 21.0),
            &[
                "106 4 [3.0, 99.0] 21 since 2999",
                "~107 4 [4.0, 99.0] 21 since 2999",
            ],
        ),
        (
            4,
            native(4, [3, 100], 22.0),
            weighted(4.0, [4.0, 100.0], 22.0),
            &[
                "107 4 [3.0, 100.0] 22 since 2999",
                "~108 4 [4.0, 100.0] 22 since 2999",
            ],
        ),
    ] {
        let body = [
            Family::new("h", HISTOGRAM).metric(&[], 7, &whole).bytes(),
            Family::new("f", HISTOGRAM).metric(&[], 7, &float).bytes(),
        ]
        .concat();
        let batches = batches(&mut assembler, n, Format::PrometheusProto, Some(&body));
        assert_eq!(histograms(&batches.scrape), expected, "scrape {n}");
    }
    let ended = batches(&mut assembler, 5, Format::PrometheusProto, None).scrape;
    assert_eq!(histograms(&ended), ["STALE", "STALE"]);

    let mut gauges = storing("  scrape_native_histograms: true\n");
    let body = Family::new("g", GAUGE_HISTOGRAM)
        .metric(&[], 7, &native(3, [1, 5], 10.0))
        .bytes();
    let stored = batches(&mut gauges, 0, Format::PrometheusProto, Some(&body)).scrape;
    assert_eq!(stored.histograms().len(), 1, "a gauge is no counter");
}

#[test]
fn converted_histograms_too_and_kinds_that_change() {
    let mut assembler = storing("  convert_classic_histograms_to_nhcb: true\n");
    let page = |low: i64, all: i64| {
        format!(
            "# TYPE h histogram\nh_bucket{{le=\"1\"}} {low}\nh_bucket{{le=\"+Inf\"}} {all}\nh_count {all}\nh_sum {all}\n"
        )
    };
    for (n, low, all, expected) in [
        (0, 2, 5, &[][..]),
        (1, 3, 9, &["4 0 [1.0, 3.0] 4 since 0"]),
        (2, 1, 1, &["1 0 [1.0] 1 since 1999"]),
    ] {
        let batches = batches(
            &mut assembler,
            n,
            Format::PrometheusText,
            Some(page(low, all).as_bytes()),
        );
        let stored = histograms(&batches.scrape);
        let empty = stored.iter().map(|line| line.replace(", 0.0]", "]"));
        assert_eq!(empty.collect::<Vec<_>>(), expected, "scrape {n}");
    }

    // A series of floats that becomes one of histograms counts anew.
    let mut synthesis = Synthesis::default();
    let key = Key::of(b"h");
    let histogram = {
        let body = Family::new("h", HISTOGRAM)
            .metric(&[], 7, &native(3, [1, 5], 10.0))
            .bytes();
        let mut plain = assembler_with("  scrape_native_histograms: true\n", IngestFeatures::default());
        let batches = batches(&mut plain, 0, Format::PrometheusProto, Some(&body));
        read::Value::Histogram(Arc::clone(&batches.scrape.histograms()[0].histogram))
    };
    let counting = |counting| match counting {
        synthesis::Counting::Since { began_ms, value } => (began_ms, value.magnitude()),
        other => panic!("{other:?}"),
    };
    let first = synthesis.count(key, 10, &read::Value::Float(4.0));
    assert!(matches!(first, synthesis::Counting::First));
    assert_eq!(counting(synthesis.count(key, 20, &histogram)), (19, 9.0));
    assert_eq!(counting(synthesis.count(key, 30, &histogram)), (19, 9.0));
    assert_eq!(
        counting(synthesis.count(key, 40, &read::Value::Float(5.0))),
        (39, 5.0)
    );
}
