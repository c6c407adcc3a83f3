//! What the server tells of itself and of its configuration: features, notifications, its own metrics, jobs, the API's
//! description; names that fit what is typed; and which rule group asked a query.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use connectors_formats::remote_write::v1::Sample;
use engine_model::Labels;
use engine_model::time::now_ms;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::clients::python;
use crate::command::end;
use crate::http::{eventually, get, post};
use crate::push::push;
use crate::suite::{Need, Suite, cache};
use crate::weir::Weir;

/// A job with a secret and a rule, a rule group, a query log.
const CONFIG: &str = "global: {scrape_interval: 7s, evaluation_interval: 200ms, query_log_file: queries.log}\n\
    rule_files: [rules.yml]\n\
    scrape_configs:\n\
    - job_name: hidden\n  \
      basic_auth: {username: u, password: very-secret}\n  \
      relabel_configs: [{source_labels: [__address__], regex: '(.*):.*', target_label: host}, \
        {source_labels: [host], regex: b, action: drop}]\n  \
      static_configs: [{targets: ['b:1']}]\n";
const RULES: &str = "groups:\n- name: heights\n  rules:\n  - {record: 'height:sum', expr: sum(height)}\n";

/// Reads the document and checks it by `openapi-spec-validator`.
const VALIDATE: &str = "
import sys, urllib.request, yaml
from openapi_spec_validator import validate
for version in ('3.1', '3.2'):
    text = urllib.request.urlopen(sys.argv[1] + '/api/v1/openapi.yaml?openapi_version=' + version).read()
    document = yaml.safe_load(text)
    assert document['openapi'].startswith(version), document['openapi']
    validate(document)
    assert '/query' in document['paths'], list(document['paths'])
print('valid')
";

/// Adds the tests of this file.
pub(crate) fn add(suite: &mut Suite) {
    suite.add(
        "features_and_own_metrics_are_told",
        &[],
        features_and_own_metrics_are_told,
    );
    suite.add(
        "jobs_are_told_without_secrets",
        &[],
        jobs_are_told_without_secrets,
    );
    suite.add(
        "operators_are_notified_of_failed_reloads_and_the_end",
        &[],
        operators_are_notified_of_failed_reloads_and_the_end,
    );
    suite.add("names_are_searched", &[], names_are_searched);
    suite.add(
        "rule_groups_are_in_the_query_log",
        &[],
        rule_groups_are_in_the_query_log,
    );
    suite.add(
        "api_description_is_valid",
        &[Need::Other(no_validator)],
        api_description_is_valid,
    );
}

fn no_validator() -> Option<String> {
    let libraries = fs::read_dir(cache().join("clients/lib"));
    let mut versions = libraries.into_iter().flatten().flatten();
    let here = versions.any(|version| {
        let packages = version.path().join("site-packages");
        packages.join("openapi_spec_validator").is_dir()
    });
    (!here).then(|| "no openapi-spec-validator for Python (`.ci/needs` gets it)".to_owned())
}

async fn server(flags: &[&str]) -> Result<Weir> {
    let weir = Weir::start(Some("global: {}\n"), flags).await?;
    weir.write("rules.yml", RULES)?;
    weir.configure(CONFIG)?;
    let answer = post(&format!("{}/-/reload", weir.url), "text/plain", "").await?;
    ensure!(answer.status == 200, "{answer:?}");
    Ok(weir)
}

async fn data(weir: &Weir, path: &str) -> Result<Value> {
    let answer = get(&format!("{}/api/v1/{path}", weir.url)).await?;
    answer.data().with_context(|| path.to_owned())
}

async fn features_and_own_metrics_are_told() -> Result<()> {
    let weir = server(&["--enable-feature=promql-experimental-functions,search-api"]).await?;
    let features = data(&weir, "features").await?;
    for (category, name, expected) in [
        ("api", "admin", true),
        ("api", "lifecycle", true),
        ("api", "search", true),
        ("promql", "per_step_stats", false),
        ("promql_functions", "info", true),
        ("promql_operators", "=~", true),
        ("service_discovery_providers", "http", true),
        ("templating_functions", "humanize", true),
    ] {
        ensure!(
            features[category][name] == expected,
            "{category} {name}: {features}"
        );
    }
    let families = data(
        &weir,
        "status/self_metrics?metric_name_pattern=prometheus_tsdb_head_.%2B",
    )
    .await?;
    let families = families.as_array().context("no families")?;
    ensure!(!families.is_empty(), "no family of the head");
    for family in families {
        let name = family["name"].as_str().unwrap_or_default();
        ensure!(name.starts_with("prometheus_tsdb_head_"), "{family}");
    }
    let all = data(&weir, "status/self_metrics").await?;
    ensure!(all.as_array().map_or(0, Vec::len) > 50, "{all}");
    let bad = get(&format!(
        "{}/api/v1/status/self_metrics?metric_name_pattern=(",
        weir.url
    ))
    .await?;
    ensure!(bad.status == 400, "{bad:?}");
    Ok(())
}

