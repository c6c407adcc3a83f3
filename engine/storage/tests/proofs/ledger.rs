//! What was sent to a store and what became of it: the model that the store is compared with.

use std::collections::BTreeMap;

use engine_model::Labels;

/// A sample: number of its series, time in ms, bits of its value.
pub(crate) type Sample = (u64, i64, u64);
/// Samples by series and time.
pub(crate) type Found = BTreeMap<(u64, i64), u64>;

/// What is known of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Acknowledged as safe from a loss of power.
    Durable,
    /// Acknowledged; a loss of power may take it, then all that came after it too.
    Logged,
    /// Answered with an error: whole there, or not at all.
    Unknown,
}

#[derive(Debug)]
struct Batch {
    samples: Vec<Sample>,
    fate: Fate,
}

/// All batches that were sent to one store, in order.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    batches: Vec<Batch>,
    /// A delete that was answered with an error: carried out, or not at all.
    uncertain: Option<Deletion>,
}

/// What happened between the last answer and a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Since {
    /// The process went on or was killed: nothing acknowledged is lost.
    Process,
    /// The power went.
    Power,
}

/// What a delete hides: the series of a job, in a range of times.
#[derive(Debug, Clone)]
pub(crate) struct Deletion {
    pub(crate) job: u64,
    pub(crate) start_ms: i64,
    pub(crate) end_ms: i64,
}

impl Deletion {
    fn takes(&self, &(series, time, _): &Sample) -> bool {
        series % JOBS == self.job && (self.start_ms..=self.end_ms).contains(&time)
    }
}

/// The value of the label `job` of a series is its number modulo this.
pub(crate) const JOBS: u64 = 3;

/// The labels of a series.
pub(crate) fn labels(series: u64) -> Labels {
    let mut pairs = vec![
        ("__name__", "m".to_owned()),
        ("job", format!("job-{}", series % JOBS)),
        ("series", series.to_string()),
    ];
    if series.is_multiple_of(5) {
        pairs.push(("path", format!("/ä/{series}\n\"")));
    }
    Labels::from_pairs(pairs)
}

impl Ledger {
    pub(crate) fn sent(&mut self, samples: Vec<Sample>, fate: Fate) {
        self.batches.push(Batch { samples, fate });
    }

    /// An fsync has covered all that was acknowledged so far.
    pub(crate) fn synced(&mut self) {
        for batch in &mut self.batches {
            if batch.fate == Fate::Logged {
                batch.fate = Fate::Durable;
            }
        }
    }

    /// The power went and nobody has looked yet: what was not durable is there or not.
    pub(crate) fn lost_power(&mut self) {
        for batch in &mut self.batches {
            if batch.fate == Fate::Logged {
                batch.fate = Fate::Unknown;
            }
        }
    }

    /// What was in doubt and is there now was read back from the log, which a start makes durable first.
    pub(crate) fn settled(&mut self) {
        for batch in &mut self.batches {
            if batch.fate == Fate::Unknown {
                batch.fate = Fate::Durable;
            }
        }
    }

    /// A delete was answered: well, or with an error.
    pub(crate) fn deleted(&mut self, deletion: Deletion, is_certain: bool) {
        if !is_certain {
            self.uncertain = Some(deletion);
            return;
        }
        for batch in &mut self.batches {
            batch.samples.retain(|sample| !deletion.takes(sample));
        }
        self.batches.retain(|batch| !batch.samples.is_empty());
    }

    /// Compares with what a store has. Afterwards the ledger holds what is there.
    pub(crate) fn check(&mut self, found: &Found, since: Since) {
        if let Some(deletion) = self.uncertain.take()
            && !found
                .iter()
                .any(|(&(series, time), &bits)| deletion.takes(&(series, time, bits)))
        {
            self.deleted(deletion, true);
        }
        let mut expected = Found::new();
        let mut lost: Option<usize> = None;
        for (number, batch) in self.batches.iter_mut().enumerate() {
            let total = batch.samples.len();
            let is_there = |&&(series, time, bits): &&Sample| found.get(&(series, time)) == Some(&bits);
            let present = batch.samples.iter().filter(is_there).count();
            let told = |what: &str| {
                format!(
                    "batch {number}, {:?}: {present} of {total} samples are there: {what}",
                    batch.fate
                )
            };
            assert!(present == 0 || present == total, "{}", told("a part of a batch"));
            if present == 0 {
                let may_go = match batch.fate {
                    Fate::Durable => false,
                    Fate::Logged => since == Since::Power,
                    Fate::Unknown => true,
                };
                assert!(may_go, "{}", told("acknowledged and lost"));
                if batch.fate == Fate::Logged {
                    lost.get_or_insert(number);
                }
                batch.samples.clear();
                continue;
            }
            if let (Fate::Logged, Some(lost)) = (batch.fate, lost) {
                panic!("{}", told(&format!("but batch {lost} before it is lost")));
            }
            expected.extend(
                batch
                    .samples
                    .iter()
                    .map(|&(series, time, bits)| ((series, time), bits)),
            );
        }
        self.batches.retain(|batch| !batch.samples.is_empty());
        let invented: Vec<_> = found
            .iter()
            .filter(|(key, _)| !expected.contains_key(key))
            .take(5)
            .collect();
        assert!(invented.is_empty(), "never sent: {invented:?}");
    }

    /// After a restart all that is there has been made durable, whatever was said of it before.
    pub(crate) fn restarted(&mut self) {
        for batch in &mut self.batches {
            batch.fate = Fate::Durable;
        }
    }
}
