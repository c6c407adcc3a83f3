//! The newest exemplars of all series, in one ring of bounded size.

use std::collections::{BTreeMap, HashMap, VecDeque};

use engine_model::matcher::all_match;
use engine_model::{Exemplar, Labels, Matcher, SeriesRef};

use super::Head;

/// Exemplars of one series, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesExemplars {
    /// The series.
    pub labels: Labels,
    /// Its exemplars in the asked time range.
    pub exemplars: Vec<Exemplar>,
}

/// Exemplars in the order in which they came.
#[derive(Debug)]
pub(crate) struct ExemplarRing {
    exemplars_max: usize,
    ring: VecDeque<(Labels, Exemplar)>,
    /// Newest exemplar of each series in the ring, and how many the series has there.
    newest: HashMap<SeriesRef, Newest, foldhash::fast::RandomState>,
}

#[derive(Debug)]
struct Newest {
    timestamp: i64,
    value: f64,
    labels: Labels,
    count: u32,
}

impl ExemplarRing {
    /// An empty ring for at most `exemplars_max`; 0 keeps none.
    pub(super) fn new(exemplars_max: usize) -> Self {
        Self {
            exemplars_max,
            ring: VecDeque::new(),
            newest: HashMap::default(),
        }
    }

    /// Number of exemplars.
    pub(crate) fn len(&self) -> usize {
        self.ring.len()
    }

    /// All exemplars with their series' labels, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(Labels, Exemplar)> {
        self.ring.iter()
    }

    /// Adds an exemplar of the series `labels`. Refuses, as Prometheus does, one that is older than the
    /// series' newest or equals it, and labels that are too long. Of one moment the larger value is the newer one.
    pub(crate) fn add(&mut self, labels: &Labels, exemplar: &Exemplar) -> bool {
        if self.exemplars_max == 0 || !exemplar.labels_fit() {
            return false;
        }
        if let Some(newest) = self.newest.get(&exemplar.series) {
            let order = exemplar.timestamp.cmp(&newest.timestamp);
            let order = order.then(exemplar.value.total_cmp(&newest.value));
            if order.then_with(|| exemplar.labels.cmp(&newest.labels)).is_le() {
                return false;
            }
        }
        if self.ring.len() == self.exemplars_max
            && let Some((_, oldest)) = self.ring.pop_front()
            && let Some(newest) = self.newest.get_mut(&oldest.series)
        {
            newest.count -= 1;
            if newest.count == 0 {
                self.newest.remove(&oldest.series);
            }
        }
        let count = self.newest.get(&exemplar.series).map_or(0, |newest| newest.count);
        let newest = Newest {
            timestamp: exemplar.timestamp,
            value: exemplar.value,
            labels: exemplar.labels.clone(),
            count: count + 1,
        };
        self.newest.insert(exemplar.series, newest);
        self.ring.push_back((labels.clone(), exemplar.clone()));
        true
    }
}

impl Head {
    /// Exemplars in `[min_ms, max_ms]` of series that satisfy all matchers of one of the sets, series in
    /// Prometheus's order.
    pub(crate) fn exemplars(
        &self,
        matcher_sets: &[Vec<Matcher>],
        min_ms: i64,
        max_ms: i64,
    ) -> Vec<SeriesExemplars> {
        let mut found: BTreeMap<&Labels, Vec<Exemplar>> = BTreeMap::new();
        for (labels, exemplar) in self.exemplars.iter() {
            let in_range = exemplar.timestamp >= min_ms && exemplar.timestamp <= max_ms;
            if in_range && matcher_sets.iter().any(|matchers| all_match(matchers, labels)) {
                found.entry(labels).or_default().push(exemplar.clone());
            }
        }
        let by_series = found.into_iter();
        by_series
            .map(|(labels, exemplars)| SeriesExemplars {
                labels: labels.clone(),
                exemplars,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exemplar(series: u64, trace: &str, timestamp: i64, value: f64) -> Exemplar {
        Exemplar {
            series: SeriesRef(series),
            labels: Labels::from_pairs([("trace", trace)]),
            timestamp,
            value,
        }
    }

    #[test]
    fn order_duplicates_and_length_are_judged_and_the_oldest_go() {
        let mut ring = ExemplarRing::new(3);
        let labels = Labels::from_pairs([("__name__", "m")]);
        let long = "x".repeat(124);
        for (series, trace, timestamp, value, kept) in [
            (1, "a", 10, 1.0, true),
            (1, "a", 10, 1.0, false),
            (1, "b", 10, 1.0, true),
            (1, "a", 9, 1.0, false),
            (1, "a", 10, 0.5, false),
            (2, "a", 5, 1.0, true),
            (2, &long, 6, 1.0, false),
            (2, "b", 6, 1.0, true),
        ] {
            assert_eq!(
                ring.add(&labels, &exemplar(series, trace, timestamp, value)),
                kept,
                "{trace} {timestamp}"
            );
        }
        assert_eq!(ring.len(), 3);
        ring.add(&labels, &exemplar(3, "c", 1, 1.0));
        assert!(
            ring.add(&labels, &exemplar(1, "old", 1, 1.0)),
            "the series' last one has gone"
        );
        assert!(!ExemplarRing::new(0).add(&labels, &exemplar(1, "a", 1, 1.0)));
    }
}
