//! One connection: what it asks with, and how a statement of it becomes rows on their way.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use futures::{StreamExt, TryStreamExt};
use parking_lot::Mutex;
use pgwire::api::portal::Format;
use pgwire::api::results::{QueryResponse, Response};
use pgwire::error::PgWireResult;
use queries_tables::Snapshot;

use super::errors;
use super::rows::{RowWriter, conform, fields};
use super::running::{Running, Watched};
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
    /// What `SET` set.
    pub(super) settings: Mutex<BTreeMap<String, String>>,
    /// The moment that a transaction reads which asked for one.
    pub(super) pinned: Mutex<Option<Arc<dyn Snapshot>>>,
    /// Names of prepared statements.
    pub(super) prepared: Mutex<HashSet<String>>,
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
        }
    }

    /// The moment that the next statement reads.
    pub(super) fn snapshot(&self) -> PgWireResult<Arc<dyn Snapshot>> {
        if let Some(pinned) = self.pinned.lock().as_ref() {
            return Ok(Arc::clone(pinned));
        }
        (self.snapshots)().map_err(|why| errors::error("57P03", why))
    }

    /// Starts a query whose rows are sent while it runs. `described` is what the client was told about them.
    pub(super) async fn start(
        &self,
        statement: SqlStatement,
        sql: &str,
        formats: &Format,
        described: Option<&SchemaRef>,
    ) -> PgWireResult<Response> {
        let snapshot = self.snapshot()?;
        let mut watched = self.running.begin();
        let started = async {
            let stream = self.engine.stream(snapshot, statement).await;
            stream.map_err(|error| errors::of_query(&error, sql))
        };
        let stream = watched.or_ended(started).await?;
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

    /// Runs a query to its end and keeps its rows, which are bounded as those of one over HTTP are.
    pub(super) async fn finish(&self, statement: SqlStatement, sql: &str) -> PgWireResult<Response> {
        let snapshot = self.snapshot()?;
        let mut watched = self.running.begin();
        let rows_max = self.engine.config().rows_max;
        let ended = async {
            let result = match self.engine.stream(snapshot, statement).await {
                Ok(stream) => stream.collect(rows_max).await,
                Err(error) => Err(error),
            };
            result.map_err(|error| errors::of_query(&error, sql))
        };
        let result = watched.or_ended(ended).await?;
        let fields = Arc::new(fields(result.schema(), &Format::UnifiedText)?);
        let mut writer = RowWriter::new(Arc::clone(&fields), Arc::clone(result.schema()));
        let mut rows = Vec::with_capacity(result.row_count());
        for batch in result.batches() {
            rows.extend(writer.rows(batch)?);
        }
        let rows = futures::stream::iter(rows.into_iter().map(Ok));
        Ok(Response::Query(QueryResponse::new(fields, rows)))
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
