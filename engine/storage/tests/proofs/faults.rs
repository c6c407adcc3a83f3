//! Disks that are full or fail, and the order of writing, syncing and answering.

use engine_model::Matcher;
use engine_storage::disk::{Keep, Operation};
use engine_storage::{AppendError, AppendOptions, Fsync, OnReject};

use crate::ledger::{Fate, Ledger, Since};
use crate::machine::Machine;

const DURABLE: AppendOptions = AppendOptions {
    durable: true,
    on_reject: OnReject::RollBack,
};

fn started() -> Machine {
    let mut machine = Machine::new(Fsync::Interval);
    machine.start().unwrap();
    machine
}

/// The error and its causes.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}

#[test]
fn an_fsync_lies_between_each_push_and_its_answer() {
    let machine = started();
    let mut ledger = Ledger::default();
    for push in 0..200 {
        let samples = vec![(push % 7, 1_000 * push as i64, push)];
        let (writes, syncs) = counts(&machine);
        machine.append(&samples, true).unwrap();
        let (writes_after, syncs_after) = counts(&machine);
        assert_eq!(writes_after - writes, 1, "one record");
        assert_eq!(syncs_after - syncs, 1, "one fsync for the one push that waits");
        ledger.sent(samples, Fate::Durable);
        if push % 20 == 0 {
            // The counter shows that there was one; this shows that it came after the write.
            check_without_power(&machine, &mut ledger);
        }
    }
}

#[test]
fn pushes_that_come_together_share_their_fsync_and_none_is_answered_before_it() {
    let machine = started();
    let store = machine.store();
    let batches: Vec<_> = (0..40).map(|push| vec![(push, 1_000, push)]).collect();
    let (_, syncs) = counts(&machine);
    machine.runtime.block_on(async {
        let mut running = tokio::task::JoinSet::new();
        for samples in &batches {
            let (store, batch) = (store.clone(), machine.batch(samples));
            running.spawn(async move { store.append(batch, DURABLE).await });
        }
        while let Some(answer) = running.join_next().await {
            answer.unwrap().unwrap();
        }
    });
    let shared = counts(&machine).1 - syncs;
    assert!((1..=40).contains(&shared), "{shared} fsyncs");
    let mut ledger = Ledger::default();
    for samples in batches {
        ledger.sent(samples, Fate::Durable);
    }
    check_without_power(&machine, &mut ledger);
}

