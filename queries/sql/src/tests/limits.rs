//! Each limit, exceeded.

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine_model::Labels;
use queries_tables::{MemorySnapshot, Snapshot};
use tokio::runtime::Handle;

use super::{ask, ask_with, snapshot};
use crate::guard::OPERATORS_MAX;
use crate::{SqlConfig, SqlEngine, SqlError};

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
    let config = || SqlConfig {
        memory_bytes_max: 1 << 20,
        ..SqlConfig::default()
    };
    let snapshot = many(300, 200);
    for sql in [
        "SELECT value FROM m",
        "SELECT value, count(*) FROM m GROUP BY 1 ORDER BY 2",
        "SELECT a.value FROM m a JOIN m b ON a.value = b.value",
        "SELECT value FROM m ORDER BY value",
    ] {
        let error = ask_with(config(), Arc::clone(&snapshot), sql).await.unwrap_err();
        assert!(
            matches!(&error, SqlError::TooLarge(text) if text.contains("more memory")),
            "{sql}: {error:?}"
        );
    }
    let small = ask_with(config(), snapshot, "SELECT count(*) AS n, max(value) AS v FROM m").await;
    assert_eq!(small.unwrap(), "n,v\n60000,59999\n");
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
