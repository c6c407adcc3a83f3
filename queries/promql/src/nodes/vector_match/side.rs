//! One operand: its rows, each with the number of its signature.

use std::collections::HashMap;

use engine_model::Labels;

use crate::nodes::step_vectors::{Cell, StepBatch};

/// Signatures of both operands, numbered densely.
#[derive(Debug, Default)]
pub(super) struct Signatures {
    by_labels: HashMap<Labels, usize, foldhash::fast::RandomState>,
    labels: Vec<Labels>,
}

impl Signatures {
    fn number(&mut self, signature: Labels) -> usize {
        if let Some(&number) = self.by_labels.get(&signature) {
            return number;
        }
        let number = self.labels.len();
        self.by_labels.insert(signature.clone(), number);
        self.labels.push(signature);
        number
    }

    /// Number of signatures.
    pub(super) fn len(&self) -> usize {
        self.labels.len()
    }

    /// The labels of a signature.
    pub(super) fn labels(&self, number: usize) -> &Labels {
        &self.labels[number]
    }
}

/// One series of an operand.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) labels: Labels,
    pub(super) drop_name: bool,
    pub(super) signature: usize,
    batch: &'a StepBatch,
    row: usize,
}

impl Row<'_> {
    /// The sample at `step`.
    #[inline]
    pub(super) fn cell(&self, step: usize) -> Option<Cell<'_>> {
        self.batch.cell(self.row, step)
    }

    /// Marks the steps that have a sample.
    pub(super) fn mark_presence(&self, present: &mut [bool]) {
        self.batch.mark_presence(self.row, present);
    }
}

/// One operand.
#[derive(Debug)]
pub(super) struct Side<'a> {
    pub(super) rows: Vec<Row<'a>>,
    pub(super) steps: usize,
}

impl<'a> Side<'a> {
    /// Numbers the signatures of all rows.
    pub(super) fn new(
        batches: &'a [StepBatch],
        steps: usize,
        signature: impl Fn(&Labels) -> Labels,
        signatures: &mut Signatures,
    ) -> Self {
        let rows = batches
            .iter()
            .flat_map(|batch| (0..batch.len()).map(move |row| (batch, row)));
        let rows = rows.map(|(batch, row)| {
            let labels = batch.labels(row);
            let number = signatures.number(signature(&labels));
            Row {
                labels,
                drop_name: batch.drops_name(row),
                signature: number,
                batch,
                row,
            }
        });
        Self {
            rows: rows.collect(),
            steps,
        }
    }

    /// Rows by signature.
    pub(super) fn by_signature(&self, signatures: usize) -> Vec<Vec<usize>> {
        let mut groups = vec![Vec::new(); signatures];
        for (i, row) in self.rows.iter().enumerate() {
            groups[row.signature].push(i);
        }
        groups
    }

    /// Whether any series has a sample at each step.
    pub(super) fn occupied(&self) -> Vec<bool> {
        let mut occupied = vec![false; self.steps];
        for row in &self.rows {
            row.mark_presence(&mut occupied);
        }
        occupied
    }
}
