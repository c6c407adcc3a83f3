//! Our own scripts, of what the upstream ones do not reach, against series in memory and against the real
//! storage in all the states in which it may hold them. Each script says where its numbers come from.

#![expect(clippy::unwrap_used, reason = "a test says by its panic what is wrong")]

mod deleted;
mod stored;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use queries_promql::EngineConfig;
use queries_promql::division::Division;
use queries_promql::testscript::{Engine, InMemoryEngine, ScriptReport, format_reports, run_script};
use stored::{State, StoredEngine};

/// Scripts of this name are about metric names that go as soon as a result is something else, which is
/// Prometheus's default.
const AT_ONCE: &str = "at_once";

/// Settings for a script: those that scripts expect, but for the samples, of which long ranges have many.
fn config(name: &str) -> EngineConfig {
    EngineConfig {
        samples_max: 1_000_000,
        delayed_name_removal: !name.contains(AT_ONCE),
        ..InMemoryEngine::script_config()
    }
}

/// Our own scripts.
fn own() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// Names and texts of the scripts in a folder.
fn scripts(folder: &Path) -> io::Result<Vec<(String, String)>> {
    let mut scripts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "test") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            scripts.push((name.into_owned(), fs::read_to_string(&path)?));
        }
    }
    scripts.sort();
    assert!(!scripts.is_empty());
    Ok(scripts)
}

fn run_all(place: &str, make: impl FnMut(EngineConfig) -> io::Result<Box<dyn Engine>>) {
    run_folder(&own(), place, make);
}

fn run_folder(folder: &Path, place: &str, mut make: impl FnMut(EngineConfig) -> io::Result<Box<dyn Engine>>) {
    let reports: Vec<ScriptReport> = scripts(folder)
        .unwrap()
        .iter()
        .map(|(name, text)| {
            let mut engine = make(config(name)).unwrap();
            run_script(name, text, &mut *engine)
        })
        .collect();
    let failed = reports.iter().any(|report| !report.failures.is_empty());
    assert!(!failed, "{place}:\n{}", format_reports(&reports, true));
    assert!(reports.iter().all(|report| report.passed > 0));
}

#[test]
fn in_memory() {
    run_all("in memory", |config| {
        Ok(Box::new(InMemoryEngine::with_config(config)?))
    });
}

#[test]
fn in_tasks() {
    for (shards, step_ranges) in [1, 2, 7].into_iter().flat_map(|s| [1, 2, 5].map(|r| (s, r))) {
        let division = Division { shards, step_ranges };
        if division.is_whole() {
            continue;
        }
        run_all(&format!("{division:?}"), |config| {
            Ok(Box::new(InMemoryEngine::with_config(config)?.divided(division)))
        });
    }
}

#[test]
fn in_tasks_across_segments_and_the_head() {
    let division = Division {
        shards: 2,
        step_ranges: 2,
    };
    for state in [State::Pieces, State::Late] {
        run_all(&format!("{division:?} of {state:?}"), |config| {
            Ok(Box::new(StoredEngine::new(config, state)?.divided(division)))
        });
    }
}

#[test]
fn in_the_head() {
    stored(State::Head);
}

#[test]
fn in_a_segment() {
    stored(State::Cut);
}

#[test]
fn across_segments_and_the_head() {
    stored(State::Pieces);
}

/// Prometheus's own scripts, where `PROMQL_TEST_SCRIPTS` names their folder.
#[test]
fn upstream_across_segments_and_the_head() {
    match env::var_os("PROMQL_TEST_SCRIPTS") {
        Some(folder) => stored_of(Path::new(&folder), State::Pieces),
        None => {
            // Not by `println!`, which a passing test swallows.
            let said = "SKIPPED upstream scripts: PROMQL_TEST_SCRIPTS names no folder of .test scripts\n";
            io::stderr().write_all(said.as_bytes()).unwrap();
        }
    }
}

#[test]
fn in_compacted_segments() {
    stored(State::Compacted);
}

#[test]
fn of_late_samples_in_all_places() {
    stored(State::Late);
}

#[test]
fn beside_deleted_samples() {
    stored(State::BesideDeleted);
}

#[test]
fn after_a_restart() {
    stored(State::Restarted);
}

#[test]
fn between_deleted_samples() {
    stored(State::BetweenDeleted);
}

#[test]
fn between_deleted_samples_in_compacted_segments() {
    stored(State::BetweenDeletedCompacted);
}

#[test]
fn in_place_of_deleted_samples() {
    stored(State::InPlaceOfDeleted);
}

#[test]
fn in_place_of_deleted_samples_in_compacted_segments() {
    stored(State::InPlaceOfDeletedCompacted);
}

fn stored(state: State) {
    stored_of(&own(), state);
}

fn stored_of(folder: &Path, state: State) {
    run_folder(folder, &format!("{state:?}"), |config| {
        Ok(Box::new(StoredEngine::new(config, state)?))
    });
}
