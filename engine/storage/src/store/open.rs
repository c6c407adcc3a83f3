//! Opening a store: lock, segments, replay, committer.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use engine_model::SeriesTable;
use parking_lot::{Mutex, RwLock};

use super::committer::Committer;
use super::config::StoreConfig;
use super::error::StoreError;
use super::stats::Counters;
use super::version::{CurrentVersion, Version};
use super::{Shared, Store};
use crate::disk::{self, Disk};
use crate::head::Head;
use crate::segment::{Segment, TEMPORARY_SUFFIX};
use crate::wal::reader::replay;
use crate::wal::record::Record;
use crate::wal::writer::WalWriter;

impl Store {
    /// Opens the store under `config.path`, making the directory when it is not there, and replays the
    /// log. When it returns, everything that was acknowledged can be read. Blocks: call it off the runtime.
    pub fn open(config: StoreConfig) -> Result<Self, StoreError> {
        let (wal_dir, segments_dir) = (config.path.join("wal"), config.path.join("segments"));
        for dir in [&config.path, &wal_dir, &segments_dir] {
            disk::create_dir_all(&*config.disk, dir).map_err(|source| directory("create", dir, source))?;
        }
        let lock_file = lock(&config.path)?;
        let segments = open_segments(&*config.disk, &segments_dir)?;
        let table = Arc::new(SeriesTable::new());
        let mut head = Head::new(Arc::clone(&table));
        let started = std::time::Instant::now();
        let mut commit = 0;
        let found = replay(&*config.disk, &wal_dir, |record| {
            commit = commit.max(apply(&mut head, &table, record))
        })?;
        let counters = Counters::default();
        counters.torn_bytes.add(found.torn_bytes);
        tracing::info!(
            records = found.records,
            series = head.series_count(),
            segments = segments.len(),
            torn_bytes = found.torn_bytes,
            elapsed_ms = started.elapsed().as_millis() as u64,
            "store opened"
        );
        let wal = WalWriter::create(config.disk.clone(), &wal_dir, found.next_sequence)?;
        let version = Version {
            commit,
            generation: 0,
            segments: Arc::new(segments),
        };
        let path = config.path.clone();
        let shared = Arc::new(Shared {
            config,
            wal_dir,
            segments_dir,
            table,
            head: RwLock::new(head),
            version: CurrentVersion::new(version),
            counters,
            maintenance: Mutex::new(()),
            _lock_file: lock_file,
        });
        let committer = Committer::start(Arc::clone(&shared), wal, commit)
            .map_err(|source| directory("start the committer for", &path, source))?;
        Ok(Self {
            shared,
            committer: Arc::new(committer),
        })
    }
}

/// Applies one replayed record; returns its commit number, 0 when it has none.
fn apply(head: &mut Head, table: &SeriesTable, record: Record) -> u64 {
    match record {
        Record::Batch(batch) => {
            for (series, labels) in &batch.new_series {
                if !table.restore(*series, labels) {
                    tracing::error!(%labels, series = series.0, "replayed series clashes with another");
                }
            }
            head.replay(batch.commit, &batch.samples);
            batch.commit
        }
        Record::Series(series) => {
            if !table.restore(series.series, &series.labels) {
                tracing::error!(labels = %series.labels, "checkpointed series clashes with another");
            }
            head.restore(series);
            0
        }
        Record::End { commit, next_ref } => {
            table.reserve_refs(next_ref);
            commit
        }
    }
}

/// Opens every segment, oldest first. A segment that cannot be read is moved to `quarantine/` beside the
/// segments, loudly, and the rest serves.
fn open_segments(disk: &dyn Disk, dir: &Path) -> Result<Vec<Segment>, StoreError> {
    let entries = std::fs::read_dir(dir).map_err(|source| directory("list", dir, source))?;
    let mut segments = Vec::new();
    for entry in entries {
        let path = entry.map_err(|source| directory("list", dir, source))?.path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        if name.ends_with(TEMPORARY_SUFFIX) {
            disk.remove_dir_all(&path)
                .map_err(|source| directory("remove", &path, source))?;
            continue;
        }
        if !path.is_dir() {
            continue;
        }
        match Segment::open(&path) {
            Ok(segment) => segments.push(segment),
            Err(error) => quarantine(disk, dir, &path, &error)?,
        }
    }
    // What a crash left twice, inputs of a compaction beside its output, is merged again by the next one.
    segments.sort_by_key(|segment| (segment.sequence(), segment.min_time()));
    Ok(segments)
}

fn quarantine(
    disk: &dyn Disk,
    dir: &Path,
    path: &Path,
    error: &crate::segment::SegmentError,
) -> Result<(), StoreError> {
    let quarantine = dir.with_file_name("quarantine");
    disk::create_dir_all(disk, &quarantine).map_err(|source| directory("create", &quarantine, source))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // A loss of power may have left it here and there.
    let numbered = std::iter::once(name.to_string()).chain((2..).map(|n| format!("{name}-{n}")));
    let free = numbered.map(|name| quarantine.join(name)).find(|p| !p.exists());
    let target = free.unwrap_or_else(|| quarantine.join(&*name));
    disk.rename(path, &target)
        .and_then(|()| disk.sync_dir(&quarantine))
        .and_then(|()| disk.sync_dir(dir))
        .map_err(|source| directory("quarantine", path, source))?;
    tracing::error!(
        segment = %path.display(), moved_to = %target.display(), error = %crate::error_chain(error),
        "segment cannot be read and is quarantined; its samples are missing from answers"
    );
    Ok(())
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let lock_path = path.join("lock");
    let file = File::create(&lock_path).map_err(|source| directory("create", &lock_path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(directory("lock", &lock_path, source)),
    }
}

fn directory(action: &'static str, path: &Path, source: std::io::Error) -> StoreError {
    StoreError::Directory {
        action,
        path: path.to_owned(),
        source,
    }
}
