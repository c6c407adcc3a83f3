//! Opening a store: lock, segments, committer, replay.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use engine_model::SeriesTable;
use parking_lot::{Mutex, RwLock};

use super::committer::Committer;
use super::config::StoreConfig;
use super::error::StoreError;
use super::gate::Gate;
use super::quarantine::move_aside;
use super::replay::{Failure, Replay};
use super::stats::Counters;
use super::upkeep::{Upkeep, open_tombstones};
use super::version::{CurrentVersion, Version};
use super::{Shared, Store};
use crate::disk::{self, Disk};
use crate::head::Head;
use crate::segment::{PageCache, Segment, TEMPORARY_SUFFIX};
use crate::wal::reader::survey;
use crate::wal::writer::WalWriter;

impl Store {
    /// Opens the store as [`Store::start`] does and waits until the log is replayed: when it returns,
    /// everything that was acknowledged can be read. Blocks: call it off the runtime.
    pub fn open(config: StoreConfig) -> Result<Self, StoreError> {
        let (store, fails) = Self::begin(config)?;
        store
            .shared
            .gate
            .block()
            .map_err(|error| fails.lock().take().unwrap_or(error))?;
        Ok(store)
    }

    /// Opens the store under `config.path`, making the directory when it is not there, and begins to replay
    /// the log. Batches are accepted at once; reads wait ([`Store::ready`]). Blocks for the time that it
    /// takes to open the segments: call it off the runtime.
    pub fn start(config: StoreConfig) -> Result<Self, StoreError> {
        Ok(Self::begin(config)?.0)
    }

    fn begin(config: StoreConfig) -> Result<(Self, Failure), StoreError> {
        let (wal_dir, segments_dir) = (config.path.join("wal"), config.path.join("segments"));
        for dir in [&config.path, &wal_dir, &segments_dir] {
            disk::create_dir_all(&*config.disk, dir).map_err(|source| directory("create", dir, source))?;
        }
        let lock_file = lock(&config.path)?;
        let (segments, quarantined) = open_segments(&*config.disk, &segments_dir)?;
        let tombstones = open_tombstones(&*config.disk, &config.path, &segments)?;
        let survey = survey(&*config.disk, &wal_dir)?;
        survey.sync_newest(&*config.disk)?;
        let commit = survey.commit_bound()?;
        let wal = WalWriter::create(config.disk.clone(), &wal_dir, survey.next_sequence, commit)?;
        let table = Arc::new(SeriesTable::new());
        let version = Version {
            commit,
            generation: 0,
            segments: Arc::new(segments),
            tombstones: Arc::new(tombstones),
        };
        let shared = Arc::new(Shared {
            head: RwLock::new(Head::new(Arc::clone(&table), config.exemplars_max)),
            wal_dir,
            segments_dir,
            table,
            version: CurrentVersion::new(version),
            counters: Counters::default(),
            gate: Gate::new(survey.bytes()),
            own_run: wal.run(),
            logged_bytes: AtomicU64::new(wal.end().1),
            upkeep: Upkeep::new(&config.path, quarantined),
            retention: RwLock::new(Arc::new(config.retention.clone())),
            pages: (config.page_cache_bytes > 0).then(|| Arc::new(PageCache::new(config.page_cache_bytes))),
            maintenance: Mutex::new(()),
            _lock_file: lock_file,
            config,
        });
        let failed = |source| directory("start a thread for", &shared.config.path, source);
        let failure = Failure::default();
        let replay = Replay {
            shared: Arc::clone(&shared),
            survey,
            own_path: wal.end().0.to_owned(),
            failure: Arc::clone(&failure),
        };
        let committer = Committer::start(Arc::clone(&shared), wal, commit).map_err(failed)?;
        replay.start(committer.requests()).map_err(failed)?;
        let committer = Arc::new(committer);
        Ok((Self { shared, committer }, failure))
    }
}

/// Opens every segment, oldest first, and counts those that are damaged: they are moved to `quarantine/`
/// beside the segments, loudly, and the rest serves. A segment of a newer version, or one that the disk
/// does not give, stops the start: serving without it would be a short answer.
fn open_segments(disk: &dyn Disk, dir: &Path) -> Result<(Vec<Segment>, u64), StoreError> {
    let mut quarantined = 0;
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
            Err(error) if error.is_corrupt() => {
                quarantined += 1;
                move_aside(disk, dir, &path, &error)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    // What a crash left twice, inputs of a compaction beside its output, is merged again by the next one.
    segments.sort_by_key(|segment| (segment.sequence(), segment.min_time()));
    Ok((segments, quarantined))
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
