//! Whole segments, as the store writes and reads them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use engine_storage::disk::RealDisk;
use engine_storage::segment::{Level, RunLength, SegmentHeader, SegmentWriter};

use super::data::DataSet;
use crate::thread_time::thread_ns;

/// The levels, the last of which is taken apart into columns.
pub(super) const LEVELS: [Level; 3] = Level::ALL;

/// A segment that was written and read.
pub(super) struct Written {
    pub(super) path: PathBuf,
    pub(super) samples_bytes: u64,
    pub(super) series_bytes: u64,
    pub(super) write_ns: f64,
    pub(super) read_ns: f64,
}

/// Writes the set as one segment of a level, and reads all of it.
pub(super) fn write(set: &DataSet, level: Level, folder: &Path) -> Result<Written> {
    let header = SegmentHeader {
        level,
        sequence: u64::from(level.number()),
        created_ms: 0,
        sources: Vec::new(),
    };
    // As a cut and a compaction choose them.
    let runs = match level {
        Level::Cut => RunLength::Short,
        Level::TwoHours | Level::Day => RunLength::of(set.samples() as u64, set.series.len() as u64),
    };
    let (segment, write_ns) = thread_ns(|| {
        let mut writer = SegmentWriter::create_for(Arc::new(RealDisk), folder, header, runs)?;
        for series in &set.series {
            writer.push_series(&series.labels, &series.timestamps, &series.values)?;
        }
        writer.finish()
    });
    let segment = segment?;
    let rows: Vec<u32> = segment.all_rows().collect();
    let (read, read_ns) = thread_ns(|| segment.read(&rows, i64::MIN, i64::MAX).map(|series| series.len()));
    read?;
    let bytes = |file: &str| fs::metadata(segment.path().join(file)).map(|metadata| metadata.len());
    Ok(Written {
        samples_bytes: bytes("samples.parquet")?,
        series_bytes: bytes("series.parquet")?,
        write_ns,
        read_ns,
        path: segment.path().to_owned(),
    })
}
