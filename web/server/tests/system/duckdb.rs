//! DuckDB reads the segment files through the printed view and agrees with the SQL and PromQL endpoints.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use connectors_formats::remote_write::v1::Sample;
use engine_model::Labels;
use engine_model::staleness::STALE_NAN;
use engine_model::time::now_ms;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::command::end;
use crate::exporter::Exporter;
use crate::http::{eventually, post, query};
use crate::push::{labels, number, point_of, push, samples};
use crate::suite::{Need, Suite, python};
use crate::weir::Weir;

/// Samples of each pushed series, 15 s apart: they cross at least one border of segments.
const SAMPLES: usize = 240;
const STEP_MS: i64 = 15_000;
/// Sums are taken in another order.
const RELATIVE_MAX: f64 = 1e-12;

/// Prints every row of the view, doubles as their bits.
const READ: &str = "
import duckdb, json, struct, sys
db = duckdb.connect()
db.execute(open(sys.argv[1]).read())
for name, labels, ms, value in db.execute(
    'SELECT name, labels, epoch_ms(timestamp), value FROM samples').fetchall():
    print(json.dumps([name, labels, ms, str(struct.unpack('<Q', struct.pack('<d', value))[0])]))
print(json.dumps(['', {}, 0, 'end']))
";
/// Prints count and sum of each metric.
const COUNT: &str = "
import duckdb, json, sys
db = duckdb.connect()
db.execute(open(sys.argv[1]).read())
for name, count, total in db.execute(
    'SELECT name, count(*), sum(value) FROM samples GROUP BY name ORDER BY name').fetchall():
    print(json.dumps([name, count, repr(total)]))
";

/// Samples by metric name, series and time, doubles as bits; all NaN are one.
type Rows = BTreeMap<(Labels, i64), u64>;

/// Adds the tests of this file.
pub(crate) fn add(suite: &mut Suite) {
    let needs = [Need::DuckDb];
    suite.add(
        "duckdb_agrees_on_pushed_samples",
        &needs,
        duckdb_agrees_on_pushed_samples,
    );
    suite.add(
        "duckdb_agrees_on_scraped_samples",
        &needs,
        duckdb_agrees_on_scraped_samples,
    );
}

async fn duckdb_agrees_on_pushed_samples() -> Result<()> {
    // Nothing is scraped, so that nothing changes while the answers are compared.
    let weir = Weir::start(Some("{}"), &[]).await?;
    let first_ms = now_ms() - SAMPLES as i64 * STEP_MS;
    for half in [0..SAMPLES / 2, SAMPLES / 2..SAMPLES] {
        for step in half {
            let at_ms = first_ms + step as i64 * STEP_MS;
            let series = values(step).into_iter().filter_map(|(name, value)| {
                let labels = [
                    ("__name__", name),
                    ("Zone", "north"),
                    ("path", "C:\\a 'b' \"c\" ü"),
                ];
                Some((
                    Labels::from_pairs(labels),
                    vec![Sample {
                        timestamp: at_ms,
                        value: value?,
                    }],
                ))
            });
            push(&weir.url, &series.collect::<Vec<_>>()).await?;
        }
        // Two flushes: segments that share time, and samples after a cut.
        flush(&weir, "flush").await?;
    }
    agree(&weir).await?;
    // A delete hides samples in the files until they are written again.
    let (from, until) = (first_ms + 50 * STEP_MS, first_ms + 150 * STEP_MS);
    let url = format!(
        "{}/api/v1/admin/tsdb/delete_series?match%5B%5D=ratio&match%5B%5D=%7B__name__=~%22s.%2B%22%7D&start={}&end={}",
        weir.url,
        from as f64 / 1000.0,
        until as f64 / 1000.0
    );
    let answer = post(&url, "", "").await?;
    ensure!(answer.status == 204, "{answer:?}");
    ensure!(
        !weir
            .data()
            .join("tombstones")
            .read_dir()?
            .collect::<Vec<_>>()
            .is_empty()
    );
    agree(&weir).await?;
    flush(&weir, "compact").await?;
    agree(&weir).await
}

