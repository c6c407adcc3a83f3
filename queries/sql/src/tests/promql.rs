//! `promql(…)` with a source that tells what it was asked.

use std::sync::Arc;

use async_trait::async_trait;
use engine_model::{FloatHistogram, Labels};
use queries_tables::Snapshot;
use queries_tables::sql_tables::ComputedSeries;

use super::{MIDNIGHT_MS, ask, bad_query};
use crate::{PromqlSource, SqlError, StepRange};

/// A series with the instants of the range as values, named as the query.
#[derive(Debug)]
pub(crate) struct Echo;

#[async_trait]
impl PromqlSource for Echo {
    async fn evaluate(
        &self,
        _snapshot: Arc<dyn Snapshot>,
        query: &str,
        range: StepRange,
    ) -> Result<Vec<ComputedSeries>, SqlError> {
        if query == "fails" {
            return Err(SqlError::BadQuery("1:1: parse error".to_owned()));
        }
        let mut series = ComputedSeries {
            labels: Labels::from_pairs([("query", query)]),
            ..ComputedSeries::default()
        };
        let (mut at_ms, mut turn) = (range.start_ms, 0);
        while at_ms <= range.end_ms {
            if query == "mixed" && turn % 3 == 1 {
                let histogram = FloatHistogram {
                    count: f64::from(turn),
                    sum: 0.5,
                    ..FloatHistogram::default()
                };
                series.histograms.push((at_ms, Arc::new(histogram)));
            } else {
                series.timestamps.push(at_ms);
                series.values.push((at_ms - MIDNIGHT_MS) as f64);
            }
            at_ms += range.step_ms.max(1);
            turn += 1;
        }
        Ok(vec![series])
    }
}

#[tokio::test]
async fn times_and_steps_in_many_forms() {
    for (arguments, rows, sum) in [
        ("'2026-01-01T00:00:00Z', '2026-01-01T00:02:00Z', '1m'", 3, 180_000),
        (
            "'2026-01-01T00:00:00Z', TIMESTAMP '2026-01-01 00:02:00', INTERVAL '1 minute'",
            3,
            180_000,
        ),
        ("1767225600, 1767225720, 60", 3, 180_000),
        (
            "'2026-01-01T00:02:00Z'::timestamptz - INTERVAL '2 minutes', '2026-01-01 00:02:00', '30s'",
            5,
            300_000,
        ),
        ("'2026-01-01T00:00:01Z'", 1, 1000),
    ] {
        let sql = format!("SELECT count(*) AS n, sum(value) AS s FROM promql('up', {arguments})");
        let answer = ask(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(answer, format!("n,s\n{rows},{sum}\n"), "{sql}");
    }
    let now = ask("SELECT timestamp > now() - interval '1 minute' AS recent FROM promql('up')").await;
    assert_eq!(now.unwrap(), "recent\ntrue\n");
    let joined = "SELECT p.labels['query'] AS q, p.value, l.value AS load FROM PROMQL('up', 1767225600, 1767225600, '1m') p \
                  JOIN node_load1 l ON l.timestamp = p.timestamp WHERE l.instance = 'b:9100'";
    assert_eq!(ask(joined).await.unwrap(), "q,value,load\nup,0,4\n");
    let columns = ask("SELECT * FROM promql('up', 1767225600) ").await.unwrap();
    assert_eq!(
        columns,
        "labels,timestamp,value,histogram\n\"{\"\"query\"\":\"\"up\"\"}\",2026-01-01T00:00:00.000Z,0,\n"
    );
}

#[tokio::test]
async fn native_histograms_of_an_answer_are_rows() {
    let mixed = "FROM promql('mixed', '2026-01-01T00:00:00Z', '2026-01-01T12:00:00Z', '1s')";
    for (sql, expected) in [
        (
            "SELECT timestamp, value, histogram FROM promql('mixed', 1767225600, 1767225602, 1)".to_owned(),
            "timestamp,value,histogram\n2026-01-01T00:00:00.000Z,0,\n2026-01-01T00:00:01.000Z,,\
             \"{\"\"count\"\":1,\"\"sum\"\":0.5,\"\"schema\"\":0,\"\"zero_threshold\"\":0,\"\"zero_count\"\":0,\"\"buckets\"\":[]}\"\n\
             2026-01-01T00:00:02.000Z,2000,\n",
        ),
        // More rows than a batch has.
        (
            format!(
                "SELECT count(*) AS n, count(value) AS v, count(histogram) AS h, sum(histogram['sum']) AS s {mixed}"
            ),
            "n,v,h,s\n43201,28801,14400,7200\n",
        ),
        (
            format!(
                "SELECT count(*) AS n FROM (SELECT timestamp - lag(timestamp) OVER () AS d {mixed}) WHERE d = interval '1 second'"
            ),
            "n\n43200\n",
        ),
    ] {
        let answer = ask(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(answer, expected, "{sql}");
    }
}

#[tokio::test]
async fn mistakes_say_what_to_write() {
    for (sql, says) in [
        ("SELECT * FROM promql()", "promql takes the query"),
        ("SELECT * FROM promql(1)", "promql takes the query"),
        ("SELECT * FROM promql('up', 1, 2)", "promql takes the query"),
        ("SELECT * FROM promql('up', 'soon')", "is no time"),
        ("SELECT * FROM promql('up', 1, 2, '0s')", "longer than 0"),
        (
            "SELECT * FROM promql('up', 1, 2, interval '1 month')",
            "is no step",
        ),
        ("SELECT * FROM promql('up', 2, 1, '1m')", "before its start"),
        ("SELECT * FROM promql('fails')", "1:1: parse error"),
    ] {
        let error = bad_query(ask(sql).await);
        assert!(error.contains(says), "{sql}: {error}");
    }
}
