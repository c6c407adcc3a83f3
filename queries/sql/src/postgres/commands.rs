//! Statements that are no queries: settings, transactions, and what clients say to clean up.

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, Set, Statement as AstStatement, TransactionIsolationLevel, TransactionMode, Value,
};
use futures::stream;
use pgwire::api::portal::Format;
use pgwire::api::results::{DataRowEncoder, QueryResponse, Response, Tag};
use pgwire::api::store::PortalStore;
use pgwire::api::{ClientInfo, ClientPortalStore};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::response::TransactionStatus;

use super::connection::Connection;
use super::errors;
use super::rows::fields;
use crate::pg_catalog::setting;
use crate::statement::SqlStatement;

/// Most settings that a connection keeps; no client sets a tenth of it.
const SETTINGS_MAX: usize = 256;

/// One statement of a client.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    Query(SqlStatement),
    Command(Command),
}

/// A statement that is no query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Set {
        name: String,
        value: String,
    },
    Show(String),
    Begin {
        pinned: bool,
    },
    Commit,
    Rollback,
    Deallocate(Option<String>),
    /// Nothing to do here; the tag that is answered.
    Nothing(&'static str),
}

/// Every statement but the end of a transaction that failed.
pub(super) fn aborted() -> PgWireError {
    errors::error(
        "25P02",
        "current transaction is aborted, commands ignored until end of transaction block",
    )
}

impl Asked {
    /// The statements of `sql`.
    pub(super) fn split(sql: &str) -> PgWireResult<Vec<Self>> {
        let statements = match SqlStatement::split(sql) {
            Ok(statements) => statements,
            // What the parser does not know but clients say.
            Err(error) => return by_words(sql).ok_or_else(|| errors::of_query(&error, sql)),
        };
        let asked = statements.into_iter().map(|statement| match command(&statement) {
            Some(command) => Ok(Self::Command(command)),
            None => match SqlStatement::of(statement, sql) {
                Ok(statement) => Ok(Self::Query(statement.with_column_names())),
                Err(error) => Err(errors::of_query(&error, sql)),
            },
        });
        asked.collect()
    }
}

/// Statements by their first words, if none of them needs more.
fn by_words(sql: &str) -> Option<Vec<Asked>> {
    let statements = sql.split(';').map(str::trim).filter(|text| !text.is_empty());
    let asked = statements.map(|text| {
        if let Some(command) = first_word(text) {
            return Some(Asked::Command(command));
        }
        Asked::split_one(text)
    });
    asked.collect()
}

impl Asked {
    fn split_one(text: &str) -> Option<Self> {
        let statement = SqlStatement::split(text).ok()?.pop()?;
        match command(&statement) {
            Some(command) => Some(Self::Command(command)),
            None => {
                let statement = SqlStatement::of(statement, text).ok()?;
                Some(Self::Query(statement.with_column_names()))
            }
        }
    }
}

fn first_word(text: &str) -> Option<Command> {
    let word = text.split_whitespace().next()?.to_ascii_uppercase();
    let tag = match word.as_str() {
        "RESET" => "RESET",
        "DISCARD" => "DISCARD ALL",
        "CLOSE" => "CLOSE CURSOR",
        "UNLISTEN" => "UNLISTEN",
        "LISTEN" => "LISTEN",
        "SAVEPOINT" => "SAVEPOINT",
        "RELEASE" => "RELEASE",
        "SET" => "SET",
        _ => return None,
    };
    Some(Command::Nothing(tag))
}

fn command(statement: &Statement) -> Option<Command> {
    let Some(ast) = SqlStatement::ast(statement) else {
        // DataFusion's own statements: RESET is one.
        return first_word(&statement.to_string());
    };
    Some(match ast {
        AstStatement::Set(set) => of_set(set),
        AstStatement::ShowVariable { variable } => Command::Show(shown(variable)),
        AstStatement::StartTransaction { modes, .. } => Command::Begin {
            pinned: modes.iter().any(is_one_moment),
        },
        AstStatement::Commit { .. } => Command::Commit,
        AstStatement::Rollback { savepoint: None, .. } => Command::Rollback,
        AstStatement::Rollback { .. } => Command::Nothing("ROLLBACK"),
        AstStatement::Savepoint { .. } => Command::Nothing("SAVEPOINT"),
        AstStatement::ReleaseSavepoint { .. } => Command::Nothing("RELEASE"),
        AstStatement::Discard { .. } => Command::Nothing("DISCARD ALL"),
        AstStatement::Close { .. } => Command::Nothing("CLOSE CURSOR"),
        AstStatement::UNLISTEN { .. } => Command::Nothing("UNLISTEN"),
        AstStatement::LISTEN { .. } => Command::Nothing("LISTEN"),
        AstStatement::Deallocate { name, .. } => {
            let all = name.quote_style.is_none() && name.value.eq_ignore_ascii_case("all");
            Command::Deallocate((!all).then(|| name.value.clone()))
        }
        _ => return None,
    })
}

