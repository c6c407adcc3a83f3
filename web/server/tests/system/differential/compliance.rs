//! The queries of Prometheus's compliance suite, where `PROMQL_COMPLIANCE_QUERIES` names their file: templates and
//! their variants.

use std::io::Write as _;
use std::path::PathBuf;
use std::{env, fs, io};

use anyhow::{Context as _, Result};
use engine_settings::{Document, Node, Value};

/// What stands for each `{{.name}}` of a template.
const VARIANTS: &[(&str, &[&str])] = &[
    ("range", &["1s", "15s", "1m", "5m", "15m", "1h"]),
    ("offset", &["1m", "5m", "10m"]),
    (
        "simpleAggrOp",
        &["sum", "avg", "max", "min", "count", "stddev", "stdvar"],
    ),
    (
        "simpleTimeAggrOp",
        &[
            "sum", "avg", "max", "min", "count", "stddev", "stdvar", "absent", "last", "present",
        ],
    ),
    ("topBottomOp", &["topk", "bottomk"]),
    (
        "quantile",
        &["-0.5", "0.1", "0.5", "0.75", "0.95", "0.90", "0.99", "1", "1.5"],
    ),
    ("arithBinOp", &["+", "-", "*", "/", "%", "^"]),
    ("compBinOp", &["==", "!=", "<", ">", "<=", ">="]),
    (
        "binOp",
        &["+", "-", "*", "/", "%", "^", "==", "!=", "<", ">", "<=", ">="],
    ),
    (
        "simpleMathFunc",
        &[
            "abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "round",
        ],
    ),
    ("extrapolatedRateFunc", &["delta", "rate", "increase"]),
    ("clampFunc", &["clamp_min", "clamp_max"]),
    ("instantRateFunc", &["idelta", "irate"]),
    (
        "dateFunc",
        &[
            "day_of_month",
            "day_of_week",
            "days_in_month",
            "hour",
            "minute",
            "month",
            "year",
        ],
    ),
];

/// The suite's file.
const FILE: &str = "PROMQL_COMPLIANCE_QUERIES";

/// Every variant of every template; none, which is said, where no file is named.
pub(super) fn expressions() -> Result<Vec<String>> {
    let Some(file) = env::var_os(FILE).map(PathBuf::from) else {
        // Not by `println!`, which a passing test swallows.
        let said = format!("SKIPPED the queries of the compliance suite: {FILE} names no file\n");
        io::stderr().write_all(said.as_bytes())?;
        return Ok(Vec::new());
    };
    let text = fs::read_to_string(&file).with_context(|| format!("{FILE} names {}", file.display()))?;
    let document = Document::parse("promql-compliance-queries.yml", &text)
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    let cases = document.root().get("test_cases").context("no test_cases")?;
    let Value::List(cases) = &cases.value else {
        anyhow::bail!("test_cases is no list");
    };
    let templates: Result<Vec<String>> = cases.iter().map(|case| template(case)).collect();
    Ok(templates?.into_iter().flat_map(expand).collect())
}

fn template(case: &Node) -> Result<String> {
    let query = case.get("query").context("a case without query")?;
    match &query.value {
        Value::Scalar(scalar) => Ok(scalar.text.clone()),
        _ => anyhow::bail!("a query that is no text"),
    }
}

/// Fills in the first placeholder in all ways, then the next.
fn expand(template: String) -> Vec<String> {
    let found = VARIANTS
        .iter()
        .map(|(name, values)| (format!("{{{{.{name}}}}}"), values))
        .find(|(placeholder, _)| template.contains(placeholder));
    let Some((placeholder, values)) = found else {
        return vec![template];
    };
    let filled = values.iter().map(|value| template.replace(&placeholder, value));
    filled.flat_map(expand).collect()
}
