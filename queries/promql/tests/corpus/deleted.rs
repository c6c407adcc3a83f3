//! Samples of scripts among others that were deleted: between them in time, and at the very same times.

use std::collections::BTreeSet;
use std::sync::Arc;

use engine_model::FloatHistogram;
use engine_model::Labels;
use engine_model::staleness::STALE_NAN;
use queries_promql::testscript::{LoadedPoint, Sample};

use super::stored::{Placed, StoredEngine};

/// Gaps between times of samples that deleted samples are put in, of each half of the time.
const GAPS: usize = 4;
/// What was deleted must not look like anything that scripts say.
const DELETED: f64 = 1e9;

impl StoredEngine {
    /// Two halves of the time, each with samples of all kinds in some of its gaps, which are then deleted.
    pub(crate) fn append_between_deleted(&self, labels: &[Labels], samples: &[Placed<'_>]) {
        let times: BTreeSet<i64> = samples.iter().map(|(_, point)| point.at_ms).collect();
        let times: Vec<i64> = times.into_iter().collect();
        let middle = times.get(times.len() / 2).copied().unwrap_or_default();
        let (early, late): (Vec<i64>, Vec<i64>) = times.iter().partition(|&&at_ms| at_ms < middle);
        for times in [early, late] {
            let ends = (times.first().copied(), times.last().copied());
            let (Some(first), Some(last)) = ends else { continue };
            let within = samples
                .iter()
                .filter(|(_, point)| (first..=last).contains(&point.at_ms));
            self.append(labels, within.copied());
            let gaps = gaps(&times);
            let deleted: Vec<LoadedPoint> = gaps.iter().flat_map(|gap| of_all_kinds(gap.0)).collect();
            let series = 0..labels.len();
            self.append(
                labels,
                series.flat_map(|one| deleted.iter().map(move |point| (one, point))),
            );
            for (start_ms, end_ms) in gaps {
                self.delete(labels, start_ms, end_ms);
            }
        }
    }

    /// Other samples of the same times, which are deleted before these come.
    pub(crate) fn append_in_place_of_deleted(&self, labels: &[Labels], samples: &[Placed<'_>]) {
        let others: Vec<(usize, LoadedPoint)> = samples
            .iter()
            .map(|&(series, point)| {
                let [float, histogram, ..] = of_all_kinds(point.at_ms);
                let other = match point.sample {
                    Sample::Float(_) if point.at_ms % 2 == 0 => histogram.sample,
                    _ => float.sample,
                };
                (series, at(point.at_ms, other))
            })
            .collect();
        self.append(labels, others.iter().map(|(series, point)| (*series, point)));
        let times = || samples.iter().map(|(_, point)| point.at_ms);
        if let (Some(first), Some(last)) = (times().min(), times().max()) {
            // The newest sample of a series keeps its time even when it is deleted: it must be another one.
            let newest = at(last + 1, Sample::Float(DELETED));
            self.append(labels, (0..labels.len()).map(|series| (series, &newest)));
            self.delete(labels, first, last + 1);
        }
        self.append(labels, samples.iter().copied());
    }
}

/// First and last ms between neighbours of some of the `times`.
fn gaps(times: &[i64]) -> Vec<(i64, i64)> {
    let every = (times.len() / GAPS).max(1);
    let wide = |pair: &&[i64]| pair[1] - pair[0] > 4;
    let pairs = times.windows(2).filter(wide).step_by(every);
    pairs.map(|pair| (pair[0] + 1, pair[1] - 1)).collect()
}

/// A number, a histogram and a staleness marker, from `at_ms` on.
fn of_all_kinds(at_ms: i64) -> [LoadedPoint; 3] {
    let histogram = FloatHistogram {
        count: DELETED,
        sum: DELETED,
        zero_count: DELETED,
        ..FloatHistogram::default()
    };
    [
        at(at_ms, Sample::Float(DELETED)),
        at(at_ms + 1, Sample::Histogram(Arc::new(histogram))),
        at(at_ms + 2, Sample::Float(STALE_NAN)),
    ]
}

fn at(at_ms: i64, sample: Sample) -> LoadedPoint {
    LoadedPoint {
        at_ms,
        sample,
        start_ms: None,
    }
}
