//! How cursors are declared, fetched from and moved, in PostgreSQL's words.

use datafusion::sql::sqlparser::ast::{Ident, Statement as AstStatement};
use datafusion::sql::sqlparser::tokenizer::Token;

use crate::error::SqlError;
use crate::statement::SqlStatement;

/// A cursor to be.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) query: SqlStatement,
    /// Whether it goes backwards too.
    pub(super) scroll: bool,
    /// Whether it lives on after its transaction.
    pub(super) hold: bool,
    /// Whether its rows are binary where a client cannot say what it wants.
    pub(super) binary: bool,
}

/// Rows of a cursor that are asked for, or only passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fetched {
    pub(super) name: String,
    pub(super) direction: Direction,
    /// `MOVE`: no rows come.
    pub(super) only_moves: bool,
}

/// Which rows, counted from where the cursor stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// So many of the next rows; before the present one with a negative number, the present one with 0.
    Forward(i64),
    /// All of the next rows.
    ForwardAll,
    /// All rows before the present one.
    BackwardAll,
    /// The n-th row, from the end with a negative number.
    Absolute(i64),
    /// The n-th row from here.
    Relative(i64),
}

/// The name as PostgreSQL finds it.
pub(super) fn found_as(name: &Ident) -> String {
    match name.quote_style {
        Some(_) => name.value.clone(),
        None => name.value.to_ascii_lowercase(),
    }
}

/// What `DECLARE` says in `sql`.
pub(super) fn declared(statement: AstStatement, sql: &str) -> Result<Declared, SqlError> {
    let refused =
        || SqlError::BadQuery("DECLARE declares cursors: DECLARE name CURSOR FOR SELECT …".to_owned());
    let AstStatement::Declare { mut stmts } = statement else {
        return Err(refused());
    };
    let (Some(one), true) = (stmts.pop(), stmts.is_empty()) else {
        return Err(refused());
    };
    let (Some(query), [name]) = (one.for_query, one.names.as_slice()) else {
        return Err(refused());
    };
    Ok(Declared {
        name: found_as(name),
        query: SqlStatement::of_query(query, sql)?.with_column_names(),
        scroll: one.scroll == Some(true),
        hold: one.hold == Some(true),
        binary: one.binary == Some(true),
    })
}

/// What the words of `FETCH` or `MOVE` say: `[direction] [FROM | IN] name`.
pub(super) fn fetched(words: &[&Token]) -> Result<Fetched, SqlError> {
    let mut words = Words(words);
    let only_moves = words.keyword("MOVE");
    let _: bool = words.keyword("FETCH");
    // A cursor may be called as a direction is, but then something follows a direction.
    let direction = match words.0.len() > 1 {
        true => words.direction()?,
        false => Direction::Forward(1),
    };
    let _: bool = words.keyword("FROM") || words.keyword("IN");
    match words.0 {
        [Token::Word(name)] => Ok(Fetched {
            name: found_as(
                &name
                    .clone()
                    .into_ident(datafusion::sql::sqlparser::tokenizer::Span::empty()),
            ),
            direction,
            only_moves,
        }),
        _ => Err(SqlError::BadQuery(
            "Expected: FETCH or MOVE, a direction such as FORWARD 100, FROM and the name of a cursor"
                .to_owned(),
        )),
    }
}

