//! Random work on a store whose power, process and disk fail at random moments: what was acknowledged as durable is
//! there, in the order of the log, bit for bit, and nothing else is.

use std::cell::Cell;
use std::collections::BTreeSet;

use engine_model::Matcher;
use engine_storage::Fsync;
use engine_storage::disk::{Keep, Operation};

use crate::cases::{Chance, cases};
use crate::ledger::{Deletion, Fate, JOBS, Ledger, Sample, Since};
use crate::machine::{LATE_MS, Machine};

const CASES: u64 = 40;
/// Steps of one case.
const STEPS: u64 = 40;
const MINUTE_MS: i64 = 60_000;
/// Values that encodings like to change: negative zero, infinities, the stale marker, other NaNs, odd fractions.
const HARD_VALUES: [u64; 6] = [
    0x8000_0000_0000_0000,
    0x7ff0_0000_0000_0000,
    0x7ff0_0000_0000_0002,
    0xfff8_0000_dead_beef,
    0x3fd5_5555_5555_5555,
    0x0000_0000_0000_0001,
];

#[test]
fn nothing_durable_is_lost_and_nothing_is_invented() {
    let tally = Cell::new(Tally::default());
    cases(CASES, |chance| {
        let mut story = Story::new(chance);
        story.tally = tally.get();
        tally.set(story.run());
    });
    println!("{:?}", tally.get());
}

/// What happened in all cases, to be seen with `--nocapture`.
#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    batches: u64,
    samples: u64,
    histograms: u64,
    late_batches: u64,
    refused: u64,
    deletes: u64,
    kills: u64,
    power_losses: u64,
    during_replay: u64,
}

struct Story {
    chance: Chance,
    machine: Machine,
    ledger: Ledger,
    now_ms: i64,
    series: u64,
    /// Series and times that were sent.
    used: BTreeSet<(u64, i64)>,
    /// An operation of the disk is about to fail, or has failed.
    is_faulty: bool,
    tally: Tally,
}

impl Story {
    fn new(mut chance: Chance) -> Self {
        let fsync = [Fsync::Interval, Fsync::Interval, Fsync::Always][chance.below(3) as usize];
        let mut machine = Machine::new(fsync);
        machine.start().unwrap();
        Self {
            chance,
            machine,
            ledger: Ledger::default(),
            now_ms: 1_700_000_000_000,
            series: 0,
            used: BTreeSet::new(),
            is_faulty: false,
            tally: Tally::default(),
        }
    }

    fn run(mut self) -> Tally {
        for _ in 0..STEPS {
            self.step();
        }
        self.lose_power(Keep::Nothing);
        self.tally
    }

    fn step(&mut self) {
        match self.chance.below(28) {
            0..11 => self.append(),
            11 | 12 => self.maintain(),
            13 => self.close(),
            14 => self.kill(),
            15 | 16 => {
                let keep = match self.chance.below(4) {
                    0 => Keep::Nothing,
                    _ => Keep::Random(self.chance.next()),
                };
                self.lose_power(keep);
            }
            17 => self.fail_something(),
            18 => self.power_fails_in_the_middle(),
            19 => {
                self.machine.disk.set_free_bytes(Some(self.chance.below(20_000)));
                self.is_faulty = true;
            }
            20 => self.machine.disk.set_free_bytes(None),
            21 | 22 => self.delete(),
            23 | 24 => self.starts_under_load(),
            _ => self.look(),
        }
    }

    fn samples(&mut self) -> Vec<Sample> {
        self.now_ms += self.chance.below(20) as i64 * MINUTE_MS / 2 + 1;
        if self.series == 0 || self.chance.one_in(3) {
            self.series += 1 + self.chance.below(4);
        }
        let from = self.chance.below(self.series);
        let count = 1 + self.chance.below(12).min(self.series - from - 1);
        let mut samples = Vec::new();
        // A second below half of the window, because the next batch makes the newest time newer.
        let late_ms = if self.chance.one_in(5) {
            self.chance.below(LATE_MS as u64 / 2) as i64
        } else {
            0
        };
        let time = self.now_ms - late_ms;
        for series in from..from + count {
            let bits = match self.chance.below(4) {
                0 => HARD_VALUES[self.chance.below(HARD_VALUES.len() as u64) as usize],
                1 => (self.chance.below(1_000_000) as f64 / 1000.0).to_bits(),
                _ => (self.chance.below(1_000_000) as f64).to_bits(),
            };
            if self.used.insert((series, time)) {
                samples.push((series, time, bits));
            }
        }
        samples
    }

    fn append(&mut self) {
        let samples = self.samples();
        let is_late = samples.iter().any(|&(_, time, _)| time < self.now_ms);
        let durable = self.chance.one_in(2);
        match self.machine.append(&samples, durable) {
            Ok(outcome) => {
                let is_back = self.machine.store().replay_progress().is_done;
                self.tally.during_replay += u64::from(!is_back);
                assert_eq!(
                    outcome.accepted + outcome.histograms,
                    samples.len(),
                    "{outcome:?}"
                );
                self.tally.batches += 1;
                self.tally.samples += outcome.accepted as u64;
                self.tally.histograms += outcome.histograms as u64;
                self.tally.late_batches += u64::from(is_late);
                self.ledger
                    .sent(samples, if durable { Fate::Durable } else { Fate::Logged });
                if durable {
                    self.ledger.synced();
                }
            }
            Err(error) => {
                assert!(self.is_faulty, "{error:?}");
                self.tally.refused += 1;
                self.ledger.sent(samples, Fate::Unknown);
            }
        }
    }

