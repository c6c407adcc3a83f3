//! Result rows by label set: the samples of one result series may come from several pairs at
//! different steps.

use std::collections::HashMap;

use arrow::array::RecordBatch;
use engine_model::Labels;

use crate::nodes::step_vectors::StepVectorsBuilder;

/// Collects result samples.
#[derive(Debug)]
pub(super) struct OutputRows {
    steps: usize,
    by_labels: HashMap<Labels, usize, foldhash::fast::RandomState>,
    rows: Vec<(Labels, bool, Vec<Option<f64>>)>,
}

impl OutputRows {
    pub(super) fn new(steps: usize) -> Self {
        Self {
            steps,
            by_labels: HashMap::default(),
            rows: Vec::new(),
        }
    }

    /// The row of a result series, made when it is new.
    pub(super) fn row(&mut self, labels: Labels, drop_name: bool) -> usize {
        if let Some(&row) = self.by_labels.get(&labels) {
            return row;
        }
        let row = self.rows.len();
        self.by_labels.insert(labels.clone(), row);
        self.rows.push((labels, drop_name, vec![None; self.steps]));
        row
    }

    /// Sets a sample; false when the row has one at that step already.
    pub(super) fn set(&mut self, row: usize, step: usize, value: f64) -> bool {
        let cell = &mut self.rows[row].2[step];
        let free = cell.is_none();
        *cell = Some(value);
        free
    }

    pub(super) fn finish(self) -> RecordBatch {
        let mut builder = StepVectorsBuilder::new(self.steps);
        for (labels, drop_name, cells) in self.rows {
            builder.push_row(labels.encoded(), drop_name, cells);
        }
        builder.finish()
    }
}
