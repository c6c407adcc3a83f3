//! The upstream test scripts, read where a checkout of them is named by `PROMQL_TEST_SCRIPTS`. All must pass.

use std::io::Write as _;
use std::path::PathBuf;

use crate::division::Division;
use crate::parser::{ParseOptions, parse_expr};
use crate::testscript::script::Command;
use crate::testscript::{InMemoryEngine, ScriptReport, format_reports, parse_script, run_script};

/// Texts of the scripts; empty where none are at hand.
fn scripts() -> Vec<(PathBuf, String)> {
    let Some(folder) = std::env::var_os("PROMQL_TEST_SCRIPTS") else {
        // Not by `println!`, which a passing test swallows.
        let said = "SKIPPED upstream scripts: PROMQL_TEST_SCRIPTS names no folder of .test scripts\n";
        std::io::stderr().write_all(said.as_bytes()).unwrap();
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "test"))
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path, text)
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn every_expression_parses_and_prints_stably() {
    let mut evals = 0;
    for (path, text) in scripts() {
        let script = parse_script(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        for command in script.commands {
            let Command::Eval(eval) = command else { continue };
            evals += 1;
            let place = format!("{}:{}: {}", path.display(), eval.line, eval.expr);
            match (parse_expr(&eval.expr, &ParseOptions::ALL), &eval.fail) {
                (Ok(expr), _) => {
                    let printed = expr.to_string();
                    let again = parse_expr(&printed, &ParseOptions::ALL);
                    let again = again.unwrap_or_else(|e| panic!("{place} prints as {printed}: {e}"));
                    assert_eq!(again.to_string(), printed, "{place}");
                }
                (Err(error), Some(fail)) => assert!(fail.is_match(&error.to_string()), "{place}: {error}"),
                (Err(error), None) => panic!("{place}: {error}"),
            }
        }
    }
    println!("{evals} expressions");
}

#[test]
fn every_script_passes() {
    all_pass(&mut InMemoryEngine::new().unwrap());
}

#[test]
fn every_script_passes_in_tasks() {
    for (shards, step_ranges) in [(2, 2), (7, 5)] {
        let division = Division { shards, step_ranges };
        all_pass(&mut InMemoryEngine::new().unwrap().divided(division));
    }
}

fn all_pass(engine: &mut InMemoryEngine) {
    let reports: Vec<ScriptReport> = scripts()
        .iter()
        .map(|(path, text)| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            run_script(&name, text, engine)
        })
        .collect();
    let failures = reports.iter().any(|report| !report.failures.is_empty());
    println!("{}", format_reports(&reports, false));
    assert!(!failures, "{}", format_reports(&reports, true));
}
