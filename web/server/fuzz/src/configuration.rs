//! Fuzzes the whole configuration: `prometheus.yml`, a rule file and `alertmanager.yml`, a zero byte between them,
//! read together and each for itself.
#![no_main]

// Its allocator.
use connectors_formats_fuzz as _;
use std::fs;

use queries_promql::parser::ParseOptions;
use queries_rules::RuleFile;
use web_server::config::ServerConfig;

/// Paths that an input must not make the configuration read: devices that never end, and searches of everything.
const ELSEWHERE: [&str; 6] = ["/dev", "/proc", "/sys", "/*", "/?", ".."];

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if ELSEWHERE.iter().any(|path| text.contains(path)) {
        return;
    }
    let mut files = text.split('\0');
    let mut next = || files.next().unwrap_or_default();
    let (main, rules, router) = (next(), next(), next());
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder in memory");
    let path = |name: &str| folder.path().join(name);
    fs::write(path("prometheus.yml"), main)
        .and_then(|()| fs::write(path("rules.yml"), rules))
        .and_then(|()| fs::write(path("alertmanager.yml"), router))
        .expect("a folder in memory");
    match ServerConfig::read(&path("prometheus.yml")) {
        Ok(config) => drop(format!("{config:?}")),
        Err(error) => drop(error.to_string()),
    }
    match RuleFile::parse("rules.yml", rules, &ParseOptions::ALL) {
        Ok(file) => drop(format!("{file:?}")),
        Err(error) => drop(error.to_string()),
    }
    match alert_router::parse_config(router, "alertmanager.yml") {
        Ok(config) => drop(format!("{config:?}")),
        Err(error) => drop(error.to_string()),
    }
});
