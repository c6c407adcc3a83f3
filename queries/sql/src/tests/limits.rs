//! Each limit, exceeded.

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine_model::Labels;
use parking_lot::Mutex;
use queries_tables::{MemorySnapshot, QueryMemory, Snapshot};
use tokio::runtime::Handle;

use super::{ask, ask_of, ask_with, snapshot};
use crate::guard::OPERATORS_MAX;
use crate::{Admission, Admitted, SqlConfig, SqlEngine, SqlError};

/// Some series with distinct values.
fn many(series: usize, samples: i64) -> Arc<dyn Snapshot> {
    let mut snapshot = MemorySnapshot::default();
    for i in 0..series {
        let labels = Labels::from_pairs([("__name__", "m".to_owned()), ("i", format!("{i:05}"))]);
        let samples: Vec<(i64, f64)> = (0..samples)
            .map(|t| (t, (i as i64 * samples + t) as f64))
            .collect();
        snapshot.add(&labels, &samples);
    }
    Arc::new(snapshot)
}

#[tokio::test]
async fn too_many_rows() {
    let config = || SqlConfig {
        rows_max: 5,
        ..SqlConfig::default()
    };
    let error = ask_with(config(), snapshot(), "SELECT value FROM samples")
        .await
        .unwrap_err();
    assert!(
        matches!(&error, SqlError::TooLarge(text) if text.contains("more than 5 rows")),
        "{error}"
    );
    let five = ask_with(config(), snapshot(), "SELECT value FROM samples LIMIT 5").await;
    assert_eq!(five.unwrap().lines().count(), 6);
}

#[tokio::test]
async fn too_much_memory() {
    let memory = Arc::new(QueryMemory::new(1 << 20, 1 << 30));
    let engine = SqlEngine::new(SqlConfig::default(), Handle::current())
        .within(Arc::clone(&memory))
        .with_promql(Arc::new(super::Echo));
    let snapshot = many(300, 200);
    for sql in [
        "SELECT value FROM m",
        "SELECT value, count(*) FROM m GROUP BY 1 ORDER BY 2",
        "SELECT a.value FROM m a JOIN m b ON a.value = b.value",
        "SELECT value FROM m ORDER BY value",
        "SELECT count(*) FROM promql('m', 0, 100000, '1s')",
    ] {
        let error = ask_of(&engine, Arc::clone(&snapshot), sql).await.unwrap_err();
        assert!(
            matches!(&error, SqlError::TooLarge(text) if text.contains("more memory") && text.contains("raise --query.max-memory")),
            "{sql}: {error:?}"
        );
        given_back(&memory).await;
    }
    let small = ask_of(&engine, snapshot, "SELECT count(*) AS n, max(value) AS v FROM m").await;
    assert_eq!(small.unwrap(), "n,v\n60000,59999\n");
    given_back(&memory).await;
}

