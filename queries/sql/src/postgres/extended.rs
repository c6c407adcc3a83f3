//! The extended protocol: statements are prepared, described, bound to values and executed, in text or binary.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::sql::sqlparser::ast::{Expr, Value};
use futures::Sink;
use pgwire::api::portal::{Format, Portal, PortalExecutionState};
use pgwire::api::query::{ExtendedQueryHandler, send_describe_response, send_query_response};
use pgwire::api::results::{DescribePortalResponse, FieldInfo, Response};
use pgwire::api::stmt::QueryParser;
use pgwire::api::store::{Entry, PortalStore};
use pgwire::api::{ClientInfo, ClientPortalStore, DEFAULT_NAME, PgWireConnectionState, Type};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::extendedquery::{
    Close, CloseComplete, Describe, Execute, Parse, ParseComplete, TARGET_TYPE_BYTE_PORTAL,
    TARGET_TYPE_BYTE_STATEMENT,
};
use pgwire::messages::response::TransactionStatus;
use queries_tables::Snapshot;

use super::asked::Asked;
use super::commands::{Command, aborted};
use super::connection::Connection;
use super::copying::send_copy;
use super::cursor_words::Declared;
use super::errors;
use super::parameters::{Bound, element_of, list_of, literal, named, typed_null};
use super::rows::{fields, pg_type};
use crate::engine::Described;
use crate::error::SqlError;
use crate::statement::SqlStatement;

/// Most prepared statements of a connection: ten times what drivers keep.
const PREPARED_MAX: usize = 1000;
/// Most parameters of a statement: ten times the tables that SQLAlchemy asks about at once.
const PARAMETERS_MAX: usize = 10_000;

/// A statement that was prepared.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    asked: Asked,
    sql: Arc<str>,
    schema: SchemaRef,
    parameters: Vec<Type>,
}

/// Prepares statements of one connection.
#[derive(Debug)]
pub(super) struct Parser(pub(super) Arc<Connection>);

#[async_trait]
impl QueryParser for Parser {
    type Statement = Prepared;

    async fn parse_sql<C>(
        &self,
        client: &C,
        sql: &str,
        types: &[Option<Type>],
    ) -> PgWireResult<Option<Prepared>>
    where
        C: ClientInfo + Unpin + Send + Sync,
    {
        let mut asked = Asked::split(sql)?;
        let one = match (asked.pop(), asked.is_empty()) {
            (Some(one), true) => one,
            (None, _) => return Ok(None),
            (Some(_), false) => {
                let text = "cannot insert multiple commands into a prepared statement";
                return Err(errors::error("42601", text));
            }
        };
        let (schema, parameters) = match &one {
            Asked::Command(Command::Show(name)) => (Connection::show_schema(name), Vec::new()),
            Asked::Command(_) => (Arc::new(Schema::empty()), Vec::new()),
            _ if client.transaction_status() == TransactionStatus::Error => return Err(aborted()),
            Asked::Query(statement) => self.0.describe(statement, sql, types).await?,
            // Their rows come otherwise, or later.
            Asked::Copy(statement, _) => {
                let (_, parameters) = self.0.describe(statement, sql, types).await?;
                (Arc::new(Schema::empty()), parameters)
            }
            Asked::Declare(declared) => {
                let (_, parameters) = self.0.describe(&declared.query, sql, types).await?;
                (Arc::new(Schema::empty()), parameters)
            }
            Asked::Fetch(fetched) if fetched.only_moves => (Arc::new(Schema::empty()), Vec::new()),
            Asked::Fetch(fetched) => (self.0.cursor_schema(&fetched.name).await?, Vec::new()),
        };
        Ok(Some(Prepared {
            asked: one,
            sql: Arc::from(sql),
            schema,
            parameters,
        }))
    }

    fn get_parameter_types(&self, prepared: &Prepared) -> PgWireResult<Vec<Type>> {
        Ok(prepared.parameters.clone())
    }

    fn get_result_schema(
        &self,
        prepared: &Prepared,
        formats: Option<&Format>,
    ) -> PgWireResult<Vec<FieldInfo>> {
        fields(&prepared.schema, formats.unwrap_or(&Format::UnifiedText))
    }
}

