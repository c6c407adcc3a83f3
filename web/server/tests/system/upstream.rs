//! Prometheus's own test scripts, where a copy lies beside the checkout: as many evaluations pass as ever did.
//! `WEIR_SHARED` names another folder, `WEIR_UPSTREAM_BASELINE=write` records what passes now.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use anyhow::{Context as _, Result, ensure};

use crate::command::weir;
use crate::suite::{Need, Suite};

const HEADER: &str =
    "# Evaluations of Prometheus's test scripts that pass, a script a line. They may only become more.\n";

/// Adds the tests of this file.
pub(crate) fn add(suite: &mut Suite) {
    let needs = [Need::Other(missing)];
    suite.add(
        "upstream_scripts_pass_as_ever",
        &needs,
        upstream_scripts_pass_as_ever,
    );
}

fn scripts() -> PathBuf {
    let shared = env::var_os("WEIR_SHARED").map(PathBuf::from);
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    shared.unwrap_or_else(beside).join("promqltest")
}

fn baseline() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/system/upstream.txt")
}

fn missing() -> Option<String> {
    let folder = scripts();
    (!folder.is_dir()).then(|| {
        format!(
            "no scripts in {} (WEIR_SHARED names another folder)",
            folder.display()
        )
    })
}

async fn upstream_scripts_pass_as_ever() -> Result<()> {
    let mut files: Vec<PathBuf> = fs::read_dir(scripts())?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "test"));
    files.sort();
    ensure!(!files.is_empty(), "no script in {}", scripts().display());
    let mut arguments = vec!["test".into(), "promql".into()];
    arguments.extend(files.iter().map(|file| file.clone().into_os_string()));
    let ended = weir(&arguments).await?;
    ensure!(matches!(ended.code, Some(0 | 1)), "{ended:?}");
    let passed = counts(&ended.stdout)?;
    ensure!(passed.len() == files.len(), "{}", ended.stdout);
    if env::var_os("WEIR_UPSTREAM_BASELINE").is_some_and(|what| what == "write") {
        let mut text = HEADER.to_owned();
        for (script, count) in &passed {
            writeln!(text, "{script} {count}")?;
        }
        return Ok(fs::write(baseline(), text)?);
    }
    let mut worse = String::new();
    for line in fs::read_to_string(baseline())?
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let (script, count) = line
            .split_once(' ')
            .context("the baseline has lines of a script and a number")?;
        let (least, now) = (count.parse::<usize>()?, passed.get(script).copied());
        if now < Some(least) {
            writeln!(worse, "{script}: {least} passed before, now {now:?}")?;
        }
    }
    ensure!(worse.is_empty(), "{worse}{}", ended.last_line());
    Ok(())
}

/// Passed evaluations by script, from lines such as `folder/limit.test: 31 passed, 0 failed`.
fn counts(output: &str) -> Result<BTreeMap<String, usize>> {
    let lines = output.lines().filter_map(|line| line.rsplit_once(": "));
    lines
        .map(|(script, counts)| {
            let passed = counts.split(' ').next().unwrap_or_default();
            let passed = passed.parse().with_context(|| format!("{script}: {counts:?}"))?;
            let script = script.rsplit('/').next().unwrap_or_default();
            Ok((script.to_owned(), passed))
        })
        .collect()
}
