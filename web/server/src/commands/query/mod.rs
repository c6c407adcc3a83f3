//! `weir query`: a PromQL query asked of a server over HTTP.

mod show;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::Client;
use serde_json::Value;

use super::run::install_tls_provider;
use super::{print, remark};
use crate::cli::QueryOptions;

/// Longest that the server may take: more than any time-out of queries that makes sense.
const ANSWER_WITHIN: Duration = Duration::from_secs(600);

/// Asks, and prints the answer.
pub fn run(options: &QueryOptions) -> anyhow::Result<ExitCode> {
    install_tls_provider();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let answer = runtime.block_on(ask(options))?;
    for key in ["warnings", "infos"] {
        for text in answer[key]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            remark(text);
        }
    }
    if options.explain {
        let explain = &answer["data"]["explain"];
        if explain.is_null() {
            bail!("{} did not explain the query: only Weir does", options.server);
        }
        print(&format!("{}\n", show::plan(explain)))?;
    } else {
        print(&format!("{}\n", show::result(&answer["data"])))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn ask(options: &QueryOptions) -> anyhow::Result<Value> {
    let mut fields = vec![("query", options.expression.as_str())];
    let named = [
        ("time", &options.time),
        ("start", &options.start),
        ("end", &options.end),
        ("step", &options.step),
    ];
    fields.extend(
        named
            .iter()
            .filter_map(|(name, value)| Some((*name, value.as_deref()?))),
    );
    if options.explain {
        fields.push(("explain", "true"));
    }
    let endpoint = if options.start.is_some() {
        "query_range"
    } else {
        "query"
    };
    let url = format!("{}/api/v1/{endpoint}", options.server.trim_end_matches('/'));
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let client = Client::builder().timeout(ANSWER_WITHIN).build()?;
    let response = client
        .post(&url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .send()
        .await
        .with_context(|| format!("cannot ask {url}; name the server with --server"))?;
    let status = response.status();
    let text = response
        .text()
        .await
        .with_context(|| format!("{url} broke off"))?;
    let answer: Value =
        serde_json::from_str(&text).with_context(|| format!("{url} answered {status}: {text}"))?;
    if answer["status"] != "success" {
        let kind = answer["errorType"].as_str().unwrap_or("error");
        bail!("{kind}: {}", answer["error"].as_str().unwrap_or(&text));
    }
    Ok(answer)
}
