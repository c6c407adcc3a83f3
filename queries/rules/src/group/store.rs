//! Commits the samples of a rule, with staleness markers for the series that it no longer gives.

use std::collections::HashSet;

use engine_model::staleness::STALE_NAN;
use engine_model::{Labels, SampleBatchBuilder};

use super::Group;
use crate::evaluate::RuleValue;
use crate::failure::RuleFailure;
use crate::output::Append;

impl Group {
    /// Commits a rule's samples at `query_ms`; when it returns, the next rule sees them.
    pub(super) async fn store(
        &mut self,
        index: usize,
        samples: Vec<(Labels, RuleValue)>,
        query_ms: i64,
        append: &dyn Append,
    ) -> Result<(), RuleFailure> {
        let table = &self.environment.doors.series;
        let rule = &mut self.rules[index];
        let mut batch = SampleBatchBuilder::with_capacity(samples.len());
        let mut stored = HashSet::with_capacity(samples.len());
        let mut results = 0;
        for (labels, value) in samples {
            let series = table.intern(&labels);
            match value {
                RuleValue::Float(value) => {
                    batch.push(series, query_ms, value);
                    results += 1;
                }
                RuleValue::Histogram(histogram) => batch.push_histogram(series, query_ms, histogram),
            }
            stored.insert(labels);
        }
        let mut markers = 0;
        for gone in rule.stored.difference(&stored) {
            batch.push(table.intern(gone), query_ms, STALE_NAN);
            markers += 1;
        }
        if batch.is_empty() {
            return Ok(());
        }
        let receipt = append.append(batch.finish(table)).await?;
        rule.stored = stored;
        match receipt.rejected.first {
            // A refused marker is no fault: another rule may give the series now.
            // Rows are numbered floats first, then histograms.
            Some((row, _)) if !(results..results + markers).contains(&row) => {
                self.shared.counters.count_rejected(&receipt.rejected);
                Err(RuleFailure::Rejected(receipt.rejected))
            }
            _ => Ok(()),
        }
    }

    /// Writes markers for the series of rules that are no more. They stay noted until that worked.
    pub(super) async fn end_abandoned(&mut self, at_ms: i64, append: &dyn Append) {
        if self.abandoned.is_empty() {
            return;
        }
        let table = &self.environment.doors.series;
        let mut batch = SampleBatchBuilder::with_capacity(self.abandoned.len());
        for labels in &self.abandoned {
            batch.push(table.intern(labels), at_ms - self.query_offset_ms, STALE_NAN);
        }
        match append.append(batch.finish(table)).await {
            Ok(_) => self.abandoned.clear(),
            Err(error) => tracing::warn!(
                file = &*self.spec.file,
                group = self.spec.name,
                %error,
                "ending the series of former rules failed"
            ),
        }
    }

    /// Gives up all series of the group: they are to end.
    pub(super) fn abandon_all(&mut self) {
        let stored = self.rules.iter_mut().flat_map(|rule| rule.stored.drain());
        self.abandoned.extend(stored);
    }
}
