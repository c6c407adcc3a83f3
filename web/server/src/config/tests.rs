//! Whole configurations: the built-in one, a usual Prometheus one, and faults with their places.

use super::*;

fn loaded(text: &str) -> Result<ServerConfig, ConfigError> {
    load::load("prometheus.yml", text)
}

#[test]
fn the_built_in_configuration_scrapes_this_server() {
    let config = ServerConfig::built_in(1234).unwrap();
    let jobs: Vec<&str> = config.scrape.iter().map(|job| job.job_name.as_str()).collect();
    assert_eq!(jobs, ["node", "weir"]);
    assert_eq!(config.rule_files, ["builtin:example.yml"]);
    assert!(config.redacted.contains("localhost:1234"), "{}", config.redacted);
}

#[test]
fn a_fresh_prometheus_configuration_is_taken() {
    let config = loaded(
        "global:\n  scrape_interval: 15s\n  evaluation_interval: 30s\n  external_labels:\n    site: here\n\
         alerting:\n  alertmanagers:\n    - static_configs:\n        - targets:\n          # - alertmanager:9093\n\
         rule_files:\n  # - \"first_rules.yml\"\n\
         scrape_configs:\n  - job_name: \"prometheus\"\n    static_configs:\n      - targets: [\"localhost:9090\"]\n        labels:\n          app: \"prometheus\"\n",
    )
    .unwrap();
    assert_eq!((config.evaluation_interval_ms, config.scrape.len()), (30_000, 1));
    assert_eq!(config.external_labels.value("site"), "here");
    assert!(loaded("").unwrap().scrape.is_empty());
}

#[test]
fn what_is_not_there_yet_is_refused_with_its_place() {
    let cases = [
        (
            "remote_write:\n  - url: http://x\n",
            "prometheus.yml:1:1",
            "remote_write",
        ),
        (
            "global:\n  scrape_failure_log_file: q.log\n",
            "prometheus.yml:2:3",
            "scrape_failure_log_file",
        ),
        (
            "global:\n  scrape_intervall: 1s\n",
            "prometheus.yml:2:3",
            "scrape_interval",
        ),
        (
            "alerting:\n  alertmanagers:\n    - static_configs:\n        - targets: [a:1]\n",
            "prometheus.yml:4:",
            "alert_router",
        ),
        (
            "scrape_configs:\n  - job_name: a\n    kubernetes_sd_configs: []\n",
            "prometheus.yml:3:5",
            "kubernetes_sd_configs",
        ),
    ];
    for (text, place, word) in cases {
        let error = loaded(text).unwrap_err().to_string();
        assert!(error.contains(place) && error.contains(word), "{text}\n{error}");
    }
}

#[test]
fn a_missing_rule_file_inside_the_program_is_named() {
    let error = loaded("rule_files: ['builtin:nope.yml']\n").unwrap_err();
    assert!(error.to_string().contains("builtin:nope.yml"), "{error}");
}

#[test]
fn jobs_are_shown_with_defaults_and_without_secrets() {
    let config = loaded(
        "global: {scrape_interval: 7s, sample_limit: 9}\nscrape_configs:\n  - job_name: a\n    scheme: https\n    \
         scrape_timeout: 3s\n    basic_auth: {username: u, password: hidden}\n    static_configs: [{targets: ['a:1']}]\n",
    )
    .unwrap();
    let text = &config.job_texts["a"];
    for line in [
        "job_name: a\n",
        "scheme: https\n",
        "scrape_timeout: 3s\n",
        "scrape_interval: 7s\n",
        "metrics_path: /metrics\n",
        "sample_limit: 9\n",
        "scrape_protocols: [OpenMetricsText1.0.0, OpenMetricsText0.0.1, PrometheusText1.0.0, PrometheusText0.0.4]\n",
        "password: <secret>\n",
    ] {
        assert_eq!(text.matches(line).count(), 1, "{line}\n{text}");
    }
    assert!(
        !text.contains("hidden") && !text.contains("label_limit"),
        "{text}"
    );
    // It is a configuration again.
    let indented = text.trim_end().replace('\n', "\n    ").replace("<secret>", "s");
    let again = loaded(&format!("scrape_configs:\n  - {indented}\n")).unwrap();
    assert_eq!(again.scrape[0].scrape_interval_ms, 7000);
}

#[test]
fn jobs_stand_in_files_of_their_own_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("prometheus.yml");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "a.jobs.yml",
        "scrape_configs: [{job_name: a, file_sd_configs: [{files: [t.json]}]}]\n",
    );
    write("b.jobs.yml", "scrape_configs: [{job_name: b}]\n");
    write(
        "prometheus.yml",
        "global: {scrape_interval: 7s}\nscrape_config_files: ['*.jobs.yml']\nscrape_configs: [{job_name: m}]\n",
    );
    let config = ServerConfig::read(&path).unwrap();
    let jobs: Vec<_> = config
        .scrape
        .iter()
        .map(|job| (job.job_name.as_str(), job.scrape_interval_ms))
        .collect();
    assert_eq!(jobs, [("m", 7000), ("a", 7000), ("b", 7000)]);
    let texts: Vec<&str> = config.job_texts.keys().map(String::as_str).collect();
    assert_eq!(texts, ["a", "b", "m"]);
    for (text, part) in [
        (
            "scrape_configs: [{job_name: a}]\n",
            "b.jobs.yml:1:1: scrape_configs: found multiple scrape configs",
        ),
        (
            "scrape_configs: [{jobname: a}]\n",
            "b.jobs.yml:1:18: missing key \"job_name\"",
        ),
        ("global: {}\n", "b.jobs.yml:1:1: unknown key \"global\""),
    ] {
        write("b.jobs.yml", text);
        let error = ServerConfig::read(&path).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}