async fn duckdb_agrees_on_scraped_samples() -> Result<()> {
    let page =
        "level{dam=\"west\"} 3.5\nlevel{dam=\"east\"} NaN\nflow_total 1e+300\nodd -Inf\nsmall 5e-324\n";
    let exporter = Exporter::serve(page).await?;
    let config = format!(
        "global: {{scrape_interval: 500ms}}\nscrape_configs:\n- job_name: dam\n  static_configs: [{{targets: ['{}']}}]\n",
        exporter.address
    );
    let mut weir = Weir::start(Some(&config), &[]).await?;
    let scraped = |times: usize| {
        let url = weir.url.clone();
        eventually(Duration::from_secs(60), move || {
            let url = url.clone();
            async move {
                let data = query(&url, "count_over_time(up[1h])", &[]).await?;
                let count = number(data["result"][0]["value"][1].as_str().unwrap_or_default())?;
                ensure!(count >= times as f64, "{data}");
                Ok(count as usize)
            }
        })
    };
    let count = scraped(3).await?;
    flush(&weir, "flush").await?;
    // A series ends, another begins.
    exporter.show("level{dam=\"west\"} 4\nlevel{dam=\"north\"} 0.1\n");
    scraped(count + 3).await?;
    flush(&weir, "flush").await?;
    // Without targets nothing more is written; the data stays.
    weir.configure("{}")?;
    weir.stop().await?;
    weir.start_again().await?;
    flush(&weir, "flush").await?;
    agree(&weir).await
}

/// Metrics with their value at a step, nothing where there is no sample.
fn values(step: usize) -> Vec<(&'static str, Option<f64>)> {
    let number = step as f64;
    let special = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MAX, 5e-324];
    vec![
        ("requests_total", Some(number * 7.0)),
        ("temperature_celsius", Some((step % 40) as f64 / 10.0 - 1.5)),
        ("ratio", Some((number + 1.0).sqrt())),
        ("special", Some(special[step % special.len()])),
        ("large_bytes", Some(9_007_199_254_740_993.0 + number * 1e10)),
        (
            "mixed",
            Some(if step.is_multiple_of(5) {
                STALE_NAN
            } else {
                number / 8.0
            }),
        ),
        ("sparse:ratio", step.is_multiple_of(3).then_some(0.25)),
    ]
}

async fn flush(weir: &Weir, work: &str) -> Result<Value> {
    let url = format!("{}/api/v1/admin/storage/{work}", weir.url);
    post(&url, "", "").await?.data().context(work.to_owned())
}

/// The same rows, counts and sums everywhere.
async fn agree(weir: &Weir) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = weir.data().display().to_string();
    let printed = crate::command::weir(&["sql", "--duckdb-view", data.as_str()]).await?;
    ensure!(printed.code == Some(0), "{printed:?}");
    let view = folder.path().join("view.sql");
    fs::write(&view, &printed.stdout)?;
    let run = |script: &'static str| {
        let mut command = Command::new(python());
        command.args(["-c", script]).arg(&view);
        async move {
            let ended = end(&mut command).await?;
            ensure!(ended.code == Some(0), "{}\n{}", ended.stderr, ended.stdout);
            ended
                .stdout
                .lines()
                .map(|line| Ok(serde_json::from_str(line)?))
                .collect::<Result<Vec<Value>>>()
        }
    };
    let from_files = rows_of_duckdb(&run(READ).await?)?;
    ensure!(!from_files.is_empty(), "DuckDB sees no samples");
    let from_promql = rows_of_promql(weir).await?;
    same_rows("DuckDB", &from_files, "PromQL", &from_promql)?;
    same_rows("DuckDB", &from_files, "SQL", &rows_of_sql(weir).await?)?;
    sums_agree(weir, &run(COUNT).await?).await
}

fn same_rows(left_name: &str, left: &Rows, right_name: &str, right: &Rows) -> Result<()> {
    for (one_name, one, other_name, other) in [
        (left_name, left, right_name, right),
        (right_name, right, left_name, left),
    ] {
        for ((labels, time_ms), bits) in one {
            let found = other.get(&(labels.clone(), *time_ms));
            ensure!(
                found == Some(bits),
                "{labels} at {time_ms}: {one_name} has {}, {other_name} {:?}",
                f64::from_bits(*bits),
                found.map(|&bits| f64::from_bits(bits))
            );
        }
    }
    Ok(())
}