#[test]
fn what_was_not_pushed_is_synced_within_the_interval() {
    let machine = started();
    let mut ledger = Ledger::default();
    let (_, syncs) = counts(&machine);
    let samples = vec![(1, 1_000, 1)];
    machine.append(&samples, false).unwrap();
    ledger.sent(samples, Fate::Durable);
    // The committer's own clock decides; a sync that never comes ends this test by its bound.
    for _ in 0..1_000 {
        if counts(&machine).1 > syncs {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    check_without_power(&machine, &mut ledger);
}

#[test]
fn a_failed_fsync_poisons_the_log_and_says_so() {
    let mut machine = started();
    let mut ledger = Ledger::default();
    machine.append(&[(1, 1_000, 1)], true).unwrap();
    ledger.sent(vec![(1, 1_000, 1)], Fate::Durable);
    machine.disk.fail(Operation::SyncFile, 0);
    let error = machine.append(&[(1, 2_000, 2)], true).unwrap_err();
    assert!(matches!(error, AppendError::Log(_)), "{error:?}");
    assert!(told(&error).contains("fsync"), "{}", told(&error));
    ledger.sent(vec![(1, 2_000, 2)], Fate::Unknown);
    for durable in [true, false] {
        let error = machine.append(&[(1, 3_000, 3)], durable).unwrap_err();
        assert_eq!(
            told(&error),
            "cannot write to the write-ahead log: write-ahead log is poisoned by a failed fsync; check the disk and restart"
        );
    }
    assert!(
        machine.runtime.block_on(machine.store().flush()).is_err(),
        "nor is the log rolled"
    );
    assert_eq!(machine.read()[&(1, 1_000)], 1, "reads go on");
    machine.lose_power(Keep::All);
    machine.start().unwrap();
    ledger.check(&machine.read(), Since::Power);
    machine.append(&[(1, 4_000, 4)], true).unwrap();
}

#[test]
fn a_full_disk_refuses_writes_serves_reads_and_recovers() {
    let mut machine = started();
    let mut ledger = Ledger::default();
    let mut refused = 0;
    for push in 0..300 {
        // Room comes and goes; each time another part of a record fits.
        match push % 30 {
            10 => machine.disk.set_free_bytes(Some(push)),
            20 => machine.disk.set_free_bytes(None),
            _ => {}
        }
        let samples: Vec<_> = (0..5)
            .map(|series| (series + push / 50, 1_000 * push as i64, push))
            .collect();
        match machine.append(&samples, push % 2 == 0) {
            Ok(_) => ledger.sent(samples, Fate::Logged),
            Err(error) => {
                refused += 1;
                assert!(
                    told(&error).starts_with("cannot write to the write-ahead log: cannot write "),
                    "{}",
                    told(&error)
                );
                assert!(told(&error).contains("no storage space"), "{}", told(&error));
            }
        }
        ledger.check(&machine.read(), Since::Process);
    }
    assert!(refused > 50, "{refused}");
    machine.append(&[(0, 1_000_000, 7)], true).unwrap();
    ledger.sent(vec![(0, 1_000_000, 7)], Fate::Durable);
    ledger.synced();
    check_without_power(&machine, &mut ledger);
    machine.kill();
    machine.start().unwrap();
    ledger.check(&machine.read(), Since::Process);
}

#[test]
fn a_cut_without_space_fails_and_leaves_everything_where_it_was() {
    let mut machine = started();
    let mut ledger = Ledger::default();
    for push in 0..50 {
        let samples = vec![(push % 5, 60_000 * push as i64, push)];
        machine.append(&samples, true).unwrap();
        ledger.sent(samples, Fate::Durable);
    }
    for free in [0, 1, 100, 3_000, 6_000] {
        machine.disk.set_free_bytes(Some(free));
        machine.runtime.block_on(machine.store().flush()).unwrap_err();
        machine.disk.set_free_bytes(None);
        ledger.check(&machine.read(), Since::Process);
        machine
            .append(&[(9, 10_000_000 + free as i64, free)], true)
            .unwrap();
        ledger.sent(vec![(9, 10_000_000 + free as i64, free)], Fate::Durable);
        check_without_power(&machine, &mut ledger);
    }
    let report = machine.runtime.block_on(machine.store().flush()).unwrap();
    assert_eq!(report.samples, 55);
    ledger.check(&machine.read(), Since::Process);
    machine.lose_power(Keep::Nothing);
    machine.start().unwrap();
    ledger.check(&machine.read(), Since::Power);
}

#[test]
fn what_a_failed_cut_wrote_does_not_undo_a_later_delete() {
    // Room for some of the segments, and then for all of them but not for the checkpoint.
    for free in (0..60_000).step_by(4_000) {
        let mut machine = started();
        for push in 0..300 {
            let samples: Vec<_> = (0..4)
                .map(|series| (series, 60_000 * push as i64, push))
                .collect();
            machine.append(&samples, false).unwrap();
        }
        machine.disk.set_free_bytes(Some(free));
        let flushed = machine.runtime.block_on(machine.store().flush());
        machine.disk.set_free_bytes(None);
        let all = vec![vec![Matcher::equal("__name__", "m")]];
        let deleted = machine.store().delete(all, i64::MIN, i64::MAX, 0);
        machine.runtime.block_on(deleted).unwrap();
        for keep in [Keep::All, Keep::Nothing] {
            machine.lose_power(keep);
            machine.start().unwrap();
            assert!(
                machine.read().is_empty(),
                "with {free} bytes, {flushed:?}, after {keep:?}"
            );
        }
    }
}

/// Whatever folder cannot be synced: a delete hides what it found, also when a cut before it half failed.
#[test]
fn a_cut_whose_folders_are_not_synced_does_not_undo_a_later_delete() {
    let mut failed = 0;
    for after in 0..8 {
        for keep in [Keep::All, Keep::Nothing] {
            let mut machine = started();
            for push in 0..100 {
                let samples: Vec<_> = (0..4)
                    .map(|series| (series, 60_000 * push as i64, push))
                    .collect();
                machine.append(&samples, true).unwrap();
            }
            machine.disk.fail(Operation::SyncFolder, after);
            let flushed = machine.runtime.block_on(machine.store().flush());
            failed += u64::from(flushed.is_err());
            assert_eq!(machine.read().len(), 400, "{flushed:?}");
            if flushed.is_err() {
                // What a machine without power would find now.
                assert_eq!(machine.after_power_loss(keep).read().len(), 400, "{flushed:?}");
            }
            let all = vec![vec![Matcher::equal("__name__", "m")]];
            let deleted = machine.store().delete(all, i64::MIN, i64::MAX, 0);
            machine.runtime.block_on(deleted).unwrap();
            assert!(machine.read().is_empty());
            machine.lose_power(keep);
            machine.start().unwrap();
            assert!(
                machine.read().is_empty(),
                "after {after} folders, {flushed:?}, {keep:?}"
            );
        }
    }
    assert!(failed > 4, "{failed}");
}

/// Writes to files and fsyncs of files so far.
fn counts(machine: &Machine) -> (u64, u64) {
    let disk = &machine.disk;
    (disk.count(Operation::Write), disk.count(Operation::SyncFile))
}

/// What another machine would find if the power went now.
fn check_without_power(machine: &Machine, ledger: &mut Ledger) {
    let other = machine.after_power_loss(Keep::Nothing);
    ledger.check(&other.read(), Since::Power);
}
