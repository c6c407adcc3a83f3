//! Where pushed counters began: a start timestamp of version 2.0 becomes a zero before the series' next sample, so
//! that its first value is an increase. Each start is written once; what the store has already it refuses, unheard.

use std::collections::HashMap;
use std::sync::Arc;

use engine_model::histogram::Histogram;
use engine_model::{SampleBatch, SampleBatchBuilder, SeriesRef, SeriesTable};
use parking_lot::Mutex;

use crate::counter_zero::empty_histogram;

/// Series whose start is remembered, at some 20 bytes each: as many as a large sender has. When there are more, all
/// are forgotten and their starts are offered to the store again, which costs a row a series and changes nothing.
const SERIES_MAX: usize = 1 << 20;

/// A start that came with a sample.
#[derive(Debug, Clone)]
pub(super) struct Start {
    /// The series as the request numbers it.
    pub(super) series: u64,
    /// When the counter began, ms.
    pub(super) started_ms: i64,
    /// The sample itself when it is a histogram.
    pub(super) histogram: Option<Arc<Histogram>>,
}

/// The starts that the store was offered.
#[derive(Debug, Default)]
pub(super) struct Starts(Mutex<HashMap<SeriesRef, i64>>);

/// Zeros to be committed before the samples that they came with.
#[derive(Debug)]
pub(super) struct Zeros {
    pub(super) batch: SampleBatch,
    starts: Vec<(SeriesRef, i64)>,
}

impl Starts {
    /// The zeros of those starts that are new.
    pub(super) fn zeros(
        &self,
        starts: Vec<Start>,
        resolve: impl Fn(u64) -> SeriesRef,
        table: &Arc<SeriesTable>,
    ) -> Option<Zeros> {
        if starts.is_empty() {
            return None;
        }
        let mut builder = SampleBatchBuilder::with_capacity(starts.len());
        let mut new = Vec::new();
        let known = self.0.lock();
        for start in starts {
            let series = resolve(start.series);
            if known.get(&series) == Some(&start.started_ms) {
                continue;
            }
            new.push((series, start.started_ms));
            match start.histogram {
                None => builder.push(series, start.started_ms, 0.0),
                Some(of) => builder.push_histogram(series, start.started_ms, Arc::new(empty_histogram(&of))),
            }
        }
        drop(known);
        (!new.is_empty()).then(|| Zeros {
            batch: builder.finish(table),
            starts: new,
        })
    }

    /// The store was offered these.
    pub(super) fn remember(&self, zeros: Zeros) {
        let mut known = self.0.lock();
        if known.len() + zeros.starts.len() > SERIES_MAX {
            known.clear();
        }
        known.extend(zeros.starts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_written_once_and_what_is_remembered_is_bounded() {
        let (starts, table) = (Starts::default(), Arc::new(SeriesTable::new()));
        let at = |series, started_ms| Start {
            series,
            started_ms,
            histogram: None,
        };
        let offer = |start: Start| {
            let zeros = starts.zeros(vec![start], SeriesRef, &table)?;
            let at = zeros.batch.timestamps().to_vec();
            starts.remember(zeros);
            Some(at)
        };
        assert_eq!(offer(at(7, 1000)), Some(vec![1000]));
        assert_eq!(offer(at(7, 1000)), None);
        assert_eq!(offer(at(7, 2000)), Some(vec![2000]), "it began again");
        assert_eq!(offer(at(8, 2000)), Some(vec![2000]));
        let many = (0..SERIES_MAX as u64).map(|series| at(series + 10, 1)).collect();
        starts.remember(starts.zeros(many, SeriesRef, &table).expect("new"));
        assert_eq!(starts.0.lock().len(), SERIES_MAX);
        assert_eq!(offer(at(7, 2000)), Some(vec![2000]), "offered again");
    }
}
