//! The SQL engine: on the threads of queries, with their places, their memory and their log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use engine_model::time::now_ms;
use queries_promql::Engine;
use queries_sql::{Admission, Admitted, SqlConfig, SqlEngine, SqlError};
use queries_tables::QueryMemory;
use tokio::runtime::Runtime;
use web_api::{LoggedQuery, NoPlace, QueryLog, QueryOrigin, QueryPlace, QueryPlaces, Timings};

use super::postgres::PromqlForSql;
use crate::cli::RunOptions;

/// What queries of both languages share.
pub(super) struct Shared<'a> {
    pub(super) runtime: &'a Runtime,
    pub(super) memory: Arc<QueryMemory>,
    pub(super) places: Arc<QueryPlaces>,
    pub(super) log: Arc<QueryLog>,
}

/// The SQL engine with the settings of the command line.
pub(super) fn engine(options: &RunOptions, shared: Shared<'_>, promql: &Arc<Engine>) -> Arc<SqlEngine> {
    let handle = shared.runtime.handle().clone();
    let config = SqlConfig {
        timeout: options.query_timeout,
        partitions: handle.metrics().num_workers(),
        ..SqlConfig::default()
    };
    let places = Places {
        places: shared.places,
        log: shared.log,
    };
    let engine = SqlEngine::new(config, handle)
        .within(shared.memory)
        .admitted_by(Arc::new(places))
        .with_promql(Arc::new(PromqlForSql(Arc::clone(promql))));
    Arc::new(engine)
}

/// Statements take places as PromQL does, and are logged as it is.
#[derive(Debug)]
struct Places {
    places: Arc<QueryPlaces>,
    log: Arc<QueryLog>,
}

#[async_trait]
impl Admission for Places {
    async fn enter(&self, text: &str, longest: Duration) -> Result<Box<dyn Admitted>, SqlError> {
        let entered = self.places.enter(text, longest).await;
        let place = entered.map_err(|no_place| match no_place {
            NoPlace::TimedOut | NoPlace::TooLate => SqlError::Timeout(longest),
            NoPlace::Canceled => SqlError::Canceled,
        })?;
        Ok(Box::new(Place {
            place,
            log: Arc::clone(&self.log),
            text: text.to_owned(),
            at_ms: now_ms(),
            started: Instant::now(),
            logged: false,
        }))
    }
}

/// The place of one statement.
#[derive(Debug)]
struct Place {
    place: QueryPlace,
    log: Arc<QueryLog>,
    text: String,
    at_ms: i64,
    started: Instant,
    logged: bool,
}

impl Place {
    fn write(&mut self, error: Option<String>) {
        if std::mem::replace(&mut self.logged, true) || !self.log.is_on() {
            return;
        }
        self.log.write(&LoggedQuery {
            query: &self.text,
            start_ms: self.at_ms,
            end_ms: self.at_ms,
            step_ms: 0,
            error,
            timings: Timings {
                queued: self.place.waited,
                executed: self.started.elapsed(),
                ..Timings::default()
            },
            origin: QueryOrigin::Sql,
        });
    }
}

impl Admitted for Place {
    fn ended(&mut self, error: Option<&SqlError>) {
        self.write(error.map(ToString::to_string));
    }
}

impl Drop for Place {
    /// Whoever waited has gone.
    fn drop(&mut self) {
        self.write(Some(SqlError::Canceled.to_string()));
    }
}
