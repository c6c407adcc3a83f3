//! The same pages scraped by a real Prometheus and by the dam: the same series with the same values, and the
//! same pages refused.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::http::{self, eventually, query};
use crate::metric_family::{COUNTER, Family, HISTOGRAM, Message, SUMMARY};
use crate::peers::{Peer, Program, node_exporter, prometheus};
use crate::suite::{Need, Suite};
use crate::weir::Weir;

/// Longest wait for both servers to have scraped every page twice.
const WITHIN: Duration = Duration::from_secs(90);

pub(crate) const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
pub(crate) const PROTOBUF: &str =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";
pub(crate) const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Name of the job, more lines of its configuration, content type, page.
type Case = (&'static str, &'static str, &'static str, &'static str);

const CASES: &[Case] = &[
    (
        "values",
        "",
        TEXT,
        "a 1\nb -0\nc NaN\nd +Inf\ne -inf\nf 1e-3\ng .5\nh 5.\ni 0x10\n",
    ),
    (
        "values_good",
        "",
        TEXT,
        "a 1\nb -0\nc NaN\nd +Inf\ne -inf\nf 1e-3\ng .5\nh 5.\ni 1E3\n",
    ),
    (
        "blanks",
        "",
        TEXT,
        "a   1  \nb\t2\n\n{ \"c.d\" , e = \"f\" , } 3\n",
    ),
    ("no_last_line_end", "", TEXT, "a 1\nb 2"),
    (
        "quoted_names",
        "",
        TEXT,
        "{\"a.b\",\"c d\"=\"e\"} 1\n# TYPE \"f.g\" counter\n{\"f.g\"} 2\n",
    ),
    ("escapes", "", TEXT, "a{b=\"x\\\\y\\\"z\\n\\t\"} 1\n"),
    ("bad_label", "", TEXT, "a{b:c=\"1\"} 1\n"),
    ("unclosed", "", TEXT, "a 1\nb{c=\"d\n} 1\n"),
    ("no_value", "", TEXT, "a 1\nb\n"),
    ("twice", "", TEXT, "a 1\na 2\nb 1\n"),
    ("label_twice", "", TEXT, "a{b=\"1\",b=\"2\"} 1\n"),
    (
        "bounds",
        "",
        TEXT,
        "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1e3\"} 2\nh_bucket{le=\"+Inf\"} 3\nh_sum 4\nh_count 3\n# TYPE s summary\ns{quantile=\"0.50\"} 1\ns{quantile=\"1\"} 1\n",
    ),
    ("unknown_type", "", TEXT, "# TYPE a info\na 1\n"),
    (
        "odd_comments",
        "",
        TEXT,
        "#\n# HELP\u{20}\n# nothing\n#TYPE a counter\na 1\n",
    ),
    ("empty_value", "", TEXT, "a{b=\"\",c=\"d\"} 1\n"),
    (
        "clashes",
        "",
        TEXT,
        "a{job=\"x\",instance=\"y\",exported_job=\"z\"} 1\n",
    ),
    (
        "honored",
        "honor_labels: true",
        TEXT,
        "a{job=\"x\",instance=\"\"} 1\n",
    ),
    ("empty", "", TEXT, ""),
    ("comments_only", "", TEXT, "# none\n"),
    ("json", "", "application/json", "{}"),
    (
        "html_as_text",
        "fallback_scrape_protocol: PrometheusText0.0.4",
        "text/html",
        "a 1\n",
    ),
    ("no_type", "", "", "a 1\n"),
    (
        "no_type_as_open_metrics",
        "fallback_scrape_protocol: OpenMetricsText1.0.0",
        "",
        "# TYPE a counter\na_total 1\n# EOF\n",
    ),
    ("too_many_samples", "sample_limit: 1", TEXT, "a 1\nb 1\nc 1\n"),
    (
        "too_many_labels",
        "label_limit: 3",
        TEXT,
        "a{b=\"1\",c=\"2\"} 1\n",
    ),
    (
        "long_label",
        "label_value_length_limit: 40",
        TEXT,
        "a{b=\"0123456789012345678901234567890123456789x\"} 1\n",
    ),
    ("large", "body_size_limit: 10B", TEXT, "a 1\nb 1\nc 1\n"),
    (
        "relabelled",
        "metric_relabel_configs: [{source_labels: [__name__], regex: 'a|b', action: drop}]",
        TEXT,
        "a 1\nb 1\nc 1\n",
    ),
    (
        "nameless",
        "metric_relabel_configs: [{target_label: __name__, replacement: ''}]",
        TEXT,
        "a 1\n",
    ),
    ("future", "", TEXT, "a 1 99999999999999\nb 1\n"),
    (
        "custom_buckets",
        "convert_classic_histograms_to_nhcb: true",
        TEXT,
        "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"2.5\"} 2\nh_bucket{le=\"+Inf\"} 5\nh_sum 7\nh_count 5\nother 1\n",
    ),
    (
        "om_types",
        "",
        OPEN_METRICS,
        "# TYPE a counter\n# HELP a Things.\na_total 1\na_created 1000\n# TYPE b gauge\nb{c=\"d\"} 2.5\n# TYPE i info\ni_info{v=\"1\"} 1\n# TYPE s stateset\ns{s=\"x\"} 1\n# TYPE g gaugehistogram\ng_bucket{le=\"+Inf\"} 2\ng_gcount 2\ng_gsum 3\n# TYPE u unknown\nu 4\n# EOF\n",
    ),
    (
        "om_exemplar",
        "",
        OPEN_METRICS,
        "# TYPE a counter\na_total 1 # {t=\"x\"} 0.5 1000.5\n# EOF\n",
    ),
    (
        "om_bounds",
        "",
        OPEN_METRICS,
        "# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 3\nh_count 3\nh_sum 4\n# EOF\n",
    ),
    ("om_no_end", "", OPEN_METRICS, "# TYPE a counter\na_total 1\n"),
    ("om_after_end", "", OPEN_METRICS, "a 1\n# EOF\nb 1\n"),
    ("om_two_blanks", "", OPEN_METRICS, "a  1\n# EOF\n"),
    ("om_empty_line", "", OPEN_METRICS, "a 1\n\nb 1\n# EOF\n"),
    (
        "om_unit",
        "",
        OPEN_METRICS,
        "# TYPE a_seconds gauge\n# UNIT a_seconds seconds\na_seconds 1\n# EOF\n",
    ),
    (
        "om_wrong_unit",
        "",
        OPEN_METRICS,
        "# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n",
    ),
    ("om_quoted", "", OPEN_METRICS, "{\"a.b\",\"c\"=\"d\"} 1\n# EOF\n"),
];

