//! Merges segments series by series into new ones, one a window of the level or several where it is large.
//! Memory does not grow with the samples: some 3 MB for each of up to 64 inputs, 10 MB and [`PART_LABEL_BYTES`]
//! for each of up to 8 outputs, and the largest series.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use engine_model::Labels;
use hashbrown::HashSet;

use super::inputs::Merged;
use super::plan::Window;
use super::split::take_before;
use crate::disk::SharedDisk;
use crate::segment::{
    Level, RunLength, Segment, SegmentError, SegmentHeader, SegmentId, SegmentWriter, remove_folder, unique,
};
use crate::series_samples::SeriesSamples;
use crate::tombstones::Marks;

/// Windows that are written in one pass: each holds an open writer of some 10 MB. Inputs that touch more
/// (an import of years in one cut) are read once more for every eight.
const WINDOWS_A_PASS: usize = 8;

/// A segment that has grown to this is closed, and the series after it go into another: a file of this
/// size is still copied, fetched and verified within seconds.
const PART_BYTES: u64 = 256 << 20;

/// So is one whose series take this much memory while it is written.
pub(super) const PART_LABEL_BYTES: usize = 64 << 20;

/// What a merge leaves out, and how it paces itself.
pub(crate) struct MergeOptions<'a> {
    /// What is deleted in an input.
    pub(crate) hidden: &'a dyn Fn(&SegmentId) -> Option<Arc<Marks>>,
    /// Oldest time that is kept of a series.
    pub(crate) keep_from: &'a dyn Fn(&Labels) -> i64,
    /// Called after each series: rests now and then.
    pub(crate) pause: &'a dyn Fn(),
    /// A segment is closed at this size.
    pub(crate) part_bytes: u64,
}

impl Default for MergeOptions<'_> {
    fn default() -> Self {
        fn nothing(_: &SegmentId) -> Option<Arc<Marks>> {
            None
        }
        fn always(_: &Labels) -> i64 {
            i64::MIN
        }
        fn never() {}
        Self {
            hidden: &nothing,
            keep_from: &always,
            pause: &never,
            part_bytes: PART_BYTES,
        }
    }
}

/// Merges `inputs` into new segments of `level` in folder `dir`, for each of the level's UTC windows
/// that has samples, and returns them oldest first. Of samples of one series at one time the one whose
/// segment was accepted first wins. The inputs stay; on an error no output does.
pub fn merge(
    disk: &SharedDisk,
    inputs: &[Segment],
    dir: &Path,
    level: Level,
    now_ms: i64,
) -> Result<Vec<Segment>, SegmentError> {
    if level.window_ms().is_none() {
        return Err(SegmentError::refused("a merge into level 0"));
    }
    merge_with(disk, inputs, dir, level, now_ms, &MergeOptions::default())
}

/// [`merge`] without what `options` leave out. One input may keep its level, whatever that is.
pub(crate) fn merge_with(
    disk: &SharedDisk,
    inputs: &[Segment],
    dir: &Path,
    level: Level,
    now_ms: i64,
    options: &MergeOptions<'_>,
) -> Result<Vec<Segment>, SegmentError> {
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
    let target = Target {
        disk,
        dir,
        header: &header,
        part_of: first.info().part_of.filter(|_| inputs.len() == 1),
        part_bytes: options.part_bytes,
        runs: run_length(&inputs),
        with_starts: inputs.iter().any(|input| input.start_timestamp_count() > 0),
    };
    let mut outputs = Outputs {
        disk,
        segments: Vec::new(),
    };
    let mut pass = Pass::first(&target);
    loop {
        let mut merged = Merged::open(&inputs, options)?;
        while let Some(mut series) = merged.next()? {
            let keep_from = (options.keep_from)(&series.labels);
            drop(take_before(&mut series, keep_from));
            pass.push(series, &mut outputs)?;
            (options.pause)();
        }
        let left = pass.finish(&mut outputs)?;
        if left.is_empty() {
            break;
        }
        pass = Pass::following(&target, left);
    }
    let mut segments = std::mem::take(&mut outputs.segments);
    segments.sort_by_key(Segment::min_time);
    Ok(segments)
}