/// A query that has ended gives its memory back once its tasks have stopped.
async fn given_back(memory: &QueryMemory) {
    while memory.held_bytes() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn the_memory_of_all_queries_has_a_limit_too() {
    let memory = Arc::new(QueryMemory::new(64 << 20, 2 << 20));
    let engine = SqlEngine::new(SqlConfig::default(), Handle::current()).within(Arc::clone(&memory));
    let error = ask_of(&engine, many(300, 1000), "SELECT value FROM m").await;
    let error = error.unwrap_err().to_string();
    assert!(error.contains("raise --query.max-memory-total"), "{error}");
    given_back(&memory).await;
}

#[derive(Debug, Default)]
struct Ledger(Arc<Mutex<Vec<String>>>);

#[derive(Debug)]
struct Entry(Arc<Mutex<Vec<String>>>, String);

#[async_trait::async_trait]
impl Admission for Ledger {
    async fn enter(&self, text: &str, _longest: Duration) -> Result<Box<dyn Admitted>, SqlError> {
        if text.contains("refused") {
            return Err(SqlError::Timeout(Duration::ZERO));
        }
        Ok(Box::new(Entry(Arc::clone(&self.0), text.to_owned())))
    }
}

impl Admitted for Entry {
    fn ended(&mut self, error: Option<&SqlError>) {
        let end = error.map_or("fine", |_| "failed");
        self.0.lock().push(format!("{}: {end}", self.1));
    }
}

#[tokio::test]
async fn statements_ask_for_their_places_and_tell_how_they_ended() {
    let entries = Arc::new(Mutex::new(Vec::new()));
    let engine = SqlEngine::new(SqlConfig::default(), Handle::current())
        .admitted_by(Arc::new(Ledger(Arc::clone(&entries))));
    ask_of(&engine, snapshot(), "SELECT 1 AS one").await.unwrap();
    ask_of(&engine, snapshot(), "SELECT nope FROM limits")
        .await
        .unwrap_err();
    ask_of(
        &engine,
        snapshot(),
        "SELECT 1 / (value - value) FROM limits WHERE 1 / 0 = 1",
    )
    .await
    .unwrap_err();
    let refused = ask_of(&engine, snapshot(), "SELECT 'refused'").await.unwrap_err();
    assert!(matches!(refused, SqlError::Timeout(_)), "{refused:?}");
    let ends: Vec<String> = entries
        .lock()
        .iter()
        .map(|entry| entry.rsplit(' ').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(ends, ["fine", "failed", "failed"], "{entries:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_slow_and_no_place() {
    let config = SqlConfig {
        timeout: Duration::from_millis(300),
        concurrent_max: 1,
        ..SqlConfig::default()
    };
    let engine = SqlEngine::new(config, Handle::current());
    let endless = "SELECT count(*) FROM generate_series(1, 100000000000)";
    let started = Instant::now();
    let error = engine.query(snapshot(), endless).await.unwrap_err();
    assert!(matches!(error, SqlError::Timeout(_)), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the query took longer than 0.3s; narrow its time range or its labels"
    );
    // The place comes back once the abandoned query has stopped, however busy the machine is.
    loop {
        match engine.query(snapshot(), "SELECT 1").await {
            Ok(_) => break,
            Err(SqlError::Timeout(_)) => assert!(started.elapsed() < Duration::from_secs(60)),
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn the_most_operators_fit_on_the_stack() {
    // Each with the operators that it has and that the repeated part has.
    for (sql, has, repeated, each) in [
        ("SELECT 1", 1, " + 1", 1),
        ("SELECT 1 FROM samples WHERE value = 0", 2, " OR value > 1", 2),
        ("SELECT 1 FROM samples WHERE job = 'a'", 2, " OR job = 'a'", 2),
        (
            "SELECT 1 FROM samples WHERE job = 'a'",
            2,
            " AND instance <> 'a'",
            2,
        ),
        ("SELECT 1", 1, " UNION ALL SELECT 1", 2),
        ("SELECT value IS NULL", 2, " IS NULL", 1),
    ] {
        let sql = format!("{sql}{}", repeated.repeat((OPERATORS_MAX - has) / each));
        let answer = ask(&sql).await;
        let acceptable = matches!(&answer, Ok(_) | Err(SqlError::BadQuery(_)));
        assert!(acceptable, "{sql}: {answer:?}");
        let refused = ask(&format!("{sql}{repeated}")).await.unwrap_err();
        assert!(refused.to_string().contains("operators"), "{refused}");
    }
}

#[tokio::test]
async fn scans_come_in_batches_of_bounded_size() {
    let snapshot = many(40, 1000);
    let engine = SqlEngine::new(SqlConfig::default(), Handle::current());
    let result = engine
        .query(snapshot, "SELECT i, value, labels FROM m")
        .await
        .unwrap();
    assert_eq!(result.row_count(), 40_000);
    assert!(result.batches().iter().all(|batch| batch.num_rows() <= 8192));
    let last = result.rows().last().unwrap();
    assert_eq!(last[1], crate::Cell::Float(39_999.0));
}
