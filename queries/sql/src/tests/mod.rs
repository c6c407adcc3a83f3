//! Questions and answers over a snapshot in memory and over a real store, in the form of CSV.

mod floats;
mod grouped;
mod histograms;
mod limits;
mod promql;
mod questions;
mod readme;
mod stored;

use std::sync::Arc;

use engine_model::Labels;
use engine_model::staleness::{NORMAL_NAN, STALE_NAN};
use queries_tables::{MemorySnapshot, Snapshot};
use tokio::runtime::Handle;

pub(crate) use promql::Echo;

use crate::{SqlConfig, SqlEngine, SqlError, write_csv};

/// 2026-01-01T00:00:00Z.
const MIDNIGHT_MS: i64 = 1_767_225_600_000;

type Series = (Labels, Vec<(i64, f64)>);

/// A metric on two instances, one with capitals, one with names that need quotes, one of each odd value.
fn sample_series() -> Vec<Series> {
    let at = |seconds: i64| MIDNIGHT_MS + 1000 * seconds;
    let of = |pairs: &[(&str, &str)]| Labels::from_pairs(pairs.iter().copied());
    let load = |instance| {
        of(&[
            ("__name__", "node_load1"),
            ("instance", instance),
            ("job", "node"),
        ])
    };
    vec![
        (
            load("a:9100"),
            vec![(at(0), 1.0), (at(15), 2.0), (at(30), STALE_NAN)],
        ),
        (
            load("b:9100"),
            vec![(at(0), 4.0), (at(15), 0.5), (at(3600), 0.25)],
        ),
        (
            of(&[
                ("__name__", "node_memory_MemTotal_bytes"),
                ("instance", "a:9100"),
                ("job", "node"),
            ]),
            vec![(at(0), 8_589_934_592.0)],
        ),
        (
            of(&[
                ("__name__", "http.requests"),
                ("Path", "/A"),
                ("path", "/b"),
                ("status.code", "200"),
            ]),
            vec![
                (at(0), f64::INFINITY),
                (at(15), NORMAL_NAN),
                (at(30), f64::NEG_INFINITY),
            ],
        ),
        (
            of(&[("__name__", "limits"), ("value", "soft"), ("timestamp", "never")]),
            vec![(at(0), 1024.0)],
        ),
        (
            of(&[("__name__", "limits"), ("note", "say \"hi\", ok")]),
            vec![(at(0), 1e300), (at(1), -0.0)],
        ),
    ]
}

pub(crate) fn snapshot() -> Arc<dyn Snapshot> {
    let mut snapshot = MemorySnapshot::default();
    for (labels, samples) in sample_series() {
        snapshot.add(&labels, &samples);
    }
    Arc::new(snapshot)
}

async fn ask_with(config: SqlConfig, snapshot: Arc<dyn Snapshot>, sql: &str) -> Result<String, SqlError> {
    let engine = SqlEngine::new(config, Handle::current()).with_promql(Arc::new(Echo));
    ask_of(&engine, snapshot, sql).await
}

async fn ask_of(engine: &SqlEngine, snapshot: Arc<dyn Snapshot>, sql: &str) -> Result<String, SqlError> {
    let result = engine.query(snapshot, sql).await?;
    let mut csv = Vec::new();
    write_csv(&result, &mut csv).unwrap();
    Ok(String::from_utf8(csv).unwrap().replace("\r\n", "\n"))
}

pub(crate) async fn ask(sql: &str) -> Result<String, SqlError> {
    ask_with(SqlConfig::default(), snapshot(), sql).await
}

#[track_caller]
pub(crate) fn bad_query(answer: Result<String, SqlError>) -> String {
    match answer {
        Err(SqlError::BadQuery(text) | SqlError::ReadOnly(text)) => text,
        other => panic!("{other:?}"),
    }
}