/// How many samples a series of all inputs together has. Takes 16 bytes a series while it counts.
fn run_length(inputs: &[Segment]) -> RunLength {
    let mut different: HashSet<u128> = HashSet::new();
    for input in inputs {
        different.extend(input.all_rows().map(|row| input.labels(row).fingerprint()));
    }
    let samples = inputs.iter().map(Segment::sample_count).sum();
    RunLength::of(samples, different.len() as u64)
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

/// Where outputs go and what they have in common.
struct Target<'a> {
    disk: &'a SharedDisk,
    dir: &'a Path,
    header: &'a SegmentHeader,
    /// The set that the outputs belong to from the start: one part of it is rewritten.
    part_of: Option<String>,
    part_bytes: u64,
    runs: RunLength,
    /// Whether an input has start timestamps.
    with_starts: bool,
}

/// The segment of one window that is open, and the name of the set that those before it belong to.
struct Output {
    writer: SegmentWriter,
    part_of: Option<String>,
}

/// One reading of the inputs: the windows that it writes, by start, and those that it leaves.
struct Pass<'a> {
    target: &'a Target<'a>,
    open: BTreeMap<i64, Output>,
    /// The windows of this pass when they are known; the first pass takes the first that come.
    chosen: Option<BTreeSet<i64>>,
    left: BTreeSet<i64>,
}

impl<'a> Pass<'a> {
    fn first(target: &'a Target<'a>) -> Self {
        Self {
            target,
            open: BTreeMap::new(),
            chosen: None,
            left: BTreeSet::new(),
        }
    }

    fn following(target: &'a Target<'a>, mut left: BTreeSet<i64>) -> Self {
        let chosen = std::iter::from_fn(|| left.pop_first())
            .take(WINDOWS_A_PASS)
            .collect();
        Self {
            target,
            open: BTreeMap::new(),
            chosen: Some(chosen),
            left,
        }
    }

    /// Hands each window its part of the series.
    fn push(&mut self, mut series: SeriesSamples, outputs: &mut Outputs<'_>) -> Result<(), SegmentError> {
        while let Some((first, _)) = series.time_range() {
            let window = match self.target.header.level.window_ms() {
                Some(width_ms) => Window::at(first, width_ms),
                None => Window {
                    start_ms: i64::MIN,
                    end_ms: i64::MAX,
                },
            };
            // The last window of all time ends at its last ms, which is inside.
            let inside = match window.end_ms {
                i64::MAX => std::mem::replace(&mut series, SeriesSamples::new(Labels::empty())),
                end_ms => take_before(&mut series, end_ms),
            };
            self.push_inside(window.start_ms, &inside, outputs)?;
        }
        Ok(())
    }

    fn push_inside(
        &mut self,
        start_ms: i64,
        series: &SeriesSamples,
        outputs: &mut Outputs<'_>,
    ) -> Result<(), SegmentError> {
        let part_bytes = self.target.part_bytes;
        let full = |output: &Output| {
            output.writer.bytes() >= part_bytes || output.writer.label_bytes() >= PART_LABEL_BYTES
        };
        if self.open.get(&start_ms).is_some_and(full)
            && let Some(mut output) = self.open.remove(&start_ms)
        {
            let set = output.part_of.take().unwrap_or_else(unique);
            output.writer.set_part_of(&set);
            outputs.segments.push(output.writer.finish()?);
            let next = self.start(Some(set))?;
            self.open.insert(start_ms, next);
        }
        if !self.open.contains_key(&start_ms) {
            match &self.chosen {
                Some(chosen) if !chosen.contains(&start_ms) => return Ok(()),
                None if self.left.contains(&start_ms) || self.open.len() == WINDOWS_A_PASS => {
                    self.left.insert(start_ms);
                    return Ok(());
                }
                _ => {}
            }
            let output = self.start(self.target.part_of.clone())?;
            self.open.insert(start_ms, output);
        }
        match self.open.get_mut(&start_ms) {
            Some(output) => output.writer.push_series_samples(series),
            None => Ok(()),
        }
    }

    fn start(&self, part_of: Option<String>) -> Result<Output, SegmentError> {
        let Target {
            disk,
            dir,
            header,
            runs,
            ..
        } = *self.target;
        let writer = SegmentWriter::create_for(disk.clone(), dir, header.clone(), runs)?;
        let mut writer = writer.with_histogram_starts(self.target.with_starts);
        if let Some(set) = &part_of {
            writer.set_part_of(set);
        }
        Ok(Output { writer, part_of })
    }

    /// Publishes the windows of this pass and returns those that are left.
    fn finish(self, outputs: &mut Outputs<'_>) -> Result<BTreeSet<i64>, SegmentError> {
        for output in self.open.into_values() {
            outputs.segments.push(output.writer.finish()?);
        }
        Ok(self.left)
    }
}
