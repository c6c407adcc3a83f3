//! A classic histogram: cumulative counts at bounds, a count and a sum.

use engine_model::histogram::{CUSTOM_BUCKETS_SCHEMA, Counts, Histogram, ResetHint, Span};

/// The parts of a classic histogram as they come in.
#[derive(Debug, Clone, Default)]
pub(crate) struct ClassicHistogram {
    /// Upper bounds and cumulative counts, as they came.
    buckets: Vec<(f64, f64)>,
    count: Option<f64>,
    sum: f64,
    /// Whether something came that no histogram has.
    faulty: bool,
}

impl ClassicHistogram {
    pub(crate) fn clear(&mut self) {
        self.buckets.clear();
        self.count = None;
        self.sum = 0.0;
        self.faulty = false;
    }

    /// Takes a bucket; of two with one bound the first stays.
    pub(crate) fn set_bucket(&mut self, bound: f64, count: f64) {
        if bound.is_nan() || count.is_nan() || count < 0.0 {
            self.faulty = true;
            return;
        }
        self.buckets.push((bound, count));
    }

    pub(crate) fn set_count(&mut self, count: f64) {
        self.faulty |= count.is_nan() || count < 0.0;
        self.count = Some(count);
    }

    pub(crate) fn set_sum(&mut self, sum: f64) {
        self.sum = sum;
    }

    /// Whether [`ClassicHistogram::convert`] gives a histogram.
    pub(crate) fn is_valid(&self) -> bool {
        self.convert().is_some()
    }

    /// The native histogram, of integers where all counts are whole; `None` when the parts contradict each
    /// other, which drops the histogram as in Prometheus.
    pub(crate) fn convert(&self) -> Option<Histogram> {
        let mut buckets = self.buckets.clone();
        buckets.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        buckets.dedup_by(|later, first| later.0 == first.0);
        let count = self
            .count
            .or(buckets.last().map(|(_, count)| *count))
            .unwrap_or_default();
        if buckets.last().is_none_or(|(bound, _)| *bound != f64::INFINITY) {
            buckets.push((f64::INFINITY, count));
        }
        let ascends = buckets.windows(2).all(|pair| pair[0].1 <= pair[1].1);
        let holds_all = buckets.last().is_some_and(|(_, last)| *last == count);
        if self.faulty || !ascends || !holds_all {
            return None;
        }
        let counts: Vec<f64> = buckets.iter().map(|(_, count)| *count).collect();
        buckets.pop();
        let histogram = Histogram {
            schema: CUSTOM_BUCKETS_SCHEMA,
            reset_hint: ResetHint::Unknown,
            zero_threshold: 0.0,
            sum: self.sum,
            positive_spans: vec![Span {
                offset: 0,
                length: counts.len() as u32,
            }],
            negative_spans: Vec::new(),
            custom_values: buckets.iter().map(|(bound, _)| *bound).collect(),
            counts: custom_counts(count, &counts),
        };
        histogram.validate().is_ok().then_some(histogram)
    }
}

/// Counts of single buckets from cumulative ones.
fn custom_counts(count: f64, cumulative: &[f64]) -> Counts {
    // Beyond 2^53 floats are whole, but not all whole numbers are floats.
    let is_whole = |value: &f64| value.fract() == 0.0 && *value <= 9_007_199_254_740_992.0;
    if !is_whole(&count) || !cumulative.iter().all(is_whole) {
        let mut before = 0.0;
        let positive = cumulative
            .iter()
            .map(|value| value - std::mem::replace(&mut before, *value));
        return Counts::Float {
            count,
            zero: 0.0,
            positive: positive.collect(),
            negative: Vec::new(),
        };
    }
    let (mut before, mut bucket_before) = (0i64, 0i64);
    let mut positive = Vec::with_capacity(cumulative.len());
    for value in cumulative {
        let bucket = *value as i64 - before;
        positive.push(bucket - bucket_before);
        before = *value as i64;
        bucket_before = bucket;
    }
    Counts::Integer {
        count: count as u64,
        zero: 0,
        positive,
        negative: Vec::new(),
    }
}
