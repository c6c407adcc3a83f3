//! Merges segments series by series: memory is one series and one batch an input, whatever their size.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use engine_model::Labels;

use super::plan::Window;
use crate::disk::SharedDisk;
use crate::segment::{
    Level, Segment, SegmentError, SegmentHeader, SegmentScan, SegmentWriter, remove_folder,
};
use crate::series_samples::SeriesSamples;

/// Windows that are written in one pass: each holds an open writer of some 10 MB. Inputs that touch more
/// (an import of years in one cut) are read once more for every eight.
const WINDOWS_A_PASS: usize = 8;

/// Merges `inputs` into new segments of `level` in folder `dir`, one for each of the level's UTC windows
/// that has samples, and returns them oldest first. Of samples of one series at one time the one whose
/// segment was accepted first wins. The inputs stay; on an error no output does.
pub fn merge(
    disk: &SharedDisk,
    inputs: &[Segment],
    dir: &Path,
    level: Level,
    now_ms: i64,
) -> Result<Vec<Segment>, SegmentError> {
    let Some(width_ms) = level.window_ms() else {
        return Err(SegmentError::refused("a merge into level 0"));
    };
    let mut inputs = inputs.to_vec();
    inputs.sort_by(|a, b| (a.sequence(), a.id()).cmp(&(b.sequence(), b.id())));
    let Some(first) = inputs.first() else {
        return Err(SegmentError::refused("a merge of nothing"));
    };
    let header = SegmentHeader {
        level,
        sequence: first.sequence(),
        created_ms: now_ms,
        sources: inputs.iter().map(|input| input.id().clone()).collect(),
    };
    let mut outputs = Outputs {
        disk,
        segments: Vec::new(),
    };
    let mut pass = Pass::first(disk, dir, &header, width_ms);
    loop {
        let mut merged = Merged::open(&inputs)?;
        while let Some(series) = merged.next()? {
            pass.push(&series)?;
        }
        let left = pass.finish(&mut outputs)?;
        if left.is_empty() {
            break;
        }
        pass = Pass::following(disk, dir, &header, width_ms, left);
    }
    let mut segments = std::mem::take(&mut outputs.segments);
    segments.sort_by_key(Segment::min_time);
    Ok(segments)
}

/// Finished outputs, removed again when the merge fails.
struct Outputs<'a> {
    disk: &'a SharedDisk,
    segments: Vec<Segment>,
}

impl Drop for Outputs<'_> {
    fn drop(&mut self) {
        for segment in &self.segments {
            if let Err(error) = remove_folder(&**self.disk, segment.path()) {
                let path = segment.path().display();
                tracing::warn!(%path, %error, "cannot remove an output of a failed merge");
            }
        }
    }
}

/// One reading of the inputs: the windows that it writes, by start, and those that it leaves.
struct Pass<'a> {
    disk: &'a SharedDisk,
    dir: &'a Path,
    header: &'a SegmentHeader,
    width_ms: i64,
    writers: BTreeMap<i64, SegmentWriter>,
    /// The windows of this pass when they are known; the first pass takes the first that come.
    chosen: Option<BTreeSet<i64>>,
    left: BTreeSet<i64>,
}

impl<'a> Pass<'a> {
    fn first(disk: &'a SharedDisk, dir: &'a Path, header: &'a SegmentHeader, width_ms: i64) -> Self {
        Self {
            disk,
            dir,
            header,
            width_ms,
            writers: BTreeMap::new(),
            chosen: None,
            left: BTreeSet::new(),
        }
    }

    fn following(
        disk: &'a SharedDisk,
        dir: &'a Path,
        header: &'a SegmentHeader,
        width_ms: i64,
        mut left: BTreeSet<i64>,
    ) -> Self {
        let chosen = std::iter::from_fn(|| left.pop_first())
            .take(WINDOWS_A_PASS)
            .collect();
        Self {
            disk,
            dir,
            header,
            width_ms,
            writers: BTreeMap::new(),
            chosen: Some(chosen),
            left,
        }
    }

    /// Hands each window its part of the series.
    fn push(&mut self, series: &SeriesSamples) -> Result<(), SegmentError> {
        let (mut timestamps, mut values) = (series.timestamps.as_slice(), series.values.as_slice());
        while let Some(&time) = timestamps.first() {
            let window = Window::at(time, self.width_ms);
            // The last window of all time ends at its last ms, which is inside.
            let last = window.end_ms == i64::MAX;
            let end = timestamps.partition_point(|&t| last || t < window.end_ms);
            let (inside, inside_values) = (&timestamps[..end], &values[..end]);
            (timestamps, values) = (&timestamps[end..], &values[end..]);
            if let Some(writer) = self.writer(window.start_ms)? {
                writer.push_series(&series.labels, inside, inside_values)?;
            }
        }
        Ok(())
    }

    /// The writer of a window, or `None` when it is another pass's.
    fn writer(&mut self, start_ms: i64) -> Result<Option<&mut SegmentWriter>, SegmentError> {
        if !self.writers.contains_key(&start_ms) {
            match &self.chosen {
                Some(chosen) if !chosen.contains(&start_ms) => return Ok(None),
                None if self.left.contains(&start_ms) || self.writers.len() == WINDOWS_A_PASS => {
                    self.left.insert(start_ms);
                    return Ok(None);
                }
                _ => {}
            }
            let writer = SegmentWriter::create(self.disk.clone(), self.dir, self.header.clone())?;
            self.writers.insert(start_ms, writer);
        }
        Ok(self.writers.get_mut(&start_ms))
    }

    /// Publishes the windows of this pass and returns those that are left.
    fn finish(self, outputs: &mut Outputs<'_>) -> Result<BTreeSet<i64>, SegmentError> {
        for writer in self.writers.into_values() {
            outputs.segments.push(writer.finish()?);
        }
        Ok(self.left)
    }
}

/// The series of all inputs in storage order, each once with its samples merged by time.
struct Merged {
    /// In order of acceptance.
    inputs: Vec<(SegmentScan, Option<Labels>)>,
}

impl Merged {
    fn open(segments: &[Segment]) -> Result<Self, SegmentError> {
        let open = |segment: &Segment| {
            let scan = segment.scan()?;
            let next = scan.peek();
            Ok((scan, next))
        };
        Ok(Self {
            inputs: segments.iter().map(open).collect::<Result<_, SegmentError>>()?,
        })
    }

    fn next(&mut self) -> Result<Option<SeriesSamples>, SegmentError> {
        let heads = self.inputs.iter().filter_map(|(_, next)| next.as_ref());
        let Some(smallest) = heads.min_by(|a, b| a.storage_cmp(b)).cloned() else {
            return Ok(None);
        };
        let mut merged = SeriesSamples::new(smallest);
        for (scan, next) in &mut self.inputs {
            if next.as_ref() != Some(&merged.labels) {
                continue;
            }
            if let Some(series) = scan.read()? {
                merged.absorb(series);
            }
            *next = scan.peek();
        }
        Ok(Some(merged))
    }
}
