//! Prometheus's own test scripts, where `PROMQL_TEST_SCRIPTS` names their folder: as many evaluations pass as ever did.
//! `WEIR_UPSTREAM_BASELINE=write` records what passes now.

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

/// The folder of the scripts.
const SCRIPTS: &str = "PROMQL_TEST_SCRIPTS";

fn scripts() -> Option<PathBuf> {
    env::var_os(SCRIPTS).map(PathBuf::from)
}

fn baseline() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/system/upstream.txt")
}

fn missing() -> Option<String> {
    scripts()
        .is_none()
        .then(|| format!("{SCRIPTS} names no folder of .test scripts"))
}

async fn upstream_scripts_pass_as_ever() -> Result<()> {
    let folder = scripts().context("no folder of scripts")?;
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .with_context(|| format!("{SCRIPTS} names {}", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "test"));
    files.sort();
    ensure!(!files.is_empty(), "no script in {}", folder.display());
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
