//! Torn and corrupt logs: a tail costs itself, everything else is an error that says file and byte.

use std::fs;
use std::path::PathBuf;

use engine_storage::{Fsync, StoreError, WalError};

use crate::cases::cases;
use crate::ledger::{Found, Sample};
use crate::machine::Machine;

/// Batches in a log file.
const BATCHES: u64 = 12;

fn samples(batch: u64) -> Vec<Sample> {
    (0..1 + batch % 4)
        .map(|series| (series + batch / 3, 1_000 * batch as i64, batch * 8 + series))
        .collect()
}

/// Batches `0..until` as they are found.
fn found(until: u64) -> Found {
    let all = (0..until).flat_map(samples);
    all.map(|(series, time, bits)| ((series, time), bits)).collect()
}

/// A killed machine whose newest log file holds all batches, and the lengths of that file after each.
fn logged() -> (Machine, PathBuf, Vec<u64>) {
    let mut machine = Machine::new(Fsync::Interval);
    machine.start().unwrap();
    let path = newest_log(&machine);
    let mut ends = vec![fs::metadata(&path).unwrap().len()];
    for batch in 0..BATCHES {
        machine.append(&samples(batch), true).unwrap();
        ends.push(fs::metadata(&path).unwrap().len());
    }
    machine.kill();
    (machine, path, ends)
}

fn newest_log(machine: &Machine) -> PathBuf {
    let entries = fs::read_dir(machine.data().join("wal")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let logs = paths.filter(|path| path.extension().is_some_and(|extension| extension == "wal"));
    logs.max().unwrap()
}

#[test]
fn a_damaged_tail_costs_itself_and_no_more() {
    cases(120, |mut chance| {
        let (mut machine, path, ends) = logged();
        let whole = fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        let at = ends[0] + chance.below(whole.len() as u64 - ends[0]);
        match chance.below(4) {
            0 => bytes.truncate(at as usize),
            1 => bytes[at as usize..].fill(0),
            2 => {
                let last = bytes.len() as u64;
                bytes.truncate(at as usize);
                bytes.extend((at..last).map(|_| chance.next() as u8));
            }
            _ => {
                bytes[at as usize] ^= 1 << chance.below(8);
                bytes.truncate(at as usize + 1 + chance.below(whole.len() as u64 - at) as usize);
            }
        }
        // The record of this batch has the first byte that is wrong.
        let same = whole.iter().zip(&bytes).take_while(|(a, b)| a == b).count() as u64;
        let hit = ends.iter().rposition(|&end| end <= same).unwrap() as u64;
        fs::write(&path, &bytes).unwrap();
        machine.disk_is_as_shown();
        machine.start().unwrap();
        assert_eq!(machine.read(), found(hit), "byte {same} of {ends:?}");
        // It goes on behind the tail, and the cut tail is no damage the next time.
        machine.append(&[(99, 1_000_000, 1)], true).unwrap();
        machine.kill();
        machine.start().unwrap();
        let mut expected = found(hit);
        expected.insert((99, 1_000_000), 1);
        assert_eq!(machine.read(), expected);
    });
}

#[test]
fn damage_before_the_tail_is_an_error_that_says_where() {
    cases(60, |mut chance| {
        let (mut machine, path, ends) = logged();
        machine.start().unwrap();
        machine.append(&[(99, 1_000_000, 1)], true).unwrap();
        machine.kill();
        assert_ne!(newest_log(&machine), path);
        let whole = fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        let at = ends[0] + chance.below(ends[BATCHES as usize] - ends[0]);
        bytes[at as usize] ^= 1 << chance.below(8);
        fs::write(&path, &bytes).unwrap();
        machine.disk_is_as_shown();
        let error = machine.start().unwrap_err();
        let StoreError::Wal(damage) = &error else {
            panic!("{error:?}");
        };
        let WalError::Damaged { path: named, offset } = damage else {
            panic!("{error:?}");
        };
        assert_eq!(named, &path);
        let record = ends.iter().rev().find(|&&end| end <= at);
        assert_eq!(Some(offset), record, "byte {at} of {ends:?}");
        let text = damage.to_string();
        assert!(text.contains(&format!("is damaged at byte {offset}")), "{text}");
        assert!(text.contains("restore"), "it says what to do: {text}");
        // Nothing was changed: once the file is whole again, all is there.
        assert_eq!(fs::read(&path).unwrap(), bytes);
        fs::write(&path, &whole).unwrap();
        machine.disk_is_as_shown();
        machine.start().unwrap();
        assert_eq!(machine.read().len(), found(BATCHES).len() + 1);
    });
}

#[test]
fn a_log_file_that_never_got_its_first_bytes_is_a_torn_tail() {
    for content in [&[0; 8][..], b"", b"WEI"] {
        let (mut machine, path, _) = logged();
        fs::write(path.with_file_name("00000007.wal"), content).unwrap();
        machine.disk_is_as_shown();
        for _ in 0..2 {
            machine.start().unwrap();
            assert_eq!(machine.read(), found(BATCHES));
            machine.kill();
        }
    }
}

#[test]
fn a_file_of_another_format_is_refused_by_name() {
    let (mut machine, path, _) = logged();
    let mut bytes = fs::read(&path).unwrap();
    bytes[7] = 99;
    fs::write(&path, bytes).unwrap();
    machine.disk_is_as_shown();
    let error = machine.start().unwrap_err();
    let StoreError::Wal(error @ WalError::Format { .. }) = &error else {
        panic!("{error:?}");
    };
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
}
