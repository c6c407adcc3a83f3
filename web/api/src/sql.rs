//! `POST /api/v1/sql`: one SQL statement in, `{"columns":…,"rows":…}`, CSV or an Arrow stream out. CSV and Arrow are
//! sent while the query runs, so that their size does not matter; JSON is complete before it is sent.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures::StreamExt;
use queries_sql::{PieceFormat, PieceWriter, SqlEngine, SqlError, SqlResult, SqlStatement, SqlStream};
use queries_tables::StoreSnapshot;
use serde::Deserialize;

use crate::envelope::{ApiError, ErrorKind, json_response};
use crate::gate::StoreGate;
use crate::json::{write_list, write_text};

/// Largest request: no statement that a person or a tool writes comes near.
const REQUEST_BYTES_MAX: usize = 1 << 20;

/// What the family needs. Clones share it.
#[derive(Debug, Clone)]
pub struct SqlState {
    engine: Arc<SqlEngine>,
    gate: StoreGate,
}

impl SqlState {
    /// Statements over the store behind `gate`.
    pub fn new(engine: Arc<SqlEngine>, gate: StoreGate) -> Self {
        Self { engine, gate }
    }
}

/// The routes of the family.
pub(crate) fn sql_routes(state: SqlState) -> Router {
    Router::new()
        .route("/api/v1/sql", post(sql))
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .with_state(state)
}

/// The body of a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    query: String,
}

#[derive(Deserialize)]
struct Options {
    #[serde(default)]
    format: String,
}

/// Media type of an Arrow IPC stream.
const ARROW_STREAM: &str = "application/vnd.apache.arrow.stream";

/// How a result is sent: by pieces, or as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Pieces(PieceFormat),
}

impl Format {
    /// The parameter comes first, then what the client accepts, then JSON.
    fn of(parameter: &str, headers: &HeaderMap) -> Result<Self, ApiError> {
        match parameter {
            "" => {
                let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
                let accepts = |media: &str| accept.is_some_and(|accept| accept.contains(media));
                Ok(if accepts(ARROW_STREAM) {
                    Self::Pieces(PieceFormat::Arrow)
                } else if accepts("text/csv") {
                    Self::Pieces(PieceFormat::Csv)
                } else {
                    Self::Json
                })
            }
            "json" => Ok(Self::Json),
            "csv" => Ok(Self::Pieces(PieceFormat::Csv)),
            "arrow" => Ok(Self::Pieces(PieceFormat::Arrow)),
            other => {
                let why = format!("not supported value \"{other}\", use \"json\", \"csv\" or \"arrow\"");
                Err(ApiError::bad_parameter("format", why))
            }
        }
    }
}

async fn sql(
    State(state): State<SqlState>,
    Query(options): Query<Options>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let format = Format::of(&options.format, &headers)?;
    let statement: Statement = serde_json::from_slice(&body).map_err(|error| {
        ApiError::bad_data(format!(
            "the body must be JSON such as {{\"query\": \"SELECT 1\"}}: {error}"
        ))
    })?;
    let snapshot = Arc::new(StoreSnapshot::pin(state.gate.store()?));
    let Format::Pieces(format) = format else {
        let result = state.engine.query(snapshot, &statement.query).await;
        let result = result.map_err(|error| refused(&error))?;
        // A million rows take a second to print: not on the threads that serve the network.
        let text = tokio::task::spawn_blocking(move || json(&result)).await?;
        return Ok(json_response(StatusCode::OK, text));
    };
    let statement = SqlStatement::read(&statement.query).map_err(|error| refused(&error))?;
    let stream = state.engine.stream(snapshot, statement).await;
    by_pieces(stream.map_err(|error| refused(&error))?, format).await
}

/// Sends rows while the query runs. What fails before the first of them is answered as an error; a later failure
/// breaks the body off, which clients notice.
async fn by_pieces(stream: SqlStream, format: PieceFormat) -> Result<Response, ApiError> {
    let writer = PieceWriter::new(stream.schema(), format).map_err(internal)?;
    let media = match format {
        PieceFormat::Arrow => ARROW_STREAM,
        PieceFormat::Csv => "text/csv; charset=utf-8",
    };
    let Some((first, rest)) = piece(Some((stream, writer))).await? else {
        return Err(internal("a result without a beginning"));
    };
    let rest = futures::stream::try_unfold(rest, |sending| async {
        // The text is for the log of the connection: a body has no place for an error.
        piece(sending)
            .await
            .map_err(|error| std::io::Error::other(error.to_string()))
    });
    let first = futures::stream::once(async { Ok(first) });
    let body = Body::from_stream(first.chain(rest));
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static(media))], body).into_response())
}

type Sending = Option<(SqlStream, PieceWriter)>;

