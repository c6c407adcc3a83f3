//! One connection: what it asks with, and how a statement of it becomes rows on their way.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use futures::{StreamExt, TryStreamExt};
use parking_lot::Mutex;
use pgwire::api::portal::Format;
use pgwire::api::results::{QueryResponse, Response};
use pgwire::error::PgWireResult;
use queries_tables::Snapshot;

use super::copy::CopyForm;
use super::cursors::Cursor;
use super::errors;
use super::rows::{RowWriter, conform, fields};
use super::running::{Running, Watched};
use super::settings::Settings;
use crate::engine::SqlEngine;
use crate::statement::SqlStatement;
use crate::stream::SqlStream;

/// Gives the moment that a query reads; an error says why there is none now.
pub type Snapshots = Arc<dyn Fn() -> Result<Arc<dyn Snapshot>, String> + Send + Sync>;

/// One client.
pub(super) struct Connection {
    pub(super) engine: Arc<SqlEngine>,
    pub(super) snapshots: Snapshots,
    pub(super) running: Arc<Running>,
    pub(super) settings: Mutex<Settings>,
    /// The moment that a transaction reads which asked for one.
    pub(super) pinned: Mutex<Option<Arc<dyn Snapshot>>>,
    /// Names of prepared statements.
    pub(super) prepared: Mutex<HashSet<String>>,
    /// Open cursors; locked while one of them reads.
    pub(super) cursors: tokio::sync::Mutex<Vec<Cursor>>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) fn new(engine: Arc<SqlEngine>, snapshots: Snapshots, running: Arc<Running>) -> Self {
        Self {
            engine,
            snapshots,
            running,
            settings: Mutex::default(),
            pinned: Mutex::default(),
            prepared: Mutex::default(),
            cursors: tokio::sync::Mutex::default(),
        }
    }

    /// The moment that the next statement reads.
    pub(super) fn snapshot(&self) -> PgWireResult<Arc<dyn Snapshot>> {
        if let Some(pinned) = self.pinned.lock().as_ref() {
            return Ok(Arc::clone(pinned));
        }
        (self.snapshots)().map_err(|why| errors::error("57P03", why))
    }

    /// Starts a query, within the time that the client gives it.
    pub(super) async fn opened(&self, statement: SqlStatement, sql: &str) -> PgWireResult<SqlStream> {
        let snapshot = self.snapshot()?;
        let timeout = self.settings.lock().statement_timeout();
        let timeout = timeout.unwrap_or(self.engine.config().timeout);
        let mut watched = self.running.begin();
        let started = async {
            let stream = self.engine.stream_for(snapshot, statement, timeout).await;
            stream.map_err(|error| errors::of_query(&error, sql))
        };
        watched.or_ended(started).await
    }

    /// Starts a query whose rows are sent while it runs. `described` is what the client was told about them.
    pub(super) async fn start(
        &self,
        statement: SqlStatement,
        sql: &str,
        formats: &Format,
        described: Option<&SchemaRef>,
    ) -> PgWireResult<Response> {
        // Counted before it is opened, so that nothing lies between in which nothing runs.
        let watched = self.running.begin();
        let stream = self.opened(statement, sql).await?;
        let schema = match described {
            None => Arc::clone(stream.schema()),
            Some(described) => conform(described, stream.schema())?,
        };
        let fields = Arc::new(fields(&schema, formats)?);
        let writer = RowWriter::new(Arc::clone(&fields), schema);
        let sending = Sending {
            stream,
            writer,
            watched,
            sql: sql.to_owned(),
        };
        let rows = futures::stream::try_unfold(sending, Sending::next).try_flatten();
        Ok(Response::Query(QueryResponse::new(fields, rows)))
    }

    /// Starts a query whose rows are copied out.
    pub(super) async fn copying(
        &self,
        statement: SqlStatement,
        form: CopyForm,
        sql: &str,
    ) -> PgWireResult<(QueryResponse, CopyForm)> {
        let formats = match form.is_binary() {
            true => Format::UnifiedBinary,
            false => Format::UnifiedText,
        };
        match self.start(statement, sql, &formats, None).await? {
            Response::Query(rows) => Ok((rows, form)),
            _ => Err(errors::error("XX000", "a query gave no rows")),
        }
    }
}

/// Rows on their way.
struct Sending {
    stream: SqlStream,
    writer: RowWriter,
    watched: Watched,
    sql: String,
}

type SentRows = futures::stream::BoxStream<'static, PgWireResult<pgwire::messages::data::DataRow>>;

impl Sending {
    async fn next(mut self) -> PgWireResult<Option<(SentRows, Self)>> {
        let Self {
            stream, sql, watched, ..
        } = &mut self;
        let next = async {
            let batch = stream.next().await.transpose();
            batch.map_err(|error| errors::of_query(&error, sql))
        };
        let Some(batch) = watched.or_ended(next).await? else {
            return Ok(None);
        };
        let rows = self.writer.rows(&batch)?;
        let rows = futures::stream::iter(rows.into_iter().map(Ok)).boxed();
        Ok(Some((rows, self)))
    }
}
