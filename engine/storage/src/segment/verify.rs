//! Reads a whole segment and compares it with everything that it says about itself.

use std::path::Path;

use super::durable;
use super::error::SegmentError;
use super::id::SegmentId;
use super::level::Level;
use super::manifest::crc_text;
use super::reader::Segment;

/// What a sound segment holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// Name.
    pub id: SegmentId,
    /// Level.
    pub level: Level,
    /// Number of series.
    pub series: u64,
    /// Number of samples.
    pub samples: u64,
    /// Bytes of the data files.
    pub bytes: u64,
}

/// Verifies the segment in folder `path`: checksums of all files, order of series and of samples, ranges
/// and counts. The error names the file that is damaged.
pub fn verify(path: &Path) -> Result<VerifyReport, SegmentError> {
    let segment = Segment::open(path)?;
    for (name, entry) in &segment.manifest().files {
        let file = path.join(name);
        let sum = durable::checksum(&file, 0)?;
        if sum.bytes != entry.bytes || crc_text(sum.crc32) != entry.crc32 {
            return Err(SegmentError::corrupt(&file, "checksum differs"));
        }
    }
    let mut scan = segment.scan()?;
    let mut previous = None;
    let (mut samples, mut starts) = (0, 0);
    while let Some(series) = scan.read()? {
        if previous
            .as_ref()
            .is_some_and(|p| series.labels.storage_cmp(p).is_le())
        {
            return Err(SegmentError::corrupt(
                path,
                format!("series {} is out of order", series.labels),
            ));
        }
        samples += series.len() as u64;
        starts += series.starts.len() as u64;
        previous = Some(series.labels);
    }
    if starts != segment.start_timestamp_count() {
        return Err(SegmentError::corrupt(
            segment.samples_path(),
            "number of start timestamps differs from the manifest",
        ));
    }
    Ok(VerifyReport {
        id: segment.id().clone(),
        level: segment.level(),
        series: segment.series_count().into(),
        samples,
        bytes: segment.bytes(),
    })
}
