//! Adding histograms whose custom bounds differ: both are laid out over the bounds that they share.

use super::bounds::common_bounds;
use super::layout::{Layout, indices};
use super::{FloatHistogram, kahan};

/// The bucket, over the `common` bounds, that takes in bucket `index` over `bounds`.
pub(super) fn target(index: i32, bounds: &[f64], common: &[f64]) -> usize {
    let bound = usize::try_from(index).ok().and_then(|index| bounds.get(index));
    bound.map_or(common.len(), |bound| {
        common.partition_point(|common| common < bound)
    })
}

impl FloatHistogram {
    /// Adds or, if `negative`, subtracts the custom buckets of `other`, whose bounds differ, and lays
    /// `compensation` out likewise.
    pub(super) fn add_over_common_bounds(
        &mut self,
        other: &Self,
        mut compensation: Option<&mut Self>,
        negative: bool,
    ) {
        let common = common_bounds(&self.custom_values, &other.custom_values);
        let mut sums = vec![(0.0, 0.0); common.len() + 1];
        for (i, (index, &count)) in indices(&self.positive_spans).zip(&self.positive).enumerate() {
            let (sum, error) = &mut sums[target(index, &self.custom_values, &common)];
            kahan::add(count, sum, error);
            if let Some(compensation) = compensation.as_deref() {
                let own = compensation.positive.get(i).copied().unwrap_or_default();
                kahan::add(own, sum, error);
            }
        }
        for (index, &count) in indices(&other.positive_spans).zip(&other.positive) {
            let (sum, error) = &mut sums[target(index, &other.custom_values, &common)];
            kahan::add(if negative { -count } else { count }, sum, error);
        }
        let mut laid = Layout::with_capacity(sums.len(), true);
        for (index, (sum, error)) in (0..).zip(sums) {
            if sum != 0.0 || error != 0.0 {
                laid.push(index, sum, error);
            }
        }
        self.positive_spans = laid.spans;
        self.positive = laid.counts;
        self.custom_values.clone_from(&common);
        if let Some(compensation) = &mut compensation {
            compensation.positive = laid.compensations.unwrap_or_default();
            compensation.custom_values = common;
        }
    }
}
