//! DuckDB, in a process of Python: what it is asked of the segments, what it costs.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::ask::Cost;

/// Asks each statement again and again; prints a line of JSON for each.
const ASK: &str = r"
import duckdb, json, sys, time
given = json.load(open(sys.argv[1]))
db = duckdb.connect()
db.execute(given['setup'])
if not given['questions']:
    print(duckdb.__version__)
for sql in given['questions']:
    rows = db.execute(sql).fetchall()
    numbers = [float(cell) for row in rows for cell in row if isinstance(cell, (int, float)) and cell == cell]
    took, started, before = [], time.perf_counter(), time.process_time()
    while len(took) < 5 or time.perf_counter() - started < given['seconds']:
        asked = time.perf_counter()
        db.execute(sql).fetchall()
        took.append(time.perf_counter() - asked)
    cpu = (time.process_time() - before) / len(took)
    print(json.dumps({'cpu': cpu, 'wall': sorted(took)[len(took) // 2], 'rows': len(rows), 'sum': sum(numbers)}))
";

/// The labels that the questions need, by metric.
const METRICS: [(&str, &[&str]); 2] = [
    ("node_cpu_seconds_total", &["instance", "mode"]),
    ("container_memory_working_set_bytes", &["rack"]),
];

/// Python with DuckDB, where `.ci/needs` puts it.
pub(super) fn python() -> PathBuf {
    PathBuf::from(env::var_os("HOME").unwrap_or_default()).join(".cache/weir/duckdb/bin/python3")
}

/// Its version.
pub(super) fn version() -> Result<String> {
    Ok(run("SELECT 1", &[], 0.0)?.trim().to_owned())
}

/// Asks `questions` of the segments in `folder`.
pub(super) fn ask(folder: &Path, questions: &[String], seconds: f64) -> Result<Vec<Cost>> {
    let printed = run(&setup(folder)?, questions, seconds)?;
    let costs = printed.lines().map(|line| {
        let line: Value = serde_json::from_str(line)?;
        let number = |name: &str| {
            line[name]
                .as_f64()
                .with_context(|| format!("no {name} in {line}"))
        };
        Ok(Cost {
            cpu: number("cpu")?,
            wall: number("wall")?,
            answer: (number("rows")? as usize, number("sum")?),
        })
    });
    costs.collect()
}

fn run(setup: &str, questions: &[String], seconds: f64) -> Result<String> {
    let folder = tempfile::TempDir::with_prefix("weir-bench-")?;
    let given = folder.path().join("given.json");
    let text = json!({"setup": setup, "questions": questions, "seconds": seconds}).to_string();
    fs::write(&given, text)?;
    let output = Command::new(python()).args(["-c", ASK]).arg(&given).output();
    let output = output.with_context(|| format!("cannot run {}", python().display()))?;
    if !output.status.success() {
        bail!("DuckDB: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// A view a metric over the segments.
fn setup(folder: &Path) -> Result<String> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut segments = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.join("segment.json").is_file() {
            segments.push(path.to_str().context("a path that is not UTF-8")?.to_owned());
        }
    }
    segments.sort();
    let mut text = String::from(
        "SET TimeZone = 'UTC'; SET enable_object_cache = true; SET parquet_metadata_cache = true;\n",
    );
    for (metric, labels) in METRICS {
        let columns: Vec<String> = labels
            .iter()
            .map(|label| format!(", s.l_{label} AS {label}"))
            .collect();
        let parts: Vec<String> = segments
            .iter()
            .map(|segment| {
                format!(
                    "SELECT m.timestamp, coalesce(m.scaled / s.divisor, m.value) AS value{} \
                     FROM read_parquet('{segment}/samples.parquet') m JOIN read_parquet('{segment}/series.parquet') s \
                     ON m.series = s.series WHERE s.l___name__ = '{metric}' \
                     AND (m.scaled IS NOT NULL OR m.value IS NOT NULL)",
                    columns.concat()
                )
            })
            .collect();
        text.push_str(&format!(
            "CREATE VIEW {metric} AS {};\n",
            parts.join(" UNION ALL ")
        ));
    }
    Ok(text)
}
