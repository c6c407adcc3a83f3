//! The questions of the README are planned and run as they are printed there.

use std::sync::Arc;

use engine_model::Labels;
use engine_model::time::now_ms;
use queries_tables::MemorySnapshot;

use super::ask_with;
use crate::SqlConfig;

#[tokio::test]
async fn the_questions_of_the_readme_have_answers() {
    let mut snapshot = MemorySnapshot::default();
    let names = [
        "node_load1",
        "node_memory_MemTotal_bytes",
        "node_memory_MemAvailable_bytes",
        "node_filesystem_size_bytes",
        "node_filesystem_avail_bytes",
        "node_network_receive_bytes_total",
        "up",
    ];
    // One moment for all: metrics are joined by it.
    let now = now_ms();
    for name in names {
        let of = [
            ("instance", "a"),
            ("job", "node"),
            ("device", "eth0"),
            ("mountpoint", "/"),
        ];
        let labels = Labels::from_pairs(of).with("__name__", name);
        // A filesystem with one byte in a hundred left; everything else at 1, and down once.
        let value = if name.contains("size") { 100.0 } else { 1.0 };
        let first = if name == "up" { 0.0 } else { value };
        let stale = engine_model::staleness::STALE_NAN;
        snapshot.add(
            &labels,
            &[(now - 30_000, first), (now - 15_000, value), (now, stale)],
        );
    }
    let readme = include_str!("../../README.md");
    let questions: Vec<&str> = readme
        .split("```sql\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect();
    assert_eq!(questions.len(), 11);
    for sql in questions {
        match ask_with(SqlConfig::default(), Arc::new(snapshot.clone()), sql).await {
            Ok(answer) => assert!(answer.lines().count() > 1, "{sql}\n{answer}"),
            Err(error) => panic!("{sql}\n{error}"),
        }
    }
}
