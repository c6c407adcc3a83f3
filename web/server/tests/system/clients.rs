//! Clients of Prometheus's API, unmodified: promtool, Python packages, and the requests that Grafana's data source and
//! the editor of expressions send.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use connectors_formats::remote_write::v1::Sample;
use engine_model::Labels;
use engine_model::time::now_ms;
use tokio::process::Command;

use crate::command::{Ended, end};
use crate::http::{get, post_form};
use crate::peers;
use crate::push::{push, seconds};
use crate::suite::{Need, Suite, cache};
use crate::weir::Weir;

/// No jobs and no rules.
const CONFIG: &str = "global: {}\n";

/// Asks by `prometheus-api-client`; prints what it understood.
const API_CLIENT: &str = "
import sys, datetime
from prometheus_api_client import PrometheusConnect, MetricSnapshotDataFrame, MetricRangeDataFrame
url, end = sys.argv[1], datetime.datetime.fromtimestamp(float(sys.argv[2]))
client = PrometheusConnect(url=url, disable_ssl=True)
assert client.check_prometheus_connection()
assert 'served_total' in client.all_metrics(), client.all_metrics()
assert client.get_label_values('job') == ['a', 'b']
assert 'job' in client.get_label_names()
assert len(client.get_series(start=end - datetime.timedelta(minutes=10), end=end, params={'match[]': 'served_total'})) == 2
now = client.custom_query('sum(served_total)', params={'time': sys.argv[2]})
assert now[0]['value'][1] == '60', now
ranged = client.custom_query_range('served_total', end - datetime.timedelta(minutes=5), end, '15s')
assert len(MetricRangeDataFrame(ranged)) == 42, len(MetricRangeDataFrame(ranged))
frame = MetricSnapshotDataFrame(client.get_current_metric_value('served_total', params={'time': sys.argv[2]}))
assert sorted(frame['value']) == [20.0, 40.0], frame
aggregated = client.get_metric_aggregation('served_total', ['max'], end - datetime.timedelta(minutes=5), end, '15')
assert float(aggregated['max']) == 40.0, aggregated
try:
    client.custom_query('sum(')
    raise SystemExit('a bad query was answered')
except Exception as error:
    assert 'HTTP Status Code 400' in str(error), error
print('understood')
";
/// Reads the expositions by `prometheus-client`'s parser and asks by `promql-http-api`.
const OTHERS: &str = "
import sys, urllib.request
from prometheus_client.parser import text_string_to_metric_families
from promql_http_api import PromqlHttpApi
url = sys.argv[1]
federated = urllib.request.urlopen(url + '/federate?match[]=served_total').read().decode()
samples = [s for family in text_string_to_metric_families(federated) for s in family.samples]
assert sorted(s.value for s in samples) == [20.0, 40.0], federated
own = urllib.request.urlopen(url + '/metrics').read().decode()
names = {family.name for family in text_string_to_metric_families(own)}
assert 'prometheus_tsdb_head_series' in names, names
query = PromqlHttpApi(url).query('served_total', None)
assert len(query.to_dataframe()) == 2, query.to_dataframe()
print('understood')
";

/// Adds the tests of this file.
pub(crate) fn add(suite: &mut Suite) {
    let promtool = [Need::Other(no_promtool)];
    suite.add("promtool_asks_weir", &promtool, promtool_asks_weir);
    let python = [Need::Other(no_python)];
    suite.add(
        "python_clients_understand_weir",
        &python,
        python_clients_understand_weir,
    );
    suite.add(
        "grafana_data_source_is_answered",
        &[],
        grafana_data_source_is_answered,
    );
    suite.add(
        "expression_editor_is_answered",
        &[],
        expression_editor_is_answered,
    );
    suite.add(
        "weir_query_shows_results_and_plans",
        &[],
        weir_query_shows_results_and_plans,
    );
}

fn promtool() -> PathBuf {
    peers::folder().join("bin/promtool")
}

fn no_promtool() -> Option<String> {
    let here = promtool().is_file();
    (!here).then(|| format!("no {} (`.ci/peers` gets it)", promtool().display()))
}

