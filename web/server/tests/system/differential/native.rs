//! Native histograms of the samples: what is observed grows, resets, changes its resolution, and is said in whole
//! counts, in weighted ones or as a gauge.

use std::collections::BTreeMap;

use engine_model::histogram::{CUSTOM_BUCKETS_SCHEMA, Counts, Histogram, ResetHint, Span};

use super::data::STEPS;
use super::random::Random;

/// How a series of histograms looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Observations of both signs and near zero; the resolution halves midway.
    Exponential,
    /// Positive observations with weights.
    Weighted,
    /// Counts that go up and down.
    Gauge,
    /// Custom bounds.
    Custom,
}

/// Upper bounds of custom buckets: the same throughout, for 3.5 refuses to add histograms of different ones.
const BOUNDS: [f64; 5] = [0.1, 0.5, 1.0, 2.5, 10.0];
/// What a series begins with, and after each reset again: so much that no rate reaches back to zero, and that hardly a
/// bucket is empty. 3.5 does not look for the zero, and its chunks add the empty buckets of a series' other histograms.
const BEGUN_WITH: usize = 400;
/// Half width of the zero bucket.
const ZERO_THRESHOLD: f64 = 0.001;

/// What was observed so far.
struct Observed {
    positive: BTreeMap<i32, u64>,
    negative: BTreeMap<i32, u64>,
    zero: u64,
    sum: f64,
}

impl Observed {
    fn nothing() -> Self {
        Self {
            positive: BTreeMap::new(),
            negative: BTreeMap::new(),
            zero: 0,
            sum: 0.0,
        }
    }

    fn begun(kind: Kind, random: &mut Random, with: usize) -> Self {
        let mut observed = Self::nothing();
        for _ in 0..with {
            observed.observe(kind, random);
        }
        observed
    }

    fn observe(&mut self, kind: Kind, random: &mut Random) {
        let side = random.below(10);
        let side = match (kind, side) {
            (Kind::Exponential | Kind::Gauge, 0) => {
                self.zero += 1;
                return;
            }
            (Kind::Exponential, 1 | 2) => {
                self.sum -= 1.5;
                &mut self.negative
            }
            _ => {
                self.sum += random.between(1, 400) as f64 / 100.0;
                &mut self.positive
            }
        };
        let index = match kind {
            Kind::Custom => random.below(BOUNDS.len() + 1) as i32,
            _ => (random.between(-6, 9) + random.between(0, 5)) as i32,
        };
        *side.entry(index).or_default() += 1;
    }

    fn said(&self, kind: Kind, schema: i32) -> Histogram {
        let custom = kind == Kind::Custom;
        let (positive_spans, positive) = laid_out(&self.positive);
        let (negative_spans, negative) = laid_out(&self.negative);
        let count = positive.iter().chain(&negative).sum::<u64>() + self.zero;
        let counts = match kind {
            Kind::Weighted => Counts::Float {
                count: weighted(count),
                zero: weighted(self.zero),
                positive: positive.into_iter().map(weighted).collect(),
                negative: negative.into_iter().map(weighted).collect(),
            },
            _ => Counts::Integer {
                count,
                zero: self.zero,
                positive: deltas(&positive),
                negative: deltas(&negative),
            },
        };
        Histogram {
            schema: if custom { CUSTOM_BUCKETS_SCHEMA } else { schema },
            reset_hint: match kind {
                Kind::Gauge => ResetHint::Gauge,
                _ => ResetHint::Unknown,
            },
            zero_threshold: if custom { 0.0 } else { ZERO_THRESHOLD },
            sum: self.sum,
            positive_spans,
            negative_spans,
            custom_values: if custom { BOUNDS.to_vec() } else { Vec::new() },
            counts,
        }
    }
}

/// A histogram a step.
pub(super) fn values(kind: Kind, random: &mut Random) -> Vec<Histogram> {
    let mut observed = Observed::begun(kind, random, BEGUN_WITH);
    let mut step = |number: usize| {
        let coarser = kind == Kind::Exponential && number >= STEPS / 2;
        if kind == Kind::Gauge || random.once_in(120) || coarser && number == STEPS / 2 {
            observed = Observed::begun(kind, random, BEGUN_WITH);
        }
        for _ in 0..random.below(6) {
            observed.observe(kind, random);
        }
        observed.said(kind, if coarser { 1 } else { 2 })
    };
    (0..STEPS).map(&mut step).collect()
}

/// A weight that binary fractions do not hold exactly.
fn weighted(count: u64) -> f64 {
    count as f64 * 0.3
}

fn deltas(counts: &[u64]) -> Vec<i64> {
    let before = std::iter::once(&0).chain(counts);
    let pairs = counts.iter().zip(before);
    pairs
        .map(|(count, before)| *count as i64 - *before as i64)
        .collect()
}

/// Spans of buckets with observations; neighbours share one.
fn laid_out(buckets: &BTreeMap<i32, u64>) -> (Vec<Span>, Vec<u64>) {
    let mut spans: Vec<Span> = Vec::new();
    let mut end = 0;
    for &index in buckets.keys() {
        match spans.last_mut() {
            Some(span) if index == end => span.length += 1,
            _ => spans.push(Span {
                offset: index - end,
                length: 1,
            }),
        }
        end = index + 1;
    }
    (spans, buckets.values().copied().collect())
}
