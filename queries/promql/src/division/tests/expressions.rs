//! Expressions of every kind: each function, operator and aggregation over each kind of series, and what needs a
//! closer look one by one.

use crate::parser::ast::ValueType;
use crate::parser::signatures::FUNCTIONS;

/// Vectors of all kinds.
const VECTORS: [&str; 4] = ["temp", "native", "mixed", "rate(requests_total[5m])"];

/// Range vectors of all kinds.
const RANGES: [&str; 6] = [
    "requests_total[5m]",
    "temp[4m]",
    "native[5m]",
    "mixed[6m]",
    "temp[6m:1m]",
    "requests_total[7m] offset 2m",
];

const AGGREGATIONS: [&str; 9] = [
    "sum", "avg", "count", "min", "max", "group", "stddev", "stdvar", "quantile",
];

const OPERATORS: [&str; 17] = [
    "+", "-", "*", "/", "%", "^", "atan2", "==", "!=", "<", "<=", ">", ">=", "</", ">/", "and", "or",
];

/// What is about one matter each.
pub(crate) const SPECIAL: &[&str] = &[
    "1 + 2 * 3",
    "-time() % 7",
    "vector(time())",
    "scalar(capacity{job=\"a\"})",
    "max_of(time(), scalar(capacity{job=\"b\"}))",
    "temp",
    "temp offset 3m",
    "temp offset -4m",
    "temp @ 1200",
    "temp @ start()",
    "sum by (job) (temp @ end())",
    "rate(requests_total[5m] @ 1800)",
    "sum(rate(requests_total[5m] @ end() offset 1m))",
    "quantile_over_time(scalar(capacity{job=\"a\"}) / 100, temp[5m])",
    "quantile_over_time(time() / 2000, temp[5m])",
    "quantile(time() / 2000, temp)",
    "quantile(1.5, temp)",
    "clamp(temp, scalar(capacity{job=\"a\"}), 100)",
    "clamp_max(temp, time() / 50)",
    "round(temp, 5)",
    "round(temp)",
    "hour()",
    "day_of_week(temp)",
    "timestamp(temp)",
    "timestamp(temp + 1)",
    "start_timestamp(began_total)",
    "rate(began_total[5m])",
    "increase(began_total[10m:1m])",
    "predict_linear(temp[5m], 600)",
    "double_exponential_smoothing(temp[5m], 0.5, 0.1)",
    "double_exponential_smoothing(temp[5m], time() / 2000, 0.1)",
    "topk(2, temp)",
    "topk by (job) (2, rate(requests_total[5m]))",
    "topk(time() / 600, temp)",
    "bottomk(3, sum by (instance) (rate(requests_total[5m])))",
    "limitk(4, temp)",
    "limitk by (job) (2, topk(3, temp))",
    "limit_ratio(0.4, requests_total)",
    "limit_ratio(-0.4, requests_total)",
    "limit_ratio(1.5, requests_total)",
    "sum(limit_ratio(0.5, rate(requests_total[5m])))",
    "topk(2, native)",
    "count_values(\"v\", round(temp, 50))",
    "count_values by (job) (\"v\", native)",
    "count_values without (instance) (\"job\", temp > bool 0)",
    "absent(temp)",
    "absent(nothing{job=\"x\"})",
    "absent(temp{instance=\"0\"} > 90)",
    "absent_over_time(temp{instance=\"3\"}[2m])",
    "absent_over_time(nothing[5m])",
    "sort(temp)",
    "sort_desc(rate(requests_total[5m]))",
    "sort_by_label(temp, \"instance\", \"job\")",
    "sort_by_label_desc(temp, \"instance\")",
    "label_replace(temp, \"k\", \"$1x\", \"job\", \"(.*)\")",
    "label_replace(temp, \"instance\", \"\", \"instance\", \".*\")",
    "label_replace(rate(requests_total[5m]), \"__name__\", \"r_$1\", \"job\", \"([ab])\")",
    "sum by (k) (label_replace(rate(requests_total[5m]), \"k\", \"$1\", \"job\", \"(.*)\"))",
    "label_join(temp, \"both\", \"-\", \"job\", \"instance\")",
    "label_join(rate(requests_total[5m]), \"__name__\", \"-\", \"job\", \"instance\")",
    "histogram_quantile(0.9, latency_bucket)",
    "histogram_quantile(0.9, rate(latency_bucket[5m]))",
    "histogram_quantile(1.2, sum by (le) (rate(latency_bucket[5m])))",
    "histogram_quantile(time() / 3000, sum by (le, job) (rate(latency_bucket[5m])))",
    "histogram_quantile(0.5, native)",
    "histogram_quantile(0.5, sum by (job) (rate(native[5m])))",
    "histogram_quantile(0.5, sum(rate(native[5m])))",
    "histogram_quantile(0.5, {__name__=~\"native|latency_bucket\"})",
    "histogram_quantiles(native, \"q\", 0.1, 0.5)",
    "histogram_quantiles(latency_bucket, \"q\", 0.1, time() / 2000)",
    "histogram_fraction(0, 1, native)",
    "histogram_fraction(0, 1, rate(latency_bucket[5m]))",
    "max_over_time(histogram_quantile(0.9, latency_bucket)[10m:1m])",
    "histogram_quantile(0.9, latency_bucket @ 1500)",
    "histogram_count(rate(native[5m]))",
    "sum(histogram_sum(native))",
    "histogram_count(sum(native))",
    "histogram_avg(sum by (job) (increase(native[5m])))",
    "histogram_stddev(native)",
    "native </ 2",
    "native >/ 1",
    "native * 2",
    "native / native",
    "native + on (job, instance) mixed",
    "info(temp)",
    "info(temp, {version=~\".+\"})",
    "info(rate(requests_total[5m]))",
    "sum by (version) (info(temp))",
    "temp + on (job, instance) other",
    "temp * on (job) group_left capacity",
    "capacity - on (job) group_right temp",
    "rate(requests_total[5m]) / on (job, instance) group_left other",
    "temp + ignoring (zone) other",
    "temp + on (job) other",
    "temp + on (job, instance) fill(0) other",
    "temp + on (job, instance) fill_left(5) other",
    "temp == on (job, instance) fill_right(7) other",
    "temp > bool on (job, instance) other",
    "temp and on (job, instance) other",
    "temp unless on (job, instance) other > 0",
    "temp or other",
    "temp or rate(requests_total[5m])",
    "sum by (__name__) (temp or rate(requests_total[5m]))",
    "requests_total or rate(requests_total[5m])",
    "rate(requests_total[5m]) > 0.5 or -requests_total",
    "sum(temp) / count(temp)",
    "sum(rate(requests_total{code=\"500\"}[5m])) / sum(rate(requests_total[5m]))",
    "sum by (job) (rate(requests_total[5m])) > on (job) 0.1 * capacity",
    "rate({__name__=~\"twin_.\"}[5m])",
    "rate({__name__=~\"twin_.\",job=\"a\"}[1m])",
    "sum by (job) (rate({__name__=~\"requests_total|other\"}[5m]))",
    "abs({__name__=~\"twin_.\"})",
    "-{__name__=~\"twin_a|other\"}",
    "sum({__name__=~\"twin_.\"})",
    "sum by (__type__) (rate(typed[5m]))",
    "rate(typed[5m])",
    "avg_over_time(temp[5m:30s])",
    "max_over_time(sum by (job) (rate(requests_total[2m]))[10m:1m])",
    "sum(max_over_time(rate(requests_total[2m])[10m:1m]))",
    "min_over_time(topk(2, temp)[5m:1m])",
    "sum_over_time(limitk(2, topk(3, temp))[4m:1m])",
    "avg_over_time((temp offset 1m)[5m:1m] offset 2m)",
    "max_over_time(temp[5m:1m] @ 1500)",
    "sum_over_time(sum_over_time(temp[3m:1m])[6m:2m])",
    "last_over_time((temp > 1000)[5m:1m])",
    "count_over_time(info(temp)[5m:1m])",
    "rate(requests_total[5m] smoothed)",
    "increase(requests_total[5m] anchored)",
    "delta(temp[5m] smoothed)",
    "changes(temp[5m] anchored)",
    "temp smoothed",
    "sum by (job) (increase(requests_total[5m] smoothed))",
    "temp smoothed offset 2m",
    "native smoothed",
    "rate(native[5m] anchored)",
    "rate(requests_total[step()])",
    "rate(requests_total[5m + 30s])",
    "start() + end() + step() + range()",
    "temp + start()",
    "group by (job) (native)",
    "count(mixed)",
    "avg(mixed)",
    "sum by (job) (mixed or temp)",
    "sum(sum by (job) (rate(requests_total[5m])))",
    "avg by (job) (sum without (code) (rate(requests_total[5m])))",
    "sum by (nothing) (temp)",
    "sum(nothing)",
    "min by (job) (abs(temp))",
    "max(-temp)",
    "sum(temp > 0)",
    "sum by (job) (temp * 2 + 1)",
    "count by (job) (temp > bool 10)",
    "sum by (job) (sum_over_time(temp[5m]) / 10)",
];

