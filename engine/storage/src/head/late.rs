//! Samples that came late: older than the newest of their series, within the configured window, or older
//! than what a cut has taken. Few and unsorted; every read sorts and merges them, the next cut takes them.

use crate::series_samples::SeriesSamples;

use super::sample_value::SampleValue;
use super::series_state::Seen;

/// A late sample. Knows by itself who sees it, because it has no position.
#[derive(Debug, Clone)]
pub(crate) struct LateSample {
    /// Milliseconds since the epoch.
    pub(crate) time: i64,
    pub(crate) value: SampleValue,
    /// When what it counts began, ms since the epoch; 0 where it is not said.
    pub(crate) start_ms: i64,
    /// The commit that brought it.
    pub(crate) commit: u64,
    /// From this generation on a segment has it.
    pub(crate) cut: u64,
}

/// The generation of samples that no segment has.
pub(crate) const NOT_CUT: u64 = u64::MAX;

impl LateSample {
    pub(super) fn is_seen(&self, seen: &Seen) -> bool {
        self.commit <= seen.commit && seen.generation < self.cut
    }
}

/// Merges what is seen of `late` into `out`; of equal times the one that is there already wins.
pub(super) fn read(late: &[LateSample], seen: &Seen, min_ms: i64, max_ms: i64, out: &mut SeriesSamples) {
    let is_wanted = |s: &&LateSample| s.is_seen(seen) && s.time >= min_ms && s.time <= max_ms;
    let wanted: Vec<&LateSample> = late.iter().filter(is_wanted).collect();
    if wanted.is_empty() {
        return;
    }
    out.absorb(collect(out.labels.clone(), wanted));
}

/// Sorts late samples by time; of equal times the first accepted wins.
pub(super) fn collect(labels: engine_model::Labels, mut late: Vec<&LateSample>) -> SeriesSamples {
    late.sort_by_key(|sample| sample.time);
    late.dedup_by_key(|sample| sample.time);
    let mut sorted = SeriesSamples::new(labels);
    for sample in late {
        if sample.start_ms != 0 {
            sorted.starts.push((sample.time, sample.start_ms));
        }
        match &sample.value {
            SampleValue::Float(bits) => {
                sorted.timestamps.push(sample.time);
                sorted.values.push(f64::from_bits(*bits));
            }
            SampleValue::Histogram(histogram) => {
                sorted
                    .histograms
                    .push((sample.time, std::sync::Arc::clone(histogram)));
            }
        }
    }
    sorted
}