/// The Python that has the clients.
pub(crate) fn python() -> PathBuf {
    cache().join("clients/bin/python3")
}

fn no_python() -> Option<String> {
    let package = cache().join("clients/complete");
    (!package.is_file()).then(|| format!("no clients at {} (`.ci/needs` gets them)", python().display()))
}

/// A server with `served_total` of jobs `a` and `b`, which is 20 and 40 at the returned time.
async fn server() -> Result<(Weir, String)> {
    let weir = Weir::start(Some(CONFIG), &[]).await?;
    let end_ms = now_ms() / 1000 * 1000 - 1000;
    let series: Vec<_> = [("a", 1.0), ("b", 2.0)]
        .into_iter()
        .map(|(job, factor)| {
            let labels = Labels::from_pairs([("__name__", "served_total"), ("job", job)]);
            let samples = (0..=20).map(|step| Sample {
                timestamp: end_ms - (20 - step) * 15_000,
                value: step as f64 * factor,
            });
            (labels, samples.collect())
        })
        .collect();
    push(&weir.url, &series).await?;
    Ok((weir, seconds(end_ms)))
}

fn succeeded(ended: Ended) -> Result<String> {
    ensure!(ended.code == Some(0), "{ended:?}");
    Ok(ended.stdout)
}

async fn promtool_asks_weir() -> Result<()> {
    let (weir, at) = server().await?;
    let ask = async |arguments: &[&str]| {
        let all = ["query"].iter().chain(arguments);
        succeeded(end(Command::new(promtool()).args(all)).await?)
    };
    let instant = ask(&["instant", "--time", &at, &weir.url, "sum(served_total)"]).await?;
    ensure!(instant.starts_with("{} => 60 @["), "{instant}");
    let start = (at.parse::<f64>()? - 60.0).to_string();
    let range = [
        "range",
        "--start",
        &start,
        "--end",
        &at,
        "--step",
        "15s",
        &weir.url,
        "served_total",
    ];
    let range = ask(&range).await?;
    ensure!(range.contains("served_total{job=\"b\"} =>\n32 @["), "{range}");
    let series = ask(&["series", "--match", "served_total", &weir.url]).await?;
    ensure!(
        series.contains("job=\"a\"") && series.lines().count() == 2,
        "{series}"
    );
    let labels = ask(&["labels", &weir.url, "job"]).await?;
    ensure!(labels == "a\nb\n", "{labels}");
    let ready = succeeded(end(Command::new(promtool()).args(["check", "ready", "--url", &weir.url])).await?)?;
    drop(ready);
    Ok(())
}

async fn python_clients_understand_weir() -> Result<()> {
    let (weir, at) = server().await?;
    for script in [API_CLIENT, OTHERS] {
        let ended = end(Command::new(python()).args(["-c", script, &weir.url, &at])).await?;
        ensure!(ended.last_line() == "understood", "{ended:?}");
    }
    Ok(())
}

