//! Histograms come back bit by bit, whatever came before them.

use engine_model::histogram::{Counts, ResetHint, Span};
use proptest::prelude::*;

use super::*;

fn side() -> impl Strategy<Value = (Vec<Span>, usize)> {
    prop::collection::vec((-3i32..4, 0u32..4), 0..4).prop_map(|spans| {
        let spans: Vec<Span> = spans
            .into_iter()
            .map(|(offset, length)| Span { offset, length })
            .collect();
        let length = spans.iter().map(|span| span.length as usize).sum();
        (spans, length)
    })
}

fn histogram() -> impl Strategy<Value = Histogram> {
    let hint = prop_oneof![
        Just(ResetHint::Unknown),
        Just(ResetHint::Reset),
        Just(ResetHint::NotReset),
        Just(ResetHint::Gauge)
    ];
    let shape = (
        side(),
        side(),
        -4i32..9,
        prop::collection::vec(any::<f64>(), 0..3),
    );
    (
        shape,
        hint,
        any::<bool>(),
        any::<u64>(),
        prop::collection::vec(any::<i64>(), 32),
    )
        .prop_map(
            |((p, n, schema, custom_values), reset_hint, float, sum, numbers)| {
                let take =
                    |from: usize, length: usize| numbers.iter().cycle().skip(from).take(length).copied();
                let floats = |from, length| take(from, length).map(|v| f64::from_bits(v as u64)).collect();
                let counts = if float {
                    Counts::Float {
                        count: numbers[0] as f64,
                        zero: f64::from_bits(numbers[1] as u64),
                        positive: floats(2, p.1),
                        negative: floats(9, n.1),
                    }
                } else {
                    Counts::Integer {
                        count: numbers[0] as u64,
                        zero: numbers[1] as u64,
                        positive: take(2, p.1).collect(),
                        negative: take(9, n.1).collect(),
                    }
                };
                Histogram {
                    schema,
                    reset_hint,
                    zero_threshold: 0.001,
                    sum: f64::from_bits(sum),
                    positive_spans: p.0,
                    negative_spans: n.0,
                    custom_values,
                    counts,
                }
            },
        )
}

proptest! {
    #[test]
    fn every_histogram_comes_back(
        histograms in prop::collection::vec((histogram(), 0usize..4), 1..40),
        seals in prop::collection::vec(any::<prop::sample::Index>(), 0..3),
    ) {
        let histograms: Vec<Arc<Histogram>> = histograms
            .into_iter()
            .flat_map(|(histogram, repeats)| std::iter::repeat_n(Arc::new(histogram), repeats + 1))
            .collect();
        let seals: Vec<usize> = seals.iter().map(|pick| pick.index(histograms.len())).collect();
        let mut run = HistogramRun::default();
        for (i, histogram) in histograms.iter().enumerate() {
            if seals.contains(&i) {
                run.seal();
            }
            run.push(10 * i as i64, histogram);
        }
        let mut read = Vec::new();
        run.visit(run.end(), i64::MIN, i64::MAX, |time, histogram| read.push((time, histogram)));
        prop_assert_eq!(read.len(), histograms.len());
        for (i, (time, histogram)) in read.iter().enumerate() {
            prop_assert_eq!(*time, 10 * i as i64);
            prop_assert!(histogram.is_identical(&histograms[i]), "number {}", i);
        }
    }

    #[test]
    fn damaged_bytes_end_the_reading(bytes in prop::collection::vec(any::<u8>(), 0..200), count in 0u16..100) {
        let piece = HistogramPiece { max_ms: 0, count, bytes };
        prop_assert!(piece.reader().count() <= usize::from(count));
    }
}

#[test]
fn a_usual_next_histogram_is_small() {
    let histogram = |scale: i64| {
        Arc::new(Histogram {
            schema: 3,
            positive_spans: vec![Span {
                offset: 0,
                length: 20,
            }],
            sum: 1.5 * scale as f64,
            counts: Counts::Integer {
                count: 100 * scale as u64,
                zero: 0,
                positive: (0..20)
                    .map(|i| if i % 2 == 0 { scale } else { 1 - scale })
                    .collect(),
                negative: Vec::new(),
            },
            ..Histogram::stale()
        })
    };
    let mut run = HistogramRun::default();
    run.push(0, &histogram(1000));
    let first = run.pieces[0].bytes.len();
    run.push(15_000, &histogram(1003));
    assert!(
        run.pieces[0].bytes.len() - first < 40,
        "{} bytes",
        run.pieces[0].bytes.len() - first
    );
    run.trim(1);
    assert_eq!(run.len(), 2, "a piece goes as a whole");
    run.trim(15_001);
    assert_eq!((run.len(), run.first), (0, 2));
}
