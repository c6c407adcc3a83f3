//! Histograms added, compared, cut and asked, with answers that were computed by hand, and laws that hold
//! for all of them.

use super::*;
use crate::histogram::{Counts, ResetHint, SCHEMA_MAX, SCHEMA_MIN};

fn span(offset: i32, length: u32) -> Span {
    Span { offset, length }
}

/// Buckets (0.5,1]: 2, (1,2]: 1, (2,4]: 3; [-1,-0.5): 1; zero bucket of 0.001: 1.
fn sound() -> FloatHistogram {
    FloatHistogram {
        zero_threshold: 0.001,
        zero_count: 1.0,
        count: 8.0,
        sum: 10.0,
        positive_spans: vec![span(0, 3)],
        positive: vec![2.0, 1.0, 3.0],
        negative_spans: vec![span(0, 1)],
        negative: vec![1.0],
        ..FloatHistogram::default()
    }
}

fn custom(bounds: &[f64], counts: &[f64]) -> FloatHistogram {
    FloatHistogram {
        schema: CUSTOM_BUCKETS_SCHEMA,
        count: counts.iter().sum(),
        sum: 5.0,
        positive_spans: vec![span(0, counts.len() as u32)],
        positive: counts.to_vec(),
        custom_values: bounds.to_vec(),
        ..FloatHistogram::default()
    }
}

/// Numbers that look random and are the same for a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn side(&mut self) -> (Vec<Span>, Vec<f64>) {
        let mut spans = Vec::new();
        for i in 0..self.below(4) {
            let offset = self.below(9) as i32 - if i == 0 { 12 } else { 0 };
            spans.push(span(offset, self.below(4) as u32));
        }
        let length: u32 = spans.iter().map(|span| span.length).sum();
        (spans, (0..length).map(|_| self.below(6) as f64).collect())
    }

    fn histogram(&mut self) -> FloatHistogram {
        let (positive_spans, positive) = self.side();
        let (negative_spans, negative) = self.side();
        let zero_threshold = [0.0, 1e-9, 0.25, 1.0][self.below(4) as usize];
        let zero_count = self.below(5) as f64;
        let mut histogram = FloatHistogram {
            schema: self.below(6) as i32 - 2,
            reset_hint: ResetHint::Unknown,
            zero_threshold,
            zero_count,
            count: positive.iter().chain(&negative).sum::<f64>() + zero_count,
            sum: self.below(1000) as f64 / 8.0,
            positive_spans,
            negative_spans,
            positive,
            negative,
            custom_values: Vec::new(),
        };
        // Buckets within the zero bucket would not be sound.
        histogram.widen_zero(zero_threshold);
        histogram
    }
}

impl FloatHistogram {
    fn widen_zero(&mut self, threshold: f64) {
        let wide = FloatHistogram {
            zero_threshold: threshold,
            ..FloatHistogram::default()
        };
        self.zero_threshold = 0.0;
        self.meet_zero_bucket(&wide, None);
    }

    fn total(&self) -> f64 {
        self.zero_count + self.positive.iter().chain(&self.negative).sum::<f64>()
    }
}

/// Runs `law` with many seeds and says which one breaks it.
fn for_seeds(law: impl Fn(&mut Dice) + std::panic::RefUnwindSafe) {
    for seed in 0..2000 {
        let outcome = std::panic::catch_unwind(|| law(&mut Dice(seed)));
        assert!(outcome.is_ok(), "broken with seed {seed}");
    }
}

#[test]
fn integer_deltas_become_counts() {
    let stored = Histogram {
        counts: Counts::Integer {
            count: 8,
            zero: 1,
            positive: vec![2, -1, 2],
            negative: vec![1],
        },
        ..sound().to_histogram()
    };
    let read = FloatHistogram::from_histogram(&stored);
    assert!(read.equals(&sound()), "{read}");
    assert!(FloatHistogram::from_histogram(&read.to_histogram()).equals(&read));
}

