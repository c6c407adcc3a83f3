//! The series of one scan, handed out to its partitions in turn: whichever is free takes the next few, so that all end
//! together however long the series are.

use std::sync::Arc;

use datafusion::error::Result;
use parking_lot::Mutex;

use super::selection::{Claimed, Cursor, Selection};

/// Series of a selection for several partitions.
#[derive(Debug)]
pub(super) struct Claims {
    selection: Arc<Selection>,
    partitions: usize,
    rounds: Mutex<Vec<Round>>,
}

/// One run over all partitions. A plan can run more than once.
#[derive(Debug)]
struct Round {
    cursor: Arc<Mutex<Cursor>>,
    joined: Vec<bool>,
}

/// The part of one partition in one run.
#[derive(Debug)]
pub(super) struct Share {
    selection: Arc<Selection>,
    cursor: Arc<Mutex<Cursor>>,
}

impl Claims {
    /// The series of `selection` for so many partitions.
    pub(super) fn new(selection: Selection, partitions: usize) -> Self {
        Self {
            selection: Arc::new(selection),
            partitions: partitions.max(1),
            rounds: Mutex::default(),
        }
    }

    pub(super) fn selection(&self) -> &Selection {
        &self.selection
    }

    pub(super) fn partitions(&self) -> usize {
        self.partitions
    }

    /// The part of `partition`: in the oldest run that it has not joined yet.
    pub(super) fn join(&self, partition: usize) -> Share {
        let mut rounds = self.rounds.lock();
        let open = rounds.iter().position(|round| !round.joined[partition]);
        let at = open.unwrap_or_else(|| {
            rounds.push(Round {
                cursor: Arc::default(),
                joined: vec![false; self.partitions],
            });
            rounds.len() - 1
        });
        rounds[at].joined[partition] = true;
        let cursor = Arc::clone(&rounds[at].cursor);
        rounds.retain(|round| round.joined.contains(&false));
        Share {
            selection: Arc::clone(&self.selection),
            cursor,
        }
    }
}

impl Share {
    /// Where the next `count` series at most are; none when there are no more.
    pub(super) fn claim(&self, count: usize) -> Result<Option<Claimed>> {
        self.cursor.lock().claim(&self.selection, count)
    }
}

#[cfg(test)]
mod tests {
    use engine_model::Labels;

    use super::super::time_condition::TimeBounds;
    use super::*;
    use crate::memory::MemorySnapshot;

    #[test]
    fn each_run_gives_each_series_to_one_partition() {
        let mut snapshot = MemorySnapshot::default();
        for i in 0..10 {
            snapshot.add(&Labels::from_pairs([("i", i.to_string())]), &[(i, i as f64)]);
        }
        let selection = Selection {
            snapshot: Arc::new(snapshot),
            matchers: Vec::new(),
            bounds: TimeBounds::ALL,
        };
        let claims = Claims::new(selection, 2);
        for _ in 0..3 {
            let shares = [claims.join(0), claims.join(1)];
            let mut found = Vec::new();
            for turn in 0.. {
                let Some((_, positions)) = shares[turn % 2].claim(3).unwrap() else {
                    break;
                };
                found.extend(positions);
            }
            assert_eq!(found, (0..10).collect::<Vec<usize>>());
        }
        // A partition that runs ahead begins a run of its own, which the other joins later.
        let (early, late) = (claims.join(0), claims.join(0));
        let claimed = |share: Share, count| share.claim(count).unwrap().map(|(_, positions)| positions.len());
        assert_eq!(claimed(early, 10), Some(10));
        assert_eq!(claimed(claims.join(1), 10), None);
        assert_eq!(claimed(claims.join(1), 4), Some(4));
        assert_eq!(claimed(late, 10), Some(6));
        assert!(claims.rounds.lock().is_empty());
    }
}
