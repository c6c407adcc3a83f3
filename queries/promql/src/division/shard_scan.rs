//! ShardScan: a scan of some of the series that a selection selects, those of a contiguous part of their positions.
//! All parts of one selection together are the selection, in its order.

use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use engine_model::{Labels, Matcher};
use engine_storage::SeriesColumns;
use queries_tables::folded::folded_schema;
use queries_tables::operation::{BatchStream, RunAt};
use queries_tables::{NeighboursReader, Operation, SeriesScan, SeriesSet, Snapshot, SnapshotError};

/// Which part of a selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Number of the part, from 0.
    pub number: usize,
    /// How many parts there are, at least one.
    pub of: usize,
}

impl Shard {
    /// The whole selection.
    pub const ALL: Self = Self { number: 0, of: 1 };

    /// The positions of the part among `length`.
    fn positions(self, length: usize) -> Range<usize> {
        let border = |number: usize| (length as u128 * number as u128 / self.of as u128) as usize;
        border(self.number)..border(self.number + 1)
    }
}

/// Reads one part of the series of a selection.
#[derive(Debug, Clone)]
pub struct ShardScan {
    /// The selection.
    pub scan: SeriesScan,
    /// The part.
    pub shard: Shard,
}

impl Operation for ShardScan {
    fn name(&self) -> &'static str {
        "ShardScan"
    }

    fn describe(&self) -> String {
        let Shard { number, of } = self.shard;
        format!("{} of {of} of {}", number + 1, self.scan.describe())
    }

    fn details(&self) -> Vec<(&'static str, u64)> {
        self.scan.details()
    }

    fn schema(&self) -> SchemaRef {
        folded_schema()
    }

    fn run(self: Arc<Self>, inputs: Vec<SendableRecordBatchStream>, at: RunAt<'_>) -> Result<BatchStream> {
        let part = PartOfSnapshot {
            whole: Arc::clone(&self.scan.snapshot),
            shard: self.shard,
        };
        let scan = SeriesScan {
            snapshot: Arc::new(part),
            ..self.scan.clone()
        };
        Arc::new(scan).run(inputs, at)
    }
}

/// A snapshot of which each selection shows one part.
#[derive(Debug)]
struct PartOfSnapshot {
    whole: Arc<dyn Snapshot>,
    shard: Shard,
}

impl PartOfSnapshot {
    fn part(&self, whole: Arc<dyn SeriesSet>) -> Arc<dyn SeriesSet> {
        let positions = self.shard.positions(whole.len());
        Arc::new(PartOfSet { whole, positions })
    }
}

impl Snapshot for PartOfSnapshot {
    fn select(
        &self,
        matchers: &[Matcher],
        min_ms: i64,
        max_ms: i64,
    ) -> Result<Arc<dyn SeriesSet>, SnapshotError> {
        Ok(self.part(self.whole.select(matchers, min_ms, max_ms)?))
    }

    fn select_unordered(
        &self,
        matchers: &[Matcher],
        min_ms: i64,
        max_ms: i64,
    ) -> Result<Arc<dyn SeriesSet>, SnapshotError> {
        Ok(self.part(self.whole.select_unordered(matchers, min_ms, max_ms)?))
    }

    fn tells_starts(&self) -> bool {
        self.whole.tells_starts()
    }
}

#[derive(Debug)]
struct PartOfSet {
    whole: Arc<dyn SeriesSet>,
    positions: Range<usize>,
}

impl SeriesSet for PartOfSet {
    fn len(&self) -> usize {
        self.positions.len()
    }

    fn labels(&self, position: usize) -> &Labels {
        self.whole.labels(self.positions.start + position)
    }

    fn reader(&self) -> Box<dyn NeighboursReader + '_> {
        Box::new(PartReader {
            whole: self.whole.reader(),
            first: self.positions.start,
        })
    }

    fn is_at_hand(&self, most: u64) -> bool {
        self.whole.is_at_hand(most)
    }
}

struct PartReader<'a> {
    whole: Box<dyn NeighboursReader + 'a>,
    first: usize,
}

impl NeighboursReader for PartReader<'_> {
    fn read(&mut self, positions: Range<usize>) -> Result<SeriesColumns, SnapshotError> {
        self.whole
            .read(self.first + positions.start..self.first + positions.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_the_whole() {
        for length in [0, 1, 6, 7, 8, 100] {
            let mut next = 0;
            for number in 0..7 {
                let part = Shard { number, of: 7 }.positions(length);
                assert_eq!(part.start, next);
                assert!(part.len().abs_diff(length / 7) <= 1);
                next = part.end;
            }
            assert_eq!(next, length);
        }
    }
}
