//! References are private to a run of the log. A replay turns them into those of this process by interning
//! the labels that the run's records define.

use std::sync::Arc;

use engine_model::{Labels, SeriesRef, SeriesTable};

use super::record::Record;

/// No series: the run did not define the reference.
const UNDEFINED: u32 = u32::MAX;
/// References of a page. A run's are dense, so nearly all pages are full; in a damaged log each definition costs
/// a page of 4 KiB at most, wherever it points.
const PAGE: usize = 1 << 10;

/// From the references of the run that is being read to those of this process.
#[derive(Debug)]
pub(crate) struct References {
    table: Arc<SeriesTable>,
    /// The run of this process, whose references are the table's.
    own_run: u64,
    run: Option<u64>,
    pages: Vec<Option<Box<[u32; PAGE]>>>,
}

/// A record names a series that nothing before it defines, or one that no series table hands out.
#[derive(Debug)]
pub(crate) struct Undefined;

impl References {
    pub(crate) fn new(table: Arc<SeriesTable>, own_run: u64) -> Self {
        Self {
            table,
            own_run,
            run: None,
            pages: Vec::new(),
        }
    }

    /// A file of `run` follows.
    pub(crate) fn begin(&mut self, run: Option<u64>) {
        if self.run != run {
            self.pages.clear();
            self.run = run;
        }
    }

    /// Puts this process's references in the place of the run's.
    pub(crate) fn translate(&mut self, record: &mut Record) -> Result<(), Undefined> {
        match record {
            Record::Image(image) => image.series = self.define(image.series, &image.labels)?,
            Record::Samples(samples) => samples.series = self.define(samples.series, &samples.labels)?,
            Record::Exemplar(labels, exemplar) => exemplar.series = self.define(exemplar.series, labels)?,
            Record::Batch(batch) => {
                for (series, labels) in &mut batch.new_series {
                    *series = self.define(*series, labels)?;
                }
                if self.is_own() {
                    return Ok(());
                }
                for float in &mut batch.floats {
                    float.0 = self.of(float.0)?;
                }
                for late in &mut batch.late {
                    late.0 = self.of(late.0)?;
                }
                for sample in &mut batch.histograms {
                    sample.series = self.of(sample.series)?;
                }
                for exemplar in &mut batch.exemplars {
                    exemplar.series = self.of(exemplar.series)?;
                }
            }
            Record::Start { .. } | Record::End { .. } => {}
        }
        Ok(())
    }

    fn is_own(&self) -> bool {
        self.run == Some(self.own_run)
    }

    fn define(&mut self, series: SeriesRef, labels: &Labels) -> Result<SeriesRef, Undefined> {
        if self.is_own() {
            return Ok(series);
        }
        // Tables hand out 32 bits.
        if series.0 >= u64::from(UNDEFINED) {
            return Err(Undefined);
        }
        let known = self.table.intern(labels);
        let (page, place) = (series.index() / PAGE, series.index() % PAGE);
        if self.pages.len() <= page {
            self.pages.resize(page + 1, None);
        }
        let page = self.pages[page].get_or_insert_with(|| Box::new([UNDEFINED; PAGE]));
        page[place] = known.0 as u32;
        Ok(known)
    }

    #[inline]
    fn of(&self, series: SeriesRef) -> Result<SeriesRef, Undefined> {
        if self.is_own() {
            return Ok(series);
        }
        let page = self.pages.get(series.index() / PAGE).and_then(Option::as_ref);
        match page.map(|page| page[series.index() % PAGE]) {
            Some(known) if known != UNDEFINED => Ok(SeriesRef(u64::from(known))),
            _ => Err(Undefined),
        }
    }
}
