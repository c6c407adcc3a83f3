//! `/api/v1/format_query` and `/api/v1/parse_query`: an expression in its pretty form, and as a tree.

use axum::extract::State;
use queries_promql::parser::pretty;

use super::{QueryState, refused, tree};
use crate::envelope::{Answer, Success};
use crate::json::write_safe_text;
use crate::parameters::Parameters;

pub(super) async fn format(State(state): State<QueryState>, parameters: Parameters) -> Answer {
    let expr = state.engine.parse(parameters.get("query")).map_err(refused)?;
    Ok(Success::writing(|out| write_safe_text(out, &pretty(&expr))))
}

pub(super) async fn parse(State(state): State<QueryState>, parameters: Parameters) -> Answer {
    let expr = state.engine.parse(parameters.get("query")).map_err(refused)?;
    Ok(Success::of(&tree::of(&expr)))
}