#[test]
fn sums_take_the_coarser_schema_and_the_wider_zero_bucket() {
    let mut fine = FloatHistogram {
        schema: 1,
        count: 5.0,
        sum: 3.0,
        positive_spans: vec![span(-4, 2), span(3, 2)],
        positive: vec![1.0, 1.0, 1.0, 2.0],
        reset_hint: ResetHint::Reset,
        ..FloatHistogram::default()
    };
    let other = FloatHistogram {
        zero_threshold: 0.3,
        zero_count: 2.0,
        count: 2.0,
        sum: 0.5,
        reset_hint: ResetHint::NotReset,
        ..FloatHistogram::default()
    };
    let notes = fine.add(&other).expect("both exponential");
    // Bucket −3 of schema 1 ends at 0.354, so the zero bucket has to.
    assert!(notes.counter_reset_collision && !notes.nhcb_bounds_reconciled);
    assert_eq!(fine.reset_hint, ResetHint::Unknown);
    assert_eq!((fine.zero_count, fine.schema), (4.0, 0));
    assert!((fine.zero_threshold - 0.125_f64.sqrt()).abs() < 1e-15);
    fine.compact(0);
    assert_eq!(
        (&fine.positive_spans[..], &fine.positive[..]),
        (&[span(1, 1)][..], &[3.0][..])
    );
}

#[test]
fn custom_bounds_meet_in_those_that_both_have() {
    let mut a = custom(&[1.0, 2.0, 5.0], &[1.0, 2.0, 3.0, 4.0]);
    let b = custom(&[1.0, 3.0, 5.0], &[10.0, 20.0, 30.0, 40.0]);
    let notes = a.add(&b).expect("both custom");
    assert!(notes.nhcb_bounds_reconciled);
    assert_eq!(a.custom_values, [1.0, 5.0]);
    assert_eq!((a.positive.clone(), a.count), (vec![11.0, 55.0, 44.0], 110.0));
    assert_eq!(a.sub(&sound()), Err(IncompatibleBuckets));
    let now = custom(&[1.0, 3.0, 5.0], &[10.0, 20.0, 0.0, 80.0]);
    assert!(!now.detect_reset(&custom(&[1.0, 2.0, 5.0], &[1.0, 12.0, 8.0, 4.0])));
    assert!(now.detect_reset(&custom(&[1.0, 2.0, 5.0], &[1.0, 12.0, 9.0, 4.0])));
}

#[test]
fn compensated_sums_keep_what_plain_ones_lose() {
    let scaled = |factor: f64| {
        let mut histogram = sound();
        histogram.mul(factor);
        histogram.reset_hint = ResetHint::Unknown;
        histogram
    };
    let (mut sum, mut compensation) = (scaled(1.0), None);
    for factor in [1e100, 1.0, -1e100] {
        sum.kahan_add(&mut compensation, &scaled(factor))
            .expect("same kind");
    }
    sum.add(&compensation.expect("made by the first"))
        .expect("same kind");
    assert!(sum.equals(&scaled(2.0)), "{sum}");
}

#[test]
fn what_falls_is_a_reset() {
    let before = sound();
    assert!(!before.detect_reset(&before));
    let with = |change: fn(&mut FloatHistogram)| {
        let mut now = sound();
        now.mul(2.0);
        change(&mut now);
        now.detect_reset(&before)
    };
    assert!(!with(|_| {}));
    assert!(with(|now| now.count = 7.0));
    assert!(with(|now| now.zero_count = 0.0));
    assert!(with(|now| now.positive[1] = 0.0));
    assert!(with(|now| now.negative_spans[0].offset = 1));
    assert!(with(|now| now.schema = 1));
    assert!(with(|now| now.zero_threshold = 0.0001));
    assert!(with(|now| now.zero_threshold = 0.7));
    assert!(with(|now| now.reset_hint = ResetHint::Reset));
    assert!(!with(
        |now| (now.reset_hint, now.count) = (ResetHint::NotReset, 0.0)
    ));
    // A wider zero bucket that takes in whole buckets is none.
    let mut wider = before.clone();
    wider.widen_zero(1.0);
    assert!(!wider.detect_reset(&before) && before.detect_reset(&wider));
    assert!(!before.copy_to_schema(-1).detect_reset(&before));
}

