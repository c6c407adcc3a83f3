//! The series of several segments in storage order, each once, with its samples merged by time.

use std::sync::Arc;

use engine_model::Labels;

use super::merge::MergeOptions;
use crate::segment::{Segment, SegmentError, SegmentScan};
use crate::series_samples::SeriesSamples;
use crate::tombstones::Marks;

/// One reading of all inputs. Holds a batch of rows of each, and one series.
pub(super) struct Merged {
    /// In order of acceptance.
    inputs: Vec<Input>,
}

struct Input {
    scan: SegmentScan,
    next: Option<Labels>,
    row: u32,
    hidden: Option<Arc<Marks>>,
}

impl Merged {
    pub(super) fn open(segments: &[Segment], options: &MergeOptions<'_>) -> Result<Self, SegmentError> {
        let open = |segment: &Segment| {
            let scan = segment.scan()?;
            Ok(Input {
                next: scan.peek(),
                scan,
                row: 0,
                hidden: (options.hidden)(segment.id()),
            })
        };
        Ok(Self {
            inputs: segments.iter().map(open).collect::<Result<_, SegmentError>>()?,
        })
    }

    /// The next series without what is hidden in each input; it may be empty.
    pub(super) fn next(&mut self) -> Result<Option<SeriesSamples>, SegmentError> {
        let heads = self.inputs.iter().filter_map(|input| input.next.as_ref());
        let Some(smallest) = heads.min_by(|a, b| a.storage_cmp(b)).cloned() else {
            return Ok(None);
        };
        let mut merged = SeriesSamples::new(smallest);
        for input in &mut self.inputs {
            if input.next.as_ref() != Some(&merged.labels) {
                continue;
            }
            if let Some(mut series) = input.scan.read()? {
                if let Some(hidden) = &input.hidden {
                    hidden.apply(input.row, &mut series);
                }
                merged.absorb(series);
            }
            input.row += 1;
            input.next = input.scan.peek();
        }
        Ok(Some(merged))
    }
}
