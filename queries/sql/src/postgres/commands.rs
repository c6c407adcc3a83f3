//! Statements that are no queries: settings, transactions, the end of cursors, and what clients say to clean up.

use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{
    CloseCursor, Expr, Ident, Set, Statement as AstStatement, TransactionIsolationLevel, TransactionMode,
    Value,
};
use futures::stream;
use pgwire::api::portal::Format;
use pgwire::api::results::{DataRowEncoder, QueryResponse, Response, Tag};
use pgwire::api::store::PortalStore;
use pgwire::api::{ClientInfo, ClientPortalStore};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::response::TransactionStatus;

use super::connection::Connection;
use super::cursor_words::found_as;
use super::errors;
use super::rows::fields;
use crate::statement::SqlStatement;

/// A statement that is no query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Set {
        name: String,
        value: String,
    },
    /// Back to what a setting was at first, or all.
    Reset(Option<String>),
    Show(String),
    Begin {
        pinned: bool,
    },
    Commit,
    Rollback,
    Deallocate(Option<String>),
    /// A cursor, or all.
    Close(Option<String>),
    /// All that the connection has.
    Discard,
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

/// A command that the parser does not know, by its first words.
pub(super) fn first_word(text: &str) -> Option<Command> {
    let mut words = text.trim_end_matches(';').split_whitespace();
    let word = words.next()?.to_ascii_uppercase();
    let tag = match word.as_str() {
        "RESET" => {
            let name = words.collect::<Vec<_>>().join(" ").to_ascii_lowercase();
            return Some(Command::Reset((name != "all").then(|| shown_as(&name))));
        }
        "DISCARD" => return Some(Command::Discard),
        "UNLISTEN" => "UNLISTEN",
        "LISTEN" => "LISTEN",
        "SAVEPOINT" => "SAVEPOINT",
        "RELEASE" => "RELEASE",
        "SET" => "SET",
        _ => return None,
    };
    Some(Command::Nothing(tag))
}

/// The command that a statement is.
pub(super) fn command(statement: &Statement) -> Option<Command> {
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
        AstStatement::Discard { .. } => Command::Discard,
        AstStatement::Close { cursor } => Command::Close(match cursor {
            CloseCursor::All => None,
            CloseCursor::Specific { name } => Some(found_as(name)),
        }),
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
    match shown_as(&words.join(" ")) {
        name if name.contains(' ') => words.join("."),
        name => name,
    }
}

fn shown_as(words: &str) -> String {
    let name = match words {
        "time zone" => "timezone",
        "transaction isolation level" => "transaction_isolation",
        other => other,
    };
    name.to_owned()
}

impl Connection {
    /// Does what `command` says.
    pub(super) async fn command<C>(
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
                self.settings.lock().set(name, value.clone())?;
                Response::Execution(Tag::new("SET"))
            }
            Command::Reset(name) => {
                self.settings.lock().reset(name.as_deref());
                Response::Execution(Tag::new("RESET"))
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
                self.end_cursors(kept).await;
                Response::TransactionEnd(Tag::new(if kept { "COMMIT" } else { "ROLLBACK" }))
            }
            Command::Deallocate(name) => {
                self.deallocate(client, name.as_deref());
                Response::Execution(Tag::new("DEALLOCATE"))
            }
            Command::Close(name) => self.close(name.as_deref()).await?,
            Command::Discard => {
                self.deallocate(client, None);
                self.settings.lock().reset(None);
                self.end_cursors(false).await;
                Response::Execution(Tag::new("DISCARD ALL"))
            }
            Command::Nothing(tag) => Response::Execution(Tag::new(tag)),
        })
    }

    /// Forgets a prepared statement, or all.
    fn deallocate<C>(&self, client: &C, name: Option<&str>)
    where
        C: ClientInfo + ClientPortalStore,
        C::PortalStore: PortalStore,
    {
        let mut prepared = self.prepared.lock();
        let names: Vec<String> = match name {
            Some(name) => vec![name.to_owned()],
            None => prepared.iter().cloned().collect(),
        };
        for name in names {
            prepared.remove(&name);
            client.portal_store().rm_statement(&name);
        }
    }

    /// The schema of what `SHOW` answers.
    pub(super) fn show_schema(name: &str) -> arrow::datatypes::SchemaRef {
        let column = arrow::datatypes::Field::new(name, arrow::datatypes::DataType::Utf8, false);
        std::sync::Arc::new(arrow::datatypes::Schema::new(vec![column]))
    }

    fn show(&self, name: &str) -> PgWireResult<Response> {
        let Some(value) = self.settings.lock().get(name) else {
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
