//! Random series: counters with resets, gauges with gaps and odd values, buckets, native histograms of both layouts,
//! series of both kinds of samples, info series, twins that only their names tell apart.

use std::sync::Arc;

use engine_model::histogram::{ResetHint, Span};
use engine_model::staleness::STALE_NAN;
use engine_model::{FloatHistogram, Histogram, Labels};
use queries_tables::MemorySnapshot;

use crate::parser::parse_metric;

/// Distance of samples, ms.
const STEP_MS: i64 = 30_000;
/// Samples of a series without gaps: 50 minutes.
const LENGTH: i64 = 100;

/// A sequence of numbers that a seed decides (SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    fn share(&mut self) -> f64 {
        self.below(1 << 40) as f64 / (1u64 << 40) as f64
    }

    /// Times of a series: some samples are missing, and some series live only for a while.
    fn times(&mut self) -> Vec<i64> {
        let (from, until) = match self.below(4) {
            0 => (0, LENGTH / 2),
            1 => (LENGTH / 2, LENGTH),
            _ => (0, LENGTH),
        };
        let jitter = self.below(STEP_MS as u64 / 2) as i64;
        let times = (from..until).map(|i| i * STEP_MS + jitter);
        times.filter(|_| !self.one_in(8)).collect()
    }
}

fn counter(random: &mut Random) -> Vec<(i64, f64)> {
    let mut total = 0.0;
    let times = random.times();
    let next = times.into_iter().map(|at_ms| {
        total = if random.one_in(30) {
            0.0
        } else {
            total + random.below(500) as f64 / 4.0
        };
        (at_ms, total)
    });
    next.collect()
}

fn gauge(random: &mut Random) -> Vec<(i64, f64)> {
    let times = random.times();
    let values = times.into_iter().map(|at_ms| {
        let value = match random.below(60) {
            0 => f64::NAN,
            1 => f64::INFINITY,
            2 => f64::NEG_INFINITY,
            3 => STALE_NAN,
            4 => 0.0,
            _ => random.share() * 200.0 - 60.0,
        };
        (at_ms, value)
    });
    values.collect()
}

fn histograms(random: &mut Random, custom: bool) -> Vec<(i64, Arc<Histogram>)> {
    let bounds: &[f64] = if random.one_in(3) {
        &[0.1, 1.0]
    } else {
        &[0.1, 1.0, 10.0]
    };
    let buckets = if custom { bounds.len() + 1 } else { 4 };
    let mut counts = vec![0.0; buckets];
    let mut sum = 0.0;
    let mut next = |at_ms: i64, random: &mut Random| {
        if random.one_in(25) {
            counts.fill(0.0);
            sum = 0.0;
        }
        for count in &mut counts {
            *count += random.below(9) as f64;
        }
        sum += random.share() * 10.0;
        let histogram = FloatHistogram {
            schema: if custom { -53 } else { 1 },
            reset_hint: ResetHint::Unknown,
            count: counts.iter().sum(),
            sum: if random.one_in(40) { STALE_NAN } else { sum },
            positive_spans: vec![Span {
                offset: 0,
                length: buckets as u32,
            }],
            positive: counts.clone(),
            custom_values: if custom { bounds.to_vec() } else { Vec::new() },
            ..FloatHistogram::default()
        };
        (at_ms, Arc::new(histogram.to_histogram()))
    };
    let times = random.times();
    times.into_iter().map(|at_ms| next(at_ms, random)).collect()
}

fn labels(metric: &str) -> Labels {
    parse_metric(metric).unwrap()
}

/// Series of all kinds.
pub(crate) fn snapshot(seed: u64) -> MemorySnapshot {
    let random = &mut Random::new(seed);
    let mut memory = MemorySnapshot::default();
    for (job, instance) in ["a", "b", "c"].into_iter().flat_map(|job| {
        let instances = ["0", "1", "2", "3", "4"].into_iter();
        instances.map(move |instance| (job, instance))
    }) {
        let of =
            |name: &str, more: &str| labels(&format!(r#"{name}{{job="{job}",instance="{instance}"{more}}}"#));
        for code in ["200", "500"] {
            memory.add(
                &of("requests_total", &format!(r#",code="{code}""#)),
                &counter(random),
            );
        }
        memory.add(&of("temp", r#",zone="x""#), &gauge(random));
        memory.add(&of("other", ""), &gauge(random));
        for twin in ["twin_a", "twin_b"] {
            memory.add(&of(twin, ""), &gauge(random));
        }
        memory.add_histograms(&of("native", ""), &histograms(random, job == "c"));
        let mixed = of("mixed", "");
        match random.below(3) {
            0 => memory.add(&mixed, &gauge(random)),
            _ => memory.add_histograms(&mixed, &histograms(random, instance == "0")),
        }
        let version = random.below(3);
        let info: Vec<(i64, f64)> = counter(random).iter().map(|(at_ms, _)| (*at_ms, 1.0)).collect();
        memory.add(&of("target_info", &format!(r#",version="v{version}""#)), &info);
    }
    for job in ["a", "b"] {
        for le in ["0.1", "1", "10", "+Inf"] {
            let bucket = labels(&format!(r#"latency_bucket{{job="{job}",le="{le}"}}"#));
            memory.add(&bucket, &counter(random));
        }
        memory.add(&labels(&format!(r#"capacity{{job="{job}"}}"#)), &gauge(random));
        let typed = labels(&format!(r#"typed{{job="{job}",__type__="gauge",__unit__="s"}}"#));
        memory.add(&typed, &gauge(random));
    }
    let began = labels(r#"began_total{job="a"}"#);
    let samples = counter(random);
    let starts: Vec<(i64, i64)> = samples
        .iter()
        .map(|(at_ms, _)| (*at_ms, at_ms - 90_000))
        .collect();
    memory.add(&began, &samples);
    memory.add_starts(&began, &starts);
    memory.add(&labels(r#"began_total{job="b"}"#), &counter(random));
    memory
}
