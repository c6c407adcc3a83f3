//! The samples that both servers get: some seventy series over two hours at 15 s, from a seed.

use connectors_formats::remote_write::v1::Sample;
use engine_model::Labels;
use engine_model::histogram::Histogram;
use engine_model::staleness::STALE_NAN;

use super::catalog::{self, Described};
use super::native::{self, Kind};
use super::random::Random;

/// Between two samples of most series.
pub(super) const INTERVAL_MS: i64 = 15_000;
/// Samples of a series without gaps.
pub(super) const STEPS: usize = 480;

/// A series with its samples, ascending in time.
pub(super) struct Series {
    pub(super) labels: Labels,
    pub(super) samples: Vec<Sample>,
    /// Native histograms with their times, ascending.
    pub(super) histograms: Vec<(i64, Histogram)>,
}

impl Series {
    /// Whether the sample at that time arrives some minutes after its successors.
    pub(super) fn is_late(&self, timestamp: i64) -> bool {
        const LATE_SERIES: u64 = 4;
        let fingerprint = self.labels.fingerprint() as u64;
        fingerprint.is_multiple_of(LATE_SERIES) && (timestamp / INTERVAL_MS) % 5 < 2
    }
}

/// How a series' values move.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// Whole numbers that grow, and start again at 0 now and then.
    Counter,
    /// The same in hundredths.
    DecimalCounter,
    /// Whole numbers up and down.
    Gauge,
    /// Tenths up and down.
    DecimalGauge,
    /// Doubles of all magnitudes and signs.
    Noise,
    /// Doubles with NaN, infinities, -0 and the smallest and largest numbers among them.
    Odd,
    Constant(f64),
    /// A sample every 5 min to the millisecond: the edge of the lookback.
    Sparse,
    /// A sample every 4 min, and staleness markers between some.
    Flapping,
    /// Unix seconds that jump now and then.
    Time,
    /// A growing count that never exceeds the one of `le` above it: bucket number and number of buckets.
    Bucket(usize, usize),
    /// Native histograms.
    Native(Kind),
    /// Numbers, then native histograms, then numbers.
    Mixed(Kind),
}

/// When a series has samples.
#[derive(Clone, Copy, Debug)]
pub(super) enum Life {
    /// Throughout.
    Whole,
    /// Single samples and runs of them are missing, without markers.
    Gaps,
    /// From a step on.
    From(usize),
    /// To a step, ended by a staleness marker.
    To(usize),
    /// To a step, without a marker.
    Vanishes(usize),
    /// Timestamps are off the grid by some milliseconds.
    Jitter,
}

/// All series in label order; the first sample is at `end_ms` − 2 h.
pub(super) fn generate(seed: u64, end_ms: i64) -> Vec<Series> {
    let mut series: Vec<Series> = catalog::all()
        .into_iter()
        .enumerate()
        .map(|(number, described)| one(described, seed, number as u64, end_ms))
        .collect();
    series.sort_by(|a, b| a.labels.cmp(&b.labels));
    series
}

fn one(described: Described, seed: u64, number: u64, end_ms: i64) -> Series {
    // Buckets of one histogram must grow together: they share their seed.
    let own = match described.shape {
        Shape::Bucket(..) => described.labels.without(&["le"]).fingerprint() as u64,
        _ => number,
    };
    let mut random = Random::new(seed.wrapping_mul(1_000_003).wrapping_add(own));
    let mut values = values(described.shape, &mut random, end_ms);
    let natives = natives(described.shape, &mut values, &mut random);
    let mut presence = Random::new(seed.wrapping_mul(7_919).wrapping_add(number));
    let start_ms = end_ms - INTERVAL_MS * (STEPS as i64 - 1);
    // Every series begins with a marker, so that both servers know all of them, in this order, from the first request.
    let mut samples = vec![Sample {
        timestamp: start_ms - INTERVAL_MS,
        value: STALE_NAN,
    }];
    let mut histograms = Vec::new();
    let mut missing = 0;
    let both = values.into_iter().zip(natives).enumerate();
    for (step, (value, native)) in both {
        let mut timestamp = start_ms + INTERVAL_MS * step as i64;
        let present = Some(value.unwrap_or_default()).filter(|_| value.is_some() || native.is_some());
        let present = match described.life {
            Life::Whole => present,
            Life::Jitter => {
                timestamp += presence.between(-40, 40);
                present
            }
            Life::Gaps => {
                if missing == 0 && presence.once_in(12) {
                    missing = [1, 1, 1, 2, 5, 30][presence.below(6)];
                }
                let absent = missing > 0;
                missing -= usize::from(absent);
                if absent { None } else { present }
            }
            Life::From(first) => present.filter(|_| step >= first),
            Life::To(last) if step == last => Some(STALE_NAN),
            Life::To(last) | Life::Vanishes(last) => present.filter(|_| step < last),
        };
        match (present, native) {
            (Some(value), Some(_)) if value.to_bits() == STALE_NAN.to_bits() => {
                histograms.push((timestamp, Histogram::stale()));
            }
            (Some(_), Some(native)) => histograms.push((timestamp, native)),
            (value, _) => samples.extend(value.map(|value| Sample { timestamp, value })),
        }
    }
    Series {
        labels: described.labels,
        samples,
        histograms,
    }
}

