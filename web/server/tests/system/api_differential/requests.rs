//! The requests that both servers get.

use url::form_urlencoded::Serializer;

use super::edges;
use crate::push::seconds;

/// How a request is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    /// POST, the parameters in the body.
    Form,
    Put,
    Options,
}

/// One request.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: Method,
    path: String,
    parameters: Vec<(String, String)>,
    /// The parameters as they were written, without times.
    name: String,
}

impl Asked {
    /// How the list of differences names it.
    pub(super) fn name(&self) -> String {
        format!("{:?} {}?{}", self.method, self.path, self.name)
    }

    /// Whether it asks for a syntax tree.
    pub(super) fn is_tree(&self) -> bool {
        self.path.ends_with("/parse_query")
    }

    pub(super) fn form(&self) -> String {
        Serializer::new(String::new())
            .extend_pairs(&self.parameters)
            .finish()
    }

    pub(super) fn path_and_query(&self) -> String {
        match self.method {
            Method::Form => self.path.clone(),
            _ => format!("{}?{}", self.path, self.form()),
        }
    }
}

/// Makes requests; in parameters `END`, `START` and `BEFORE` stand for times.
pub(super) struct Maker {
    requests: Vec<Asked>,
    end_ms: i64,
}

impl Maker {
    pub(super) fn add(&mut self, method: Method, path: &str, parameters: &[(&str, &str)]) {
        let time = |text: &str| match text {
            "END" => seconds(self.end_ms),
            "START" => seconds(self.end_ms - 600_000),
            "BEFORE" => seconds(self.end_ms - 100_000_000),
            "RFC" => engine_model::time::format_rfc3339_ms(self.end_ms),
            other => other.to_owned(),
        };
        let shown: Vec<String> = parameters.iter().map(|(n, v)| format!("{n}={v}")).collect();
        self.requests.push(Asked {
            method,
            path: path.to_owned(),
            parameters: parameters
                .iter()
                .map(|(n, v)| ((*n).to_owned(), time(v)))
                .collect(),
            name: shown.join("&"),
        });
    }

    pub(super) fn get(&mut self, path: &str, parameters: &[(&str, &str)]) {
        self.add(Method::Get, &format!("/api/v1/{path}"), parameters);
    }
}

/// All requests about samples whose newest are at `end_ms`.
pub(super) fn all(end_ms: i64) -> Vec<Asked> {
    let mut maker = Maker {
        requests: Vec::new(),
        end_ms,
    };
    instants(&mut maker);
    ranges(&mut maker);
    parameters(&mut maker);
    names_and_series(&mut maker);
    syntax(&mut maker);
    rest(&mut maker);
    edges::add(&mut maker);
    maker.requests
}

