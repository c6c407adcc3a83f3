//! Only statements that read are let in: one statement, of a kind that is listed here, of a bounded size.

use std::ops::ControlFlow;

use datafusion::error::DataFusionError;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{SetExpr, Statement as AstStatement, visit_relations};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use crate::error::SqlError;
use crate::words::subscripts;

/// Longest text of a query: beyond what people and tools write, short enough to plan in milliseconds.
const TEXT_BYTES_MAX: usize = 256 << 10;
/// Most operators of a query. `a OR a OR …` becomes a tree as deep as it is long, which the planner walks
/// on its stack, at up to 20 KiB a level.
pub(crate) const OPERATORS_MAX: usize = 500;
/// Most tables that a query names: they are joined one within the other.
const TABLES_MAX: usize = 64;
/// Most `WITH` within parentheses: planning takes almost twice as long with each that is in another.
const NESTED_WITH_MAX: usize = 12;
/// Words that make a tree deeper when they are repeated.
const DEEPENING: [&str; 15] = [
    "and",
    "at",
    "between",
    "except",
    "in",
    "intersect",
    "is",
    "join",
    "like",
    "not",
    "or",
    "select",
    "union",
    "unnest",
    "values",
];

/// The words of `sql`, whose size is bounded.
pub(crate) fn tokens(sql: &str) -> Result<Vec<TokenWithSpan>, SqlError> {
    if sql.len() > TEXT_BYTES_MAX {
        return Err(SqlError::BadQuery(format!(
            "the query has {} bytes, at most {TEXT_BYTES_MAX} are read",
            sql.len()
        )));
    }
    let tokens = Tokenizer::new(&GenericDialect {}, sql)
        .tokenize_with_location()
        .map_err(|error| SqlError::BadQuery(error.to_string()))?;
    let operators = tokens.iter().filter(|token| is_operator(&token.token)).count();
    if operators > OPERATORS_MAX {
        return Err(SqlError::BadQuery(format!(
            "the query has {operators} operators, at most {OPERATORS_MAX} are read; use IN for long lists"
        )));
    }
    let nested = nested_with_count(&tokens);
    if nested > NESTED_WITH_MAX {
        return Err(SqlError::BadQuery(format!(
            "the query has {nested} WITH in parentheses, at most {NESTED_WITH_MAX} are read; name all in one WITH"
        )));
    }
    Ok(subscripts(tokens))
}

/// How often `WITH` follows a parenthesis.
fn nested_with_count(tokens: &[TokenWithSpan]) -> usize {
    let words = tokens.iter().map(|token| &token.token);
    let words: Vec<&Token> = words
        .filter(|token| !matches!(token, Token::Whitespace(_)))
        .collect();
    let is_with = |token: &Token| matches!(token, Token::Word(word) if word.keyword == Keyword::WITH);
    let pairs = words.windows(2);
    pairs
        .filter(|pair| *pair[0] == Token::LParen && is_with(pair[1]))
        .count()
}

/// The statements that words say.
pub(crate) fn parse_tokens(tokens: Vec<TokenWithSpan>) -> Result<Vec<Statement>, SqlError> {
    let statements = DFParserBuilder::new(tokens)
        .with_dialect(&GenericDialect {})
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(SqlError::from)?;
    Ok(statements.into())
}

/// The one statement that words say, of those that the query engine's own statements hide.
pub(crate) fn parse_plain(tokens: Vec<TokenWithSpan>) -> Result<AstStatement, SqlError> {
    let dialect = GenericDialect {};
    let mut parser = Parser::new(&dialect).with_tokens_with_locations(tokens);
    let statement = parser.parse_statement();
    let statement = statement.and_then(|statement| match parser.peek_token_ref().token {
        Token::EOF | Token::SemiColon => Ok(statement),
        _ => parser.expected_ref("end of statement", parser.peek_token_ref()),
    });
    statement.map_err(|error| SqlError::from(DataFusionError::from(error)))
}

/// Parses `sql`, which has one statement.
pub(crate) fn parse_one(sql: &str) -> Result<Statement, SqlError> {
    let mut statements = parse_tokens(tokens(sql)?)?;
    match (statements.pop(), statements.is_empty()) {
        (Some(statement), true) => Ok(statement),
        (Some(_), false) => Err(SqlError::BadQuery(
            "more than one statement; send them one by one".to_owned(),
        )),
        (None, _) => Err(SqlError::BadQuery("the query is empty".to_owned())),
    }
}

/// Makes sure that `statement` only reads, and not too many tables.
pub(crate) fn refuse_what_writes(statement: &Statement) -> Result<(), SqlError> {
    let tables = table_count(statement);
    if tables > TABLES_MAX {
        return Err(SqlError::BadQuery(format!(
            "the query names {tables} tables, at most {TABLES_MAX} are read"
        )));
    }
    match refused(statement) {
        None => Ok(()),
        Some(what) => Err(SqlError::ReadOnly(format!(
            "{what} is refused: SQL only reads here, with SELECT, WITH, VALUES, EXPLAIN, SHOW and DESCRIBE"
        ))),
    }
}