#[test]
fn quantiles_interpolate() {
    let mut only_positive = sound();
    only_positive.negative.clear();
    only_positive.negative_spans.clear();
    only_positive.count = 7.0;
    assert_eq!(quantile(1.0, &only_positive).0, 4.0);
    assert_eq!(quantile(0.5 / 7.0, &only_positive).0, 0.0005);
    assert_eq!(quantile(2.0 / 7.0, &only_positive).0, 0.707_106_781_186_547_5);
    assert_eq!(quantile(0.0, &sound()).0, -1.0);
    assert_eq!(quantile(1.1, &sound()).0, f64::INFINITY);
    assert!(quantile(0.5, &FloatHistogram::default()).0.is_nan());
    let linear = custom(&[1.0, 3.0], &[2.0, 2.0, 1.0]);
    assert_eq!(quantile(0.2, &linear).0, 0.5);
    assert_eq!(quantile(0.6, &linear).0, 2.0);
    assert_eq!(quantile(1.0, &linear).0, 3.0);
    let nan = FloatHistogram {
        sum: f64::NAN,
        count: 16.0,
        ..sound()
    };
    assert!(quantile(0.9, &nan).1.nan_result && quantile(0.1, &nan).1.nan_skew);
}

#[test]
fn fractions_interpolate() {
    assert_eq!(fraction(f64::NEG_INFINITY, f64::INFINITY, &sound()), (1.0, false));
    assert_eq!(fraction(0.5, 2.0, &sound()), (3.0 / 8.0, false));
    assert_eq!(fraction(-0.001, 0.0, &sound()), (0.5 / 8.0, false));
    assert_eq!(fraction(1.0, 2.0_f64.sqrt() * 2.0, &sound()).0, (1.0 + 1.5) / 8.0);
    assert_eq!(fraction(2.0, 1.0, &sound()).0, 0.0);
    let nan = FloatHistogram {
        sum: f64::NAN,
        count: 16.0,
        ..sound()
    };
    assert_eq!(fraction(f64::NEG_INFINITY, f64::INFINITY, &nan), (0.5, true));
}

#[test]
fn statistics_take_the_middles_of_buckets() {
    let linear = custom(&[1.0, 3.0], &[0.0, 4.0, 0.0]);
    assert_eq!(
        (average(&linear), std_var(&linear), std_dev(&linear)),
        (1.25, 0.5625, 0.75)
    );
    let two = FloatHistogram {
        count: 2.0,
        positive_spans: vec![span(1, 1)],
        positive: vec![1.0],
        negative_spans: vec![span(1, 1)],
        negative: vec![1.0],
        ..FloatHistogram::default()
    };
    assert!((std_var(&two) - 2.0).abs() < 1e-15);
}

#[test]
fn trimming_divides_buckets() {
    let mut low = sound();
    low.trim_upper(2.0_f64.sqrt());
    assert_eq!((low.count, low.positive.len()), (4.5, 2));
    assert!((low.positive[1] - 0.5).abs() < 1e-15);
    let mut high = sound();
    high.trim_lower(0.0);
    assert_eq!((high.count, high.zero_count), (6.5, 0.5));
    assert!(high.negative.is_empty());
    let mut all = sound();
    all.trim_upper(100.0);
    assert!(all.equals(&sound()));
    let mut linear = custom(&[2.0, 4.0], &[2.0, 2.0, 1.0]);
    linear.trim_upper(3.0);
    assert_eq!(
        (linear.count, linear.sum, linear.positive),
        (3.0, 2.0 + 2.5, vec![2.0, 1.0])
    );
}

#[test]
fn text_names_the_buckets_that_have_observations() {
    assert_eq!(
        sound().to_string(),
        "{count:8, sum:10, [-1,-0.5):1, [-0.001,0.001]:1, (0.5,1]:2, (1,2]:1, (2,4]:3}"
    );
    let text = custom(&[1.0, 3.0], &[2.0, 0.0, 1.0]).to_string();
    assert_eq!(text, "{count:3, sum:5, [-Inf,1]:2, (3,+Inf]:1}");
}

#[test]
fn zero_divides_everything_away() {
    let mut divided = sound();
    divided.div(0.0);
    assert_eq!(divided.to_string(), "{count:+Inf, sum:+Inf, [-0.001,0.001]:+Inf}");
    assert!(divided.has_overflow() && !sound().has_overflow());
    let mut negative = sound();
    negative.div(-1.0);
    assert_eq!(negative.reset_hint, ResetHint::Gauge);
}

