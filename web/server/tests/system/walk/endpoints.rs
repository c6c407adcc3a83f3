//! What is read over HTTP beside query: metadata, rules, targets, the graph, status, SQL.

use anyhow::{Context as _, Result, ensure};
use engine_model::time::now_ms;
use serde_json::{Value, json};

use super::{Walk, texts};
use crate::http::{get, post};
use crate::push::seconds;

pub(super) async fn answer(walk: &Walk) -> Result<()> {
    metadata(walk).await?;
    rules(walk).await?;
    targets(walk).await?;
    graph(walk).await?;
    status(walk).await?;
    sql(walk).await
}

async fn data(walk: &Walk, path: &str) -> Result<Value> {
    let answer = get(&format!("{}/api/v1/{path}", walk.weir.url)).await?;
    answer.data().with_context(|| path.to_owned())
}

async fn metadata(walk: &Walk) -> Result<()> {
    let names = texts(&data(walk, "labels").await?, |name| name);
    ensure!(
        names.is_sorted()
            && ["__name__", "dam", "job"]
                .map(str::to_owned)
                .iter()
                .all(|name| names.contains(name)),
        "{names:?}"
    );
    let jobs = data(walk, "label/job/values?match[]=up").await?;
    ensure!(jobs == json!(["dam", "host", "node", "weir"]), "{jobs}");
    let series = data(walk, "series?match[]=dam_level").await?;
    let expected = json!([{
        "__name__": "dam_level", "dam": "west", "instance": walk.exporter.address, "job": "dam", "river": "blue",
    }]);
    ensure!(series == expected, "{series}");
    let end_ms = now_ms();
    let (start, end) = (seconds(end_ms - 20_000), seconds(end_ms));
    let range = data(
        walk,
        &format!("query_range?query=dam_level&start={start}&end={end}&step=1s"),
    )
    .await?;
    let values = range["result"][0]["values"].as_array().context("no values")?;
    ensure!(
        range["resultType"] == "matrix" && (2..=21).contains(&values.len()),
        "{range}"
    );
    Ok(())
}

async fn rules(walk: &Walk) -> Result<()> {
    let rules = data(walk, "rules").await?;
    let group = &rules["groups"][0];
    ensure!(group["name"] == "dams" && group["interval"] == 1.0, "{rules}");
    ensure!(
        group["file"]
            .as_str()
            .is_some_and(|file| file.ends_with("/rules.yml")),
        "{rules}"
    );
    let (recording, alerting) = (&group["rules"][0], &group["rules"][1]);
    ensure!(
        recording["type"] == "recording" && recording["name"] == "job:up:sum",
        "{rules}"
    );
    ensure!(
        recording["query"] == "sum by (job) (up)" && recording["health"] == "ok",
        "{rules}"
    );
    ensure!(
        alerting["type"] == "alerting" && alerting["query"] == "dam_level > 10",
        "{rules}"
    );
    ensure!(
        alerting["duration"] == 2.0 && alerting["state"] == "inactive",
        "{rules}"
    );
    ensure!(
        alerting["labels"] == json!({"severity": "page"}) && alerting["alerts"] == json!([]),
        "{rules}"
    );
    Ok(())
}

async fn targets(walk: &Walk) -> Result<()> {
    let targets = data(walk, "targets").await?;
    let active = targets["activeTargets"].as_array().context("no active targets")?;
    ensure!(
        active.len() == 4 && targets["droppedTargets"] == json!([]),
        "{targets}"
    );
    let dam = active
        .iter()
        .find(|target| target["scrapePool"] == "dam")
        .context("no dam")?;
    ensure!(dam["health"] == "up" && dam["lastError"] == "", "{dam}");
    ensure!(
        dam["scrapeUrl"] == format!("http://{}/metrics", walk.exporter.address),
        "{dam}"
    );
    ensure!(
        dam["scrapeInterval"] == "1s" && dam["scrapeTimeout"] == "1s",
        "{dam}"
    );
    let labels = json!({"instance": walk.exporter.address, "job": "dam", "river": "blue"});
    ensure!(
        dam["labels"] == labels && dam["discoveredLabels"]["__address__"] == walk.exporter.address,
        "{dam}"
    );
    Ok(())
}

async fn graph(walk: &Walk) -> Result<()> {
    let graph = data(walk, "status/graph").await?;
    let nodes = texts(&graph["nodes"], |node| &node["id"]);
    ensure!(
        nodes.len() > 4 && graph["nodes"][0]["kind"].is_string(),
        "{graph}"
    );
    let edges = graph["edges"].as_array().context("no edges")?;
    ensure!(!edges.is_empty(), "{graph}");
    let mut moved = 0.0;
    for edge in edges {
        let end = |key: &str| edge[key].as_str().unwrap_or_default().to_owned();
        ensure!(
            nodes.contains(&end("from")) && nodes.contains(&end("to")),
            "{edge}"
        );
        for number in [
            "batches_per_second",
            "samples_per_second",
            "depth",
            "capacity",
            "blocked_seconds",
        ] {
            ensure!(edge[number].is_number(), "{number} of {edge}");
        }
        moved += edge["samples_per_second"].as_f64().unwrap_or_default();
    }
    ensure!(moved > 0.0, "nothing moves: {graph}");
    Ok(())
}

async fn status(walk: &Walk) -> Result<()> {
    let build = data(walk, "status/buildinfo").await?;
    ensure!(
        build["version"]
            .as_str()
            .is_some_and(|version| version.contains('.')),
        "{build}"
    );
    let config = data(walk, "status/config").await?;
    let yaml = config["yaml"].as_str().context("no yaml")?;
    ensure!(
        yaml.contains("job_name: dam") && yaml.contains(&walk.exporter.address),
        "{yaml}"
    );
    let metrics = get(&format!("{}/metrics", walk.weir.url)).await?;
    ensure!(
        metrics.status == 200 && metrics.body.contains("\nweir_"),
        "{}",
        metrics.body
    );
    Ok(())
}

async fn sql(walk: &Walk) -> Result<()> {
    let ask = |format: &'static str| {
        let statement =
            "SELECT river, dam, max(value) AS highest, count(*) > 3 AS several FROM dam_level GROUP BY 1, 2";
        let body = json!({"query": statement}).to_string();
        let url = format!("{}/api/v1/sql{format}", walk.weir.url);
        async move { post(&url, "application/json", body).await }
    };
    let answer = ask("").await?.json()?;
    let names = texts(&answer["columns"], |column| &column["name"]);
    ensure!(names == ["river", "dam", "highest", "several"], "{answer}");
    ensure!(answer["columns"][2]["type"] == "double", "{answer}");
    ensure!(
        answer["rows"] == json!([["blue", "west", 12.25, true]]),
        "{answer}"
    );
    let csv = ask("?format=csv").await?.body;
    ensure!(
        csv == "river,dam,highest,several\r\nblue,west,12.25,true\r\n",
        "{csv:?}"
    );
    Ok(())
}
