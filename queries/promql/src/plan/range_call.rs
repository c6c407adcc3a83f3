//! Calls of functions over windows, and `timestamp` of a selector.

use std::sync::Arc;

use super::{Plan, Planner};
use crate::error::QueryError;
use crate::functions::extended::EdgeRule;
use crate::functions::range::{RangeEvaluation, RangeFunction, range_functions_where};
use crate::grid::Grid;
use crate::nodes::map::MapKind;
use crate::nodes::names::NameHandling;
use crate::nodes::range_notes::RangeNotes;
use crate::nodes::unique::Duplicates;
use crate::nodes::window::{Shown, WindowKind};
use crate::parser::ast::{Call, Edges, ValueType};
use crate::parser::{Expr, Span};

impl Planner {
    pub(super) fn range_call(
        &self,
        call: &Call,
        function: &'static RangeFunction,
        grid: Grid,
    ) -> Result<Plan, QueryError> {
        let parameters = self.arguments(call, grid)?;
        let Some(samples) = call.args.iter().find(|arg| arg.value_type() == ValueType::Matrix) else {
            return Err(QueryError::BadData(format!(
                "{}() needs a range vector",
                function.name
            )));
        };
        let plan = self.range_function(call, function, samples.unwrap_parens(), parameters, grid)?;
        if function.keeps_name || self.delayed_name_removal {
            return Ok(plan);
        }
        Ok(self.without_duplicates(plan, grid, Duplicates::Refuse))
    }

    /// A function over a range selector or subquery, without any look at labels that become equal.
    pub(super) fn range_function(
        &self,
        call: &Call,
        function: &'static RangeFunction,
        samples: &Expr,
        parameters: Vec<Plan>,
        grid: Grid,
    ) -> Result<Plan, QueryError> {
        let notes = RangeNotes {
            function,
            type_and_unit_labels: self.type_and_unit_labels,
            annotations: Arc::clone(&self.annotations),
            span: match call.args[0].unwrap_parens() {
                // Prometheus puts the samples of a subquery in its place, which have none: they are told at its start.
                Expr::Subquery(subquery) => Span::new(0, subquery.span.end),
                argument => argument.span(),
            },
        };
        let name = if function.keeps_name {
            NameHandling::Keep
        } else {
            self.dropping_name()
        };
        match samples {
            Expr::Matrix(matrix) => {
                let kind = WindowKind::Range {
                    evaluation: self.evaluation(function, matrix.selector.edges)?,
                    range_ms: matrix.range_ms,
                    notes,
                };
                Ok(self.window_over_selector(kind, name, &matrix.selector, parameters, grid))
            }
            Expr::Subquery(subquery) => {
                let kind = WindowKind::Range {
                    evaluation: self.evaluation(function, Edges::Plain)?,
                    range_ms: subquery.range_ms,
                    notes,
                };
                self.window_over_subquery(kind, name, subquery, parameters, grid)
            }
            other => {
                let what = other.value_type().documented();
                Err(QueryError::BadData(format!("{}() over {what}", function.name)))
            }
        }
    }

    fn evaluation(&self, function: &RangeFunction, edges: Edges) -> Result<RangeEvaluation, QueryError> {
        let (evaluate, rule, after_ms) = match edges {
            Edges::Plain => {
                return Ok(RangeEvaluation {
                    evaluate: function.evaluate,
                    edges: None,
                    before_ms: 0,
                    after_ms: 0,
                });
            }
            Edges::Anchored => (function.anchored, EdgeRule::Anchored, 0),
            Edges::Smoothed => (function.smoothed, EdgeRule::Smoothed, self.lookback_ms),
        };
        let Some(evaluate) = evaluate else {
            let (modifier, able) = match edges {
                Edges::Smoothed => ("smoothed", range_functions_where(|f| f.smoothed.is_some())),
                Edges::Plain | Edges::Anchored => {
                    ("anchored", range_functions_where(|f| f.anchored.is_some()))
                }
            };
            let text = format!(
                "{modifier} modifier can only be used with: {} - not with {}",
                able.join(", "),
                function.name
            );
            return Err(QueryError::Execution(text));
        };
        Ok(RangeEvaluation {
            evaluate,
            edges: Some(rule),
            before_ms: self.lookback_ms,
            after_ms,
        })
    }

    /// `timestamp` and `start_timestamp`, which of anything but a selector is nothing.
    pub(super) fn timestamp(&self, call: &Call, shown: Shown, grid: Grid) -> Result<Plan, QueryError> {
        let Expr::Vector(selector) = call.args[0].unwrap_parens() else {
            let kind = match shown {
                Shown::Start => MapKind::Nothing,
                Shown::Sample | Shown::Time | Shown::InfoTime => MapKind::Timestamp,
            };
            return self.map_call(call, kind, grid);
        };
        if shown == Shown::Start && !self.snapshot.tells_starts() {
            return self.map_call(call, MapKind::Nothing, grid);
        }
        let kind = WindowKind::Newest {
            lookback_ms: self.lookback_ms,
            shown,
        };
        let name = self.dropping_name();
        let plan = self.window_over_selector(kind, name, selector, Vec::new(), grid);
        if name == NameHandling::Drop {
            return Ok(self.unique(plan, grid));
        }
        Ok(plan)
    }
}