#[test]
fn no_observation_is_lost_by_law() {
    for_seeds(|dice| {
        // Of equal schemas: the peers count observations twice where a finer histogram has buckets in the zero
        // bucket of a coarser one that share a coarse bucket with others outside, and so do these sums.
        let (a, b) = (dice.histogram(), dice.histogram());
        let schema = a.schema.min(b.schema);
        let (a, b) = (a.copy_to_schema(schema), b.copy_to_schema(schema));
        let mut sum = a.clone();
        sum.add(&b).expect("both exponential");
        assert_eq!(sum.total(), a.total() + b.total(), "{a} + {b} = {sum}");
        let mut other_way = b.clone();
        other_way.add(&a).expect("both exponential");
        sum.compact(0);
        other_way.compact(0);
        assert!(sum.equals(&other_way), "{sum} and {other_way}");
        let (mut compensated, mut compensation) = (a.clone(), None);
        compensated
            .kahan_add(&mut compensation, &b)
            .expect("both exponential");
        compensated
            .add(&compensation.expect("made"))
            .expect("same buckets");
        compensated.compact(0);
        assert!(compensated.equals(&sum), "{compensated} and {sum}");
        sum.sub(&b).expect("both exponential");
        assert_eq!(sum.total(), a.total());
        assert!(!other_way.detect_reset(&a), "{a} then {other_way}");
    });
}

#[test]
fn resolution_is_reduced_in_any_steps_by_law() {
    for_seeds(|dice| {
        let histogram = dice.histogram();
        for to in SCHEMA_MIN..histogram.schema {
            let at_once = histogram.copy_to_schema(to);
            let step = to + dice.below((histogram.schema - to) as u64 + 1) as i32;
            let stepwise = histogram.copy_to_schema(step).copy_to_schema(to);
            assert!(at_once.equals(&stepwise), "{histogram} to {to} over {step}");
            assert_eq!(at_once.total(), histogram.total());
        }
        assert!(histogram.copy_to_schema(SCHEMA_MAX).equals(&histogram));
    });
}

#[test]
fn sums_of_two_resolutions_are_sums_in_the_coarser_by_law() {
    for_seeds(|dice| {
        let (mut a, mut b) = (dice.histogram(), dice.histogram());
        a.widen_zero(1.0);
        b.widen_zero(1.0);
        if a.zero_threshold != b.zero_threshold {
            return;
        }
        let schema = a.schema.min(b.schema);
        let mut coarse = a.copy_to_schema(schema);
        coarse.add(&b.copy_to_schema(schema)).expect("both exponential");
        let (mut compensated, mut compensation) = (a.clone(), None);
        compensated
            .kahan_add(&mut compensation, &b)
            .expect("both exponential");
        a.add(&b).expect("both exponential");
        for sum in [&mut a, &mut coarse, &mut compensated] {
            sum.compact(0);
        }
        assert!(a.equals(&coarse), "{a} and {coarse}");
        assert!(a.equals(&compensated), "{a} and {compensated}");
    });
}

#[test]
fn bytes_give_the_histogram_back_by_law() {
    for_seeds(|dice| {
        let mut histogram = dice.histogram();
        match dice.below(4) {
            0 => histogram.mul(1.0 / 3.0),
            1 => histogram.mul(-0.0),
            2 => histogram.sum = f64::from_bits(0x7ff0_0000_0000_0002),
            _ => histogram.custom_values = vec![0.1, 2.5],
        }
        let mut bytes = Vec::new();
        histogram.encode(&mut bytes);
        let read = FloatHistogram::decode(&bytes).expect("just written");
        assert!(read.equals(&histogram) && read.positive_spans == histogram.positive_spans);
        assert_eq!(
            (read.reset_hint, &read.custom_values),
            (histogram.reset_hint, &histogram.custom_values)
        );
        let cut = dice.below(bytes.len() as u64) as usize;
        assert_eq!(FloatHistogram::decode(&bytes[..cut]), None);
    });
}

#[test]
fn buckets_ascend_and_mirror_by_law() {
    for_seeds(|dice| {
        let histogram = dice.histogram();
        let up: Vec<_> = histogram.all_buckets().collect();
        let mut down: Vec<_> = histogram.all_buckets_reversed().collect();
        down.reverse();
        assert_eq!(up, down);
        assert!(
            up.windows(2).all(|pair| pair[0].upper <= pair[1].lower),
            "{histogram}"
        );
    });
}
