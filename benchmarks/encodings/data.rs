//! The three sets of data.

use engine_model::Labels;

use crate::load::{Random, Value, Values, series_labels, shapes};

/// The sets' names.
pub(super) const NAMES: [&str; 3] = ["node", "churn", "buckets"];

const STEP_MS: i64 = 15_000;
/// 2026-01-05 00:00 UTC: whole days, so that a set fills a window of each level.
const START_MS: i64 = 1_767_571_200_000;
/// Series of one target.
const TARGET_SERIES: usize = 500;
/// One scrape in so many is off the grid.
const LATE_SCRAPES: u64 = 10;
/// Two hours of scrapes.
const CHURN_SCRAPES: usize = 480;
/// A pod's scrapes.
const CHURN_LIFE: std::ops::Range<u64> = 20..240;
const POD_SERIES: usize = 50;
const BUCKETS: usize = 60;

/// One series with its samples in order of time.
pub(super) struct Series {
    pub(super) labels: Labels,
    /// The target it was scraped from.
    pub(super) target: usize,
    pub(super) timestamps: Vec<i64>,
    pub(super) values: Vec<f64>,
}

/// Series in storage order.
pub(super) struct DataSet {
    pub(super) series: Vec<Series>,
}

impl DataSet {
    /// The set of this name; `samples` is what a series has that lives as long as the set.
    pub(super) fn generate(name: &str, series: usize, samples: usize) -> Self {
        let mut made = match name {
            "churn" => churn(series * samples / ((CHURN_LIFE.start + CHURN_LIFE.end) / 2) as usize),
            "buckets" => buckets(series, samples),
            _ => node(series, samples),
        };
        made.sort_by(|a, b| a.labels.storage_cmp(&b.labels));
        Self { series: made }
    }

    /// Samples in all.
    pub(super) fn samples(&self) -> usize {
        self.series.iter().map(|series| series.timestamps.len()).sum()
    }
}

/// When a target's scrapes number `scrapes` are stamped.
fn times(target: usize, scrapes: std::ops::Range<usize>) -> Vec<i64> {
    let mut random = Random::new(0x71_0000 + target as u64);
    let offset = random.below(STEP_MS as u64) as i64;
    let mut time = |scrape: usize| {
        let late = if random.below(LATE_SCRAPES) == 0 {
            random.below(7) as i64 - 3
        } else {
            0
        };
        START_MS + offset + scrape as i64 * STEP_MS + late
    };
    scrapes.map(&mut time).collect()
}

/// Every series' values over `samples` steps.
fn histories(values: &mut Values, series: usize, samples: usize) -> Vec<Vec<f64>> {
    let mut histories = vec![Vec::new(); series];
    for _ in 0..samples {
        values.step();
        for (history, value) in histories.iter_mut().zip(values.iter()) {
            history.push(Value::to_f64(value));
        }
    }
    histories
}

fn node(series: usize, samples: usize) -> Vec<Series> {
    let mut made = Vec::with_capacity(series);
    for target in 0..series.div_ceil(TARGET_SERIES) {
        let shapes = shapes(TARGET_SERIES.min(series - made.len()));
        let mut values = Values::new(target as u64, &shapes);
        let times = times(target, 0..samples);
        let histories = histories(&mut values, shapes.len(), samples);
        made.extend(shapes.iter().zip(histories).map(|(shape, values)| Series {
            labels: series_labels(shape, target),
            target,
            timestamps: times.clone(),
            values,
        }));
    }
    made
}

