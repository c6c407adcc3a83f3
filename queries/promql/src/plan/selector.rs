//! Selectors: which samples are scanned, and at which instants their windows end.

use engine_model::{METRIC_NAME, MatchOp, Matcher};
use queries_tables::{PlanNode, SeriesScan};

use super::{Plan, Planner};
use crate::error::QueryError;
use crate::functions::range::RangeFunction;
use crate::grid::Grid;
use crate::nodes::repeat::Repeat;
use crate::nodes::window::{NameHandling, Window, WindowKind};
use crate::parser::Expr;
use crate::parser::ast::{At, Edges, MatrixSelector, TimeModifiers, VectorSelector};

use std::sync::Arc;

impl Planner {
    /// The newest sample of each series, or with `timestamp` its time.
    pub(super) fn instant_selector(
        &self,
        selector: &VectorSelector,
        grid: Grid,
        timestamp: bool,
    ) -> Result<Plan, QueryError> {
        refuse_edges(selector)?;
        let name = if timestamp {
            self.dropping_name()
        } else {
            NameHandling::Keep
        };
        let kind = WindowKind::Newest {
            lookback_ms: self.lookback_ms,
            timestamp,
        };
        let scan = |ends: Grid| self.scan(&selector.matchers, ends, self.lookback_ms);
        self.window(
            kind,
            name,
            &selector.modifiers,
            grid,
            selector.span,
            scan,
            Vec::new(),
        )
    }

    /// A function over the samples of a range selector.
    pub(super) fn range_selector(
        &self,
        matrix: &MatrixSelector,
        function: &'static RangeFunction,
        parameters: Vec<Plan>,
        grid: Grid,
    ) -> Result<Plan, QueryError> {
        refuse_edges(&matrix.selector)?;
        let kind = WindowKind::Range {
            function,
            range_ms: matrix.range_ms,
        };
        let scan = |ends: Grid| self.scan(&matrix.selector.matchers, ends, matrix.range_ms);
        let name = self.range_name(function);
        self.window(
            kind,
            name,
            &matrix.selector.modifiers,
            grid,
            matrix.span,
            scan,
            parameters,
        )
    }

    pub(super) fn range_name(&self, function: &RangeFunction) -> NameHandling {
        if function.keeps_name {
            NameHandling::Keep
        } else {
            self.dropping_name()
        }
    }

    /// A window over what `scan` reads; windows end at the grid's instants moved by the modifiers, all at
    /// one instant with `@`.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is one part of the selector as it is written"
    )]
    pub(super) fn window(
        &self,
        kind: WindowKind,
        name: NameHandling,
        modifiers: &TimeModifiers,
        grid: Grid,
        span: crate::parser::Span,
        scan: impl FnOnce(Grid) -> Plan,
        parameters: Vec<Plan>,
    ) -> Result<Plan, QueryError> {
        let ends = self.ends(modifiers, grid);
        // With `@` every step has the same window, but a parameter or a function of time may differ.
        let fixed_once = modifiers.at.is_some() && parameters.is_empty() && grid.steps() > 1;
        let ends = if fixed_once {
            Grid::instant(ends.start_ms)
        } else {
            ends
        };
        let rows = scan(ends);
        let annotations = Arc::clone(&self.annotations);
        let window = Window {
            kind,
            grid: ends,
            query_grid: grid,
            name,
            annotations,
            span,
        };
        let plan = PlanNode::plan(window, std::iter::once(rows).chain(parameters).collect());
        if fixed_once {
            return Ok(PlanNode::plan(Repeat { steps: grid.steps() }, vec![plan]));
        }
        Ok(plan)
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
            Some(at_ms) => Grid::fixed(at_ms - offset_ms, grid.steps()),
            None => grid.earlier(offset_ms),
        }
    }

    /// Reads the samples that windows of `width_ms` ending at `ends` look at.
    fn scan(&self, matchers: &[Matcher], ends: Grid, width_ms: i64) -> Plan {
        let scan = SeriesScan {
            snapshot: Arc::clone(&self.snapshot),
            matchers: matchers.to_vec(),
            // Windows are open on the left.
            min_ms: ends.start_ms.saturating_sub(width_ms).saturating_add(1),
            max_ms: ends.last_ms(),
            budget: Arc::clone(&self.budget),
        };
        PlanNode::plan(scan, Vec::new())
    }
}

fn refuse_edges(selector: &VectorSelector) -> Result<(), QueryError> {
    match selector.edges {
        Edges::Plain => Ok(()),
        Edges::Anchored => Err(QueryError::NotImplemented("anchored range selectors".to_owned())),
        Edges::Smoothed => Err(QueryError::NotImplemented("smoothed range selectors".to_owned())),
    }
}

/// Whether all elements of the expression have one metric name, or none.
pub(super) fn has_one_name(expr: &Expr) -> bool {
    match expr {
        Expr::Vector(selector) => fixes_name(&selector.matchers),
        Expr::Matrix(matrix) => fixes_name(&matrix.selector.matchers),
        Expr::Paren(paren) => has_one_name(&paren.expr),
        Expr::Subquery(subquery) => has_one_name(&subquery.expr),
        Expr::Aggregate(aggregate) => {
            // Without the name in the grouping no group has one; topk and its kin keep their elements' names.
            let keeps_elements = matches!(
                aggregate.op.as_str(),
                "topk" | "bottomk" | "limitk" | "limit_ratio"
            );
            if keeps_elements {
                return has_one_name(&aggregate.expr);
            }
            aggregate.without || !aggregate.grouping.iter().any(|label| label == METRIC_NAME)
        }
        Expr::Number(_) | Expr::String(_) => true,
        Expr::Binary(_) | Expr::Call(_) | Expr::Unary(_) => false,
    }
}

fn fixes_name(matchers: &[Matcher]) -> bool {
    matchers
        .iter()
        .any(|m| m.name == METRIC_NAME && m.op == MatchOp::Equal)
}
