//! `segment.json`: what a segment folder holds, with the checksums of its files.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::durable::{Checksum, SummedFile};
use super::error::SegmentError;
use super::id::SegmentId;
use super::level::Level;
use super::table_writer::WrittenTable;
use crate::disk::Disk;

/// Name of the manifest in its folder.
pub(super) const MANIFEST_FILE: &str = "segment.json";
/// Name of the table of series.
pub(super) const SERIES_FILE: &str = "series.parquet";
/// Name of the table of samples.
pub(super) const SAMPLES_FILE: &str = "samples.parquet";
/// Name of the table of native histograms, where there are any.
pub(super) const HISTOGRAMS_FILE: &str = "histograms.parquet";

/// The newest major version that is read. Readers refuse a higher major number; a higher minor number only adds
/// what they may ignore. A writer names the lowest version that describes its segment.
const MAJOR: u32 = 2;
/// The lowest versions that describe a segment: without histograms and with them, in each case without start
/// timestamps and with them.
const LOWEST: [[FormatVersion; 2]; 2] = [
    [
        FormatVersion { major: 1, minor: 3 },
        FormatVersion { major: 1, minor: 4 },
    ],
    [
        FormatVersion { major: 2, minor: 2 },
        FormatVersion { major: 2, minor: 3 },
    ],
];

/// A manifest above this size is damage: it holds some numbers and the names of its sources.
const MANIFEST_BYTES_MAX: u64 = 16 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FormatVersion {
    pub(super) major: u32,
    pub(super) minor: u32,
}

/// What the writer is told about a segment before its data comes.
#[derive(Debug, Clone)]
pub struct SegmentHeader {
    /// Level, which decides compression and borders.
    pub level: Level,
    /// Order of acceptance: where two segments have a sample of one series at one time, the segment with
    /// the lower sequence wins. A compacted segment carries the lowest of its sources.
    pub sequence: u64,
    /// Wall clock, ms since the epoch.
    pub created_ms: i64,
    /// Segments that this one was compacted from; empty for a cut.
    pub sources: Vec<SegmentId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) format: FormatVersion,
    pub(super) id: String,
    pub(super) level: u8,
    pub(super) sequence: u64,
    pub(super) min_time_ms: i64,
    pub(super) max_time_ms: i64,
    pub(super) series: u64,
    pub(super) samples: u64,
    /// Rows of `histograms.parquet`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) histograms: u64,
    /// Rows of both files that have a start timestamp.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) start_timestamps: u64,
    /// Name of the set of segments that hold the series of one window together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) part_of: Option<String>,
    pub(super) files: BTreeMap<String, FileEntry>,
    pub(super) provenance: Provenance,
    /// CRC-32 of the manifest's text with zeros in place of these eight digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) checksum: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileEntry {
    pub(super) bytes: u64,
    /// CRC-32 (ISO-HDLC), eight hex digits.
    pub(super) crc32: String,
    /// The end of a Parquet file from its page index on, where readers do not read the whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tail: Option<Tail>,
}

/// The last `bytes` of a file and their checksum: what must be right before a decoder sees the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tail {
    pub(super) bytes: u64,
    pub(super) crc32: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Provenance {
    pub(super) created_ms: i64,
    pub(super) software: String,
    pub(super) sources: Vec<String>,
}

/// Just enough to refuse what is damaged or newer before reading the rest.
#[derive(Deserialize)]
struct VersionOnly {
    format: FormatVersion,
    checksum: Option<String>,
}

/// The checksum while it is computed.
const UNSEALED: &str = "00000000";

impl FormatVersion {
    /// Whether the manifest has a checksum of itself.
    fn is_sealed(self) -> bool {
        match self.major {
            1 => self.minor >= 2,
            2 => self.minor >= 1,
            _ => false,
        }
    }
}