/// All of them.
pub(crate) fn expressions() -> Vec<String> {
    let mut all: Vec<String> = SPECIAL.iter().map(|&text| text.to_owned()).collect();
    for function in FUNCTIONS {
        let kinds: &[&str] = match function
            .args
            .iter()
            .find(|arg| matches!(arg, ValueType::Matrix | ValueType::Vector))
        {
            Some(ValueType::Matrix) => &RANGES,
            Some(_) => &VECTORS,
            None => &[""],
        };
        if function.args.contains(&ValueType::String) || function.name == "info" {
            continue;
        }
        for kind in kinds {
            let scalars = ["0.5", "0.25"].iter().cycle();
            let args = function.args.iter().zip(scalars).map(|(arg, scalar)| match arg {
                ValueType::Scalar => scalar,
                _ => kind,
            });
            let args: Vec<&str> = args.copied().collect();
            let call = format!("{}({})", function.name, args.join(", "));
            if kind == &RANGES[0] || kind == &RANGES[2] {
                all.push(format!("sum by (job) ({call})"));
            }
            all.push(call);
        }
    }
    for aggregation in AGGREGATIONS {
        for vector in VECTORS {
            let parameter = if aggregation == "quantile" { "0.3, " } else { "" };
            for clause in ["", "by (job)", "without (instance, code)", "by (__name__)"] {
                all.push(format!("{aggregation} {clause} ({parameter}{vector})"));
            }
        }
    }
    for operator in OPERATORS {
        all.push(format!("temp {operator} on (job, instance) other"));
        if matches!(operator, "and" | "or") {
            continue;
        }
        for vector in VECTORS {
            all.push(format!("{vector} {operator} 2.5"));
            all.push(format!("2.5 {operator} {vector}"));
        }
        if matches!(operator, "==" | "!=" | "<" | ">") {
            all.push(format!("sum by (job) (temp {operator} bool 2.5)"));
        }
    }
    all
}
