//! `POST /api/v1/sql`: one SQL statement in, `{"columns":…,"rows":…}` or CSV out.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use queries_sql::{SqlEngine, SqlError, SqlResult, write_csv};
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

#[derive(Clone, Copy)]
enum Format {
    Json,
    Csv,
}

async fn sql(
    State(state): State<SqlState>,
    Query(options): Query<Options>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let format = match options.format.as_str() {
        "" | "json" => Format::Json,
        "csv" => Format::Csv,
        other => {
            let why = format!("not supported value \"{other}\", use \"json\" or \"csv\"");
            return Err(ApiError::bad_parameter("format", why));
        }
    };
    let statement: Statement = serde_json::from_slice(&body).map_err(|error| {
        ApiError::bad_data(format!(
            "the body must be JSON such as {{\"query\": \"SELECT 1\"}}: {error}"
        ))
    })?;
    let snapshot = Arc::new(StoreSnapshot::pin(state.gate.store()?));
    let result = state.engine.query(snapshot, &statement.query).await;
    let result = result.map_err(|error| refused(&error))?;
    // A million rows take a second to print: not on the threads that serve the network.
    Ok(tokio::task::spawn_blocking(move || respond(&result, format)).await?)
}

fn respond(result: &SqlResult, format: Format) -> Response {
    match format {
        Format::Json => json_response(StatusCode::OK, json(result)),
        Format::Csv => {
            let mut body = Vec::new();
            write_csv(result, &mut body).expect("writing to memory cannot fail");
            let content_type = HeaderValue::from_static("text/csv; charset=utf-8");
            ([(header::CONTENT_TYPE, content_type)], body).into_response()
        }
    }
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
        SqlError::BadQuery(_) => ErrorKind::BadData,
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

    #[tokio::test]
    async fn answers() {
        let query = r#"{"query": "SELECT timestamp, job, value FROM up ORDER BY timestamp, job LIMIT 2"}"#;
        let json = r#"{"columns":[{"name":"timestamp","type":"timestamp"},{"name":"job","type":"text"},{"name":"value","type":"double"}],"rows":[["2026-01-01T00:00:00.000Z","a",1],["2026-01-01T00:00:00.000Z","b",0]]}"#;
        assert_eq!(ask("/api/v1/sql", query).await, (200, json.to_owned()));
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
