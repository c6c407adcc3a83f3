//! Errors as PostgreSQL's clients read them: SQLSTATE, position, severity.

use pgwire::error::{ErrorInfo, PgWireError};

use crate::error::SqlError;

/// An error of a query; `sql` is the text in which a position is looked up.
pub(super) fn of_query(error: &SqlError, sql: &str) -> PgWireError {
    let text = error.to_string();
    let mut info = ErrorInfo::new("ERROR".to_owned(), code(error, &text).to_owned(), text);
    info.position = position(&info.message, sql).map(|position| position.to_string());
    info.hint = hint(&info.code).map(str::to_owned);
    PgWireError::UserError(Box::new(info))
}

/// An error of ours with its SQLSTATE.
pub(super) fn error(code: &str, text: impl Into<String>) -> PgWireError {
    PgWireError::UserError(Box::new(ErrorInfo::new(
        "ERROR".to_owned(),
        code.to_owned(),
        text.into(),
    )))
}

/// An error after which the connection is closed.
pub(super) fn fatal(code: &str, text: impl Into<String>) -> PgWireError {
    PgWireError::UserError(Box::new(ErrorInfo::new(
        "FATAL".to_owned(),
        code.to_owned(),
        text.into(),
    )))
}

/// SQLSTATE, as PostgreSQL's appendix A lists it.
fn code(error: &SqlError, text: &str) -> &'static str {
    match error {
        SqlError::BadQuery(_) => mistake(text),
        SqlError::ReadOnly(_) => "25006",
        SqlError::TooLarge(_) => "53200",
        SqlError::Timeout(_) => "57014",
        SqlError::Canceled => "57P01",
        SqlError::Storage(_) => "58030",
        SqlError::Internal(_) => "XX000",
    }
}

/// What helps against some mistakes.
fn hint(code: &str) -> Option<&'static str> {
    match code {
        "42P01" => Some("A metric's table has its name, in the same case; \\d and SHOW TABLES list them."),
        "42883" => Some("Functions are those of DataFusion; SHOW FUNCTIONS lists them."),
        _ => None,
    }
}

/// What kind of mistake a text tells of. The query engine says it in words only.
fn mistake(text: &str) -> &'static str {
    const KINDS: [(&str, &str); 13] = [
        ("Expected:", "42601"),
        ("Unterminated", "42601"),
        ("nested too deeply", "54001"),
        ("No field named", "42703"),
        ("Ambiguous reference", "42702"),
        ("Invalid function", "42883"),
        ("table function", "42883"),
        ("Divide by zero", "22012"),
        ("Cannot cast", "22P02"),
        ("Error parsing timestamp", "22007"),
        ("must be in the GROUP BY", "42803"),
        ("operators, at most", "54001"),
        ("there is no parameter", "42P02"),
    ];
    if text.starts_with("table '") && text.ends_with("not found") {
        return "42P01";
    }
    let found = KINDS.iter().find(|(word, _)| text.contains(word));
    found.map_or("42000", |(_, code)| code)
}

/// The character (from 1) that `at Line: 1, Column: 8` in an error means.
fn position(text: &str, sql: &str) -> Option<usize> {
    let (_, place) = text.rsplit_once("Line: ")?;
    let (line, rest) = place.split_once(", Column: ")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    let (line, column): (usize, usize) = (line.parse().ok()?, digits.parse().ok()?);
    let before: usize = sql
        .split_inclusive('\n')
        .take(line.checked_sub(1)?)
        .map(|line| line.chars().count())
        .sum();
    Some(before + column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_over_lines() {
        let sql = "SELECT 'ü',\n  1 + FROM x";
        let text = "Expected: an expression, found: FROM at Line: 2, Column: 7";
        assert_eq!(position(text, sql), Some(19));
        assert_eq!(position("no place", sql), None);
    }

    #[test]
    fn mistakes_have_their_codes() {
        for (text, expected) in [
            ("Expected: an expression, found: EOF", "42601"),
            ("table 'weir.public.nope' not found", "42P01"),
            ("No field named nope. Valid fields are x.", "42703"),
            ("something else", "42000"),
        ] {
            assert_eq!(
                code(&SqlError::BadQuery(text.to_owned()), text),
                expected,
                "{text}"
            );
        }
    }
}