/// Names of the jobs whose pages [`protobuf`] makes, and more lines of their configuration.
const PROTOBUF_CASES: &[(&str, &str)] = &[
    ("proto_classic", ""),
    ("proto_native", ""),
    ("proto_both", "always_scrape_classic_histograms: true"),
    ("proto_damaged", ""),
    ("proto_coarse", "native_histogram_bucket_limit: 2"),
    ("proto_full", "native_histogram_bucket_limit: 1"),
];

/// A protobuf page.
fn protobuf(name: &str) -> Vec<u8> {
    let labels = [("a", "1"), ("b", "")];
    let counter = Message::default().double(1, 7.0);
    let counters = Family::new("c_total", COUNTER)
        .metric(&labels, 3, &counter)
        .bytes();
    let bucket = |count, bound| Message::default().varint(1, count).double(2, bound);
    let classic = Message::default().varint(1, 5).double(2, 6.5);
    let classic = classic.message(3, &bucket(2, 1.0)).message(3, &bucket(4, 2.5));
    let span = |offset, length| Message::default().zigzag(1, offset).varint(2, length);
    let native = |histogram: Message| {
        let histogram = histogram.zigzag(5, 3).double(6, 0.001).varint(7, 1);
        let histogram = histogram.message(12, &span(-3, 2)).message(12, &span(4, 1));
        histogram.zigzag(13, 1).zigzag(13, 1).zigzag(13, -1)
    };
    let quantile = Message::default().double(1, 0.5).double(2, 3.0);
    let summary = Message::default()
        .varint(1, 2)
        .double(2, 4.0)
        .message(3, &quantile);
    let mut page = counters;
    page.extend(Family::new("s", SUMMARY).metric(&labels, 4, &summary).bytes());
    let histogram = match name {
        "proto_classic" => classic,
        "proto_both" => native(classic),
        _ => native(Message::default().varint(1, 5).double(2, 6.5)),
    };
    page.extend(Family::new("h", HISTOGRAM).metric(&labels, 7, &histogram).bytes());
    if name == "proto_damaged" {
        page.truncate(page.len() - 3);
    }
    page
}

/// Adds the test of this file.
pub(crate) fn add(suite: &mut Suite) {
    let needs = [Need::Peer(Program::Prometheus), Need::Peer(Program::NodeExporter)];
    suite.add("scrapes_as_prometheus_does", &needs, scrapes_as_prometheus_does);
}