/// Asked at one instant.
const INSTANTS: &[&str] = &[
    "up",
    "1",
    "-1.5e-9",
    "1e21",
    "NaN",
    "\"a \\\" text\"",
    "vector(1/0)",
    "odd_values",
    "odd_values[1m]",
    "up{job=\"api\"}[45s] offset 1m",
    "ended",
    "ended[30m]",
    "sparse",
    "timestamp(sparse)",
    "{\"name.with.dots\"}",
    "{\"escaped<html>&\"}",
    "sort_desc(sum by (code) (rate(http_requests_total[5m])))",
    "sort(temperature)",
    "topk(2, http_requests_total)",
    "histogram_quantile(0.9, sum by (le) (rate(latency_seconds_bucket[5m])))",
    "quantile(1.5, temperature)",
    "rate(temperature[5m])",
    "sum(rate(temperature[5m])) + sum(rate(up[5m]))",
    "count_values(\"v\", up)",
    "label_replace(up, \"x\", \"$1\", \"instance\", \"(.*):.*\")",
    "label_join(up, \"x\", \"-\", \"job\", \"instance\")",
    "up * on (instance) group_left (code) http_requests_total",
    "up * on (instance) group_right () http_requests_total{code=\"200\"}",
    "up + http_requests_total",
    "up and on (job) temperature > 20.2",
    "up unless on (instance) (up == 0)",
    "up == bool 1",
    "absent(nothing{job=\"x\"})",
    "absent_over_time(nothing[5m])",
    "scalar(temperature{instance=\"a:1\"})",
    "time() - time()",
    "max_over_time(temperature[10m:30s])",
    "temperature @ end()",
    "nothing",
    "predict_linear(temperature[5m], 60)",
    "changes(temperature[5m])",
    "avg by (job) (temperature)",
    "stddev without (instance) (temperature)",
    "group(up) by (job)",
    // Errors of the data and of the language.
    "label_replace(up, \"instance\", \"\", \"instance\", \".*\")",
    "up * on (job) temperature",
    "label_replace(up, \"~bad\", \"\", \"a\", \"(\")",
    "histogram_quantile(2, latency_seconds_bucket)",
    "up[5m",
    "sum(",
    "foo bar",
    "rate(up)",
    "up offset",
    "{}",
    "{job=~\".*\"}",
    "unknown_function(up)",
    "sum by (job (up)",
    "1 + ",
    "up{job=\"a}",
    "up == 1 == bool",
    "sum(up, 1)",
    "up[5m] + 1",
    "\"a\" + 1",
    "2 ^",
    "count_values(1, up)",
    "-up[5m]",
    "up and 1",
    "1 > 2",
];

fn instants(maker: &mut Maker) {
    for query in INSTANTS {
        maker.get("query", &[("query", query), ("time", "END")]);
    }
}

fn ranges(maker: &mut Maker) {
    let times = [("start", "START"), ("end", "END"), ("step", "60")];
    for query in [
        "up",
        "1",
        "time() > 0",
        "rate(http_requests_total[2m])",
        "sum by (job) (rate(http_requests_total{code!=\"404\"}[2m]))",
        "odd_values",
        "ended",
        "sparse",
        "topk(1, temperature)",
        "sort(temperature)",
        "histogram_quantile(0.5, rate(latency_seconds_bucket[2m]))",
        "http_requests_total / on (instance, code) http_requests_total",
        "nothing",
        "up @ start()",
        "up[5m]",
        "\"text\"",
        "quantile(temperature, temperature)",
        "up * on (job) temperature",
        "sum(",
    ] {
        let parameters = [&[("query", query)][..], &times].concat();
        maker.get("query_range", &parameters);
    }
    for (start, end, step) in [
        ("START", "END", "1m30s"),
        ("START", "END", "45.5"),
        ("RFC", "RFC", "1"),
        ("END", "START", "15"),
        ("START", "END", "0"),
        ("START", "END", "-1"),
        ("START", "END", "x"),
        ("START", "END", ""),
        ("", "END", "1"),
        ("START", "", "1"),
        ("yesterday", "END", "1"),
        ("BEFORE", "END", "1"),
        ("START", "END", "1e300"),
    ] {
        maker.get(
            "query_range",
            &[("query", "up"), ("start", start), ("end", end), ("step", step)],
        );
    }
    let form = [&[("query", "sum(temperature)")][..], &times].concat();
    maker.add(Method::Form, "/api/v1/query_range", &form);
}

fn parameters(maker: &mut Maker) {
    for (name, value) in [
        ("limit", "1"),
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "x"),
        ("limit", "99999999999999999999"),
        ("timeout", "x"),
        ("timeout", "1m"),
        ("lookback_delta", "x"),
        ("lookback_delta", "1s"),
        ("lookback_delta", "-1s"),
    ] {
        maker.get("query", &[("query", "up"), ("time", "END"), (name, value)]);
    }
    for time in ["RFC", "x", "1e400", "-5", "2026-01-01", "NaN"] {
        maker.get("query", &[("query", "1"), ("time", time)]);
    }
    maker.get("query", &[]);
    maker.get("query", &[("query", "up"), ("time", "BEFORE")]);
    maker.add(
        Method::Form,
        "/api/v1/query",
        &[("query", "up"), ("time", "END"), ("limit", "2")],
    );
}

