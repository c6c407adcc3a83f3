//! One block: its series in our order, and which of their samples were deleted.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use connectors_formats::tsdb_block::{BlockIndex, BlockMeta, ChunkMeta, parse_tombstones};
use engine_model::Labels;
use engine_storage::SeriesSamples;

/// A block whose index is in memory.
#[derive(Debug)]
pub(super) struct Block {
    path: PathBuf,
    index: Vec<u8>,
    /// First and last deleted ms, by reference of the series.
    deleted: HashMap<u64, Vec<(i64, i64)>>,
}

/// A series of a block.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) labels: Labels,
    pub(super) chunks: Vec<ChunkMeta>,
    deleted: Vec<(i64, i64)>,
}

impl Block {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let read = |name: &str| {
            let file = path.join(name);
            std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))
        };
        BlockMeta::parse(&read("meta.json")?).with_context(|| path.display().to_string())?;
        let mut deleted: HashMap<u64, Vec<(i64, i64)>> = HashMap::new();
        let tombstones = path.join("tombstones");
        // Prometheus writes none into blocks that it makes by compaction.
        if tombstones.is_file() {
            let parsed = parse_tombstones(&read("tombstones")?);
            for tombstone in parsed.with_context(|| tombstones.display().to_string())? {
                let spans = deleted.entry(tombstone.series).or_default();
                spans.push((tombstone.min_ms, tombstone.max_ms));
            }
        }
        Ok(Self {
            path: path.to_owned(),
            index: read("index")?,
            deleted,
        })
    }

    /// All series that have chunks, in the order in which segments hold them.
    pub(super) fn series(&self) -> Result<Vec<Series>> {
        let place = || self.path.join("index").display().to_string();
        let index = BlockIndex::parse(&self.index).with_context(place)?;
        let mut all = Vec::new();
        for series in index.series() {
            let series = series.with_context(place)?;
            if !series.chunks.is_empty() {
                all.push(Series {
                    deleted: self.deleted.get(&series.reference).cloned().unwrap_or_default(),
                    labels: series.labels,
                    chunks: series.chunks,
                });
            }
        }
        all.sort_by(|a, b| a.labels.storage_cmp(&b.labels));
        Ok(all)
    }
}

impl Series {
    /// Leaves of `samples` what lies in `min_ms..=max_ms` and was not deleted.
    pub(super) fn retain(&self, samples: &mut SeriesSamples, min_ms: i64, max_ms: i64) {
        let keeps = |time: i64| {
            (min_ms..=max_ms).contains(&time)
                && !self
                    .deleted
                    .iter()
                    .any(|&(first, last)| (first..=last).contains(&time))
        };
        let kept: Vec<bool> = samples.timestamps.iter().map(|&time| keeps(time)).collect();
        let mut keep = kept.iter();
        samples
            .timestamps
            .retain(|_| *keep.next().expect("one a timestamp"));
        let mut keep = kept.iter();
        samples.values.retain(|_| *keep.next().expect("one a value"));
        samples.histograms.retain(|(time, _)| keeps(*time));
    }
}
