//! Result rows by label set: the samples of one result series may come from several pairs at
//! different steps.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::error::Result;
use engine_model::{FloatHistogram, Labels};
use queries_tables::SampleBudget;
use queries_tables::histograms::HistogramAt;

use super::pace::{Pace, Reservation};
use super::step_vectors::{Cell, StepVectorsBuilder};

/// Collects result samples.
#[derive(Debug)]
pub(crate) struct OutputRows {
    steps: usize,
    budget: Arc<SampleBudget>,
    by_labels: HashMap<Labels, usize, foldhash::fast::RandomState>,
    rows: Vec<OutputRow>,
    held: Reservation,
}

#[derive(Debug)]
struct OutputRow {
    labels: Labels,
    drop_name: bool,
    /// Where the row stands among the others.
    place: (usize, usize),
    /// Match group and step of the last pair that the row was made for.
    claimed: Option<(usize, usize)>,
    cells: Vec<Option<f64>>,
    histograms: BTreeMap<usize, Arc<FloatHistogram>>,
}

impl OutputRows {
    pub(crate) fn new(steps: usize, budget: &Arc<SampleBudget>) -> Self {
        Self {
            steps,
            budget: Arc::clone(budget),
            by_labels: HashMap::default(),
            rows: Vec::new(),
            held: Reservation::new(budget),
        }
    }

    /// The row of a result series, made when it is new. Rows come out in order of `place`.
    pub(crate) fn row(&mut self, labels: Labels, drop_name: bool, place: (usize, usize)) -> Result<usize> {
        if let Some(&row) = self.by_labels.get(&labels) {
            self.rows[row].place = self.rows[row].place.min(place);
            return Ok(row);
        }
        self.held.grow(self.steps)?;
        let row = self.rows.len();
        self.by_labels.insert(labels.clone(), row);
        self.rows.push(OutputRow {
            labels,
            drop_name,
            place,
            claimed: None,
            cells: vec![None; self.steps],
            histograms: BTreeMap::new(),
        });
        Ok(row)
    }

    /// Notes that a pair of match group `group` makes the row at `step`; false when one has done so before.
    pub(crate) fn claim(&mut self, row: usize, group: usize, step: usize) -> bool {
        let claim = Some((group, step));
        let free = self.rows[row].claimed != claim;
        self.rows[row].claimed = claim;
        free
    }

    /// Sets a sample; false when the row has one at that step already.
    pub(crate) fn set(&mut self, row: usize, step: usize, value: f64) -> bool {
        let row = &mut self.rows[row];
        let free = row.cells[step].is_none() && !row.histograms.contains_key(&step);
        row.cells[step] = Some(value);
        free
    }

    /// Sets a native histogram; false when the row has a sample at that step already.
    pub(crate) fn set_histogram(&mut self, row: usize, step: usize, value: Arc<FloatHistogram>) -> bool {
        let row = &mut self.rows[row];
        let free = row.cells[step].is_none();
        row.histograms.insert(step, value).is_none() && free
    }

    /// Sets a sample of either kind; false when the row has one at that step already.
    pub(crate) fn set_cell(&mut self, row: usize, step: usize, cell: Cell<'_>) -> bool {
        match cell {
            Cell::Float(value) => self.set(row, step, value),
            Cell::Histogram(histogram) => self.set_histogram(row, step, Arc::clone(histogram)),
        }
    }

    pub(crate) async fn finish(mut self, pace: &mut Pace) -> Result<RecordBatch> {
        self.rows.sort_by_key(|row| row.place);
        let mut builder = StepVectorsBuilder::new(self.steps, &self.budget);
        for row in self.rows {
            pace.spend(self.steps).await;
            let histograms: Vec<HistogramAt> = row
                .histograms
                .into_iter()
                .map(|(step, h)| (step as i64, h))
                .collect();
            builder.push_mixed(row.labels.encoded(), row.drop_name, row.cells, &histograms)?;
            self.held.shrink(self.steps);
        }
        Ok(builder.finish())
    }
}