/// Words that are still to be read.
struct Words<'a>(&'a [&'a Token]);

impl Words<'_> {
    fn keyword(&mut self, keyword: &str) -> bool {
        let found = matches!(self.0.first(), Some(Token::Word(word))
            if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(keyword));
        if found {
            self.0 = &self.0[1..];
        }
        found
    }

    fn number(&mut self) -> Result<Option<i64>, SqlError> {
        let negative = match self.0.first() {
            Some(Token::Minus) => true,
            Some(Token::Number(..)) => false,
            _ => return Ok(None),
        };
        if negative {
            self.0 = &self.0[1..];
        }
        let Some(Token::Number(digits, _)) = self.0.first() else {
            return Err(SqlError::BadQuery("Expected: a number after -".to_owned()));
        };
        self.0 = &self.0[1..];
        let number: Result<i64, _> = digits.parse();
        let number = number.map_err(|_| SqlError::BadQuery(format!("{digits} is no number of rows")))?;
        Ok(Some(if negative { -number } else { number }))
    }

    fn direction(&mut self) -> Result<Direction, SqlError> {
        let needed = |number: Option<i64>| {
            number.ok_or_else(|| SqlError::BadQuery("Expected: a number of rows".to_owned()))
        };
        Ok(if self.keyword("NEXT") {
            Direction::Forward(1)
        } else if self.keyword("PRIOR") {
            Direction::Forward(-1)
        } else if self.keyword("FIRST") {
            Direction::Absolute(1)
        } else if self.keyword("LAST") {
            Direction::Absolute(-1)
        } else if self.keyword("ABSOLUTE") {
            Direction::Absolute(needed(self.number()?)?)
        } else if self.keyword("RELATIVE") {
            Direction::Relative(needed(self.number()?)?)
        } else if self.keyword("ALL") {
            Direction::ForwardAll
        } else if self.keyword("FORWARD") {
            match self.keyword("ALL") {
                true => Direction::ForwardAll,
                false => Direction::Forward(self.number()?.unwrap_or(1)),
            }
        } else if self.keyword("BACKWARD") {
            match self.keyword("ALL") {
                true => Direction::BackwardAll,
                false => Direction::Forward(-self.number()?.unwrap_or(1)),
            }
        } else {
            Direction::Forward(self.number()?.unwrap_or(1))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::asked::Asked;
    use super::*;

    fn one(sql: &str) -> Result<Asked, String> {
        let mut asked = Asked::split(sql).map_err(|error| error.to_string())?;
        assert_eq!(asked.len(), 1, "{sql}");
        Ok(asked.remove(0))
    }

    #[test]
    fn directions_and_names() {
        for (sql, direction, name) in [
            ("FETCH c", Direction::Forward(1), "c"),
            ("fetch next from C;", Direction::Forward(1), "c"),
            (
                "FETCH FORWARD 100 FROM \"Named\"",
                Direction::Forward(100),
                "Named",
            ),
            ("FETCH 7 IN c", Direction::Forward(7), "c"),
            ("FETCH -2 FROM c", Direction::Forward(-2), "c"),
            ("FETCH ALL FROM c", Direction::ForwardAll, "c"),
            ("FETCH FORWARD ALL c", Direction::ForwardAll, "c"),
            ("FETCH BACKWARD FROM c", Direction::Forward(-1), "c"),
            ("FETCH BACKWARD ALL IN c", Direction::BackwardAll, "c"),
            ("MOVE ABSOLUTE -1 FROM c", Direction::Absolute(-1), "c"),
            ("MOVE RELATIVE 0 FROM c", Direction::Relative(0), "c"),
            ("FETCH LAST c", Direction::Absolute(-1), "c"),
            ("FETCH next", Direction::Forward(1), "next"),
        ] {
            let Ok(Asked::Fetch(fetched)) = one(sql) else {
                panic!("{sql}")
            };
            assert_eq!(
                (fetched.direction, fetched.name.as_str()),
                (direction, name),
                "{sql}"
            );
            assert_eq!(fetched.only_moves, sql.starts_with("MOVE"), "{sql}");
        }
        for sql in [
            "FETCH",
            "FETCH 1 2 FROM c",
            "FETCH FROM",
            "FETCH ABSOLUTE FROM c",
            "MOVE - c",
        ] {
            assert!(one(sql).is_err(), "{sql}");
        }
    }

    #[test]
    fn declarations() {
        let Ok(Asked::Declare(declared)) =
            one("DECLARE \"C\" BINARY SCROLL CURSOR WITH HOLD FOR SELECT 1 AS a")
        else {
            panic!("no cursor")
        };
        assert_eq!(declared.name, "C");
        assert!(declared.scroll && declared.hold && declared.binary);
        let Ok(Asked::Declare(plain)) = one("declare c no scroll cursor for select 1") else {
            panic!("no cursor")
        };
        assert!(!plain.scroll && !plain.hold && !plain.binary);
        assert!(one("DECLARE c CURSOR FOR DELETE FROM up").is_err());
    }
}