/// Replaces the checksum `old` in a manifest's text with the right one.
pub(super) fn seal(text: &str, old: &str) -> Option<String> {
    let field = |digits: &str| format!("\"checksum\": \"{digits}\"");
    // The last field, and so the last match: no name in the manifest can be mistaken for it.
    let at = text.rfind(&field(old))?;
    let with = |digits: &str| {
        let (before, rest) = text.split_at(at);
        format!("{before}{}{}", field(digits), &rest[field(old).len()..])
    };
    Some(with(&crc_text(crc32fast::hash(with(UNSEALED).as_bytes()))))
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl From<WrittenTable> for FileEntry {
    fn from(table: WrittenTable) -> Self {
        let tail = Some(Tail {
            bytes: table.tail.bytes,
            crc32: crc_text(table.tail.crc32),
        });
        Self {
            tail,
            ..table.file.into()
        }
    }
}

impl From<Checksum> for FileEntry {
    fn from(sum: Checksum) -> Self {
        Self {
            bytes: sum.bytes,
            crc32: crc_text(sum.crc32),
            tail: None,
        }
    }
}

/// How checksums are written.
pub(super) fn crc_text(crc32: u32) -> String {
    format!("{crc32:08x}")
}

/// Counts and checksums that are known when the data is written.
pub(super) struct Written {
    pub(super) id: SegmentId,
    pub(super) min_time_ms: i64,
    pub(super) max_time_ms: i64,
    pub(super) series: u64,
    pub(super) series_file: Checksum,
    pub(super) samples: WrittenTable,
    pub(super) histograms: Option<WrittenTable>,
    pub(super) start_timestamps: u64,
    pub(super) part_of: Option<String>,
}

impl Manifest {
    pub(super) fn new(header: &SegmentHeader, written: Written) -> Self {
        let mut files = BTreeMap::from([
            (SERIES_FILE.to_owned(), written.series_file.into()),
            (SAMPLES_FILE.to_owned(), written.samples.into()),
        ]);
        if let Some(histograms) = written.histograms {
            files.insert(HISTOGRAMS_FILE.to_owned(), histograms.into());
        }
        Self {
            format: LOWEST[usize::from(written.histograms.is_some())]
                [usize::from(written.start_timestamps > 0)],
            id: written.id.as_str().to_owned(),
            level: header.level.number(),
            sequence: header.sequence,
            min_time_ms: written.min_time_ms,
            max_time_ms: written.max_time_ms,
            series: written.series,
            samples: written.samples.rows,
            histograms: written.histograms.map_or(0, |table| table.rows),
            start_timestamps: written.start_timestamps,
            part_of: written.part_of,
            files,
            provenance: Provenance {
                created_ms: header.created_ms,
                software: concat!("weir ", env!("CARGO_PKG_VERSION")).to_owned(),
                sources: header.sources.iter().map(|id| id.as_str().to_owned()).collect(),
            },
            checksum: Some(UNSEALED.to_owned()),
        }
    }

    pub(super) fn write(&self, disk: &dyn Disk, folder: &Path) -> Result<(), SegmentError> {
        let mut file = SummedFile::create(disk, folder.join(MANIFEST_FILE))?;
        let path = file.path().to_owned();
        let text = serde_json::to_string_pretty(self).map_err(|e| SegmentError::io(&path)(e.into()))?;
        let text = seal(&text, UNSEALED).unwrap_or(text);
        file.write_all(text.as_bytes()).map_err(SegmentError::io(&path))?;
        file.finish().map(drop)
    }

    pub(super) fn read(folder: &Path) -> Result<Self, SegmentError> {
        let path = folder.join(MANIFEST_FILE);
        let bytes = fs::metadata(&path)
            .map_err(SegmentError::missing_or_io(&path))?
            .len();
        if bytes > MANIFEST_BYTES_MAX {
            return Err(SegmentError::corrupt(
                &path,
                format!("{bytes} bytes are too many"),
            ));
        }
        let text = fs::read(&path).map_err(SegmentError::io(&path))?;
        let damaged = |source: serde_json::Error| SegmentError::Corrupt {
            path: path.clone(),
            what: "not a manifest".to_owned(),
            source: Some(source.into()),
        };
        let VersionOnly { format, checksum } = serde_json::from_slice(&text).map_err(damaged)?;
        let sealed = |old: &String| str::from_utf8(&text).ok().and_then(|text| seal(text, old));
        let is_sound = match &checksum {
            Some(old) => sealed(old).is_some_and(|sealed| sealed.as_bytes() == text),
            None => !format.is_sealed(),
        };
        if !is_sound {
            return Err(SegmentError::corrupt(&path, "checksum differs"));
        }
        if format.major > MAJOR {
            let what = format!("format version {}", format.major);
            return Err(SegmentError::Unsupported { path, what });
        }
        let manifest: Self = serde_json::from_slice(&text).map_err(damaged)?;
        if Level::from_number(manifest.level).is_none() {
            let what = format!("level {}", manifest.level);
            return Err(SegmentError::Unsupported { path, what });
        }
        if manifest.min_time_ms > manifest.max_time_ms || manifest.series > u64::from(u32::MAX) {
            return Err(SegmentError::corrupt(
                &path,
                "time range or counts are impossible",
            ));
        }
        Ok(manifest)
    }

    /// The entry of one file.
    pub(super) fn file(&self, folder: &Path, name: &str) -> Result<&FileEntry, SegmentError> {
        self.files.get(name).ok_or_else(|| {
            SegmentError::corrupt(&folder.join(MANIFEST_FILE), format!("{name} is not listed"))
        })
    }
}
