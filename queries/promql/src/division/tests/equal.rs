//! Divided queries answer as whole ones do, through the engine's door: the same series, times, kinds and
//! annotations; values to the bit, but for sums across series.

use std::sync::Arc;

use engine_model::FloatHistogram;
use queries_tables::{MemorySnapshot, Snapshot};
use tokio::runtime::Handle;

use super::data::snapshot;
use super::expressions::{SPECIAL, expressions};
use crate::division::Division;
use crate::parser::ast::Expr;
use crate::parser::operators::AggregateOp;
use crate::parser::{ParseOptions, parse_expr};
use crate::testscript::{InMemoryEngine, Sample, Value as Told};
use crate::{Engine, EngineConfig, QueryError, QueryOptions, QueryResult};

/// Seed of the series where none is given.
const SEED: u64 = 0x5eed;

/// Names another seed, which is another test, and a longer one: all expressions in all divisions.
const SEED_VARIABLE: &str = "DIVISION_SEED";

/// Divisions in which an expression is tried that is one of many of its kind: together they try all.
const TRIED: usize = 1;

const DIVISIONS: [(usize, usize); 8] = [(1, 2), (1, 5), (2, 1), (2, 2), (2, 5), (7, 1), (7, 2), (7, 5)];

/// How far sums across series may be from those of other parts, relative.
const TOLERANCE: f64 = 1e-12;

fn engine(division: (usize, usize), delayed_name_removal: bool) -> Engine {
    let config = EngineConfig {
        samples_max: 50_000_000,
        delayed_name_removal,
        ..InMemoryEngine::script_config()
    };
    Engine::new(config, Handle::current()).divided(Division {
        shards: division.0,
        step_ranges: division.1,
    })
}

async fn ask(
    engine: &Engine,
    series: &MemorySnapshot,
    query: &str,
    instant: bool,
) -> Result<QueryResult, QueryError> {
    let snapshot: Arc<dyn Snapshot> = Arc::new(series.clone());
    let options = QueryOptions::default();
    if instant {
        return engine.instant(snapshot, query, 1_500_000, options).await;
    }
    engine
        .range(snapshot, query, 300_000, 3_000_000, 135_000, options)
        .await
}

/// Whether values are added up across series, whose order decides the last bits.
fn adds_up(query: &str) -> bool {
    let mut adds = false;
    parse_expr(query, &ParseOptions::ALL).unwrap().walk(&mut |expr| {
        adds |= matches!(expr, Expr::Aggregate(aggregate) if matches!(aggregate.op, AggregateOp::Sum | AggregateOp::Avg));
    });
    adds
}

fn samples_agree(a: &Sample, b: &Sample, tolerance: f64) -> bool {
    let bytes = |histogram: &FloatHistogram| {
        let mut bytes = Vec::new();
        histogram.encode(&mut bytes);
        bytes
    };
    match (a, b) {
        (Sample::Float(a), Sample::Float(b)) => {
            let near = tolerance > 0.0 && (a - b).abs() <= tolerance * a.abs().max(b.abs());
            a.to_bits() == b.to_bits() || near || (tolerance > 0.0 && a.is_nan() && b.is_nan())
        }
        (Sample::Histogram(a), Sample::Histogram(b)) => bytes(a) == bytes(b),
        _ => false,
    }
}

fn values_agree(a: &Told, b: &Told, tolerance: f64) -> bool {
    match (a, b) {
        (Told::Scalar(a), Told::Scalar(b)) => samples_agree(&(*a).into(), &(*b).into(), tolerance),
        (Told::Vector(a), Told::Vector(b)) => {
            let alike = a.iter().zip(b).all(|((labels, sample), (other_labels, other))| {
                labels == other_labels && samples_agree(sample, other, tolerance)
            });
            a.len() == b.len() && alike
        }
        (Told::Matrix(a), Told::Matrix(b)) => {
            let points = |a: &[(i64, Sample)], b: &[(i64, Sample)]| {
                let alike = a.iter().zip(b).all(|((at_ms, sample), (other_ms, other))| {
                    at_ms == other_ms && samples_agree(sample, other, tolerance)
                });
                a.len() == b.len() && alike
            };
            let alike = a.iter().zip(b).all(|((labels, series), (other_labels, other))| {
                labels == other_labels && points(series, other)
            });
            a.len() == b.len() && alike
        }
        _ => a == b,
    }
}