/// Whether a transaction wants all its statements to read one moment.
fn is_one_moment(mode: &TransactionMode) -> bool {
    let TransactionMode::IsolationLevel(level) = mode else {
        return false;
    };
    matches!(
        level,
        TransactionIsolationLevel::RepeatableRead
            | TransactionIsolationLevel::Serializable
            | TransactionIsolationLevel::Snapshot
    )
}

fn of_set(set: &Set) -> Command {
    match set {
        Set::SingleAssignment { variable, values, .. } => {
            let values: Vec<String> = values.iter().map(text_of).collect();
            Command::Set {
                name: variable.to_string().to_ascii_lowercase(),
                value: values.join(", "),
            }
        }
        Set::SetTimeZone { value, .. } => Command::Set {
            name: "timezone".to_owned(),
            value: text_of(value),
        },
        _ => Command::Nothing("SET"),
    }
}

fn text_of(value: &Expr) -> String {
    match value {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => text.clone(),
            other => other.to_string(),
        },
        other => other.to_string(),
    }
}

/// `SHOW TIME ZONE` and `SHOW TRANSACTION ISOLATION LEVEL` are settings too.
fn shown(words: &[Ident]) -> String {
    let words: Vec<String> = words.iter().map(|word| word.value.to_ascii_lowercase()).collect();
    match words.join(" ").as_str() {
        "time zone" => "timezone".to_owned(),
        "transaction isolation level" => "transaction_isolation".to_owned(),
        _ => words.join("."),
    }
}

impl Connection {
    /// Does what `command` says.
    pub(super) fn command<C>(
        &self,
        client: &C,
        command: &Command,
        status: TransactionStatus,
    ) -> PgWireResult<Response>
    where
        C: ClientInfo + ClientPortalStore,
        C::PortalStore: PortalStore,
    {
        let ends = matches!(command, Command::Commit | Command::Rollback);
        if status == TransactionStatus::Error && !ends {
            return Err(aborted());
        }
        Ok(match command {
            Command::Set { name, value } => {
                let mut settings = self.settings.lock();
                if settings.len() >= SETTINGS_MAX && !settings.contains_key(name) {
                    return Err(errors::error("53400", "too many settings"));
                }
                settings.insert(name.clone(), value.clone());
                Response::Execution(Tag::new("SET"))
            }
            Command::Show(name) => self.show(name)?,
            Command::Begin { pinned } => {
                if *pinned {
                    let snapshot = self.snapshot()?;
                    *self.pinned.lock() = Some(snapshot);
                }
                Response::TransactionStart(Tag::new("BEGIN"))
            }
            Command::Commit | Command::Rollback => {
                *self.pinned.lock() = None;
                let kept = *command == Command::Commit && status != TransactionStatus::Error;
                Response::TransactionEnd(Tag::new(if kept { "COMMIT" } else { "ROLLBACK" }))
            }
            Command::Deallocate(name) => {
                let mut prepared = self.prepared.lock();
                let names: Vec<String> = match name {
                    Some(name) => vec![name.clone()],
                    None => prepared.iter().cloned().collect(),
                };
                for name in names {
                    prepared.remove(&name);
                    client.portal_store().rm_statement(&name);
                }
                Response::Execution(Tag::new("DEALLOCATE"))
            }
            Command::Nothing(tag) => Response::Execution(Tag::new(tag)),
        })
    }

    /// The schema of what `SHOW` answers.
    pub(super) fn show_schema(name: &str) -> arrow::datatypes::SchemaRef {
        let column = arrow::datatypes::Field::new(name, arrow::datatypes::DataType::Utf8, false);
        std::sync::Arc::new(arrow::datatypes::Schema::new(vec![column]))
    }

    fn show(&self, name: &str) -> PgWireResult<Response> {
        let set = self.settings.lock().get(name).cloned();
        let Some(value) = set.or_else(|| setting(name).map(str::to_owned)) else {
            let text = format!("unrecognized configuration parameter \"{name}\"");
            return Err(errors::error("42704", text));
        };
        let fields = std::sync::Arc::new(fields(&Self::show_schema(name), &Format::UnifiedText)?);
        let mut encoder = DataRowEncoder::new(std::sync::Arc::clone(&fields));
        encoder.encode_field(&value)?;
        let row = encoder.take_row();
        let mut response = QueryResponse::new(fields, stream::iter([Ok(row)]));
        response.set_command_tag("SHOW");
        Ok(Response::Query(response))
    }
}
