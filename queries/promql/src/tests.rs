//! The engine on small data in memory.

use std::sync::Arc;

use engine_model::staleness::STALE_NAN;
use queries_tables::{MemorySnapshot, Snapshot};

use crate::parser::parse_metric;
use crate::{Engine, EngineConfig, QueryError, QueryOptions, Value};

const MINUTE: i64 = 60_000;

/// Two counters and a gauge, every minute from 0 to 10 m; `gone` ends at 5 m with a marker.
fn snapshot() -> Arc<dyn Snapshot> {
    let mut memory = MemorySnapshot::default();
    let mut add = |metric: &str, value: &dyn Fn(i64) -> f64| {
        let samples: Vec<(i64, f64)> = (0..=10).map(|i| (i * MINUTE, value(i))).collect();
        memory.add(&parse_metric(metric).unwrap(), &samples);
    };
    add(r#"requests_total{job="a",code="200"}"#, &|i| (i * 60) as f64);
    add(r#"requests_total{job="a",code="500"}"#, &|i| (i * 6) as f64);
    add(r#"requests_total{job="b",code="200"}"#, &|i| (i * 30) as f64);
    add(r#"load{job="a"}"#, &|i| (i % 3) as f64);
    add(r#"load_twin{job="a"}"#, &|_| 1.0);
    add(r#"capacity{job="a",zone="x"}"#, &|_| 10.0);
    for (le, share) in [("0.1", 1.0), ("1", 3.0), ("+Inf", 4.0)] {
        add(&format!(r#"latency_bucket{{job="a",le="{le}"}}"#), &|i| {
            i as f64 * share
        });
    }
    memory.add(
        &parse_metric("gone").unwrap(),
        &[(0, 1.0), (4 * MINUTE, 2.0), (5 * MINUTE, STALE_NAN)],
    );
    Arc::new(memory)
}

async fn at(query: &str, at_ms: i64) -> Result<Value, QueryError> {
    let engine = Engine::new(EngineConfig::default(), tokio::runtime::Handle::current());
    Ok(engine
        .instant(snapshot(), query, at_ms, QueryOptions::default())
        .await?
        .value)
}

fn show(value: &Value) -> String {
    match value {
        Value::Scalar { value, .. } => format!("{value}"),
        Value::String { value, .. } => format!("{value:?}"),
        Value::Vector(elements) => {
            let mut lines: Vec<String> = elements
                .iter()
                .map(|e| format!("{} {}", e.labels, e.value))
                .collect();
            lines.sort();
            lines.join("; ")
        }
        Value::Matrix(series) => series
            .iter()
            .map(|s| format!("{} {:?}", s.labels, s.samples))
            .collect::<Vec<_>>()
            .join("; "),
    }
}

#[tokio::test]
async fn instant_queries() {
    let cases = [
        ("1 + 2 * 3", "7"),
        ("-2 ^ 2", "-4"),
        (r#""text""#, r#""text""#),
        (r#"load"#, r#"{__name__="load", job="a"} 1"#),
        ("gone", ""),
        ("gone offset 6m", r#"{__name__="gone"} 2"#),
        ("gone @ 250", r#"{__name__="gone"} 2"#),
        (
            r#"rate(requests_total{job="b"}[5m])"#,
            r#"{code="200", job="b"} 0.5"#,
        ),
        (
            "sum by (job) (rate(requests_total[5m]))",
            r#"{job="a"} 1.1; {job="b"} 0.5"#,
        ),
        (
            "sum without (code) (requests_total)",
            r#"{job="a"} 660; {job="b"} 300"#,
        ),
        ("count(requests_total)", "{} 3"),
        ("load + on (job) capacity", r#"{job="a"} 11"#),
        ("capacity / ignoring (zone) load", r#"{job="a"} 10"#),
        (
            "requests_total > 100",
            r#"{__name__="requests_total", code="200", job="a"} 600; {__name__="requests_total", code="200", job="b"} 300"#,
        ),
        (
            "requests_total > bool 500",
            r#"{code="200", job="a"} 1; {code="200", job="b"} 0; {code="500", job="a"} 0"#,
        ),
        (
            "topk(1, requests_total)",
            r#"{__name__="requests_total", code="200", job="a"} 600"#,
        ),
        ("histogram_quantile(0.5, latency_bucket)", r#"{job="a"} 0.55"#),
        ("max_over_time(load[3m])", r#"{job="a"} 2"#),
        (
            "max_over_time(rate(requests_total{job=\"b\"}[2m])[4m:1m])",
            r#"{code="200", job="b"} 0.5"#,
        ),
        ("absent(nothing{a=\"b\"})", r#"{a="b"} 1"#),
        ("load and capacity", ""),
        ("load or vector(7)", r#"{__name__="load", job="a"} 1; {} 7"#),
        ("load unless on (job) capacity", ""),
        ("timestamp(load)", r#"{job="a"} 600"#),
        ("abs(-load)", r#"{job="a"} 1"#),
        (
            r#"label_replace(load, "j", "${1}x", "job", "(.*)")"#,
            r#"{__name__="load", j="ax", job="a"} 1"#,
        ),
        ("scalar(load)", "1"),
        ("time()", "600"),
        (
            "load[2m]",
            r#"{__name__="load", job="a"} [(540000, 0.0), (600000, 1.0)]"#,
        ),
        (
            r#"requests_total * on (job) group_left (zone) capacity{job="a"}"#,
            r#"{code="200", job="a", zone="x"} 6000; {code="500", job="a", zone="x"} 600"#,
        ),
    ];
    for (query, expected) in cases {
        let value = at(query, 10 * MINUTE)
            .await
            .unwrap_or_else(|e| panic!("{query}: {e}"));
        assert_eq!(show(&value), expected, "{query}");
    }
}

#[tokio::test]
async fn errors_have_prometheus_words() {
    let cases = [
        (
            "load + on () requests_total",
            "found duplicate series for the match group {} on the right hand-side of the operation",
        ),
        (
            "requests_total + on (job) load",
            "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)",
        ),
        ("sum(", "parse error"),
        (
            "rate({__name__=~\"load.*\"}[5m])",
            "vector cannot contain metrics with the same labelset",
        ),
        ("info(load)", "must be enabled"),
    ];
    for (query, expected) in cases {
        let error = at(query, 10 * MINUTE).await.expect_err(query);
        let text = error.to_string();
        if query == "info(load)" {
            assert!(matches!(error, QueryError::Parse(_)), "{text}");
            continue;
        }
        assert!(text.contains(expected), "{query}: {text}");
    }
}

#[tokio::test]
async fn range_queries() {
    let engine = Engine::new(EngineConfig::default(), tokio::runtime::Handle::current());
    let run = async |query: &str| {
        let result = engine
            .range(
                snapshot(),
                query,
                0,
                4 * MINUTE,
                2 * MINUTE,
                QueryOptions::default(),
            )
            .await;
        show(&result.unwrap().value)
    };
    assert_eq!(
        run("load").await,
        r#"{__name__="load", job="a"} [(0, 0.0), (120000, 2.0), (240000, 1.0)]"#
    );
    assert_eq!(
        run("gone @ 0").await,
        r#"{__name__="gone"} [(0, 1.0), (120000, 1.0), (240000, 1.0)]"#
    );
    assert_eq!(run("1").await, "{} [(0, 1.0), (120000, 1.0), (240000, 1.0)]");
    assert_eq!(
        run("time()").await,
        "{} [(0, 0.0), (120000, 120.0), (240000, 240.0)]"
    );
    assert_eq!(run("count(up)").await, "");
}

#[tokio::test]
async fn a_query_is_refused_beyond_its_samples() {
    let config = EngineConfig {
        samples_max: 10,
        ..EngineConfig::default()
    };
    let engine = Engine::new(config, tokio::runtime::Handle::current());
    let error = engine
        .instant(
            snapshot(),
            "rate(requests_total[10m])",
            10 * MINUTE,
            QueryOptions::default(),
        )
        .await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "query processing would load too many samples into memory in query execution"
    );
}

/// `series` counters with a sample a second for `samples` seconds.
fn dense(series: usize, samples: i64) -> Arc<dyn Snapshot> {
    let mut memory = MemorySnapshot::default();
    let points: Vec<(i64, f64)> = (0..samples).map(|i| (i * 1000, i as f64)).collect();
    for i in 0..series {
        let labels = parse_metric(&format!("dense_total{{i=\"{i}\"}}")).unwrap();
        memory.add(&labels, &points);
    }
    Arc::new(memory)
}

#[tokio::test]
async fn a_query_is_refused_before_it_makes_more_cells_than_it_may() {
    let config = EngineConfig {
        samples_max: 100_000,
        ..EngineConfig::default()
    };
    let engine = Engine::new(config, tokio::runtime::Handle::current());
    let refused = [
        "dense_total",
        "rate(dense_total[1m])",
        "dense_total * 2",
        "dense_total + dense_total",
        "dense_total or vector(1)",
        "topk(3, dense_total)",
        "count_values(\"v\", dense_total)",
        "quantile(0.5, dense_total)",
        "sum by (i) (dense_total)",
        "label_replace(dense_total, \"j\", \"$1\", \"i\", \"(.*)\")",
        "dense_total @ 5",
        "sum_over_time(dense_total[1h:1s])",
    ];
    for query in refused {
        let result = engine
            .range(dense(20, 60), query, 0, 10_999_000, 1000, QueryOptions::default())
            .await;
        assert_eq!(
            result.map(|r| r.value).unwrap_err().to_string(),
            "query processing would load too many samples into memory in query execution",
            "{query}"
        );
    }
    let sum = engine
        .range(
            dense(20, 60),
            "sum(dense_total)",
            0,
            60_000,
            1000,
            QueryOptions::default(),
        )
        .await;
    assert!(matches!(sum.unwrap().value, Value::Matrix(series) if series.len() == 1));
}

#[test]
fn a_query_whose_time_is_up_leaves_its_thread_soon() {
    let queries = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let engine = Engine::new(EngineConfig::default(), queries.handle().clone());
    let options = QueryOptions {
        timeout: Some(std::time::Duration::from_millis(50)),
        ..QueryOptions::default()
    };
    let caller = tokio::runtime::Runtime::new().unwrap();
    // Windows of 20,000 samples at 10,000 steps of 50 series: minutes of work.
    for query in [
        "sum_over_time(dense_total[20000s])",
        "quantile(0.5, stddev_over_time(dense_total[20000s]))",
    ] {
        let snapshot = dense(50, 20_000);
        let running = engine.range(snapshot, query, 10_000_000, 20_000_000, 1000, options);
        let result = caller.block_on(running);
        assert!(matches!(result, Err(QueryError::Timeout)), "{query}");
        let started = std::time::Instant::now();
        caller.block_on(queries.spawn(async {})).unwrap();
        let waited = started.elapsed();
        // A tenth of a second where machines are not busy.
        assert!(waited < std::time::Duration::from_secs(5), "{query}: {waited:?}");
    }
}
