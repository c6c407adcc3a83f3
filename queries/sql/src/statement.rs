//! A statement that was read: it only reads, its size is bounded, and its words are those of the query engine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, Query, Statement as AstStatement};

use crate::error::SqlError;
use crate::guard::{parse_one, refuse_what_writes};
use crate::words::{
    as_elements, bind, cast_types, in_lists, in_our_words, known_question, name_columns, parameter_count,
};

/// One statement that only reads.
#[derive(Debug, Clone)]
pub struct SqlStatement {
    ast: Statement,
    text: Arc<str>,
    casts: Arc<BTreeMap<usize, String>>,
    parameters: usize,
}

impl SqlStatement {
    /// Reads `sql`, which has one statement.
    pub fn read(sql: &str) -> Result<Self, SqlError> {
        Self::of(parse_one(sql)?, sql)
    }

    /// Takes a statement that was parsed from `sql`, which may have others.
    pub(crate) fn of(statement: Statement, sql: &str) -> Result<Self, SqlError> {
        refuse_what_writes(&statement)?;
        let mut ast = known_question(&statement)?.unwrap_or(statement);
        let casts = Arc::new(cast_types(&mut ast));
        let parameters = parameter_count(&mut ast);
        in_our_words(&mut ast);
        Ok(Self {
            ast,
            text: Arc::from(sql),
            casts,
            parameters,
        })
    }

    /// The same, with the names that PostgreSQL gives to columns without one.
    pub(crate) fn with_column_names(mut self) -> Self {
        name_columns(&mut self.ast);
        self
    }

    /// A query that was part of something else, in `sql`.
    pub(crate) fn of_query(query: Box<Query>, sql: &str) -> Result<Self, SqlError> {
        Self::of(Statement::Statement(Box::new(AstStatement::Query(query))), sql)
    }

    /// The statement with `values` in the place of `$1`, `$2`, …
    pub(crate) fn with_parameters(&self, values: &[Expr]) -> Result<Self, SqlError> {
        let values: Vec<Option<Expr>> = values.iter().cloned().map(Some).collect();
        let mut bound = self.with_some_parameters(&values)?;
        in_lists(&mut bound.ast);
        Ok(bound)
    }

    /// The same, but parameters without a value stay.
    pub(crate) fn with_some_parameters(&self, values: &[Option<Expr>]) -> Result<Self, SqlError> {
        let mut bound = self.clone();
        bind(&mut bound.ast, values)?;
        Ok(bound)
    }

    /// The statement as it is described, and the numbers of the parameters that are lists: each stands there as one
    /// element of its list.
    pub(crate) fn for_description(&self) -> (Self, BTreeSet<usize>) {
        let mut described = self.clone();
        let lists = as_elements(&mut described.ast);
        (described, lists)
    }

    /// The largest N of the parameters `$N`.
    pub(crate) fn parameter_count(&self) -> usize {
        self.parameters
    }

    /// What the statement casts its parameters to, by their numbers, as PostgreSQL names the types.
    pub(crate) fn casts(&self) -> &BTreeMap<usize, String> {
        &self.casts
    }

    /// The statement as it was asked.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The statement for the planner.
    pub(crate) fn into_ast(self) -> Statement {
        self.ast
    }

    /// The statement as its parser gives it, when it is one of plain SQL.
    pub(crate) fn ast(statement: &Statement) -> Option<&AstStatement> {
        match statement {
            Statement::Statement(statement) => Some(statement),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::call;
    use datafusion::sql::sqlparser::ast::Value;

    fn texts(texts: &[&str]) -> Expr {
        let text = |text: &&str| Expr::Value(Value::SingleQuotedString((*text).to_owned()).into());
        call("make_array", texts.iter().map(text).collect())
    }

    /// What is written in other words stays about as large as it was, whatever is within it.
    #[test]
    fn other_words_do_not_grow() {
        let within = |open: &str, close: &str| format!("SELECT {}1{}", open.repeat(6), close.repeat(6));
        for sql in [
            within("array_lower(", ", 1)"),
            within("array_upper(", ", 1)"),
            within("1 IN (SELECT ", ")"),
            within("ARRAY(SELECT ", ")"),
        ] {
            let statement = SqlStatement::read(&sql).unwrap();
            let written = statement.into_ast().to_string();
            assert!(written.len() < 10 * sql.len(), "{sql}: {written}");
        }
        let same = format!("SELECT {}1 AS last", "value, ".repeat(20_000));
        SqlStatement::read(&same).unwrap();
    }

    #[test]
    fn lists_become_what_the_scan_can_hold() {
        for (sql, list, expected) in [
            ("job = ANY($1)", &["a", "b"][..], "job IN ('a', 'b')"),
            ("job = ANY(($1))", &["a"], "job IN ('a')"),
            ("job = ANY($1::text[])", &["a"], "job IN (CAST('a' AS TEXT))"),
            ("job <> ALL($1)", &["a"], "job NOT IN ('a')"),
            ("job = ANY($1)", &[], "false"),
            ("job <> ALL($1)", &[], "true"),
            (
                "job = ANY('{a,\"b c\"}') AND $1 IS NULL",
                &["x"],
                "job IN ('a', 'b c') AND make_array('x') IS NULL",
            ),
            (
                "job = ANY(ARRAY['a', 'b']) AND $1 IS NULL",
                &["x"],
                "job IN ('a', 'b') AND make_array('x') IS NULL",
            ),
            ("$1 = ANY(names)", &["x"], "array_has(names, make_array('x'))"),
        ] {
            let statement = SqlStatement::read(&format!("SELECT 1 FROM up WHERE {sql}")).unwrap();
            let bound = statement.with_parameters(&[texts(list)]).unwrap();
            let found = bound.into_ast().to_string();
            assert_eq!(found, format!("SELECT 1 FROM up WHERE {expected}"), "{sql}");
        }
    }

    #[test]
    fn parameters_have_the_types_that_the_statement_says() {
        let sql = "SELECT $3::pg_catalog.int8 FROM up WHERE job = ANY($1) AND value > $2 LIMIT $4";
        let statement = SqlStatement::read(sql).unwrap();
        assert_eq!(statement.parameter_count(), 4);
        let casts: Vec<(usize, &str)> = statement
            .casts()
            .iter()
            .map(|(n, word)| (*n, word.as_str()))
            .collect();
        assert_eq!(casts, [(3, "int8"), (4, "int8")]);
        let (described, lists) = statement.for_description();
        assert_eq!(lists.into_iter().collect::<Vec<_>>(), [1]);
        assert!(described.into_ast().to_string().contains("job = $1 AND"));
        assert_eq!(statement.text(), sql);
    }
}