fn names_and_series(maker: &mut Maker) {
    for path in ["labels", "label/job/values", "label/__name__/values"] {
        for parameters in [
            &[][..],
            &[("match[]", "up")],
            &[("match[]", "up"), ("match[]", "odd_values")],
            &[("limit", "2")],
            &[("limit", "-3")],
            &[("start", "START"), ("end", "END")],
            &[("end", "BEFORE")],
            &[("start", "x")],
            &[("match[]", "{}")],
            &[("match[]", "up{")],
        ] {
            maker.get(path, parameters);
        }
    }
    for path in [
        "label/label.with.dots/values",
        "label/U__label_2e_with_2e_dots/values",
        "label/nothing/values",
        "label/le/values",
        "label/tag/values",
    ] {
        maker.get(path, &[]);
    }
    for parameters in [
        &[][..],
        &[("match[]", "up")],
        &[("match[]", "up"), ("match[]", "{job=\"web\"}")],
        &[("match[]", "{__name__=~\".+\"}"), ("limit", "3")],
        &[("match[]", "up"), ("start", "START"), ("end", "END")],
        &[("match[]", "up"), ("end", "BEFORE")],
        &[("match[]", "{job=~\".*\"}")],
        &[("match[]", "up[5m]")],
        &[("match[]", "{\"name.with.dots\"}")],
        &[("match[]", "up"), ("limit", "x")],
    ] {
        maker.get("series", parameters);
    }
    maker.add(Method::Form, "/api/v1/series", &[("match[]", "temperature")]);
    maker.add(Method::Form, "/api/v1/labels", &[("match[]", "temperature")]);
}

fn syntax(maker: &mut Maker) {
    for query in [
        "sum by(job)(rate(up[5m]))",
        "a/b*c  +d",
        "1",
        "sum(",
        "topk(3, http_requests_total{code=~\"2..\", job!=\"very long value of a label that makes the line longer than it may be\"})",
    ] {
        maker.get("format_query", &[("query", query)]);
    }
    for query in ["1 + 2 * 3", "(1)", "\"x\"", "sum("] {
        maker.get("parse_query", &[("query", query)]);
    }
    maker.get("parse_query", &[("query", "up")]);
    maker.add(Method::Form, "/api/v1/format_query", &[("query", "-up  +  1")]);
}

fn rest(maker: &mut Maker) {
    for (path, parameters) in [
        ("query_exemplars", &[("query", "up")][..]),
        ("query_exemplars", &[("query", "1")]),
        ("query_exemplars", &[("query", "up{")]),
        (
            "query_exemplars",
            &[("query", "up"), ("start", "END"), ("end", "START")],
        ),
        ("metadata", &[]),
        ("metadata", &[("limit", "x")]),
        ("metadata", &[("metric", "up")]),
        ("targets/metadata", &[]),
        ("targets", &[("state", "active")]),
        ("targets", &[]),
        ("scrape_pools", &[]),
        ("alerts", &[]),
        ("rules", &[]),
        ("rules", &[("type", "x")]),
        ("notifications", &[]),
        ("nothing", &[]),
        ("status/nothing", &[]),
        ("status/walreplay/x", &[]),
        ("", &[]),
    ] {
        maker.get(path, parameters);
    }
    maker.add(Method::Put, "/api/v1/query", &[]);
    maker.add(Method::Form, "/api/v1/label/job/values", &[]);
    maker.add(Method::Options, "/api/v1/query", &[]);
    maker.add(Method::Get, "/api/nothing", &[]);
    for selectors in [
        &[("match[]", "up")][..],
        &[("match[]", "up"), ("match[]", "{job=\"web\"}")],
        &[("match[]", "odd_values")],
        &[("match[]", "ended")],
        &[("match[]", "{\"name.with.dots\"}")],
        &[("match[]", "up{")],
        &[],
    ] {
        maker.add(Method::Get, "/federate", selectors);
    }
}