fn values(shape: Shape, random: &mut Random, end_ms: i64) -> Vec<Option<f64>> {
    match shape {
        Shape::Counter => counter(random, 1.0),
        Shape::DecimalCounter => counter(random, 100.0),
        Shape::Gauge => walk(random, 1.0),
        Shape::DecimalGauge => walk(random, 10.0),
        Shape::Noise => (0..STEPS).map(|_| Some(noise(random))).collect(),
        Shape::Odd => (0..STEPS).map(|_| Some(odd(random))).collect(),
        Shape::Constant(value) => vec![Some(value); STEPS],
        Shape::Sparse => (0..STEPS)
            .map(|step| (step % 20 == 0).then_some(step as f64))
            .collect(),
        Shape::Flapping => (0..STEPS).map(|step| flapping(step, random)).collect(),
        Shape::Time => {
            let mut at = (end_ms / 1000 - 9_000) as f64;
            let mut jump = || {
                at += if random.once_in(20) { 301.5 } else { 0.0 };
                Some(at)
            };
            (0..STEPS).map(|_| jump()).collect()
        }
        Shape::Bucket(bucket, buckets) => observations(random, bucket, buckets),
        Shape::Native(_) => vec![None; STEPS],
        Shape::Mixed(_) => counter(random, 1.0),
    }
}

/// The histogram at each step; where there is one, there is no number.
fn natives(shape: Shape, values: &mut [Option<f64>], random: &mut Random) -> Vec<Option<Histogram>> {
    let (kind, steps) = match shape {
        Shape::Native(kind) => (kind, 0..STEPS),
        Shape::Mixed(kind) => (kind, STEPS / 3..STEPS * 2 / 3),
        _ => return vec![None; STEPS],
    };
    let all = native::values(kind, random).into_iter().enumerate();
    values[steps.clone()].fill(None);
    all.map(|(step, native)| steps.contains(&step).then_some(native))
        .collect()
}

fn counter(random: &mut Random, divisor: f64) -> Vec<Option<f64>> {
    let mut count = if random.once_in(3) {
        0
    } else {
        random.between(0, 5_000)
    };
    let mut next = || {
        let grows = !random.once_in(4);
        count += if grows { random.between(0, 120) } else { 0 };
        if random.once_in(90) {
            count = random.between(0, 3);
        }
        Some(count as f64 / divisor)
    };
    (0..STEPS).map(|_| next()).collect()
}

fn walk(random: &mut Random, divisor: f64) -> Vec<Option<f64>> {
    let mut level = random.between(-100, 400);
    let mut next = || {
        level += if random.once_in(3) {
            0
        } else {
            random.between(-9, 9)
        };
        Some(level as f64 / divisor)
    };
    (0..STEPS).map(|_| next()).collect()
}

fn noise(random: &mut Random) -> f64 {
    let exponent = random.between(-12, 12) as i32;
    (random.fraction() - 0.4) * 10f64.powi(exponent)
}

fn odd(random: &mut Random) -> f64 {
    match random.below(24) {
        0 | 1 => f64::NAN,
        2 => f64::INFINITY,
        3 => f64::NEG_INFINITY,
        4 => -0.0,
        5 => 0.0,
        6 => f64::MAX,
        7 => f64::MIN_POSITIVE,
        8 => -1e21,
        9 => 1e-7,
        10 => 9_007_199_254_740_993.0,
        _ => (random.fraction() - 0.5) * 200.0,
    }
}

fn flapping(step: usize, random: &mut Random) -> Option<f64> {
    match step % 16 {
        0 => Some((step * step) as f64 / 8.0),
        5 if random.once_in(2) => Some(STALE_NAN),
        _ => None,
    }
}

/// Counts of observations up to the bound of a bucket, with a reset in the middle.
fn observations(random: &mut Random, bucket: usize, buckets: usize) -> Vec<Option<f64>> {
    let mut count = 0;
    let mut next = |step| {
        if step == STEPS / 2 {
            count = 0;
        }
        for _ in 0..random.below(7) {
            count += i64::from(random.below(buckets) <= bucket);
        }
        Some(count as f64)
    };
    (0..STEPS).map(&mut next).collect()
}
