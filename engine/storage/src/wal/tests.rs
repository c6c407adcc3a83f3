//! Replay gives back what was written; torn and damaged files cost what the format says.

use std::path::Path;

use engine_model::{Labels, SeriesRef};

use super::checkpoint::CheckpointWriter;
use super::error::WalError;
use super::reader::replay;
use super::record::{Record, SeriesRecord, put_batch};
use super::writer::{WalWriter, delete_covered};
use crate::disk::{self, RealDisk};

fn labels(i: u64) -> Labels {
    Labels::from_pairs([("__name__", "m".to_owned()), ("i", i.to_string())])
}

fn write_batches(writer: &mut WalWriter, commits: std::ops::Range<u64>) {
    for commit in commits {
        let mut bytes = Vec::new();
        let series = SeriesRef(commit);
        let samples = [
            (series, 1000 * commit as i64, commit as f64),
            (SeriesRef(0), -5, f64::NAN),
        ];
        put_batch(&mut bytes, commit, &[(series, labels(commit))], &samples);
        writer.write(&bytes).unwrap();
    }
}

fn commits(dir: &Path) -> Vec<u64> {
    let mut found = Vec::new();
    replay(&RealDisk, dir, |record| match record {
        Record::Batch(batch) => {
            assert_eq!(
                batch.new_series,
                [(SeriesRef(batch.commit), labels(batch.commit))]
            );
            assert_eq!(batch.samples[0].1, 1000 * batch.commit as i64);
            found.push(batch.commit);
        }
        Record::Series(_) | Record::End { .. } => {}
    })
    .unwrap();
    found
}

#[test]
fn replays_in_order_over_several_files() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = WalWriter::create(disk::real(), dir.path(), 0).unwrap();
    write_batches(&mut writer, 0..3);
    assert_eq!(writer.roll().unwrap(), 0);
    write_batches(&mut writer, 3..5);
    assert_eq!(commits(dir.path()), [0, 1, 2, 3, 4]);
}

#[test]
fn a_torn_tail_costs_only_the_tail_at_every_length() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = WalWriter::create(disk::real(), dir.path(), 0).unwrap();
    write_batches(&mut writer, 0..2);
    let two = writer.file_bytes();
    write_batches(&mut writer, 2..3);
    let whole = std::fs::read(dir.path().join("00000000.wal")).unwrap();
    for length in two..whole.len() as u64 {
        std::fs::write(dir.path().join("00000000.wal"), &whole[..length as usize]).unwrap();
        assert_eq!(commits(dir.path()), [0, 1], "cut to {length}");
        assert_eq!(
            std::fs::metadata(dir.path().join("00000000.wal")).unwrap().len(),
            two
        );
    }
}

#[test]
fn damage_before_the_newest_file_is_an_error_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = WalWriter::create(disk::real(), dir.path(), 0).unwrap();
    write_batches(&mut writer, 0..2);
    writer.roll().unwrap();
    write_batches(&mut writer, 2..3);
    let path = dir.path().join("00000000.wal");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let error = replay(&RealDisk, dir.path(), |_| {}).unwrap_err();
    assert!(
        matches!(error, WalError::Damaged { offset, .. } if offset > 8),
        "{error}"
    );
}

#[test]
fn a_checkpoint_replaces_the_files_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = WalWriter::create(disk::real(), dir.path(), 0).unwrap();
    write_batches(&mut writer, 0..3);
    let covered = writer.roll().unwrap();
    write_batches(&mut writer, 3..4);
    let mut checkpoint = CheckpointWriter::create(disk::real(), dir.path(), covered).unwrap();
    let record = SeriesRecord {
        series: SeriesRef(7),
        labels: labels(7),
        last: (20, f64::from_bits(engine_model::staleness::STALE_NAN_BITS)),
        timestamps: vec![10, 20],
        values: vec![1.0, f64::from_bits(engine_model::staleness::STALE_NAN_BITS)],
    };
    checkpoint.push(&record).unwrap();
    checkpoint.finish(2, SeriesRef(8)).unwrap();
    delete_covered(&RealDisk, dir.path(), covered).unwrap();
    let mut seen = Vec::new();
    let found = replay(&RealDisk, dir.path(), |record| seen.push(record)).unwrap();
    assert_eq!(found.next_sequence, 2);
    let [
        Record::Series(series),
        Record::End {
            commit: 2,
            next_ref: SeriesRef(8),
        },
        Record::Batch(batch),
    ] = &seen[..]
    else {
        panic!("unexpected records: {seen:?}");
    };
    assert_eq!(
        (series.series, &series.labels, &series.timestamps),
        (SeriesRef(7), &labels(7), &vec![10, 20])
    );
    assert!(engine_model::staleness::is_stale(series.values[1]));
    assert_eq!(batch.commit, 3);
}

#[test]
fn another_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("00000000.wal"), b"WEIRWAL\x02rest").unwrap();
    let error = replay(&RealDisk, dir.path(), |_| {}).unwrap_err();
    assert!(matches!(error, WalError::Format { expected: 1, .. }), "{error}");
}