fn is_operator(token: &Token) -> bool {
    match token {
        Token::Word(word) => {
            let is_word = |keyword: &str| word.value.eq_ignore_ascii_case(keyword);
            word.quote_style.is_none() && DEEPENING.iter().any(|keyword| is_word(keyword))
        }
        Token::Plus
        | Token::Minus
        | Token::Mul
        | Token::Div
        | Token::Mod
        | Token::StringConcat
        | Token::Pipe
        | Token::Ampersand
        | Token::Caret
        | Token::DoubleColon
        | Token::Eq
        | Token::DoubleEq
        | Token::Neq
        | Token::Lt
        | Token::LtEq
        | Token::Gt
        | Token::GtEq
        | Token::Arrow
        | Token::LongArrow
        | Token::LBracket
        | Token::ExclamationMark
        | Token::Tilde => true,
        _ => false,
    }
}

fn table_count(statement: &Statement) -> usize {
    let mut tables = 0;
    match statement {
        Statement::Explain(explain) => return table_count(&explain.statement),
        Statement::Statement(statement) => {
            let _: ControlFlow<()> = visit_relations(statement, |_| {
                tables += 1;
                ControlFlow::Continue(())
            });
        }
        _ => {}
    }
    tables
}

/// First words of a statement that does not read.
fn refused(statement: &Statement) -> Option<String> {
    match statement {
        Statement::Explain(explain) => refused(&explain.statement),
        Statement::Statement(statement) => match statement.as_ref() {
            AstStatement::Query(query) => match query.body.as_ref() {
                SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                    Some(first_word(&query.body.to_string()))
                }
                _ => None,
            },
            AstStatement::ShowTables { .. }
            | AstStatement::ShowColumns { .. }
            | AstStatement::ShowFunctions { .. }
            | AstStatement::ShowVariable { .. }
            | AstStatement::ExplainTable { .. } => None,
            AstStatement::Explain { statement, .. } => refused(&Statement::Statement(statement.clone())),
            other => Some(first_word(&other.to_string())),
        },
        other => Some(first_word(&other.to_string())),
    }
}

fn first_word(statement: &str) -> String {
    statement
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_statement(sql: &str) -> Result<Statement, SqlError> {
        let statement = parse_one(sql)?;
        refuse_what_writes(&statement)?;
        Ok(statement)
    }

    #[test]
    fn lets_in_what_reads() {
        for sql in [
            "SELECT 1",
            "select * from samples limit 1;",
            "WITH x AS (SELECT 1) SELECT * FROM x",
            "VALUES (1)",
            "EXPLAIN SELECT 1",
            "EXPLAIN ANALYZE SELECT 1",
            "SHOW TABLES",
            "SHOW COLUMNS FROM samples",
            "DESCRIBE samples",
            "SELECT 1 UNION ALL SELECT 2",
        ] {
            assert!(read_statement(sql).is_ok(), "{sql}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for (sql, says) in [
            ("INSERT INTO samples VALUES (1)", "INSERT is refused"),
            ("delete from series", "DELETE is refused"),
            ("WITH x AS (SELECT 1) DELETE FROM samples", "DELETE is refused"),
            ("UPDATE samples SET value = 1", "UPDATE is refused"),
            ("CREATE TABLE t AS SELECT 1", "CREATE is refused"),
            (
                "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
                "CREATE is refused",
            ),
            ("COPY samples TO 'x.parquet'", "COPY is refused"),
            ("EXPLAIN INSERT INTO samples VALUES (1)", "INSERT is refused"),
            ("DROP TABLE samples", "DROP is refused"),
            ("SET datafusion.execution.batch_size = 1", "SET is refused"),
            ("TRUNCATE TABLE samples", "TRUNCATE is refused"),
            ("SELECT 1; SELECT 2", "more than one statement"),
            (" ; ", "the query is empty"),
            ("SELEC 1", "Expected: an SQL statement, found: SELEC"),
            ("SELECT 'open", "Unterminated string literal"),
        ] {
            let error = read_statement(sql).unwrap_err();
            let (SqlError::BadQuery(text) | SqlError::ReadOnly(text)) = error else {
                panic!("{sql}: {error:?}")
            };
            assert!(text.contains(says), "{sql}: {text}");
        }
    }

    #[test]
    fn refuses_what_would_overflow_the_stack() {
        let deep = format!("SELECT 1{}", " + 1".repeat(100_000));
        assert!(read_statement(&deep).is_err());
        let long = format!("SELECT {}", "1, ".repeat(TEXT_BYTES_MAX));
        assert!(read_statement(&long).is_err());
        let joined = format!("SELECT 1 FROM samples{}", ", samples".repeat(100));
        assert!(read_statement(&joined).is_err());
        let nested = format!("SELECT {}1{}", "(".repeat(1000), ")".repeat(1000));
        assert!(read_statement(&nested).is_err());
    }

    #[test]
    fn refuses_what_would_be_planned_for_ever() {
        let within = |count: usize| {
            let (open, close) = ("WITH a AS (".repeat(count), ") SELECT * FROM a".repeat(count));
            tokens(&format!("{open}SELECT 1::timestamp with time zone{close}")).map(drop)
        };
        assert!(within(13).is_ok());
        let error = within(14).unwrap_err().to_string();
        assert!(error.contains("13 WITH in parentheses, at most 12"), "{error}");
    }
}
