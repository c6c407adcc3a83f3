//! The largest or smallest number of each of many groups.

use std::cmp::Ordering;
use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use datafusion::error::Result;
use datafusion::logical_expr::{EmitTo, GroupsAccumulator};

use super::canonical::{Float, one_nan_array};

/// The extreme of each group that was seen.
#[derive(Debug)]
pub(super) struct ExtremeGroups<T: ArrowPrimitiveType> {
    /// How a number has to compare to the one that is kept to take its place.
    wins: Ordering,
    kept: Vec<T::Native>,
    /// Groups with a number at all.
    seen: Vec<bool>,
}

impl<T: ArrowPrimitiveType<Native: Float>> ExtremeGroups<T> {
    /// The largest with `Greater`, the smallest with `Less`.
    pub(super) fn new(wins: Ordering) -> Self {
        Self {
            wins,
            kept: Vec::new(),
            seen: Vec::new(),
        }
    }

    fn add(&mut self, group: usize, value: T::Native) {
        let value = value.one_nan();
        if !self.seen[group] || value.order(self.kept[group]) == self.wins {
            self.kept[group] = value;
            self.seen[group] = true;
        }
    }

    fn take(&mut self, emit_to: EmitTo) -> ArrayRef {
        let kept = emit_to.take_needed(&mut self.kept);
        let seen = BooleanBuffer::from(emit_to.take_needed(&mut self.seen));
        Arc::new(PrimitiveArray::<T>::new(kept.into(), Some(NullBuffer::new(seen))))
    }
}

impl<T> GroupsAccumulator for ExtremeGroups<T>
where
    T: ArrowPrimitiveType<Native: Float> + Debug + Send,
{
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        opt_filter: Option<&BooleanArray>,
        total_num_groups: usize,
    ) -> Result<()> {
        self.kept.resize(total_num_groups, T::default_value());
        self.seen.resize(total_num_groups, false);
        let values: &PrimitiveArray<T> = values[0].as_primitive();
        let rows = group_indices.iter().zip(values.values());
        if values.null_count() == 0 && opt_filter.is_none() {
            rows.for_each(|(&group, &value)| self.add(group, value));
            return Ok(());
        }
        for (row, (&group, &value)) in rows.enumerate() {
            let counts = opt_filter.is_none_or(|filter| filter.is_valid(row) && filter.value(row));
            if counts && values.is_valid(row) {
                self.add(group, value);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit_to: EmitTo) -> Result<ArrayRef> {
        Ok(self.take(emit_to))
    }

    fn state(&mut self, emit_to: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.take(emit_to)])
    }

    fn merge_batch(
        &mut self,
        values: &[ArrayRef],
        group_indices: &[usize],
        total_num_groups: usize,
    ) -> Result<()> {
        self.update_batch(values, group_indices, None, total_num_groups)
    }

    /// Each row is the extreme of itself.
    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        opt_filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let values = one_nan_array(&values[0]);
        let values: &PrimitiveArray<T> = values.as_primitive();
        let kept = opt_filter.map(|filter| {
            let counts = (0..filter.len()).map(|row| filter.is_valid(row) && filter.value(row));
            NullBuffer::new(counts.collect())
        });
        let nulls = NullBuffer::union(values.nulls(), kept.as_ref());
        Ok(vec![Arc::new(PrimitiveArray::<T>::new(
            values.values().clone(),
            nulls,
        ))])
    }

    fn size(&self) -> usize {
        self.kept.capacity() * size_of::<T::Native>() + self.seen.capacity()
    }
}
