//! What of a WHERE clause the scan holds, and what a table shows, through DataFusion's own planning.

use std::sync::Arc;

use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use engine_model::Labels;

use super::{CATALOG, OnlyCatalog, SCHEMA, SnapshotCatalog};
use crate::memory::MemorySnapshot;

fn context() -> SessionContext {
    let mut snapshot = MemorySnapshot::default();
    for (i, instance) in ["a:1", "b.c:2", "c%3"].into_iter().enumerate() {
        let labels = Labels::from_pairs([("__name__", "up"), ("instance", instance), ("value", "v")]);
        snapshot.add(&labels, &[(1_000, i as f64), (2_000, 10.0 + i as f64)]);
    }
    let bare = Labels::from_pairs([("__name__", "up"), ("job", "j")]);
    snapshot.add(&bare, &[(1_000, 7.0)]);
    let mut config = SessionConfig::new()
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_create_default_catalog_and_schema(false)
        .with_target_partitions(1);
    config.options_mut().execution.time_zone = Some("UTC".to_owned());
    let state = SessionStateBuilder::new_with_default_features()
        .with_config(config)
        .with_catalog_list(Arc::new(OnlyCatalog::new(SnapshotCatalog::new(Arc::new(
            snapshot,
        )))))
        .build();
    SessionContext::new_with_state(state)
}

/// The plan and the number of rows of `SELECT timestamp FROM up WHERE {condition}`.
async fn run(condition: &str) -> (String, usize) {
    let sql = format!("SELECT \"timestamp\" FROM up WHERE {condition}");
    let context = context();
    let plan = context
        .sql(&sql)
        .await
        .unwrap()
        .create_physical_plan()
        .await
        .unwrap();
    let text = datafusion::physical_plan::displayable(plan.as_ref())
        .indent(false)
        .to_string();
    let batches = datafusion::physical_plan::collect(plan, context.task_ctx())
        .await
        .unwrap();
    (text, batches.iter().map(|batch| batch.num_rows()).sum())
}

/// Conditions with the matchers and the time of the scan, and the number of rows.
const HELD: &[(&str, &str, &str, usize)] = &[
    ("instance = 'a:1'", r#"instance="a:1""#, "..", 2),
    ("'a:1' = instance", r#"instance="a:1""#, "..", 2),
    ("instance <> 'a:1'", r#"instance!="",instance!="a:1""#, "..", 4),
    ("instance <> ''", r#"instance!="""#, "..", 6),
    ("instance IS NULL", r#"instance="""#, "..", 1),
    ("instance IS NOT NULL", r#"instance!="""#, "..", 6),
    (
        "instance IN ('a:1', 'b.c:2')",
        r#"instance=~"a:1|b\\.c:2""#,
        "..",
        4,
    ),
    (
        "instance IN ('a:1', 'b', 'c', 'd', 'b.c:2')",
        r#"instance=~"a:1|b|c|d|b\\.c:2""#,
        "..",
        4,
    ),
    (
        "instance NOT IN ('a:1', 'b', 'c', 'd', 'e')",
        r#"instance!="",instance!~"a:1|b|c|d|e""#,
        "..",
        4,
    ),
    (
        "instance = 'a:1' OR instance = 'c%3'",
        r#"instance=~"a:1|c%3""#,
        "..",
        4,
    ),
    (
        "instance LIKE '%.c%'",
        r#"instance!="",instance=~".*\\.c.*""#,
        "..",
        2,
    ),
    (
        "instance NOT LIKE '_:1'",
        r#"instance!="",instance!~".:1""#,
        "..",
        4,
    ),
    ("labels['value'] = 'v'", r#"value="v""#, "..", 6),
    ("labels['nope'] = 'v'", r#"nope="v""#, "..", 0),
    (
        "labels['instance'] = 'a:1' AND job IS NULL",
        r#"job="",instance="a:1""#,
        "..",
        2,
    ),
    ("timestamp > '1970-01-01T00:00:01Z'", "", "1001..", 3),
    ("timestamp >= timestamp '1970-01-01 00:00:02'", "", "2000..", 3),
    (
        "timestamp BETWEEN to_timestamp_millis(500) AND to_timestamp_millis(1500)",
        "",
        "500..1500",
        4,
    ),
    (
        "timestamp < to_timestamp(2) AND job = 'j'",
        r#"job="j""#,
        "..1999",
        1,
    ),
    ("timestamp = to_timestamp_millis(1000)", "", "1000..1000", 4),
];

#[tokio::test]
async fn conditions_become_matchers_and_bounds() {
    let scan = |matchers: &str, time: &str| {
        let more = if matchers.is_empty() { "" } else { "," };
        format!(
            "SamplesScan: table=up matchers={{__name__=\"up\"{more}{matchers}}} time=[{time}] columns=[timestamp]\n"
        )
    };
    for &(condition, matchers, time, rows) in HELD {
        let (plan, found) = run(condition).await;
        assert_eq!(plan, scan(matchers, time), "{condition}");
        assert_eq!(found, rows, "{condition}");
    }
}

#[tokio::test]
async fn what_the_scan_cannot_hold_is_filtered_above_it() {
    for (condition, rows) in [
        ("instance = ''", 0),
        ("instance = 'a:1' OR job = 'j'", 3),
        ("instance ~ '^b[.:]'", 2),
        ("instance > 'b'", 4),
        ("value > 9", 3),
        ("instance ILIKE 'A:%'", 2),
        (r"instance LIKE 'c\%3'", 2),
        ("instance = labels['job']", 0),
        ("date_trunc('second', timestamp) = to_timestamp(1)", 4),
        ("timestamp = to_timestamp_millis(1000) OR instance = 'a:1'", 5),
    ] {
        let (plan, found) = run(condition).await;
        assert!(plan.contains("FilterExec"), "{condition}:\n{plan}");
        assert_eq!(found, rows, "{condition}");
    }
}

#[tokio::test]
async fn now_and_intervals_become_bounds() {
    let (plan, rows) = run("timestamp > now() - interval '1 day'").await;
    assert!(!plan.contains("FilterExec"), "{plan}");
    assert!(!plan.contains("time=[..]"), "{plan}");
    assert_eq!(rows, 0);
    let (plan, rows) = run("timestamp < now() - interval '1 hour'").await;
    assert!(!plan.contains("FilterExec"), "{plan}");
    assert_eq!(rows, 7);
}
