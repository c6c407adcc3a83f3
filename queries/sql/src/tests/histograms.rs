//! Native histograms as rows.

use std::sync::Arc;

use engine_model::Labels;
use engine_model::histogram::{Counts, Histogram, ResetHint, Span};
use engine_model::staleness::STALE_NAN;
use queries_tables::MemorySnapshot;

use super::{MIDNIGHT_MS, ask_with};
use crate::SqlConfig;

fn histogram(sum: f64) -> Arc<Histogram> {
    Arc::new(Histogram {
        schema: 0,
        reset_hint: ResetHint::Unknown,
        zero_threshold: 0.5,
        sum,
        positive_spans: vec![Span { offset: 0, length: 2 }],
        negative_spans: Vec::new(),
        custom_values: Vec::new(),
        counts: Counts::Integer {
            count: 6,
            zero: 1,
            positive: vec![2, 1],
            negative: Vec::new(),
        },
    })
}

#[tokio::test]
async fn native_histograms_are_rows() {
    let mut snapshot = MemorySnapshot::default();
    let labels = Labels::from_pairs([
        ("__name__", "took_seconds"),
        ("job", "a"),
        ("count", "of a label"),
    ]);
    let times = [
        (MIDNIGHT_MS, 8.5),
        (MIDNIGHT_MS + 15_000, 9.5),
        (MIDNIGHT_MS + 30_000, STALE_NAN),
    ];
    let histograms: Vec<_> = times.into_iter().map(|(at, sum)| (at, histogram(sum))).collect();
    snapshot.add_histograms(&labels, &histograms);
    for (sql, expected) in [
        (
            "SELECT timestamp, count, sum, schema, zero_threshold, zero_count, buckets, job FROM histograms \
             WHERE __name__ = 'took_seconds' AND timestamp < '2026-01-01T00:00:15Z'",
            "timestamp,count,sum,schema,zero_threshold,zero_count,buckets,job\n\
             2026-01-01T00:00:00.000Z,6,8.5,0,0.5,1,\"[{\"\"lower\"\":-0.5,\"\"upper\"\":0.5,\"\"count\"\":1},\
             {\"\"lower\"\":0.5,\"\"upper\"\":1,\"\"count\"\":2},{\"\"lower\"\":1,\"\"upper\"\":2,\"\"count\"\":3}]\",a\n",
        ),
        (
            "SELECT b['upper'] AS upper, sum(b['count']) AS n \
             FROM (SELECT unnest(buckets) AS b FROM histograms WHERE job = 'a') GROUP BY 1 ORDER BY 1",
            "upper,n\n0.5,2\n1,4\n2,6\n",
        ),
        (
            "SELECT labels['count'] AS c, max(sum) AS s FROM histograms GROUP BY 1",
            "c,s\nof a label,9.5\n",
        ),
        ("SELECT count(*) AS n FROM histograms WHERE job = 'b'", "n\n0\n"),
        ("SELECT count(*) AS n FROM samples", "n\n0\n"),
    ] {
        let answer = ask_with(SqlConfig::default(), Arc::new(snapshot.clone()), sql).await;
        assert_eq!(answer.unwrap(), expected, "{sql}");
    }
    let explained = ask_with(
        SqlConfig::default(),
        Arc::new(snapshot),
        "EXPLAIN SELECT sum FROM histograms WHERE job = 'a' AND timestamp > '2026-01-01T00:00:00Z'",
    );
    let plan = explained.await.unwrap();
    let scan = r#"HistogramsScan: matchers={job=""a""} time=[1767225600001..] columns=[sum]"#;
    assert!(plan.contains(scan), "{plan}");
}