    fn delete(&mut self) {
        let end_ms = self.now_ms - self.chance.below(90) as i64 * MINUTE_MS;
        let deletion = Deletion {
            job: self.chance.below(JOBS),
            start_ms: end_ms - self.chance.below(600) as i64 * MINUTE_MS,
            end_ms,
        };
        let matchers = vec![vec![Matcher::equal("job", format!("job-{}", deletion.job))]];
        let store = self.machine.store();
        let deleted = store.delete(matchers, deletion.start_ms, deletion.end_ms, self.now_ms);
        let deleted = self.machine.runtime.block_on(deleted);
        assert!(deleted.is_ok() || self.is_faulty, "{deleted:?}");
        if deleted.is_ok() {
            self.tally.deletes += 1;
            // All was cut into segments first.
            self.ledger.synced();
        }
        self.ledger.deleted(deletion, deleted.is_ok());
        if deleted.is_err() {
            self.look();
        }
    }

    /// A flush, a due cut or a compaction.
    fn maintain(&mut self) {
        let (store, runtime, now_ms) = (self.machine.store(), &self.machine.runtime, self.now_ms);
        let done = match self.chance.below(4) {
            3 => runtime.block_on(store.clean_tombstones(now_ms)).map(drop),
            0 => runtime.block_on(store.flush()).map(drop),
            1 => runtime.block_on(store.cut_due(now_ms)).map(drop),
            _ => runtime
                .block_on(store.compact(now_ms + 120 * MINUTE_MS))
                .map(drop),
        };
        if let Err(error) = done {
            assert!(self.is_faulty, "{error:?}");
        }
    }

    fn look(&mut self) {
        self.ledger.check(&self.machine.read(), Since::Process);
    }

    fn close(&mut self) {
        let closed = self.machine.runtime.block_on(self.machine.store().close());
        if closed.is_ok() {
            self.ledger.synced();
        }
        assert!(closed.is_ok() || self.is_faulty, "{closed:?}");
        self.kill();
    }

    /// The process ends, the disk stays. A disk that failed is repaired by its owner, who loses its power.
    fn kill(&mut self) {
        if self.is_faulty {
            return self.lose_power(Keep::All);
        }
        self.machine.kill();
        self.tally.kills += 1;
        self.machine.start().unwrap();
        self.ledger.check(&self.machine.read(), Since::Process);
        self.ledger.restarted();
    }

    fn lose_power(&mut self, keep: Keep) {
        self.machine.lose_power(keep);
        self.tally.power_losses += 1;
        self.is_faulty = false;
        self.machine.start().unwrap();
        self.ledger.check(&self.machine.read(), Since::Power);
        self.ledger.restarted();
    }

    /// A process that comes back gets batches while it replays its log, and the power may go before that is done.
    fn starts_under_load(&mut self) {
        if self.is_faulty || self.chance.one_in(2) {
            self.machine.lose_power(Keep::Random(self.chance.next()));
            self.ledger.lost_power();
        } else {
            self.machine.kill();
        }
        self.is_faulty = self.chance.one_in(2);
        if self.is_faulty {
            self.machine.disk.power_off_after(self.chance.below(30));
        }
        match self.machine.begin() {
            // What the start has read back it made durable first.
            Ok(()) => {
                self.ledger.synced();
                for _ in 0..1 + self.chance.below(6) {
                    self.append();
                }
            }
            Err(error) => assert!(self.is_faulty, "{error:?}"),
        }
        if self.is_faulty {
            let keep = Keep::Random(self.chance.next());
            return self.lose_power(keep);
        }
        self.machine
            .runtime
            .block_on(self.machine.store().ready())
            .unwrap();
        self.ledger.check(&self.machine.read(), Since::Process);
        self.ledger.settled();
    }

    fn fail_something(&mut self) {
        let operations = [
            Operation::Create,
            Operation::Write,
            Operation::Cut,
            Operation::SyncFile,
            Operation::SyncFolder,
            Operation::Rename,
            Operation::Remove,
        ];
        let operation = operations[self.chance.below(operations.len() as u64) as usize];
        self.machine.disk.fail(operation, self.chance.below(4));
        self.is_faulty = true;
    }

    /// The power goes after a number of operations, during whatever runs then; also during the restart.
    fn power_fails_in_the_middle(&mut self) {
        self.machine.disk.power_off_after(self.chance.below(60));
        self.is_faulty = true;
        for _ in 0..1 + self.chance.below(4) {
            self.append();
            self.maintain();
        }
        let seed = self.chance.next();
        self.machine.lose_power(Keep::Random(seed));
        if self.chance.one_in(2) {
            self.machine.disk.power_off_after(self.chance.below(12));
            // Whether it starts or not, what was durable must come back the next time.
            drop(self.machine.start());
            let seed = self.chance.next();
            self.machine.lose_power(Keep::Random(seed));
        }
        self.machine.start().unwrap();
        self.ledger.check(&self.machine.read(), Since::Power);
        self.ledger.restarted();
        self.is_faulty = false;
    }
}