/// The next piece of the body, and what comes after it.
async fn piece(sending: Sending) -> Result<Option<(Bytes, Sending)>, ApiError> {
    let Some((mut stream, mut writer)) = sending else {
        return Ok(None);
    };
    let Some(batch) = stream.next().await else {
        writer.finish().map_err(internal)?;
        return Ok(Some((Bytes::from(writer.take()), None)));
    };
    let batch = batch.map_err(|error| refused(&error))?;
    // Printing is work: not on the threads that serve the network.
    let written = tokio::task::spawn_blocking(move || writer.write(&batch).map(|()| writer)).await?;
    let mut writer = written.map_err(internal)?;
    Ok(Some((Bytes::from(writer.take()), Some((stream, writer)))))
}

fn internal(error: impl std::fmt::Display) -> ApiError {
    ApiError::new(ErrorKind::Internal, error.to_string())
}

fn json(result: &SqlResult) -> String {
    let mut body = String::from("{\"columns\":");
    write_list(&mut body, result.columns(), |out, column| {
        out.push_str("{\"name\":");
        write_text(out, &column.name);
        out.push_str(",\"type\":");
        write_text(out, &column.type_name);
        out.push('}');
    });
    body.push_str(",\"rows\":");
    write_list(&mut body, result.rows(), |out, row| {
        write_list(out, row, |out, cell| cell.write_json(out));
    });
    body.push('}');
    body
}

fn refused(error: &SqlError) -> ApiError {
    let kind = match error {
        SqlError::BadQuery(_) | SqlError::ReadOnly(_) => ErrorKind::BadData,
        SqlError::TooLarge(_) => ErrorKind::Execution,
        SqlError::Timeout(_) => ErrorKind::Timeout,
        SqlError::Canceled => ErrorKind::Canceled,
        SqlError::Storage(_) | SqlError::Internal(_) => ErrorKind::Internal,
    };
    ApiError::new(kind, error.to_string())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use queries_sql::SqlConfig;

    use super::*;
    use crate::testing::{Requests, filled_gate};

    async fn ask(path: &str, body: &str) -> (u16, String) {
        let (gate, _folder) = filled_gate().await;
        let engine = SqlEngine::new(SqlConfig::default(), tokio::runtime::Handle::current());
        let requests = Requests(sql_routes(SqlState::new(Arc::new(engine), gate)));
        let request = Request::post(path).body(Body::from(body.to_owned())).unwrap();
        let (status, _, body) = requests.send(request).await;
        (status, body)
    }

    async fn ask_bytes(path: &str, body: &str) -> (u16, Vec<u8>) {
        let (gate, _folder) = filled_gate().await;
        let engine = SqlEngine::new(SqlConfig::default(), tokio::runtime::Handle::current());
        let routes = sql_routes(SqlState::new(Arc::new(engine), gate));
        let request = Request::post(path).body(Body::from(body.to_owned())).unwrap();
        let response = tower::ServiceExt::oneshot(routes, request).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap();
        (status, body.to_vec())
    }

    #[tokio::test]
    async fn answers() {
        let query = r#"{"query": "SELECT timestamp, job, value FROM up ORDER BY timestamp, job LIMIT 2"}"#;
        let json = r#"{"columns":[{"name":"timestamp","type":"timestamp"},{"name":"job","type":"text"},{"name":"value","type":"double"}],"rows":[["2026-01-01T00:00:00.000Z","a",1],["2026-01-01T00:00:00.000Z","b",0]]}"#;
        assert_eq!(ask("/api/v1/sql", query).await, (200, json.to_owned()));
        let (status, arrow) = ask_bytes("/api/v1/sql?format=arrow", query).await;
        assert_eq!(status, 200);
        // Every message begins with this mark; the last says that nothing follows.
        assert!(arrow.starts_with(&[0xff; 4]) && arrow.ends_with(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]));
        let csv = "timestamp,job,value\r\n2026-01-01T00:00:00.000Z,a,1\r\n2026-01-01T00:00:00.000Z,b,0\r\n";
        assert_eq!(ask("/api/v1/sql?format=csv", query).await, (200, csv.to_owned()));
        let infinite = r#"{"query": "SELECT max(value) AS m FROM odd"}"#;
        let json = r#"{"columns":[{"name":"m","type":"double"}],"rows":[["+Inf"]]}"#;
        assert_eq!(ask("/api/v1/sql", infinite).await, (200, json.to_owned()));
    }

    #[tokio::test]
    async fn refusals() {
        for (path, body, text) in [
            (
                "/api/v1/sql",
                "SELECT 1",
                "the body must be JSON such as {\\\"query\\\"",
            ),
            (
                "/api/v1/sql",
                r#"{"query": "SELEC 1"}"#,
                "\"errorType\":\"bad_data\"",
            ),
            ("/api/v1/sql", r#"{"query": "SELECT * FROM nothing"}"#, "nothing"),
            (
                "/api/v1/sql?format=xml",
                r#"{"query": "SELECT 1"}"#,
                "invalid parameter \\\"format\\\"",
            ),
        ] {
            let (status, answer) = ask(path, body).await;
            assert_eq!(status, 400, "{answer}");
            assert!(answer.contains(text), "{answer}");
        }
    }
}
