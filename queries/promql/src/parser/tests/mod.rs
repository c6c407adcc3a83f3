//! Tables of queries: what is refused with which words, how trees print, and where their limits are.

mod faults;
mod printing;
mod trees;

use super::*;

/// Parses with everything switched on.
fn parse(query: &str) -> Result<Expr, ParseError> {
    parse_expr(query, &ParseOptions::ALL)
}
