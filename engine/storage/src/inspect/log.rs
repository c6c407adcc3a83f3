//! The log as a start would read it back.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use engine_model::{Labels, SeriesTable};
use hashbrown::HashSet;

use super::unchanging::Unchanging;
use crate::head::Head;
use crate::store::StoreError;
use crate::wal::WalError;
use crate::wal::reader::{FileReader, survey};
use crate::wal::record::Record;
use crate::wal::references::References;

/// No file is of this run: nothing is written.
const OWN_RUN: u64 = u64::MAX;

/// A file of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    /// Name.
    pub name: String,
    /// Length in bytes.
    pub bytes: u64,
}

/// What the log holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogInspection {
    /// Files, by name.
    pub files: Vec<LogFile>,
    /// Records that a start replays.
    pub records: u64,
    /// Bytes of a torn tail, which a start cuts off.
    pub torn_bytes: u64,
    /// Series that the log names.
    pub head_series: u64,
    /// Samples that the head has after a replay; some may be in a segment as well.
    pub head_samples: u64,
}

/// Reads the log of the store in `root`. Returns the labels of the head's series too.
pub(super) fn read(root: &Path) -> Result<(LogInspection, HashSet<Labels>), StoreError> {
    let dir = root.join("wal");
    let mut log = LogInspection {
        files: files(&dir)?,
        ..LogInspection::default()
    };
    let mut series: HashSet<Labels> = HashSet::new();
    if !dir.exists() {
        return Ok((log, series));
    }
    let table = Arc::new(SeriesTable::new());
    let mut head = Head::new(Arc::clone(&table), 0);
    let mut references = References::new(table, OWN_RUN);
    let survey = survey(&Unchanging, &dir)?;
    for file in &survey.files {
        let mut reader = FileReader::open(&file.path, file.bytes)?;
        references.begin(file.run);
        loop {
            let offset = reader.offset();
            let Some(mut record) = reader.next()? else { break };
            if references.translate(&mut record).is_err() {
                let path = file.path.clone();
                return Err(StoreError::Wal(WalError::Damaged { path, offset }));
            }
            log.records += 1;
            log.head_samples += apply(&mut head, record, &mut series);
        }
        log.torn_bytes += file.end_at(&Unchanging, reader.offset())?;
    }
    log.head_samples += head.sample_count() as u64;
    log.head_series = series.len() as u64;
    Ok((log, series))
}

/// Applies one record. Returns the number of samples that a start would judge only then: they were logged
/// before the replay of the start before was done.
fn apply(head: &mut Head, record: Record, series: &mut HashSet<Labels>) -> u64 {
    match record {
        Record::Batch(batch) => {
            series.extend(batch.new_series.iter().map(|(_, labels)| labels.clone()));
            if !batch.judged {
                return (batch.floats.len() + batch.histograms.len()) as u64;
            }
            head.replay(&batch);
        }
        Record::Image(image) => {
            series.insert(image.labels.clone());
            head.restore(*image);
        }
        Record::Samples(samples) => {
            series.insert(samples.labels.clone());
            head.restore_samples(&samples);
        }
        Record::Exemplar(..) | Record::Start { .. } | Record::End { .. } => {}
    }
    0
}

fn files(dir: &Path) -> Result<Vec<LogFile>, StoreError> {
    let failed = |source| StoreError::Directory {
        action: "list",
        path: dir.to_owned(),
        source,
    };
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        files.push(LogFile {
            name: entry.file_name().to_string_lossy().into_owned(),
            bytes: entry.metadata().map_err(failed)?.len(),
        });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}