fn rows_of_duckdb(lines: &[Value]) -> Result<Rows> {
    let mut rows = Rows::new();
    ensure!(
        lines.last().is_some_and(|line| line[3] == "end"),
        "the output is cut"
    );
    for line in &lines[..lines.len() - 1] {
        let series = labels(&line[1])?;
        let name = line[0].as_str().context("no name")?.to_owned();
        let series = Labels::from_pairs(series.iter().chain([("__name__", name.as_str())]));
        let time_ms = line[2].as_i64().context("no time")?;
        let bits: u64 = line[3].as_str().context("no value")?.parse()?;
        let twice = rows.insert((series, time_ms), one_nan(f64::from_bits(bits)));
        ensure!(twice.is_none(), "DuckDB sees a row twice: {line}");
    }
    Ok(rows)
}

async fn rows_of_promql(weir: &Weir) -> Result<Rows> {
    let found = samples(&weir.url, "{__name__!=\"\"}", "4h").await?;
    let rows = found.into_iter().flat_map(|(labels, samples)| {
        samples
            .into_iter()
            .map(move |(time_ms, value)| ((labels.clone(), time_ms), one_nan(value)))
    });
    Ok(rows.collect())
}

async fn rows_of_sql(weir: &Weir) -> Result<Rows> {
    let statement = "SELECT labels, timestamp, value, CAST(value AS VARCHAR) AS text FROM samples";
    let mut rows = Rows::new();
    for row in sql(weir, statement).await? {
        let time = row[1].as_str().and_then(engine_model::time::parse_time_ms);
        // The JSON parser of this test may be off by the last bit of a number, its text is exact.
        let value = number(row[3].as_str().context("no text")?)?;
        close("sample", cell(&row[2])?, value)?;
        let twice = rows.insert((labels(&row[0])?, time.context("no time")?), one_nan(value));
        ensure!(twice.is_none(), "SQL sees a row twice: {row}");
    }
    Ok(rows)
}

async fn sql(weir: &Weir, statement: &str) -> Result<Vec<Value>> {
    let body = json!({"query": statement}).to_string();
    let answer = post(&format!("{}/api/v1/sql", weir.url), "application/json", body).await?;
    let json = answer.json()?;
    json["rows"]
        .as_array()
        .cloned()
        .with_context(|| format!("{answer:?}"))
}

/// Counts and sums that each engine takes itself.
async fn sums_agree(weir: &Weir, counted: &[Value]) -> Result<()> {
    let statement = "SELECT __name__, count(*), sum(value) FROM samples GROUP BY 1 ORDER BY 1";
    let rows = sql(weir, statement).await?;
    ensure!(rows.len() == counted.len(), "{rows:?}\n{counted:?}");
    for (row, line) in rows.iter().zip(counted) {
        ensure!(
            row[0] == line[0] && row[1] == line[1],
            "SQL has {row}, DuckDB {line}"
        );
        let name = line[0].as_str().context("no name")?;
        let duckdb = number(line[2].as_str().context("no sum")?)?;
        close(name, cell(&row[2])?, duckdb)?;
        // Over one moment that is later than every sample.
        let expression = format!("sum(sum_over_time({{__name__=\"{name}\"}}[4h]))");
        let data = query(&weir.url, &expression, &[]).await?;
        close(name, point_of(&data["result"][0]["value"])?.1, duckdb)?;
    }
    Ok(())
}

fn close(name: &str, one: f64, other: f64) -> Result<()> {
    let same =
        one == other || (one.is_nan() && other.is_nan()) || ((one - other) / other).abs() <= RELATIVE_MAX;
    ensure!(same, "the sum of {name} is {one} or {other}");
    Ok(())
}

/// A number of the SQL endpoint: NaN and infinities are texts.
fn cell(cell: &Value) -> Result<f64> {
    match cell.as_str() {
        Some(text) => number(text),
        None => cell.as_f64().with_context(|| format!("{cell} is not a number")),
    }
}

fn one_nan(value: f64) -> u64 {
    if value.is_nan() {
        f64::NAN.to_bits()
    } else {
        value.to_bits()
    }
}