fn agree(
    whole: &Result<QueryResult, QueryError>,
    divided: &Result<QueryResult, QueryError>,
    tolerance: f64,
) -> Result<(), String> {
    let (whole, divided) = match (whole, divided) {
        (Ok(whole), Ok(divided)) => (whole, divided),
        (Err(whole), Err(divided)) if whole.to_string() == divided.to_string() => return Ok(()),
        (whole, divided) => {
            let told = |result: &Result<QueryResult, QueryError>| match result {
                Ok(_) => "a value".to_owned(),
                Err(error) => error.to_string(),
            };
            return Err(format!("{} became {}", told(whole), told(divided)));
        }
    };
    let (a, b): (Told, Told) = (whole.value.clone().into(), divided.value.clone().into());
    if !values_agree(&a, &b, tolerance) {
        return Err(format!("{}\nbecame\n{}", a.describe(), b.describe()));
    }
    let notes = |result: &QueryResult| [result.warnings.clone(), result.infos.clone()].concat();
    if notes(whole) != notes(divided) {
        return Err(format!("{:?}\nbecame\n{:?}", notes(whole), notes(divided)));
    }
    Ok(())
}

async fn compare(queries: &[String], delayed: bool, instant: bool) {
    let given = std::env::var(SEED_VARIABLE)
        .ok()
        .map(|seed| seed.parse().unwrap());
    let seed = given.unwrap_or(SEED);
    let series = snapshot(seed);
    let whole = engine((1, 1), delayed);
    let mut failures = Vec::new();
    let (mut compared, mut valued) = (0, 0);
    for (number, query) in queries.iter().enumerate() {
        let all = given.is_some() || number < SPECIAL.len();
        let mut divisions: Vec<(usize, usize)> = DIVISIONS.to_vec();
        divisions.retain(|(shards, ranges)| {
            if instant {
                *ranges == 1 && *shards > 1
            } else {
                true
            }
        });
        let first = number % divisions.len();
        divisions.rotate_left(first);
        let tried = if all { divisions.len() } else { TRIED };
        let expected = ask(&whole, &series, query, instant).await;
        let tolerance = if adds_up(query) { TOLERANCE } else { 0.0 };
        for &division in &divisions[..tried] {
            let answer = ask(&engine(division, delayed), &series, query, instant).await;
            compared += 1;
            valued += usize::from(answer.is_ok());
            if let Err(difference) = agree(&expected, &answer, tolerance) {
                failures.push(format!("{query} in {division:?}: {difference}"));
            }
        }
    }
    println!(
        "{compared} comparisons of {} queries, {valued} with a value",
        queries.len()
    );
    assert!(
        valued * 10 > compared * 8,
        "most queries have a value: {valued} of {compared}"
    );
    assert!(
        failures.is_empty(),
        "seed {seed}, delayed {delayed}, instant {instant}: {} of {compared} differ:\n{}",
        failures.len(),
        failures[..failures.len().min(12)].join("\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn differences_are_seen() {
    let series = snapshot(SEED);
    let (whole, divided) = (engine((1, 1), true), engine((7, 5), true));
    for (query, other) in [
        ("temp", "temp offset 1m"),
        ("sum(temp)", "sum(temp) + 0.001"),
        ("rate(native[5m])", "irate(native[5m])"),
        // The same values, but an info less.
        ("-delta(temp[5m])", "0 - (delta(temp[5m]) + (rate(temp[5m]) * 0))"),
        ("temp", "temp + on (job) other"),
    ] {
        let answer = ask(&whole, &series, query, false).await;
        let same = ask(&divided, &series, query, false).await;
        let another = ask(&divided, &series, other, false).await;
        agree(&answer, &same, TOLERANCE).unwrap();
        agree(&answer, &another, TOLERANCE).unwrap_err();
    }
    let told = ask(&divided, &series, "rate(temp[5m])", false).await.unwrap();
    assert_eq!(
        told.infos,
        [
            "PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"temp\" (1:6)"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_with_delayed_names() {
    compare(&expressions(), true, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_with_names_that_go_at_once() {
    compare(&expressions(), false, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn instants_with_delayed_names() {
    compare(&expressions(), true, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn instants_with_names_that_go_at_once() {
    let mut queries = expressions();
    queries.extend(
        [
            "temp[5m]",
            "native[5m] offset 1m",
            "rate(requests_total[2m])[6m:1m]",
        ]
        .map(str::to_owned),
    );
    compare(&queries, false, true).await;
}
