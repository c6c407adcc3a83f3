//! What is in a store's folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use engine_model::Labels;
use hashbrown::HashSet;

use super::log::{self, LogInspection};
use super::segments::{self, SegmentInspection};
use crate::segment::Segment;
use crate::store::StoreError;
use crate::tombstones;

/// What is in a store's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Segments that could be opened, oldest first.
    pub segments: Vec<SegmentInspection>,
    /// Segments that could not, with the reason.
    pub unreadable: Vec<(PathBuf, String)>,
    /// Segments that were moved aside.
    pub quarantined: Vec<PathBuf>,
    /// Deletes that are not carried out on disk yet.
    pub tombstones: usize,
    /// The log, and the head after a replay.
    pub log: LogInspection,
    /// Different series in segments and log.
    pub series: u64,
    /// Labels of those series, those with the most values first.
    pub labels: Vec<LabelCardinality>,
}

/// How many values a label has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelCardinality {
    /// Name.
    pub name: String,
    /// Different values.
    pub values: u64,
    /// Series that have it.
    pub series: u64,
}

/// Looks at the store in `root`, which nobody has open. Holds the labels of all series in memory.
pub fn inspect(root: &Path) -> Result<Inspection, StoreError> {
    let (log, mut all_series) = log::read(root)?;
    let (mut segments, mut unreadable) = (Vec::new(), Vec::new());
    for folder in segments::folders(root)? {
        let opened = Segment::open(&folder);
        let looked = opened.and_then(|segment| Ok((SegmentInspection::of(&segment)?, segment)));
        match looked {
            Ok((inspection, segment)) => {
                segments.push(inspection);
                all_series.extend(segment.all_rows().map(|row| segment.labels(row)));
            }
            Err(error) => unreadable.push((folder, crate::error_chain(&error))),
        }
    }
    segments.sort_by_key(|segment| (segment.min_time_ms, segment.level));
    Ok(Inspection {
        segments,
        unreadable,
        quarantined: segments::quarantined(root)?,
        tombstones: tombstones::load(&root.join("tombstones"))?.len(),
        log,
        series: all_series.len() as u64,
        labels: cardinality(&all_series),
    })
}

fn cardinality(series: &HashSet<Labels>) -> Vec<LabelCardinality> {
    let mut by_name: BTreeMap<&str, (HashSet<&str>, u64)> = BTreeMap::new();
    for labels in series {
        for (name, value) in labels {
            let (values, series) = by_name.entry(name).or_default();
            values.insert(value);
            *series += 1;
        }
    }
    let of = |(name, (values, series)): (&str, (HashSet<&str>, u64))| LabelCardinality {
        name: name.to_owned(),
        values: values.len() as u64,
        series,
    };
    let mut labels: Vec<LabelCardinality> = by_name.into_iter().map(of).collect();
    labels.sort_by(|a, b| b.values.cmp(&a.values).then_with(|| a.name.cmp(&b.name)));
    labels
}
