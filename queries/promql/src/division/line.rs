//! Lines: parts of a plan in which every row comes of one series alone, so that the series may be evaluated apart.

use std::collections::HashSet;

use queries_tables::{SeriesScan, SnapshotError};

use super::{operation, over};
use crate::functions::label::METADATA_LABELS;
use crate::nodes::constant::{Constant, ConstantKind};
use crate::nodes::labels_map::{LabelsKind, LabelsMap};
use crate::nodes::map::Map;
use crate::nodes::repeat::Repeat;
use crate::nodes::scalar::{Scalar, ScalarKind};
use crate::nodes::subquery::Subquery;
use crate::nodes::unique::{Duplicates, Unique};
use crate::nodes::window::Window;
use crate::plan::Plan;

/// Selections whose series stay apart without the labels that say which metric they are. Where that is so, a
/// `Unique` above them never finds anything, so it need not see them all.
#[derive(Debug, Clone, Default)]
pub struct Distinct {
    selections: HashSet<String>,
}

impl Distinct {
    /// Looks at the series of all selections in `plan` for which it matters.
    pub fn look(plan: &Plan) -> Result<Self, SnapshotError> {
        let mut scans = Vec::new();
        below_unique(plan, &mut scans);
        let mut selections = HashSet::new();
        let mut refuted = HashSet::new();
        for scan in scans {
            match stays_apart(scan)? {
                true => selections.insert(selection(scan)),
                false => refuted.insert(selection(scan)),
            };
        }
        selections.retain(|selection| !refuted.contains(selection));
        Ok(Self { selections })
    }

    /// Whether the series of `scan` stay apart.
    pub(super) fn holds(&self, scan: &SeriesScan) -> bool {
        self.selections.contains(&selection(scan))
    }
}

fn below_unique<'p>(plan: &'p Plan, scans: &mut Vec<&'p SeriesScan>) {
    if operation::<Unique>(plan).is_some()
        && let Some(line) = Line::of(plan, &|_| true)
    {
        scans.push(line.scan);
        return;
    }
    for input in plan.children() {
        below_unique(input, scans);
    }
}

/// A selection as text: its matchers.
fn selection(scan: &SeriesScan) -> String {
    let matchers: Vec<String> = scan.matchers.iter().map(ToString::to_string).collect();
    matchers.join(",")
}

fn stays_apart(scan: &SeriesScan) -> Result<bool, SnapshotError> {
    let set = scan
        .snapshot
        .select_unordered(&scan.matchers, scan.min_ms, scan.max_ms)?;
    let mut seen = HashSet::with_capacity(set.len());
    Ok((0..set.len()).all(|position| {
        let labels = set.labels(position).without(&METADATA_LABELS);
        seen.insert(labels.fingerprint())
    }))
}

/// A part of a plan whose rows come of one series each, in the order of the series.
#[derive(Debug)]
pub(super) struct Line<'p> {
    /// What is selected.
    pub(super) scan: &'p SeriesScan,
    /// Whether labels were changed other than by dropping the metric's name.
    relabelled: bool,
}

impl<'p> Line<'p> {
    /// The line that `plan` is; `apart` says which selections stay apart without names.
    pub(super) fn of(plan: &'p Plan, apart: &dyn Fn(&SeriesScan) -> bool) -> Option<Self> {
        if let Some(scan) = operation::<SeriesScan>(plan) {
            return Some(Self {
                scan,
                relabelled: false,
            });
        }
        let inputs = plan.children();
        let (rows, parameters) = inputs.split_first()?;
        let mut line = Self::of(rows, apart)?;
        let passes = operation::<Window>(plan).is_some()
            || operation::<Map>(plan).is_some()
            || operation::<Subquery>(plan).is_some()
            || operation::<Repeat>(plan).is_some();
        if passes {
            return parameters.iter().all(|input| is_cheap(input)).then_some(line);
        }
        if let Some(map) = operation::<LabelsMap>(plan) {
            line.relabelled |= !matches!(map.kind, LabelsKind::DropMarkedNames);
            return Some(line);
        }
        let unique = operation::<Unique>(plan)?;
        let expects_none = !matches!(unique.duplicates, Duplicates::Merge);
        (expects_none && !line.relabelled && apart(line.scan)).then_some(line)
    }
}

/// The line `plan` with another scan at its bottom.
pub(super) fn with_scan(plan: &Plan, scan: &dyn Fn(&SeriesScan) -> Plan) -> Plan {
    if let Some(whole) = operation::<SeriesScan>(plan) {
        return scan(whole);
    }
    let inputs = plan.children().into_iter().enumerate();
    let inputs = inputs.map(|(i, input)| match i {
        0 => with_scan(input, scan),
        _ => Plan::clone(input),
    });
    over(plan, inputs.collect())
}

/// Whether a scalar costs nothing, so that every task may compute it for itself.
fn is_cheap(plan: &Plan) -> bool {
    if operation::<Constant>(plan).is_some() {
        return true;
    }
    let computed = operation::<Scalar>(plan).is_some_and(|scalar| scalar.kind != ScalarKind::OfVector);
    computed && plan.children().into_iter().all(is_cheap)
}

/// Whether a scalar is the same number at all steps.
pub(super) fn is_constant(plan: &Plan) -> bool {
    if let Some(constant) = operation::<Constant>(plan) {
        return matches!(constant.kind, ConstantKind::Number(_));
    }
    if operation::<Repeat>(plan).is_some() {
        return true;
    }
    let computed = operation::<Scalar>(plan).is_some_and(|scalar| scalar.kind != ScalarKind::OfVector);
    computed && plan.children().into_iter().all(is_constant)
}
