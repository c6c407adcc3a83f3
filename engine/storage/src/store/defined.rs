//! Which series this run's log defines already: a bit for each reference.

use engine_model::{Labels, SampleBatch, SeriesRef, SeriesTable};

use super::error::AppendError;
use crate::head::Checked;

#[derive(Debug, Default)]
pub(super) struct Defined {
    words: Vec<u64>,
}

impl Defined {
    #[inline]
    pub(super) fn has(&self, series: SeriesRef) -> bool {
        let word = self.words.get(series.index() / 64);
        word.is_some_and(|word| word >> (series.0 % 64) & 1 == 1)
    }

    /// Enters the series of what is taken of `batch` (all of it without `checked`), and returns those that
    /// were not there with their labels. Changes nothing when a reference is unknown.
    pub(super) fn add(
        &mut self,
        batch: &SampleBatch,
        checked: Option<&Checked>,
        table: &SeriesTable,
    ) -> Result<Vec<(SeriesRef, Labels)>, AppendError> {
        let mut fresh = Vec::new();
        match checked.filter(|checked| !checked.skipped.is_empty()) {
            None => batch
                .series()
                .iter()
                .for_each(|series| self.enter(SeriesRef(*series), &mut fresh)),
            Some(checked) => {
                checked
                    .in_order(batch)
                    .for_each(|(series, _, _)| self.enter(series, &mut fresh));
                for late in &checked.late {
                    self.enter(SeriesRef(batch.series()[late.row as usize]), &mut fresh);
                }
            }
        }
        match checked {
            None => batch
                .histograms()
                .iter()
                .for_each(|sample| self.enter(sample.series, &mut fresh)),
            Some(checked) => {
                checked
                    .histograms
                    .iter()
                    .for_each(|taken| self.enter(taken.sample.series, &mut fresh));
            }
        }
        let labelled = fresh.iter().map(|series| Some((*series, table.labels(*series)?)));
        match labelled.collect::<Option<Vec<_>>>() {
            Some(labelled) => Ok(labelled),
            None => {
                let unknown = fresh
                    .iter()
                    .filter(|series| table.labels(**series).is_none())
                    .count();
                fresh.iter().for_each(|series| self.clear(*series));
                Err(AppendError::UnknownSeries(unknown))
            }
        }
    }

    /// Takes back what [`Defined::add`] entered.
    pub(super) fn remove(&mut self, fresh: &[(SeriesRef, Labels)]) {
        fresh.iter().for_each(|(series, _)| self.clear(*series));
    }

    /// Takes back all that `is_defined` denies.
    pub(super) fn retain(&mut self, is_defined: impl Fn(SeriesRef) -> bool) {
        for (number, word) in self.words.iter_mut().enumerate() {
            let bits = (0..64).filter(|bit| *word >> bit & 1 == 1);
            let kept = bits.filter(|bit| is_defined(SeriesRef(64 * number as u64 + bit)));
            *word = kept.fold(0, |word, bit| word | 1 << bit);
        }
    }

    #[inline]
    fn enter(&mut self, series: SeriesRef, fresh: &mut Vec<SeriesRef>) {
        if self.has(series) {
            return;
        }
        let word = series.index() / 64;
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (series.0 % 64);
        fresh.push(series);
    }

    fn clear(&mut self, series: SeriesRef) {
        if let Some(word) = self.words.get_mut(series.index() / 64) {
            *word &= !(1 << (series.0 % 64));
        }
    }
}
