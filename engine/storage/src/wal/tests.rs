//! Reading gives back what was written; torn and damaged files cost what the format says.

use std::path::Path;
use std::sync::Arc;

use engine_model::{Exemplar, Histogram, Labels, SampleBatchBuilder, SeriesRef, SeriesTable};

use super::checkpoint::CheckpointWriter;
use super::error::WalError;
use super::reader::{FileReader, survey};
use super::record::{BatchRecord, Record, frame, put_batch};
use super::references::References;
use super::writer::{WalWriter, delete_covered};
use crate::disk;

fn labels(i: u64) -> Labels {
    Labels::from_pairs([("__name__", "m".to_owned()), ("i", i.to_string())])
}

fn create(dir: &Path, sequence: u64) -> WalWriter {
    WalWriter::create(disk::real(), dir, sequence, 0).unwrap()
}

/// Writes batches without a judgement, which are logged whole: one sample of a series of its own each.
fn write_batches(writer: &mut WalWriter, commits: std::ops::Range<u64>) {
    let table = Arc::new(SeriesTable::new());
    for commit in commits {
        let series = SeriesRef(commit);
        let mut batch = SampleBatchBuilder::default();
        batch.push(series, 1000 * commit as i64, f64::NAN);
        batch.push_histogram(series, 7, Arc::new(Histogram::stale()));
        batch.push_exemplar(exemplar(series));
        let batch = batch.finish(&table);
        let mut bytes = Vec::new();
        put_batch(
            &mut bytes,
            commit,
            &[(series, labels(commit))],
            &batch,
            None,
            &[&exemplar(series)],
        );
        writer.write(&bytes).unwrap();
    }
}

fn exemplar(series: SeriesRef) -> Exemplar {
    Exemplar {
        series,
        labels: Labels::from_pairs([("trace", "1")]),
        timestamp: 5,
        value: 0.5,
    }
}

/// All batches of a directory and the bytes of torn tails.
fn read(dir: &Path) -> Result<(Vec<BatchRecord>, u64), WalError> {
    let (mut batches, mut torn) = (Vec::new(), 0);
    for file in survey(&*disk::real(), dir)?.files {
        let mut reader = FileReader::open(&file.path, file.bytes)?;
        while let Some(record) = reader.next()? {
            if let Record::Batch(batch) = record {
                batches.push(batch);
            }
        }
        torn += file.end_at(&*disk::real(), reader.offset())?;
    }
    Ok((batches, torn))
}

fn commits(dir: &Path) -> Vec<u64> {
    let batches = read(dir).unwrap().0;
    for batch in &batches {
        let series = SeriesRef(batch.commit);
        assert_eq!(batch.new_series, [(series, labels(batch.commit))]);
        assert_eq!(
            (batch.floats[0].1, batch.judged),
            (1000 * batch.commit as i64, false)
        );
        assert_eq!(batch.floats[0].2.to_bits(), f64::NAN.to_bits());
        assert!(batch.histograms[0].histogram.is_stale());
        assert_eq!(batch.exemplars, [exemplar(series)]);
    }
    batches.iter().map(|batch| batch.commit).collect()
}

#[test]
fn replays_in_order_over_several_files() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = create(dir.path(), 0);
    write_batches(&mut writer, 0..3);
    assert_eq!(writer.roll(2).unwrap(), 0);
    write_batches(&mut writer, 3..5);
    assert_eq!(commits(dir.path()), [0, 1, 2, 3, 4]);
    let survey = survey(&*disk::real(), dir.path()).unwrap();
    assert_eq!(survey.next_sequence, 2);
    assert!(survey.commit_bound().unwrap() >= 4);
}

#[test]
fn a_torn_tail_costs_only_the_tail_at_every_length() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = create(dir.path(), 0);
    write_batches(&mut writer, 0..2);
    let two = writer.end().1;
    write_batches(&mut writer, 2..3);
    let path = dir.path().join("00000000.wal");
    let whole = std::fs::read(&path).unwrap();
    for length in two..whole.len() as u64 {
        std::fs::write(&path, &whole[..length as usize]).unwrap();
        assert_eq!(commits(dir.path()), [0, 1], "cut to {length}");
        assert_eq!(std::fs::metadata(&path).unwrap().len(), two);
    }
    for length in 0..two {
        std::fs::write(&path, &whole[..length as usize]).unwrap();
        assert!(read(dir.path()).unwrap().0.len() < 2, "cut to {length}");
    }
}

