//! Selectors: which samples are scanned, and at which instants their windows end.

use std::sync::Arc;

use engine_model::Matcher;
use queries_tables::{PlanNode, SeriesScan};

use super::{Plan, Planner, ToldResets};
use crate::error::QueryError;
use crate::grid::Grid;
use crate::nodes::names::NameHandling;
use crate::nodes::window::{Shown, Window, WindowKind};
use crate::parser::ast::{At, Edges, MatrixSelector, TimeModifiers, VectorSelector};

impl Planner {
    /// The newest sample of each series, or the smoothed value.
    pub(super) fn instant_selector(&self, selector: &VectorSelector, grid: Grid) -> Result<Plan, QueryError> {
        let lookback_ms = self.lookback_ms;
        let kind = match selector.edges {
            Edges::Smoothed => WindowKind::Smoothed {
                lookback_ms,
                annotations: Arc::clone(&self.annotations),
                span: selector.span,
            },
            Edges::Plain | Edges::Anchored => WindowKind::Newest {
                lookback_ms,
                shown: Shown::Sample,
            },
        };
        Ok(self.window_over_selector(kind, NameHandling::Keep, selector, Vec::new(), grid))
    }

    /// A window over what a selector selects.
    pub(super) fn window_over_selector(
        &self,
        kind: WindowKind,
        name: NameHandling,
        selector: &VectorSelector,
        parameters: Vec<Plan>,
        grid: Grid,
    ) -> Plan {
        let (before_ms, after_ms) = kind.reach_ms();
        let scan = |ends: Grid| self.scan(&selector.matchers, ends, before_ms, after_ms);
        self.window(kind, name, &selector.modifiers, parameters, grid, scan)
    }

    /// A window over what `scan` reads; windows end at the grid's instants moved by the modifiers, all at
    /// one instant with `@`.
    pub(super) fn window(
        &self,
        kind: WindowKind,
        name: NameHandling,
        modifiers: &TimeModifiers,
        parameters: Vec<Plan>,
        grid: Grid,
        scan: impl FnOnce(Grid) -> Plan,
    ) -> Plan {
        let ends = self.ends(modifiers, grid);
        // With `@` every step has the same window, but a parameter or a function of time may differ.
        let fixed_once = modifiers.at.is_some() && parameters.is_empty() && grid.steps() > 1;
        let ends = if fixed_once {
            Grid::instant(ends.start_ms)
        } else {
            ends
        };
        let rows = scan(ends);
        let window = Window {
            kind,
            grid: ends,
            query_grid: grid,
            name,
            tell_resets: self.resets == ToldResets::Yes,
            budget: Arc::clone(&self.budget),
            looks: self.ledger.open(),
        };
        let plan = PlanNode::plan(window, std::iter::once(rows).chain(parameters).collect());
        if fixed_once {
            return self.repeat(plan, grid);
        }
        plan
    }

    /// The instants at which windows end.
    pub(crate) fn ends(&self, modifiers: &TimeModifiers, grid: Grid) -> Grid {
        let at_ms = modifiers.at.map(|at| match at {
            At::Timestamp(ms) => ms,
            At::Start => self.query_grid.start_ms,
            At::End => self.query_grid.end_ms,
        });
        let offset_ms = modifiers.offset_ms;
        match at_ms {
            Some(at_ms) => Grid::fixed(at_ms.saturating_sub(offset_ms), grid.steps()),
            None => grid.earlier(offset_ms),
        }
    }

    /// Reads the samples that windows ending at `ends` look at: those up to `before_ms` before their end,
    /// exclusive, and up to `after_ms` behind it.
    fn scan(&self, matchers: &[Matcher], ends: Grid, before_ms: i64, after_ms: i64) -> Plan {
        let scan = SeriesScan {
            snapshot: Arc::clone(&self.snapshot),
            matchers: matchers.to_vec(),
            min_ms: ends.start_ms.saturating_sub(before_ms).saturating_add(1),
            max_ms: ends.last_ms().saturating_add(after_ms),
            budget: Arc::clone(&self.budget),
        };
        PlanNode::plan(scan, Vec::new())
    }

    /// The samples that a range selector shows at the single instant of `ends`, and those that its edges need.
    pub(crate) fn samples(&self, matrix: &MatrixSelector, ends: Grid) -> Plan {
        let (before_ms, after_ms) = match matrix.selector.edges {
            Edges::Plain => (0, 0),
            Edges::Anchored => (self.lookback_ms, 0),
            Edges::Smoothed => (self.lookback_ms, self.lookback_ms),
        };
        let before_ms = matrix.range_ms.saturating_add(before_ms);
        self.scan(&matrix.selector.matchers, ends, before_ms, after_ms)
    }
}
