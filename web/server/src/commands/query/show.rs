//! Results and plans as text.

use std::fmt::Write as _;

use serde_json::Value;

/// The result, a line for each sample, in the form in which promtool shows it.
pub(super) fn result(data: &Value) -> String {
    let mut out = String::new();
    let result = &data["result"];
    match data["resultType"].as_str() {
        Some("scalar") => line(&mut out, "scalar: ", result),
        Some("string") => out.push_str(result[1].as_str().unwrap_or_default()),
        _ => {
            for series in result.as_array().into_iter().flatten() {
                let name = series_name(&series["metric"]);
                for key in ["value", "histogram"] {
                    if !series[key].is_null() {
                        line(&mut out, &format!("{name} => "), &series[key]);
                    }
                }
                let samples =
                    ["values", "histograms"].map(|key| series[key].as_array().into_iter().flatten());
                let mut samples = samples.into_iter().flatten().peekable();
                if samples.peek().is_some() {
                    let _ = writeln!(out, "{name} =>");
                }
                samples.for_each(|sample| line(&mut out, "", sample));
            }
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// Appends a sample `[time, value]`.
fn line(out: &mut String, before: &str, sample: &Value) {
    let value = match &sample[1] {
        Value::String(text) => text.clone(),
        histogram => histogram.to_string(),
    };
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{before}{value} @[{}]", sample[0]);
}

fn series_name(metric: &Value) -> String {
    let mut out = metric["__name__"].as_str().unwrap_or_default().to_owned();
    let pairs = metric.as_object().into_iter().flatten();
    let labels: Vec<String> = pairs
        .filter(|(name, _)| *name != "__name__")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    if !labels.is_empty() || out.is_empty() {
        let _ = write!(out, "{{{}}}", labels.join(", "));
    }
    out
}

/// The plan as a tree, inputs below the node that reads them.
pub(super) fn plan(explain: &Value) -> String {
    let mut out = format!(
        "planning {}, evaluation {}\n",
        duration(&explain["planningTime"]),
        duration(&explain["evaluationTime"])
    );
    node(&mut out, &explain["plan"], 0);
    out.truncate(out.trim_end().len());
    out
}

fn node(out: &mut String, plan: &Value, depth: usize) {
    let Some(object) = plan.as_object() else {
        return;
    };
    let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
    let number = |key: &str| object.get(key).and_then(Value::as_u64).unwrap_or_default();
    let _ = write!(
        out,
        "{}{}: {}  ({} rows, {} bytes, {}",
        "  ".repeat(depth),
        text("operation"),
        text("description"),
        number("rows"),
        number("bytes"),
        duration(&plan["time"])
    );
    let known = ["operation", "description", "rows", "bytes", "time", "inputs"];
    for (name, value) in object.iter().filter(|(name, _)| !known.contains(&name.as_str())) {
        let _ = write!(out, ", {value} {}", name.replace('_', " "));
    }
    out.push_str(")\n");
    for input in plan["inputs"].as_array().into_iter().flatten() {
        node(out, input, depth + 1);
    }
}

fn duration(seconds: &Value) -> String {
    format!("{:.3} ms", seconds.as_f64().unwrap_or_default() * 1000.0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn results_and_plans() {
        let vector = json!({"resultType": "vector", "result": [
            {"metric": {"__name__": "up", "job": "a\"b"}, "value": [1.5, "1"]},
            {"metric": {}, "histogram": [2, {"count": "1"}]},
        ]});
        assert_eq!(
            result(&vector),
            "up{job=\"a\\\"b\"} => 1 @[1.5]\n{} => {\"count\":\"1\"} @[2]"
        );
        let matrix = json!({"resultType": "matrix", "result": [
            {"metric": {"__name__": "up"}, "values": [[0, "1"], [15, "0"]]},
        ]});
        assert_eq!(result(&matrix), "up =>\n1 @[0]\n0 @[15]");
        assert_eq!(
            result(&json!({"resultType": "scalar", "result": [0, "7"]})),
            "scalar: 7 @[0]"
        );
        let scan = json!({"operation": "SeriesScan", "description": "{}", "rows": 2, "bytes": 64, "time": 0.001,
            "segments_touched": 3, "inputs": []});
        let explained = json!({"planningTime": 0.0005, "evaluationTime": 0.002, "plan": {"operation": "Aggregate",
            "description": "sum", "rows": 1, "bytes": 32, "time": 0.0001, "inputs": [scan]}});
        assert_eq!(
            plan(&explained),
            "planning 0.500 ms, evaluation 2.000 ms\n\
             Aggregate: sum  (1 rows, 32 bytes, 0.100 ms)\n  \
             SeriesScan: {}  (2 rows, 64 bytes, 1.000 ms, 3 segments touched)"
        );
    }
}
