//! `info`: which info series are read, and at which time.

use std::sync::Arc;

use engine_model::{METRIC_NAME, MatchOp, Matcher};
use queries_tables::PlanNode;

use super::{Plan, Planner};
use crate::error::QueryError;
use crate::grid::Grid;
use crate::nodes::info::Info;
use crate::nodes::names::NameHandling;
use crate::nodes::window::{Shown, WindowKind};
use crate::parser::Expr;
use crate::parser::ast::{Call, Edges, TimeModifiers, VectorSelector};

/// Info metric that is meant when none is named.
const TARGET_INFO: &str = "target_info";

impl Planner {
    pub(super) fn info(&self, call: &Call, grid: Grid) -> Result<Plan, QueryError> {
        let (names, data) = info_matchers(call)?;
        let base = self.plan(&call.args[0], grid)?;
        // The info series are those of the time that the series are of, pinned and shifted like these.
        let modifiers = times_of(&call.args[0], &[]).unwrap_or_default();
        let selector = VectorSelector {
            name: String::new(),
            matchers: names.iter().chain(&data).cloned().collect(),
            modifiers,
            edges: Edges::Plain,
            span: call.span,
        };
        let kind = WindowKind::Newest {
            lookback_ms: self.lookback_ms,
            shown: Shown::InfoTime,
        };
        let infos = self.window_over_selector(kind, NameHandling::Keep, &selector, Vec::new(), grid);
        let node = Info {
            names,
            data,
            steps: grid.steps(),
            budget: Arc::clone(&self.budget),
        };
        Ok(PlanNode::plan(node, vec![base, infos]))
    }
}

/// Conditions on the name and on the other labels of info series. Names that are only excluded are meant
/// among those that end in `_info`.
fn info_matchers(call: &Call) -> Result<(Vec<Matcher>, Vec<Matcher>), QueryError> {
    let written: &[Matcher] = match call.args.get(1).map(Expr::unwrap_parens) {
        Some(Expr::Vector(selector)) => &selector.matchers,
        Some(_) => {
            return Err(QueryError::BadData(
                "the second argument of info() must be a label selector".to_owned(),
            ));
        }
        None => &[],
    };
    let (mut names, data): (Vec<Matcher>, Vec<Matcher>) =
        written.iter().cloned().partition(|m| m.name == METRIC_NAME);
    let names_one = |m: &Matcher| matches!(m.op, MatchOp::Equal | MatchOp::Regex);
    if names.is_empty() {
        names.push(Matcher::equal(METRIC_NAME, TARGET_INFO));
    } else if !names.iter().any(names_one) {
        let any_info =
            Matcher::new(MatchOp::Regex, METRIC_NAME, ".+_info").expect("the pattern is a constant");
        names.insert(0, any_info);
    }
    Ok((names, data))
}

/// The times of the first selector in `expr`: its own modifiers, and as long as no `@` fixes them the
/// offsets of the subqueries around it, innermost last in `around`.
fn times_of(expr: &Expr, around: &[&TimeModifiers]) -> Option<TimeModifiers> {
    let own = match expr {
        Expr::Vector(selector) => &selector.modifiers,
        Expr::Matrix(matrix) => &matrix.selector.modifiers,
        Expr::Subquery(subquery) => {
            let around: Vec<&TimeModifiers> = around.iter().copied().chain([&subquery.modifiers]).collect();
            return times_of(&subquery.expr, &around);
        }
        Expr::Aggregate(aggregate) => {
            let parts = std::iter::once(&aggregate.expr).chain(&aggregate.param);
            return parts.into_iter().find_map(|part| times_of(part, around));
        }
        other => {
            return other
                .children()
                .into_iter()
                .find_map(|child| times_of(child, around));
        }
    };
    let mut times = TimeModifiers {
        offset_ms: own.offset_ms,
        offset_expr: None,
        at: own.at,
    };
    for outer in around.iter().rev() {
        if times.at.is_some() {
            break;
        }
        times.offset_ms = times.offset_ms.saturating_add(outer.offset_ms);
        times.at = outer.at;
    }
    Some(times)
}