#[test]
fn the_last_file_of_each_run_may_be_torn_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = create(dir.path(), 0);
    write_batches(&mut writer, 0..2);
    writer.roll(1).unwrap();
    write_batches(&mut writer, 2..4);
    // A second process was accepting before it had read the torn tail of the first, and was killed.
    let mut second = create(dir.path(), 2);
    write_batches(&mut second, 4..5);
    let flip = |name: &str| {
        let path = dir.path().join(name);
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, bytes).unwrap();
    };
    flip("00000001.wal");
    assert_eq!(commits(dir.path()), [0, 1, 2, 4]);
    flip("00000000.wal");
    let error = read(dir.path()).unwrap_err();
    assert!(
        matches!(error, WalError::Damaged { offset, .. } if offset > 8),
        "{error}"
    );
}

#[test]
fn a_checkpoint_replaces_the_files_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut writer = create(dir.path(), 0);
    write_batches(&mut writer, 0..3);
    let covered = writer.roll(2).unwrap();
    write_batches(&mut writer, 3..4);
    let checkpoint = CheckpointWriter::create(disk::real(), dir.path(), covered, writer.run(), 2).unwrap();
    checkpoint.finish(2).unwrap();
    delete_covered(&*disk::real(), dir.path(), covered).unwrap();
    assert_eq!(commits(dir.path()), [3]);
    let path = dir.path().join("00000000.checkpoint");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert!(matches!(read(dir.path()), Err(WalError::Damaged { .. })));
}

#[test]
fn references_of_runs_are_private() {
    let table = Arc::new(SeriesTable::new());
    let of = |i| table.get(&labels(i));
    let mut references = References::new(Arc::clone(&table), 9);
    let batch = |new: Vec<(SeriesRef, Labels)>, series: u64| {
        Record::Batch(BatchRecord {
            new_series: new,
            floats: vec![(SeriesRef(series), 1, 1.0)],
            ..BatchRecord::default()
        })
    };
    let mut translated = |run: u64, mut record: Record| {
        references.begin(Some(run));
        references.translate(&mut record).ok()?;
        match record {
            Record::Batch(batch) => Some(batch.floats[0].0),
            _ => None,
        }
    };
    let first = translated(1, batch(vec![(SeriesRef(70), labels(1))], 70));
    assert_eq!((first, first), (of(1), Some(SeriesRef(0))));
    assert_eq!(translated(1, batch(vec![(SeriesRef(3), labels(2))], 70)), of(1));
    assert_eq!(translated(2, batch(vec![(SeriesRef(70), labels(2))], 70)), of(2));
    assert_eq!(
        translated(2, batch(vec![], 3)),
        None,
        "defined in another run only"
    );
    assert_eq!(
        translated(9, batch(vec![], 1)),
        Some(SeriesRef(1)),
        "this process's own"
    );
    // What a damaged log may define, and what it cannot: neither takes memory that the log does not have.
    for (far, known) in [
        (u64::from(u32::MAX) - 1, of(1)),
        (u64::from(u32::MAX), None),
        (u64::MAX, None),
    ] {
        let defined = batch(vec![(SeriesRef(far), labels(1))], far);
        assert_eq!(translated(3, defined), known, "{far}");
    }
}

/// Its references would be taken for those of the process that opens the log.
#[test]
fn a_run_that_is_yet_to_begin_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    write_batches(&mut create(dir.path(), 3), 1..2);
    let path = |name: &str| dir.path().join(name);
    assert!(read(dir.path()).is_ok());
    std::fs::rename(path("00000003.wal"), path("00000002.wal")).unwrap();
    let error = read(dir.path()).unwrap_err();
    assert!(matches!(error, WalError::Damaged { offset: 8, .. }), "{error}");
}

/// It would end the file, and the seal that is written behind it would be damage for the next start.
#[test]
fn what_has_but_the_kind_of_a_seal_is_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    write_batches(&mut create(dir.path(), 0), 0..1);
    let path = dir.path().join("00000000.wal");
    let mut bytes = std::fs::read(&path).unwrap();
    let whole = bytes.len() as u64;
    frame(&mut bytes, 9, |out| out.extend_from_slice(b"no offset"));
    bytes.extend_from_slice(b"more");
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(commits(dir.path()), [0]);
    for file in survey(&*disk::real(), dir.path()).unwrap().files {
        assert_eq!(file.bytes, whole);
        file.seal(&*disk::real(), whole).unwrap();
    }
    assert_eq!(commits(dir.path()), [0]);
}

#[test]
fn another_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("00000000.wal"), b"WEIRWAL\x04rest").unwrap();
    let error = read(dir.path()).unwrap_err();
    assert!(matches!(error, WalError::Format { expected: 3, .. }), "{error}");
}