async fn jobs_are_told_without_secrets() -> Result<()> {
    let weir = server(&[]).await?;
    let job = data(&weir, "scrape_pools/config?scrapePool=hidden").await?;
    let yaml = job["yaml"].as_str().context("no yaml")?;
    for line in [
        "job_name: hidden\n",
        "password: <secret>\n",
        "scrape_interval: 7s\n",
    ] {
        ensure!(yaml.contains(line), "{yaml}");
    }
    ensure!(!yaml.contains("very-secret"), "{yaml}");
    let steps = data(
        &weir,
        "targets/relabel_steps?scrapePool=hidden&labels=%7B%22__address__%22:%22b:1%22%7D",
    )
    .await?;
    let step = |at: usize| &steps["steps"][at];
    ensure!(
        step(0)["output"] == json!({"__address__": "b:1", "host": "b"}) && step(0)["keep"] == true,
        "{steps}"
    );
    ensure!(
        step(1)["output"] == json!({}) && step(1)["keep"] == false && step(1)["rule"]["action"] == "drop",
        "{steps}"
    );
    Ok(())
}

async fn operators_are_notified_of_failed_reloads_and_the_end() -> Result<()> {
    let mut weir = server(&["--web.max-notifications-subscribers=1"]).await?;
    let told = || data(&weir, "notifications");
    eventually(Duration::from_secs(20), || async {
        let told = told().await?;
        ensure!(told == json!([]), "still starting: {told}");
        Ok(())
    })
    .await?;
    let live = format!("{}/api/v1/notifications/live", weir.url);
    let client = Client::builder().no_proxy().build()?;
    let mut stream = client.get(&live).send().await?;
    ensure!(
        stream.headers()["content-type"] == "text/event-stream",
        "{stream:?}"
    );
    let second = client.get(&live).send().await?;
    ensure!(second.status() == 204, "{second:?}");
    weir.configure("global: {scrape_intervall: 1s}\n")?;
    let refused = post(&format!("{}/-/reload", weir.url), "text/plain", "").await?;
    ensure!(refused.status == 500, "{refused:?}");
    let told = told().await?;
    ensure!(
        told[0]["text"] == "Configuration reload has failed." && told[0]["active"] == true,
        "{told}"
    );
    weir.configure(CONFIG)?;
    post(&format!("{}/-/reload", weir.url), "text/plain", "").await?;
    ensure!(data(&weir, "notifications").await? == json!([]), "it is over");
    // The stream told all of it, and ends with the server, which does not wait for it.
    let status = weir.stop().await?;
    ensure!(status.success(), "{status}");
    let mut events = String::new();
    while let Ok(Some(part)) = tokio::time::timeout(Duration::from_secs(20), stream.chunk()).await? {
        events.push_str(&String::from_utf8_lossy(&part));
    }
    let told: Vec<(bool, bool)> = events
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|line| {
            let event: Value = serde_json::from_str(line)?;
            let failed = event["text"] == "Configuration reload has failed.";
            Ok((failed, event["active"] == true))
        })
        .collect::<Result<_>>()?;
    ensure!(told == [(true, true), (true, false), (false, true)], "{events}");
    Ok(())
}

async fn names_are_searched() -> Result<()> {
    let weir = server(&["--enable-feature=search-api", "--web.search.max-limit=5"]).await?;
    let series = ["height_meters", "weight_grams", "nights_total"].map(|name| {
        let labels = Labels::from_pairs([("__name__", name), ("unit", "metric")]);
        let sample = Sample {
            timestamp: now_ms(),
            value: 1.0,
        };
        (labels, vec![sample])
    });
    push(&weir.url, &series).await?;
    let ask = async |path: &str| get(&format!("{}/api/v1/search/{path}", weir.url)).await;
    let found = ask("metric_names?search%5B%5D=eight&sort_by=score&limit=1&include_score=true").await?;
    let lines: Vec<Value> = found
        .body
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    ensure!(
        lines.len() == 2 && lines[0]["results"][0]["name"] == "weight_grams",
        "{found:?}"
    );
    ensure!(
        lines[1] == json!({"status": "success", "has_more": true}),
        "{found:?}"
    );
    let values = ask("label_values?label=unit&search%5B%5D=METR&case_sensitive=false").await?;
    ensure!(
        values
            .body
            .starts_with("{\"results\":[{\"value\":\"metric\"}]}\n"),
        "{values:?}"
    );
    let most = ask("label_names?limit=6").await?;
    ensure!(
        most.status == 400 && most.body.contains("--web.search.max-limit"),
        "{most:?}"
    );
    Ok(())
}

async fn rule_groups_are_in_the_query_log() -> Result<()> {
    let weir = server(&[]).await?;
    let file = weir.data().parent().context("no folder")?.join("queries.log");
    let line = eventually(Duration::from_secs(20), || async {
        let log = fs::read_to_string(&file)?;
        let line = log.lines().find(|line| line.contains("sum(height)"));
        line.map(str::to_owned).context("the rule is not logged yet")
    })
    .await?;
    let line: Value = serde_json::from_str(&line)?;
    let group = &line["ruleGroup"];
    ensure!(group["name"] == "heights", "{line}");
    ensure!(
        group["file"]
            .as_str()
            .is_some_and(|file| file.ends_with("rules.yml")),
        "{line}"
    );
    ensure!(
        line.get("httpRequest").is_none() && line["params"]["query"] == "sum(height)",
        "{line}"
    );
    Ok(())
}

async fn api_description_is_valid() -> Result<()> {
    let weir = server(&[]).await?;
    let ended = end(Command::new(python()).args(["-c", VALIDATE, &weir.url])).await?;
    ensure!(ended.last_line() == "valid", "{ended:?}");
    Ok(())
}
