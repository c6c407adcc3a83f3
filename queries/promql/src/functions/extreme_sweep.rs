//! `min_over_time` and `max_over_time` over all windows of a series: of windows that share samples the extremes of
//! blocks are found once. The order of samples stays, so that of two zeros the first one counts.

use super::over_time::{larger, smaller};
use super::sweep::{Cells, Windows};

/// Samples of a block.
const BLOCK: usize = 16;

pub(super) fn min(windows: &Windows<'_>, cells: &mut Cells) -> u64 {
    extreme(windows, smaller, cells)
}

pub(super) fn max(windows: &Windows<'_>, cells: &mut Cells) -> u64 {
    extreme(windows, larger, cells)
}

fn extreme(windows: &Windows<'_>, better: impl Fn(f64, f64) -> f64 + Copy, cells: &mut Cells) -> u64 {
    let values = windows.values;
    let best = |values: &[f64]| values.iter().copied().reduce(better);
    let blocks: Vec<f64> = values.chunks_exact(BLOCK).filter_map(best).collect();
    windows.sweep(cells, |from, until, _| {
        let (first, last) = (from.div_ceil(BLOCK), until / BLOCK);
        if first >= last {
            return best(&values[from..until]);
        }
        let whole = blocks[first..last].iter();
        let edges = (&values[from..first * BLOCK], &values[last * BLOCK..until]);
        edges.0.iter().chain(whole).chain(edges.1).copied().reduce(better)
    })
}
