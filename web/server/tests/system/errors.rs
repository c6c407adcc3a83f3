//! What is wrong is refused with what, where and what to do; and commands end with the promised codes.

use std::fs;

use anyhow::{Result, ensure};
use serde_json::json;
use tempfile::TempDir;

use crate::command::{Ended, weir};
use crate::http::{get, post};
use crate::process::free_port;
use crate::suite::Suite;
use crate::weir::Weir;

/// Adds the tests of this file.
pub(crate) fn add(suite: &mut Suite) {
    suite.add(
        "bad_configuration_is_refused_with_its_place",
        &[],
        bad_configuration_is_refused_with_its_place,
    );
    suite.add("a_second_server_is_refused", &[], a_second_server_is_refused);
    suite.add("scripts_are_counted", &[], scripts_are_counted);
    suite.add("bad_requests_are_explained", &[], bad_requests_are_explained);
}

fn ensure_refused(ended: &Ended, words: &[&str]) -> Result<()> {
    ensure!(ended.code.is_some_and(|code| code != 0), "{ended:?}");
    for word in words {
        ensure!(
            ended.stderr.contains(word),
            "{word:?} is not said: {}",
            ended.stderr
        );
    }
    Ok(())
}

/// Configurations that are refused, the place that is named (`RULES` is a rule file with a fault), and what is said.
const BAD_CONFIGS: &[(&str, &str, &[&str])] = &[
    (
        "global:\n  scrape_intervall: 5s\n",
        "prometheus.yml:2:3",
        &["scrape_intervall", "scrape_interval"],
    ),
    (
        "scrape_configs:\n- job_name: a\n  ec2_sd_configs: []\n",
        "prometheus.yml:3:3",
        &["ec2_sd_configs", "not supported"],
    ),
    (
        "remote_write:\n- url: http://localhost\n",
        "prometheus.yml:1:1",
        &["remote_write", "not supported"],
    ),
    (
        "global:\n  scrape_interval: soon\n",
        "prometheus.yml:2:20",
        &["soon", "duration"],
    ),
    ("global: [\n", "prometheus.yml:", &[]),
    (
        "rule_files: ['RULES']\n",
        "rules.yml:5:",
        &[
            "groups[0].rules[0].expr",
            "parse error: unclosed left parenthesis",
        ],
    ),
];

async fn bad_configuration_is_refused_with_its_place() -> Result<()> {
    let folder = TempDir::new()?;
    let file = folder.path().join("prometheus.yml");
    let rules = folder.path().join("rules.yml");
    let name = file.display().to_string();
    let storage = folder.path().join("data");
    fs::write(
        &rules,
        "groups:\n- name: a\n  rules:\n  - record: b\n    expr: sum(\n",
    )?;
    for (text, place, words) in BAD_CONFIGS {
        fs::write(&file, text.replace("RULES", &rules.display().to_string()))?;
        let words = [&[*place], *words].concat();
        ensure_refused(&weir(&["check", "config", name.as_str()]).await?, &words)?;
        let (config, data) = (
            format!("--config.file={name}"),
            format!("--storage.path={}", storage.display()),
        );
        let run = weir(&["run", "--web.listen-address=127.0.0.1:0", &config, &data]).await?;
        ensure_refused(&run, &words)?;
    }
    ensure!(
        !storage.exists(),
        "a refused configuration leaves no storage behind"
    );
    fs::write(
        &file,
        "scrape_configs: [{job_name: a, static_configs: [{targets: ['localhost:1']}]}]\n",
    )?;
    let valid = weir(&["check", "config", name.as_str()]).await?;
    ensure!(
        valid.code == Some(0) && valid.last_line().contains("valid: 1 scrape jobs"),
        "{valid:?}"
    );
    let missing = weir(&["check", "config", "no-such-file.yml"]).await?;
    ensure_refused(&missing, &["no-such-file.yml"])
}

async fn a_second_server_is_refused() -> Result<()> {
    let unknown = weir(&["run", "--storage.pth=x"]).await?;
    ensure_refused(&unknown, &["--storage.pth", "--storage.path"])?;
    let first = Weir::start(None, &[]).await?;
    let folder = TempDir::new()?;
    let storage = format!("--storage.path={}", folder.path().join("data").display());
    let busy = weir(&[
        "run",
        &storage,
        &format!("--web.listen-address={}", first.address),
    ])
    .await?;
    ensure_refused(&busy, &[&first.address, "--web.listen-address"])?;
    let shared = format!("--storage.path={}", first.data().display());
    let address = format!("--web.listen-address=127.0.0.1:{}", free_port()?);
    let second = weir(&["run", &shared, &address]).await?;
    ensure_refused(&second, &["in use by another process", "--storage.path"])?;
    let still = get(&format!("{}/-/ready", first.url)).await?;
    ensure!(still.status == 200, "the first server suffered: {still:?}");
    Ok(())
}