/// Health, type, label browser, variables, a panel with exemplars, rules and alerts.
async fn grafana_data_source_is_answered() -> Result<()> {
    let (weir, at) = server().await?;
    let api = |path: &str| format!("{}/api/v1/{path}", weir.url);
    let health = post_form(&api("query"), &[("query", "1+1"), ("time", &at)])
        .await?
        .data()?;
    ensure!(health["result"][1] == "2", "{health}");
    let build = get(&api("status/buildinfo")).await?.data()?;
    ensure!(
        build["version"].is_string() && build.get("features").is_none(),
        "{build}"
    );
    let probe = get(&api("query_exemplars?query=test&start=0&end=1"))
        .await?
        .data()?;
    ensure!(probe == serde_json::json!([]), "{probe}");
    let start = (at.parse::<f64>()? - 300.0).to_string();
    let browser = [("start", start.as_str()), ("end", &at), ("limit", "40000")];
    let names = post_form(&api("labels"), &browser).await?.data()?;
    ensure!(names == serde_json::json!(["__name__", "job"]), "{names}");
    let values = format!("label/job/values?start={start}&end={at}&match%5B%5D=served_total&limit=40000");
    let values = get(&api(&values)).await?.data()?;
    ensure!(values == serde_json::json!(["a", "b"]), "{values}");
    let escaped = get(&api("label/U__job/values")).await?.data()?;
    ensure!(escaped == serde_json::json!(["a", "b"]), "{escaped}");
    let series = [&[("match[]", "served_total")][..], &browser].concat();
    let series = post_form(&api("series"), &series).await?.data()?;
    ensure!(series.as_array().map(Vec::len) == Some(2), "{series}");
    let panel = [
        ("query", "sum(rate(served_total[1m0s])) by (job)"),
        ("start", &start),
        ("end", &at),
        ("step", "15"),
        ("timeout", "60"),
    ];
    let panel = post_form(&api("query_range"), &panel).await?.data()?;
    ensure!(
        panel["resultType"] == "matrix" && panel["result"][0]["values"].is_array(),
        "{panel}"
    );
    for path in [
        "metadata",
        "metadata?limit_per_metric=1",
        "rules",
        "alerts",
        "targets",
        "alertmanagers",
    ] {
        get(&api(path)).await?.data().with_context(|| path.to_owned())?;
    }
    for path in ["config", "flags", "runtimeinfo", "tsdb", "walreplay"] {
        get(&api(&format!("status/{path}")))
            .await?
            .data()
            .with_context(|| path.to_owned())?;
    }
    let alerts = get(&format!("{}/api/v2/alerts", weir.url)).await?.json()?;
    ensure!(alerts.is_array(), "{alerts}");
    let bad = post_form(&api("query"), &[("query", "sum(")]).await?;
    let error = bad.json()?;
    ensure!(
        bad.status == 400 && error["errorType"] == "bad_data" && error["error"].is_string(),
        "{bad:?}"
    );
    Ok(())
}

/// What codemirror-promql asks for while somebody types: metric names, their metadata, labels and values of a metric.
async fn expression_editor_is_answered() -> Result<()> {
    let (weir, at) = server().await?;
    let api = |path: &str| format!("{}/api/v1/{path}", weir.url);
    let start = (at.parse::<f64>()? - 43_200.0).to_string();
    let window = [("start", start.as_str()), ("end", &at)];
    let names = get(&api(&format!("label/__name__/values?start={start}&end={at}")))
        .await?
        .data()?;
    ensure!(names == serde_json::json!(["served_total"]), "{names}");
    let metadata = get(&api("metadata")).await?.data()?;
    ensure!(metadata.is_object(), "{metadata}");
    let of_metric = [&[("match[]", "served_total{}")][..], &window].concat();
    let labels = post_form(&api("labels"), &window).await?.data()?;
    ensure!(labels == serde_json::json!(["__name__", "job"]), "{labels}");
    let series = post_form(&api("series"), &of_metric).await?.data()?;
    ensure!(series[0]["job"] == "a", "{series}");
    let flags = get(&api("status/flags")).await?.data()?;
    ensure!(flags["query.lookback-delta"] == "5m", "{flags}");
    Ok(())
}

async fn weir_query_shows_results_and_plans() -> Result<()> {
    let (weir, at) = server().await?;
    let ask = async |arguments: &[&str]| {
        let all = [&["query", "--server", &weir.url][..], arguments].concat();
        crate::command::weir(&all).await
    };
    let instant = succeeded(ask(&["--time", &at, "served_total"]).await?)?;
    ensure!(
        instant
            == format!("served_total{{job=\"a\"}} => 20 @[{at}]\nserved_total{{job=\"b\"}} => 40 @[{at}]\n")
                .replace(".000", ""),
        "{instant}"
    );
    let explained = succeeded(
        ask(&[
            "--time",
            &at,
            "--explain",
            "sum by (job) (rate(served_total[5m]))",
        ])
        .await?,
    )?;
    for part in [
        "planning ",
        "Aggregate: ",
        "Window: rate [5m]",
        "SeriesScan: ",
        "2 rows",
        "segments touched",
    ] {
        ensure!(explained.contains(part), "{part:?} is missing:\n{explained}");
    }
    let bad = ask(&["sum("]).await?;
    ensure!(
        bad.code == Some(1) && bad.stderr.contains("bad_data: invalid parameter"),
        "{bad:?}"
    );
    Ok(())
}
