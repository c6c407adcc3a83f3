//! The HTTP API to the letter: the same requests to Weir and to a real Prometheus over the same samples must have the
//! same status, content type and body. What differs on purpose is listed with its reason.

mod differences;
mod edges;
mod requests;
mod samples;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use engine_model::time::now_ms;
use reqwest::Client;
use serde_json::Value;

use crate::peers::{self, Program};
use crate::push::push;
use crate::suite::{Need, Suite};
use crate::weir::Weir;

use requests::{Asked, Method};

/// No jobs and no rules: nothing but what is pushed.
const CONFIG: &str =
    "global:\n  evaluation_interval: 1m\n  external_labels:\n    cluster: eu\n    zone: \"a\\\"b\"\n";
/// Longest that an answer takes, from a binary that is not optimised.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// How much of a body an error shows.
const SHOWN_BYTES: usize = 700;

/// Adds the tests of this file.
pub(crate) fn add(suite: &mut Suite) {
    suite.add(
        "api_answers_as_prometheus_does",
        &[Need::Peer(Program::Prometheus)],
        api_answers_as_prometheus_does,
    );
}

/// What a server answered.
#[derive(Debug, PartialEq)]
struct Answer {
    status: u16,
    content_type: String,
    body: String,
}

async fn api_answers_as_prometheus_does() -> Result<()> {
    let weir = Weir::start(Some(CONFIG), &["--enable-feature=promql-experimental-functions"]).await?;
    let prometheus = peers::prometheus(CONFIG, &[]).await?;
    let end_ms = (now_ms() / 60_000 - 2) * 60_000;
    let series = samples::all(end_ms);
    for base in [&weir.url, &prometheus.url] {
        for part in samples::slices(&series) {
            push(base, &part).await?;
        }
    }
    let requests = requests::all(end_ms);
    ensure!(requests.len() >= 450, "only {} requests", requests.len());
    let client = Client::builder()
        .timeout(ANSWER_WITHIN)
        .no_proxy()
        .pool_max_idle_per_host(0)
        .build()?;
    let mut faults = Vec::new();
    let mut equal = 0;
    for asked in &requests {
        let ours = ask(&client, &weir.url, asked).await?;
        let theirs = ask(&client, &prometheus.url, asked).await?;
        let reason = differences::reason(&asked.name());
        match (same(asked, &ours, &theirs), reason) {
            (true, None) => equal += 1,
            (false, Some(_)) => {}
            (true, Some(reason)) => {
                faults.push(format!("{}\n  is no longer different: {reason}", asked.name()))
            }
            (false, None) => faults.push(format!(
                "{}\n  weir       {}\n  prometheus {}",
                asked.name(),
                shown(&ours),
                shown(&theirs)
            )),
        }
    }
    ensure!(
        faults.is_empty(),
        "{} of {} requests are answered otherwise, {equal} alike:\n{}\n{}",
        faults.len(),
        requests.len(),
        faults.join("\n"),
        weir.log()
    );
    differences::all_asked(&requests)
}

async fn ask(client: &Client, base: &str, asked: &Asked) -> Result<Answer> {
    let url = format!("{base}{}", asked.path_and_query());
    let request = match asked.method {
        Method::Get => client.get(url),
        Method::Form => client
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(asked.form()),
        Method::Put => client.put(url),
        Method::Options => client.request(reqwest::Method::OPTIONS, url),
    };
    let response = request.send().await.with_context(|| asked.name())?;
    let content_type = response.headers().get("content-type").map(|value| value.to_str());
    Ok(Answer {
        status: response.status().as_u16(),
        content_type: content_type.transpose()?.unwrap_or_default().to_owned(),
        body: response.text().await?,
    })
}

/// The same bytes; of instant vectors, whose order is not specified, the same elements; of syntax trees the same but
/// for what newer versions of Prometheus tell.
fn same(asked: &Asked, ours: &Answer, theirs: &Answer) -> bool {
    if asked.is_tree() && (ours.status, &ours.content_type) == (theirs.status, &theirs.content_type) {
        return trees(&ours.body) == trees(&theirs.body);
    }
    ours == theirs
        || (ours.status, &ours.content_type) == (theirs.status, &theirs.content_type)
            && matches!((elements(&ours.body), elements(&theirs.body)), (Some(a), Some(b)) if a == b)
}

/// The elements of an instant vector by their text, and the rest of the answer with annotations in an order of their
/// own: Prometheus keeps them in a map, whose order changes.
fn elements(body: &str) -> Option<(BTreeMap<String, usize>, String)> {
    let mut answer: Value = serde_json::from_str(body).ok()?;
    if answer["data"]["resultType"] != "vector" {
        return None;
    }
    for annotations in ["warnings", "infos"] {
        if let Some(texts) = answer.get_mut(annotations).and_then(Value::as_array_mut) {
            texts.sort_by_key(ToString::to_string);
        }
    }
    let result = answer["data"]["result"].take();
    let mut elements = BTreeMap::new();
    for element in result.as_array()? {
        *elements.entry(element.to_string()).or_default() += 1;
    }
    Some((elements, answer.to_string()))
}

/// A syntax tree without what version 3.5 does not tell: edges of ranges, values that are filled in, durations that are
/// expressions.
fn trees(body: &str) -> Option<Value> {
    const NEWER: [&str; 6] = [
        "anchored",
        "smoothed",
        "fillValues",
        "rangeExpr",
        "offsetExpr",
        "stepExpr",
    ];
    fn strip(value: &mut Value) {
        match value {
            Value::Object(entries) => {
                NEWER.iter().for_each(|key| drop(entries.remove(*key)));
                entries.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    let mut tree = serde_json::from_str(body).ok()?;
    strip(&mut tree);
    Some(tree)
}

fn shown(answer: &Answer) -> String {
    let end = answer.body.floor_char_boundary(SHOWN_BYTES);
    format!(
        "{} {} {}",
        answer.status,
        answer.content_type,
        &answer.body[..end]
    )
}