/// Pods of fifty series each, as many as hold the series; each lives some minutes of two hours.
fn churn(series: usize) -> Vec<Series> {
    let mut made = Vec::with_capacity(series);
    for pod in 0..series / POD_SERIES {
        let mut random = Random::new(0xc0_0000 + pod as u64);
        let life = (CHURN_LIFE.start + random.below(CHURN_LIFE.end - CHURN_LIFE.start)) as usize;
        let first = random.below((CHURN_SCRAPES - life) as u64) as usize;
        let shapes = shapes(POD_SERIES);
        let mut values = Values::new(pod as u64, &shapes);
        let times = times(pod, first..first + life);
        let name = format!("checkout-worker-{:08x}-{:05x}", random.bits() as u32, pod);
        let uid = format!("{:016x}-{:08x}", random.bits(), random.bits() as u32);
        let histories = histories(&mut values, shapes.len(), life);
        for (shape, values) in shapes.iter().zip(histories) {
            let labels = series_labels(shape, pod % 40);
            let labels = labels
                .with("namespace", "shop")
                .with("pod", &name)
                .with("uid", &uid);
            made.push(Series {
                labels,
                target: pod,
                timestamps: times.clone(),
                values,
            });
        }
    }
    made
}

/// Histograms of latencies: every observation falls into one of sixty buckets around a middle that drifts.
fn buckets(series: usize, samples: usize) -> Vec<Series> {
    let mut made = Vec::with_capacity(series);
    for histogram in 0..series / (BUCKETS + 2) {
        let target = histogram / 4;
        let mut random = Random::new(0xb0_0000 + histogram as u64);
        let pace = random.below(300) + 1;
        let mut counts = vec![0u64; BUCKETS + 1];
        let mut middle = 30.0;
        let mut sum_micros = 0u64;
        let mut histories = vec![Vec::new(); BUCKETS + 2];
        for _ in 0..samples {
            middle = (middle + random.unit() - 0.5f64).clamp(5.0, 55.0);
            for _ in 0..random.below(pace) {
                let spread = (random.unit() + random.unit() + random.unit() - 1.5) * 12.0;
                let bucket = (middle + spread).clamp(0.0, BUCKETS as f64) as usize;
                counts[bucket] += 1;
                sum_micros += 37 * (bucket as u64 + 1) + random.below(37);
            }
            let mut below = 0;
            for (count, history) in counts.iter().zip(&mut histories) {
                below += count;
                history.push(below as f64);
            }
            histories[BUCKETS + 1].push(sum_micros as f64 / 1e6);
        }
        let times = times(target, 0..samples);
        for (number, values) in histories.into_iter().enumerate() {
            made.push(Series {
                labels: bucket_labels(target, histogram, number),
                target,
                timestamps: times.clone(),
                values,
            });
        }
    }
    made
}

fn bucket_labels(target: usize, histogram: usize, number: usize) -> Labels {
    let name = if number > BUCKETS {
        "rpc_latency_seconds_sum"
    } else {
        "rpc_latency_seconds_bucket"
    };
    let labels = Labels::from_pairs([
        ("__name__", name),
        ("instance", &format!("host-{target}.example.org:9100")),
        ("job", "rpc"),
        ("method", &format!("shop.v1.Orders/Method{histogram}")),
    ]);
    match number {
        0..BUCKETS => labels.with("le", &format!("{:.6}", 0.0001 * 1.2f64.powi(number as i32))),
        BUCKETS => labels.with("le", "+Inf"),
        _ => labels,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_sorted_distinct_and_repeat() {
        for name in NAMES {
            let (set, again) = (
                DataSet::generate(name, 500, 300),
                DataSet::generate(name, 500, 300),
            );
            assert!(set.samples() > 20_000, "{name}: {}", set.samples());
            assert!(
                set.series
                    .is_sorted_by(|a, b| a.labels.storage_cmp(&b.labels).is_lt()),
                "{name}"
            );
            assert!(
                set.series.iter().all(|s| s.timestamps.is_sorted_by(|a, b| a < b)),
                "{name}"
            );
            let same = set.series.iter().zip(&again.series);
            assert!(
                same.into_iter()
                    .all(|(a, b)| a.values == b.values && a.timestamps == b.timestamps)
            );
        }
    }
}