impl Connection {
    /// The columns of a statement and the types of its parameters: what the client says, else what the statement casts
    /// them to, else what it compares them with, else text.
    async fn describe(
        &self,
        statement: &SqlStatement,
        sql: &str,
        types: &[Option<Type>],
    ) -> PgWireResult<(SchemaRef, Vec<Type>)> {
        let snapshot = self.snapshot()?;
        let count = statement.parameter_count().max(types.len());
        if count > PARAMETERS_MAX {
            return Err(errors::error(
                "54000",
                format!("at most {PARAMETERS_MAX} parameters are read"),
            ));
        }
        let said: Vec<Option<Type>> = (0..count)
            .map(|i| {
                let declared = types.get(i).cloned().flatten();
                let declared = declared.filter(|declared| *declared != Type::UNKNOWN);
                let cast = statement.casts().get(&(i + 1));
                declared.or_else(|| cast.and_then(|word| named(word)))
            })
            .collect();
        let (statement, lists) = statement.for_description();
        let mut watched = self.running.begin();
        let described = self.described_with(&statement, snapshot, &said, &lists);
        let described = watched.or_ended(async { Ok(described.await) }).await?;
        let described = described.map_err(|error| errors::of_query(&error, sql))?;
        let mut parameters = Vec::with_capacity(count);
        for (i, said) in said.into_iter().enumerate() {
            let found = described.parameters.get(&format!("${}", i + 1));
            parameters.push(match (said, found.and_then(Option::as_ref)) {
                (Some(said), _) => said,
                (None, Some(found)) if lists.contains(&(i + 1)) => list_of(&pg_type(found)?),
                (None, Some(found)) => pg_type(found)?,
                (None, None) if lists.contains(&(i + 1)) => Type::TEXT_ARRAY,
                (None, None) => Type::TEXT,
            });
        }
        Ok((promised(&described.schema), parameters))
    }

    /// Describes a statement with nulls of the types that are known in the place of its parameters. Where that cannot
    /// be planned, as in LIMIT, less is said of them.
    async fn described_with(
        &self,
        statement: &SqlStatement,
        snapshot: Arc<dyn Snapshot>,
        said: &[Option<Type>],
        lists: &BTreeSet<usize>,
    ) -> Result<Described, SqlError> {
        let typed: Vec<Option<Expr>> = said
            .iter()
            .enumerate()
            .map(|(i, said)| {
                let said = said.as_ref()?;
                let element = element_of(said).filter(|_| lists.contains(&(i + 1)));
                Some(typed_null(element.as_ref().unwrap_or(said)))
            })
            .collect();
        let open = vec![None; said.len()];
        let nulls = vec![Some(Expr::Value(Value::Null.into())); said.len()];
        let mut first_error = None;
        for values in [typed, open, nulls] {
            let bound = statement.with_some_parameters(&values)?;
            match self.engine.describe(Arc::clone(&snapshot), &bound).await {
                Ok(described) => return Ok(described),
                Err(error) => first_error = first_error.or(Some(error)),
            }
            if said.is_empty() {
                break;
            }
        }
        Err(first_error.unwrap_or_else(|| SqlError::Internal("nothing was described".to_owned())))
    }
}

