//! Aggregations that happen in the scan give what the query engine gives over rows, and what it cannot take stays over
//! the scan.

use std::sync::Arc;

use engine_model::Labels;
use engine_model::staleness::{NORMAL_NAN, STALE_NAN};
use queries_tables::{MemorySnapshot, Snapshot};

use super::{MIDNIGHT_MS, ask_with};
use crate::SqlConfig;

/// Series with gaps, staleness, NaN, infinities and a label that some do not have.
fn data() -> Arc<dyn Snapshot> {
    let mut snapshot = MemorySnapshot::default();
    let mut state: u64 = 7;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state >> 33
    };
    for i in 0..60_u64 {
        let mut pairs = vec![
            ("__name__", "m".to_owned()),
            ("i", i.to_string()),
            ("mode", (i % 5).to_string()),
        ];
        if i % 3 == 0 {
            pairs.push(("rack", (i % 4).to_string()));
        }
        let length = [0, 1, 40, 300, 2500][(i % 5) as usize];
        let mut at_ms = MIDNIGHT_MS + i as i64;
        let samples: Vec<(i64, f64)> = (0..length)
            .map(|n| {
                at_ms += 15_000 + (random() % 3) as i64 * 60_000;
                let value = match random() % 200 {
                    0 => STALE_NAN,
                    1 => NORMAL_NAN,
                    2 => f64::INFINITY,
                    other => (other as i64 - 90) as f64 * f64::from(n % 7),
                };
                (at_ms, value)
            })
            .collect();
        snapshot.add(&Labels::from_pairs(pairs), &samples);
    }
    Arc::new(snapshot)
}

/// The answer with sorted rows, and the plan.
async fn answer(partitions: usize, snapshot: &Arc<dyn Snapshot>, sql: &str) -> (Vec<String>, String) {
    let config = || SqlConfig {
        partitions,
        ..SqlConfig::default()
    };
    let rows = ask_with(config(), Arc::clone(snapshot), sql).await;
    let rows = rows.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let mut rows: Vec<String> = rows.lines().map(str::to_owned).collect();
    rows.sort_unstable();
    let plan = ask_with(config(), Arc::clone(snapshot), &format!("EXPLAIN {sql}"))
        .await
        .unwrap();
    (rows, plan)
}

/// Aggregates whose result does not depend on the order of their input, or not here.
const AGGREGATES: &str = "count(*), count(value), min(value), max(value), sum(CASE WHEN isnan(value) OR value > 1e9 THEN 0 ELSE value END), \
     count(*) FILTER (WHERE value > 10), bool_or(value < -100), last_value(timestamp ORDER BY timestamp), median(value)";

/// Statements that are grouped in the scan.
const IN_SCAN: [&str; 14] = [
    "SELECT {} FROM m",
    "SELECT mode, {} FROM m GROUP BY mode",
    "SELECT rack, mode, {} FROM m GROUP BY 1, 2",
    "SELECT labels['rack'] || '!' AS r, {} FROM m GROUP BY 1",
    "SELECT date_bin(interval '1 hour', timestamp) AS hour, {} FROM m GROUP BY 1",
    "SELECT date_trunc('day', timestamp), mode, date_part('hour', timestamp), {} FROM m GROUP BY 1, 2, 3",
    "SELECT mode, {} FROM m WHERE value > 5 GROUP BY mode",
    "SELECT {} FROM m WHERE value > 1e100 AND value < 1e101",
    "SELECT i, {} FROM m WHERE timestamp > '2026-01-01T02:00:00Z' AND rack = '2' GROUP BY i",
    "SELECT i, {} FROM m WHERE value < -500 AND date_part('minute', timestamp) < 30 GROUP BY i",
    "SELECT mode, {} FROM samples_raw GROUP BY mode",
    "SELECT {} FROM m WHERE job = 'none'",
    "SELECT mode, {} FROM m GROUP BY mode HAVING count(*) > 100000",
    "SELECT DISTINCT mode FROM m",
];

/// Statements that are not: rows are grouped by their values, by time as it is, or counted by labels.
const OVER_SCAN: [&str; 3] = [
    "SELECT value > 5, {} FROM m GROUP BY 1",
    "SELECT timestamp, {} FROM m GROUP BY timestamp",
    "SELECT mode, {} FROM (SELECT * FROM m ORDER BY timestamp, i LIMIT 1000) GROUP BY mode",
];

#[tokio::test]
async fn grouping_in_the_scan_changes_no_answer() {
    let snapshot = data();
    for (sql, in_scan) in IN_SCAN
        .map(|sql| (sql, true))
        .into_iter()
        .chain(OVER_SCAN.map(|sql| (sql, false)))
    {
        let sql = sql
            .replace("{}", AGGREGATES)
            .replace("job = 'none'", "mode = 'none'");
        // The same over a derived table with an order of its own, which is not looked into.
        let table = if sql.contains("samples_raw") {
            "samples_raw"
        } else {
            "m"
        };
        let opaque = format!("FROM (SELECT * FROM {table} ORDER BY i, timestamp LIMIT 1000000000) ");
        let (expected, _) = answer(
            1,
            &snapshot,
            &sql.replacen(&format!("FROM {table} "), &opaque, 1).replacen(
                &format!("FROM {table}"),
                &opaque,
                usize::from(sql.ends_with(table)),
            ),
        )
        .await;
        for partitions in [1, 3] {
            let (found, plan) = answer(partitions, &snapshot, &sql).await;
            assert_eq!(found, expected, "{partitions} partitions: {sql}\n{plan}");
            assert_eq!(
                plan.contains("GroupedSamples"),
                in_scan,
                "{partitions} partitions: {sql}\n{plan}"
            );
        }
    }
}

#[tokio::test]
async fn nothing_is_one_group_and_nan_is_large() {
    let snapshot = data();
    for partitions in [1, 3] {
        let all =
            "SELECT max(value) AS v, min(value) AS w, count(*) FILTER (WHERE isnan(value)) > 0 AS x FROM m";
        assert_eq!(
            answer(partitions, &snapshot, all).await.0,
            ["NaN,-522,true", "v,w,x"]
        );
        let none = "SELECT max(value) AS v, sum(value) AS w, count(*) AS n FROM m WHERE value > 1e300 AND value < 1e301";
        assert_eq!(answer(partitions, &snapshot, none).await.0, [",,0", "v,w,n"]);
    }
}

#[tokio::test]
async fn partitions_read_each_row_once() {
    let snapshot = data();
    let (all, plan) = answer(3, &snapshot, "SELECT i, timestamp, CAST(value AS text) FROM m").await;
    let (one, _) = answer(1, &snapshot, "SELECT i, timestamp, CAST(value AS text) FROM m").await;
    assert_eq!(all, one, "{plan}");
    let (few, plan) = answer(3, &snapshot, "SELECT i FROM m LIMIT 7").await;
    assert_eq!(few.len(), 8);
    assert!(plan.contains("limit=7"), "{plan}");
    let joined = "SELECT count(*) FROM m a JOIN m b ON a.timestamp = b.timestamp AND a.i = b.i";
    let (count, _) = answer(3, &snapshot, joined).await;
    assert_eq!(count, answer(1, &snapshot, "SELECT count(*) FROM m").await.0);
}