async fn scripts_are_counted() -> Result<()> {
    let folder = TempDir::new()?;
    let file = folder.path().join("small.test");
    let name = file.display().to_string();
    let script = "load 10s\n  level 1+1x10\n\neval instant at 50s level\n  level 6\n\neval instant at 50s sum(level) * 2\n  {} 12\n";
    fs::write(&file, script)?;
    let good = weir(&["test", "promql", name.as_str()]).await?;
    ensure!(
        good.code == Some(0) && good.last_line() == "2 passed, 0 failed",
        "{good:?}"
    );
    ensure!(
        good.stdout.lines().count() == 2 && good.stdout.starts_with(&name),
        "{good:?}"
    );
    fs::write(&file, script.replace("{} 12", "{} 13"))?;
    let bad = weir(&["test", "promql", name.as_str()]).await?;
    ensure!(
        bad.code == Some(1) && bad.last_line() == "1 passed, 1 failed",
        "{bad:?}"
    );
    let listed = weir(&["test", "promql", "--list-failures", name.as_str()]).await?;
    for word in ["small.test:7", "sum(level) * 2", "expected: {} 13", "got: {} 12"] {
        ensure!(
            listed.stdout.contains(word),
            "{word:?} is not said: {}",
            listed.stdout
        );
    }
    ensure!(
        listed.code == Some(1) && listed.last_line() == "1 passed, 1 failed",
        "{listed:?}"
    );
    let missing = weir(&["test", "promql", "no-such-file.test"]).await?;
    ensure_refused(&missing, &["no-such-file.test"])
}

/// Requests below `/api/v1/` that are refused with 400, and what the answer says.
const BAD_REQUESTS: &[(&str, &str)] = &[
    ("query?query=sum(", "1:5: parse error: unclosed left parenthesis"),
    ("query?query=up%20%2B", "parse error: unexpected end of input"),
    (
        "query?query=nope(up)",
        "parse error: unknown function with name \"nope\"",
    ),
    ("query", "invalid parameter \"query\": "),
    ("query?query=up&time=yesterday", "invalid parameter \"time\": "),
    ("query?query=up[5m]%20offset", "parse error: "),
    (
        "query_range?query=up&start=2&end=1&step=1",
        "end timestamp must not be before start",
    ),
    (
        "query_range?query=up&start=0&end=1&step=0",
        "zero or negative query resolution step widths",
    ),
    (
        "query_range?query=up&start=0&end=99999&step=1",
        "exceeded maximum resolution of 11,000",
    ),
    ("series", "no match[] parameter provided"),
];

async fn bad_requests_are_explained() -> Result<()> {
    let weir = Weir::start_plain().await?;
    for &(path, words) in BAD_REQUESTS {
        let answer = get(&format!("{}/api/v1/{path}", weir.url)).await?;
        let error = answer.json()?;
        ensure!(
            answer.status == 400 && error["errorType"] == "bad_data",
            "{path}: {answer:?}"
        );
        ensure!(error["status"] == "error", "{path}: {answer:?}");
        let text = error["error"].as_str().unwrap_or_default();
        ensure!(text.contains(words), "{path}: {text}");
    }
    for work in ["flush", "compact"] {
        let answer = post(&format!("{}/api/v1/admin/storage/{work}", weir.url), "", "").await?;
        let error = json!({"status": "error", "errorType": "unavailable", "error": "admin APIs disabled"});
        ensure!(answer.json()? == error, "{answer:?}");
    }
    let quit = post(&format!("{}/-/quit", weir.url), "", "").await?;
    ensure!(
        quit.status == 403 && quit.body.contains("Lifecycle API is not enabled"),
        "{quit:?}"
    );
    let garbage = post(
        &format!("{}/api/v1/write", weir.url),
        "application/x-protobuf",
        "garbage",
    )
    .await?;
    ensure!(garbage.status == 400 && !garbage.body.is_empty(), "{garbage:?}");
    let statement = json!({"query": "DELETE FROM up"}).to_string();
    let refused = post(&format!("{}/api/v1/sql", weir.url), "application/json", statement).await?;
    ensure!(refused.status == 400, "{refused:?}");
    Ok(())
}