/// Columns of which the type is not known yet are text.
fn promised(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Null => field.as_ref().clone().with_data_type(DataType::Utf8),
        _ => field.as_ref().clone(),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Answers the extended protocol on one connection.
#[derive(Debug)]
pub(super) struct Extended(pub(super) Arc<Connection>);

#[async_trait]
impl ExtendedQueryHandler for Extended {
    type Statement = Prepared;
    type QueryParser = Parser;

    fn query_parser(&self) -> Arc<Parser> {
        Arc::new(Parser(Arc::clone(&self.0)))
    }

    async fn on_parse<C>(&self, client: &mut C, message: Parse) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Prepared>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        use futures::SinkExt;
        use pgwire::api::stmt::StoredStatement;
        let name = message.name.clone().unwrap_or_else(|| DEFAULT_NAME.to_owned());
        if self.0.prepared.lock().len() >= PREPARED_MAX && !self.0.prepared.lock().contains(&name) {
            let text = format!("at most {PREPARED_MAX} statements can be prepared; close some");
            return Err(errors::error("53400", text));
        }
        match StoredStatement::parse(client, &message, self.query_parser()).await? {
            Some(statement) => client.portal_store().put_statement(Arc::new(statement)),
            None => client.portal_store().put_empty_statement(&name),
        }
        self.0.prepared.lock().insert(name);
        client
            .feed(PgWireBackendMessage::ParseComplete(ParseComplete::new()))
            .await?;
        Ok(())
    }

    async fn on_close<C>(&self, client: &mut C, message: Close) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Prepared>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        use futures::SinkExt;
        let name = message.name.as_deref().unwrap_or(DEFAULT_NAME);
        match message.target_type {
            TARGET_TYPE_BYTE_STATEMENT => {
                self.0.prepared.lock().remove(name);
                client.portal_store().rm_statement(name);
            }
            TARGET_TYPE_BYTE_PORTAL => client.portal_store().rm_portal(name),
            other => return Err(PgWireError::InvalidTargetType(other)),
        }
        client
            .feed(PgWireBackendMessage::CloseComplete(CloseComplete::new()))
            .await?;
        Ok(())
    }

    /// A cursor is a portal too, and clients ask what its columns are.
    async fn on_describe<C>(&self, client: &mut C, message: Describe) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Prepared>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        if message.target_type == TARGET_TYPE_BYTE_PORTAL
            && let Some(name) = message.name.as_deref()
            && client.portal_store().get_portal(name).is_none()
            && let Ok(schema) = self.0.cursor_schema(name).await
        {
            let fields = fields(&schema, &Format::UnifiedText)?;
            return send_describe_response(client, &DescribePortalResponse::new(fields)).await;
        }
        self._on_describe(client, message).await
    }

    /// All rows of a query are sent while it runs; only a client that fetches some at a time leaves them waiting.
    async fn on_execute<C>(&self, client: &mut C, message: Execute) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Prepared>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let name = message.name.as_deref().unwrap_or(DEFAULT_NAME);
        let portal = match client.portal_store().get_portal(name) {
            Some(Entry::Value(portal)) if message.max_rows == 0 => portal,
            _ => return self._on_execute(client, message).await,
        };
        let asked = &portal.statement.statement.asked;
        let has_rows = matches!(asked, Asked::Query(_) | Asked::Copy(..));
        let mut state = portal.state.lock().await;
        if !has_rows || !matches!(*state, PortalExecutionState::Initial) {
            drop(state);
            return self._on_execute(client, message).await;
        }
        client.set_state(PgWireConnectionState::QueryInProgress);
        *state = PortalExecutionState::Finished;
        drop(state);
        if let Asked::Copy(_, form) = asked {
            let (prepared, statement) = self.bound(portal.as_ref())?;
            let copying = self.0.copying(statement, form.clone(), &prepared.sql).await?;
            send_copy(client, copying).await?;
        } else if let Response::Query(response) = self.do_query(client, portal.as_ref(), 0).await? {
            send_query_response(client, response, false).await?;
        }
        client.set_state(PgWireConnectionState::ReadyForQuery);
        Ok(())
    }

    async fn do_query<C>(
        &self,
        client: &mut C,
        portal: &Portal<Prepared>,
        _max_rows: usize,
    ) -> PgWireResult<Response>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Prepared>,
        C::Error: Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let prepared = &portal.statement.statement;
        let status = client.transaction_status();
        let formats = &portal.result_column_format;
        match &prepared.asked {
            Asked::Command(command) => self.0.command(client, command, status).await,
            _ if status == TransactionStatus::Error => Err(aborted()),
            Asked::Fetch(fetched) => self.0.fetch(fetched, Some(formats)).await,
            Asked::Declare(declared) => {
                let (_, query) = self.bound(portal)?;
                let declared = Declared {
                    query,
                    ..declared.clone()
                };
                self.0.declare(declared, &prepared.sql, status).await
            }
            Asked::Query(_) => {
                let (_, bound) = self.bound(portal)?;
                let described = Some(&prepared.schema);
                self.0.start(bound, &prepared.sql, formats, described).await
            }
            Asked::Copy(..) => Err(errors::error(
                "0A000",
                "the rows of COPY come all at once: execute it without a limit",
            )),
        }
    }
}

impl Extended {
    /// What was prepared, and its query with the values that are bound.
    fn bound<'a>(&self, portal: &'a Portal<Prepared>) -> PgWireResult<(&'a Prepared, SqlStatement)> {
        let prepared = &portal.statement.statement;
        let Some(statement) = prepared.asked.query() else {
            return Err(errors::error(
                "XX000",
                "a statement without a query was executed as one",
            ));
        };
        if portal.parameters.len() != prepared.parameters.len() {
            let text = format!(
                "bind message supplies {} parameters, but the prepared statement requires {}",
                portal.parameters.len(),
                prepared.parameters.len()
            );
            return Err(errors::error("08P01", text));
        }
        let mut values = Vec::with_capacity(portal.parameters.len());
        for (i, (bytes, data_type)) in portal.parameters.iter().zip(&prepared.parameters).enumerate() {
            values.push(literal(Bound {
                bytes: bytes.as_deref(),
                data_type,
                binary: is_binary(&portal.parameter_format, i)?,
            })?);
        }
        let bound = statement.with_parameters(&values);
        let bound = bound.map_err(|error| errors::of_query(&error, &prepared.sql))?;
        Ok((prepared, bound))
    }
}

fn is_binary(formats: &Format, i: usize) -> PgWireResult<bool> {
    match formats {
        Format::Individual(codes) if i >= codes.len() => Err(errors::error(
            "08P01",
            "bind message has fewer formats than parameters",
        )),
        formats => Ok(formats.is_binary(i)),
    }
}