/// Starts Prometheus and Weir with the same jobs (name, more lines) that scrape `address` each second, and `flags`,
/// and waits until both have scraped every page three times.
pub(crate) async fn side_by_side(
    address: &str,
    jobs: &[(&str, &str)],
    flags: &[&str],
) -> Result<(Peer, Weir)> {
    let mut config = "global: {scrape_interval: 1s}\nscrape_configs:\n".to_owned();
    for (name, more) in jobs {
        config.push_str(&format!(
            "- job_name: {name}\n  metrics_path: /{name}\n  static_configs: [{{targets: ['{address}']}}]\n  {more}\n"
        ));
    }
    // What is a flag there is a key here, as in later versions of Prometheus.
    let theirs = [&["--enable-feature=native-histograms"], flags].concat();
    let peer = prometheus(&config, &theirs).await?;
    let ours = config.replacen('}', ", scrape_native_histograms: true}", 1);
    let weir = Weir::start(Some(&ours), flags).await?;
    for (server, log) in [(&peer.url, peer.log()), (&weir.url, weir.log())] {
        eventually(WITHIN, || async {
            let scraped = query(server, "count(count_over_time(up[1m]) > 2)", &[]).await?;
            let count = scraped["result"][0]["value"][1].as_str().unwrap_or("0");
            ensure!(
                count == jobs.len().to_string(),
                "{server}: {count} of {} jobs\n{log}",
                jobs.len()
            );
            Ok(())
        })
        .await?;
    }
    Ok((peer, weir))
}

async fn scrapes_as_prometheus_does() -> Result<()> {
    let node = node_exporter(&[]).await?;
    let page = http::get(&format!("http://{}/metrics", node.address)).await?.body;
    let mut pages = Pages::from([("node".to_owned(), (TEXT, page.into_bytes()))]);
    for (name, _, content_type, page) in CASES {
        pages.insert((*name).to_owned(), (content_type, page.as_bytes().to_vec()));
    }
    for (name, _) in PROTOBUF_CASES {
        pages.insert((*name).to_owned(), (PROTOBUF, protobuf(name)));
    }
    let address = serve(pages).await?;
    let jobs: Vec<(&str, &str)> = CASES
        .iter()
        .map(|case| (case.0, case.1))
        .chain(PROTOBUF_CASES.iter().copied())
        .chain([("node", "")])
        .collect();
    let (peer, weir) = side_by_side(&address, &jobs, &[]).await?;
    let mut differences = Vec::new();
    for (name, _) in jobs {
        let (theirs, ours) = (stored(&peer.url, name).await?, stored(&weir.url, name).await?);
        if theirs != ours {
            let only = |one: &BTreeMap<String, String>, other: &BTreeMap<String, String>| {
                let differing = one.iter().filter(|(key, value)| other.get(*key) != Some(value));
                differing
                    .take(5)
                    .map(|(key, value)| format!("    {key} {value}\n"))
                    .collect::<String>()
            };
            let (peer, weir) = (only(&theirs, &ours), only(&ours, &theirs));
            differences.push(format!("{name}\n  Prometheus:\n{peer}  Weir:\n{weir}"));
        }
    }
    ensure!(differences.is_empty(), "{}", differences.join("\n"));
    Ok(())
}

/// Every series of a job's target with its value, the time that scrapes took left out.
async fn stored(server: &str, job: &str) -> Result<BTreeMap<String, String>> {
    // Honored labels may take the job away, so that the path tells the target.
    let selector = match job {
        "honored" => "{__name__=~\"a\",job=\"x\"}".to_owned(),
        _ => format!("{{job=\"{job}\",__name__!=\"scrape_duration_seconds\"}}"),
    };
    let mut data = query(server, &selector, &[]).await?;
    let rows = data["result"].take();
    let rows = rows.as_array().cloned().unwrap_or_default();
    let down = rows
        .iter()
        .any(|row| row["metric"]["__name__"] == "up" && row["value"][1] == "0");
    let mut out = BTreeMap::new();
    // Native histograms are stored, but queries do not answer them yet.
    for row in rows.iter().filter(|row| row.get("value").is_some()) {
        let labels: BTreeMap<String, String> = serde_json::from_value(row["metric"].clone())?;
        let name = labels.get("__name__").map(String::as_str).unwrap_or_default();
        // After a refused page Prometheus keeps its lines in mind and so adds none the next time; a label set
        // that is refused counts as a sample here.
        let differs = match name {
            "scrape_series_added" => down,
            "scrape_samples_scraped" => job == "bad_label",
            _ => false,
        };
        if !differs {
            out.insert(format!("{labels:?}"), row["value"][1].to_string());
        }
    }
    Ok(out)
}

/// Content type and body by name.
pub(crate) type Pages = HashMap<String, (&'static str, Vec<u8>)>;

/// Serves each page under its name; returns the address. The listener lives as long as the test's runtime.
pub(crate) async fn serve(pages: Pages) -> Result<String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?.to_string();
    let router = Router::new()
        .route("/{name}", get(answer))
        .with_state(Arc::new(pages));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn answer(State(pages): State<Arc<Pages>>, Path(name): Path<String>) -> Response {
    let Some((content_type, page)) = pages.get(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = page.clone().into_response();
    match content_type.parse() {
        Ok(value) if !content_type.is_empty() => {
            drop(response.headers_mut().insert(header::CONTENT_TYPE, value))
        }
        _ => drop(response.headers_mut().remove(header::CONTENT_TYPE)),
    }
    response
}
