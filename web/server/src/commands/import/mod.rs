//! `weir import tsdb`: a Prometheus data folder (or a snapshot, or one block) becomes segments of a storage
//! folder. Importing again does no harm: equal samples are merged when read and compacted.

mod block;
mod chunk_files;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use engine_model::time::{format_rfc3339_ms, now_ms};
use engine_storage::segment::{Level, Segment};
use engine_storage::{Nursery, SeriesSamples, Store, StoreConfig};

use super::{complain, print};
use crate::cli::{ImportOptions, ImportSource};
use block::{Block, Series};
use chunk_files::ChunkFiles;

/// Segments of a day: what compaction would make of them anyway.
const LEVEL: Level = Level::Day;
/// What Prometheus keeps, and so do we, unless it is told otherwise.
const RETENTION_DEFAULT_MS: i64 = 15 * 86_400_000;

/// Imports and tells what became of each block. A block that cannot be read is named, the others are imported.
pub fn run(options: &ImportOptions) -> Result<ExitCode> {
    let ImportSource::Tsdb { from, storage_path } = &options.source;
    let found = find_blocks(from)?;
    let store = Store::open(StoreConfig::new(storage_path))
        .with_context(|| format!("cannot open the storage folder {}", storage_path.display()))?;
    let mut failed = 0;
    let mut total = Imported::default();
    for path in &found {
        let started = Instant::now();
        match import_block(&store, path) {
            Ok(imported) => {
                print(&imported.line(path, started.elapsed().as_secs_f64()))?;
                total.add(&imported);
            }
            Err(error) => {
                failed += 1;
                complain(&error.context(format!("block {} is not imported", path.display())));
            }
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start a runtime")?;
    runtime
        .block_on(store.close())
        .context("cannot close the store")?;
    print(&format!(
        "{} of {} blocks imported: {} samples in {} segments of {} bytes\n",
        found.len() - failed,
        found.len(),
        total.samples,
        total.segments,
        total.bytes
    ))?;
    print(&advice(from, &total))?;
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The folders below `from` (or `from` itself) that hold a block, oldest name first.
fn find_blocks(from: &Path) -> Result<Vec<PathBuf>> {
    if from.join("meta.json").is_file() {
        return Ok(vec![from.to_owned()]);
    }
    let entries = std::fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))?;
    let mut blocks = Vec::new();
    for entry in entries {
        let path = entry
            .with_context(|| format!("cannot list {}", from.display()))?
            .path();
        if path.join("meta.json").is_file() {
            blocks.push(path);
        }
    }
    blocks.sort();
    if blocks.is_empty() {
        bail!(
            "{} holds no blocks (folders with a meta.json); name Prometheus's --storage.tsdb.path, or a snapshot's folder",
            from.display()
        );
    }
    Ok(blocks)
}

/// What an import made.
#[derive(Debug, Default)]
struct Imported {
    series: usize,
    samples: u64,
    segments: usize,
    bytes: u64,
    /// First and last sample, ms.
    range: Option<(i64, i64)>,
}

impl Imported {
    fn add(&mut self, other: &Self) {
        self.series += other.series;
        self.samples += other.samples;
        self.segments += other.segments;
        self.bytes += other.bytes;
        self.range = match (self.range, other.range) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (mine, theirs) => mine.or(theirs),
        };
    }

    fn line(&self, path: &Path, seconds: f64) -> String {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let Some((min, max)) = self.range else {
            return format!("{name}: no samples\n");
        };
        format!(
            "{name}: {} to {}, {} series, {} samples, {} segments, {:.2} bytes a sample, {seconds:.1} s\n",
            format_rfc3339_ms(min),
            format_rfc3339_ms(max),
            self.series,
            self.samples,
            self.segments,
            self.bytes as f64 / self.samples.max(1) as f64,
        )
    }
}

fn import_block(store: &Store, path: &Path) -> Result<Imported> {
    let block = Block::open(path)?;
    let series = block.series()?;
    let mut files = ChunkFiles::new(path.join("chunks"));
    let mut imported = Imported {
        series: series.len(),
        ..Imported::default()
    };
    store.adopt(now_ms(), |nursery| -> Result<Vec<Segment>> {
        let mut segments = Vec::new();
        for window in windows(&series) {
            segments.extend(write_window(nursery, &series, window, &mut files)?);
        }
        for segment in &segments {
            imported.add(&Imported {
                series: 0,
                samples: segment.sample_count(),
                segments: 1,
                bytes: segment.bytes(),
                range: Some((segment.min_time(), segment.max_time())),
            });
        }
        Ok(segments)
    })?;
    Ok(imported)
}

fn width_ms() -> i64 {
    LEVEL.window_ms().expect("a day has a window")
}

/// Starts of the windows in which a chunk has samples, ascending.
fn windows(series: &[Series]) -> Vec<i64> {
    let mut starts = std::collections::BTreeSet::new();
    for chunk in series.iter().flat_map(|series| &series.chunks) {
        let first = chunk.min_ms.div_euclid(width_ms());
        let last = chunk.max_ms.div_euclid(width_ms());
        starts.extend(first..=last);
    }
    starts
        .into_iter()
        .map(|start| start.saturating_mul(width_ms()))
        .collect()
}

/// Writes the samples of one window, if there are any.
fn write_window(
    nursery: &Nursery<'_>,
    series: &[Series],
    start_ms: i64,
    files: &mut ChunkFiles,
) -> Result<Option<Segment>> {
    let end_ms = start_ms.saturating_add(width_ms()) - 1;
    let mut writer = nursery.writer(LEVEL)?;
    for series in series {
        let mut samples = SeriesSamples::new(series.labels.clone());
        for chunk in &series.chunks {
            if chunk.max_ms >= start_ms && chunk.min_ms <= end_ms {
                let mut decoded = files.read(*chunk, &series.labels)?;
                series.retain(&mut decoded, start_ms, end_ms);
                samples.absorb(decoded);
            }
        }
        writer.push_series_samples(&samples)?;
    }
    match writer.series_count() {
        0 => Ok(None),
        _ => Ok(Some(writer.finish()?)),
    }
}

/// What the person has to know before the server starts on the result.
fn advice(from: &Path, total: &Imported) -> String {
    let mut text = String::new();
    let log = from.join("wal");
    if std::fs::read_dir(&log).is_ok_and(|mut entries| entries.next().is_some()) {
        text.push_str(
            "note: samples that are only in Prometheus's log (the last hours) are not in its blocks and not imported. \
             POST /api/v1/admin/tsdb/snapshot to the running Prometheus (--web.enable-admin-api) and import the snapshot's folder too\n",
        );
    }
    if total
        .range
        .is_some_and(|(min, _)| min < now_ms() - RETENTION_DEFAULT_MS)
    {
        text.push_str(
            "note: the server removes what is older than its retention, 15d unless set: \
             set storage.tsdb.retention.time before starting it on this folder\n",
        );
    }
    text
}
