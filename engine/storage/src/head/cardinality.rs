//! What labels cost: the largest counts, found in one pass over the index with a heap of the asked size.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use engine_model::METRIC_NAME;

use super::Head;

/// A label name with its values and, per value, the number of series.
pub(crate) type LabelValues = (String, Vec<(String, usize)>);

/// A name with its count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardinalityEntry {
    /// What is counted: a metric name, a label name, or `name=value`.
    pub name: String,
    /// How many, or how many bytes.
    pub count: u64,
}

/// The head's largest costs, each list descending by count; as Prometheus's `/api/v1/status/tsdb` has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cardinality {
    /// Series in the head.
    pub series: u64,
    /// Distinct label pairs.
    pub label_pairs: u64,
    /// Metric names by number of series.
    pub series_by_metric: Vec<CardinalityEntry>,
    /// Label names by number of values.
    pub values_by_label: Vec<CardinalityEntry>,
    /// Label names by bytes of values over all series.
    pub bytes_by_label: Vec<CardinalityEntry>,
    /// Label pairs by number of series.
    pub series_by_pair: Vec<CardinalityEntry>,
}

impl Head {
    /// Every label name with its values and the number of series of each.
    pub(crate) fn label_values(&self) -> Vec<LabelValues> {
        let names = self.index.names().map(|cost| {
            let mut values = Vec::with_capacity(cost.values);
            self.index.visit_values(&cost.name, &self.series, |text, series| {
                values.push((text.to_owned(), series))
            });
            values.sort_unstable();
            (cost.name, values)
        });
        names.collect()
    }

    /// The `limit` largest of each kind.
    pub(crate) fn cardinality(&self, limit: usize) -> Cardinality {
        let mut by_metric = Largest::new(limit);
        let mut values = Largest::new(limit);
        let mut bytes = Largest::new(limit);
        let mut pairs = Largest::new(limit);
        for cost in self.index.names() {
            values.offer(cost.values as u64, || cost.name.clone());
            bytes.offer(cost.series_bytes as u64, || cost.name.clone());
            let is_metric = cost.name == METRIC_NAME;
            self.index.visit_values(&cost.name, &self.series, |text, series| {
                pairs.offer(series as u64, || format!("{}={text}", cost.name));
                if is_metric {
                    by_metric.offer(series as u64, || text.to_owned());
                }
            });
        }
        Cardinality {
            series: self.series.len() as u64,
            label_pairs: self.index.pair_count() as u64,
            series_by_metric: by_metric.finish(),
            values_by_label: values.finish(),
            bytes_by_label: bytes.finish(),
            series_by_pair: pairs.finish(),
        }
    }
}

/// The largest counts of many; names are made only for those that enter.
struct Largest {
    limit: usize,
    heap: BinaryHeap<Reverse<(u64, Reverse<String>)>>,
}

impl Largest {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            heap: BinaryHeap::new(),
        }
    }

    fn offer(&mut self, count: u64, name: impl FnOnce() -> String) {
        if self.heap.len() < self.limit {
            self.heap.push(Reverse((count, Reverse(name()))));
        } else if self
            .heap
            .peek()
            .is_some_and(|Reverse((least, _))| *least <= count)
        {
            // Of equal counts the names that come first in the alphabet stay.
            self.heap.push(Reverse((count, Reverse(name()))));
            self.heap.pop();
        }
    }

    fn finish(self) -> Vec<CardinalityEntry> {
        let ascending = self.heap.into_sorted_vec().into_iter();
        let entry = |Reverse((count, Reverse(name))): Reverse<(u64, Reverse<String>)>| CardinalityEntry {
            name,
            count,
        };
        ascending.map(entry).collect()
    }
}
