//! Segments, with the bytes of each file and column.

use std::fs;
use std::path::{Path, PathBuf};

use crate::segment::{Level, Segment, SegmentError, SegmentId, TEMPORARY_SUFFIX, column_bytes};
use crate::store::StoreError;

/// What one column takes in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnBytes {
    /// Name of the column; of a list or map its own.
    pub column: String,
    /// Compressed bytes of its pages.
    pub bytes: u64,
}

/// One Parquet file of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInspection {
    /// Name.
    pub name: String,
    /// Length in bytes; what the columns do not add up to is page index and footer.
    pub bytes: u64,
    /// Columns in their order.
    pub columns: Vec<ColumnBytes>,
}

/// One segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentInspection {
    /// Name.
    pub id: SegmentId,
    /// Level.
    pub level: Level,
    /// Time of the oldest sample, ms since the epoch.
    pub min_time_ms: i64,
    /// Time of the newest sample, ms since the epoch.
    pub max_time_ms: i64,
    /// Number of series.
    pub series: u64,
    /// Number of samples of both kinds.
    pub samples: u64,
    /// Number of native histograms among them.
    pub histograms: u64,
    /// Bytes of its Parquet files.
    pub bytes: u64,
    /// Its Parquet files by name.
    pub files: Vec<FileInspection>,
}

impl SegmentInspection {
    /// Bytes a sample, the table of series included.
    pub fn bytes_per_sample(&self) -> f64 {
        self.bytes as f64 / self.samples as f64
    }

    pub(super) fn of(segment: &Segment) -> Result<Self, SegmentError> {
        let mut files = Vec::new();
        for (name, bytes) in segment.files() {
            let columns = column_bytes(&segment.path().join(&name))?;
            let columns = columns
                .into_iter()
                .map(|(column, bytes)| ColumnBytes { column, bytes });
            files.push(FileInspection {
                name,
                bytes,
                columns: columns.collect(),
            });
        }
        Ok(Self {
            id: segment.id().clone(),
            level: segment.level(),
            min_time_ms: segment.min_time(),
            max_time_ms: segment.max_time(),
            series: segment.series_count().into(),
            samples: segment.sample_count(),
            histograms: segment.histogram_count(),
            bytes: segment.bytes(),
            files,
        })
    }
}

/// Folders of whole segments of the store in `root`, by name; none when there is no such folder.
pub(super) fn folders(root: &Path) -> Result<Vec<PathBuf>, StoreError> {
    subfolders(&root.join("segments"))
}

/// Folders of quarantined segments.
pub(super) fn quarantined(root: &Path) -> Result<Vec<PathBuf>, StoreError> {
    subfolders(&root.join("quarantine"))
}

fn subfolders(dir: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = |source| StoreError::Directory {
        action: "list",
        path: dir.to_owned(),
        source,
    };
    if !dir.exists() {
        return Ok(Vec::new());
    }
    let mut folders = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let unfinished = path.to_string_lossy().ends_with(TEMPORARY_SUFFIX);
        if path.is_dir() && !unfinished {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}
