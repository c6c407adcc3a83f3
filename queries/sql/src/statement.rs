//! A statement that was read: it only reads, its size is bounded, and its words are those of the query engine.

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, Statement as AstStatement};

use crate::error::SqlError;
use crate::guard::{parse_one, parse_statements, refuse_what_writes};
use crate::words::{bind, in_our_words, parameter_count};

/// One statement that only reads.
#[derive(Debug, Clone)]
pub struct SqlStatement(pub(crate) Statement);

impl SqlStatement {
    /// Reads `sql`, which has one statement.
    pub fn read(sql: &str) -> Result<Self, SqlError> {
        Self::of(parse_one(sql)?)
    }

    /// Takes a statement that was parsed.
    pub(crate) fn of(mut statement: Statement) -> Result<Self, SqlError> {
        refuse_what_writes(&statement)?;
        in_our_words(&mut statement);
        Ok(Self(statement))
    }

    /// All statements of `sql`, whatever they do.
    pub(crate) fn split(sql: &str) -> Result<Vec<Statement>, SqlError> {
        parse_statements(sql)
    }

    /// The statement with `values` in the place of `$1`, `$2`, …
    pub(crate) fn with_parameters(&self, values: &[Expr]) -> Result<Self, SqlError> {
        let mut bound = self.clone();
        bind(&mut bound.0, values)?;
        Ok(bound)
    }

    /// The largest N of the parameters `$N`.
    pub(crate) fn parameter_count(&self) -> usize {
        parameter_count(&self.0)
    }

    /// The statement as its parser gives it, when it is one of plain SQL.
    pub(crate) fn ast(statement: &Statement) -> Option<&AstStatement> {
        match statement {
            Statement::Statement(statement) => Some(statement),
            _ => None,
        }
    }
}
