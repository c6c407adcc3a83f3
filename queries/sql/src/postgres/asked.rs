//! What a client asks, a statement at a time: queries, commands that are none, and what moves rows in other ways.

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::Statement as AstStatement;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};
use pgwire::error::PgWireResult;

use super::commands::{Command, command, first_word};
use super::copy::{CopyForm, copied};
use super::cursor_words::{Declared, Fetched, declared, fetched};
use super::errors;
use crate::error::SqlError;
use crate::guard::{parse_plain, parse_tokens, tokens};
use crate::statement::SqlStatement;

/// One statement of a client.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    Query(SqlStatement),
    /// Nothing of what follows has rows, and none is a query.
    Command(Command),
    /// `COPY … TO STDOUT`.
    Copy(SqlStatement, CopyForm),
    /// `DECLARE … CURSOR`.
    Declare(Declared),
    /// `FETCH` and `MOVE`.
    Fetch(Fetched),
}

impl Asked {
    /// The statements of `sql`.
    pub(super) fn split(sql: &str) -> PgWireResult<Vec<Self>> {
        let told = |error: SqlError| errors::of_query(&error, sql);
        let tokens = tokens(sql).map_err(told)?;
        let mut asked = Vec::new();
        for piece in tokens.split(|token| token.token == Token::SemiColon) {
            if piece.iter().any(|token| !is_blank(&token.token)) {
                asked.extend(Self::of(piece, sql).map_err(told)?);
            }
        }
        Ok(asked)
    }

    /// The query whose rows come, if any do.
    pub(super) fn query(&self) -> Option<&SqlStatement> {
        match self {
            Self::Query(statement) | Self::Copy(statement, _) => Some(statement),
            Self::Declare(declared) => Some(&declared.query),
            Self::Command(_) | Self::Fetch(_) => None,
        }
    }

    /// What words say that are between semicolons.
    fn of(piece: &[TokenWithSpan], sql: &str) -> Result<Option<Self>, SqlError> {
        let words: Vec<Token> = piece.iter().map(|token| token.token.clone()).collect();
        let words: Vec<&Token> = words.iter().filter(|token| !is_blank(token)).collect();
        let Some(Token::Word(first)) = words.first() else {
            return Self::parsed(piece, sql);
        };
        match first.value.to_ascii_uppercase().as_str() {
            "COPY" => match parse_plain(piece.to_vec())? {
                AstStatement::Copy {
                    source,
                    to,
                    target,
                    options,
                    legacy_options,
                    ..
                } => {
                    let (statement, form) = copied(source, (to, target), &options, &legacy_options, sql)?;
                    Ok(Some(Self::Copy(statement.with_column_names(), form)))
                }
                other => Err(SqlError::BadQuery(format!("{other} copies nothing"))),
            },
            "DECLARE" => declared(parse_plain(piece.to_vec())?, sql).map(|one| Some(Self::Declare(one))),
            "FETCH" | "MOVE" => fetched(&words).map(|one| Some(Self::Fetch(one))),
            _ => Self::parsed(piece, sql),
        }
    }

    fn parsed(piece: &[TokenWithSpan], sql: &str) -> Result<Option<Self>, SqlError> {
        let statement = match parse_tokens(piece.to_vec()) {
            Ok(statements) => statements.into_iter().next(),
            // What the parser does not know but clients say.
            Err(error) => {
                let texts = piece.iter().map(|token| token.token.to_string());
                let text: String = texts.collect();
                return first_word(text.trim())
                    .map(|known| Some(Self::Command(known)))
                    .ok_or(error);
            }
        };
        statement
            .map(|statement| Self::statement(statement, sql))
            .transpose()
    }

    fn statement(statement: Statement, sql: &str) -> Result<Self, SqlError> {
        Ok(match command(&statement) {
            Some(command) => Self::Command(command),
            None => Self::Query(SqlStatement::of(statement, sql)?.with_column_names()),
        })
    }
}

fn is_blank(token: &Token) -> bool {
    matches!(token, Token::Whitespace(_) | Token::EOF)
}
