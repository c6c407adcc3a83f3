//! Configurations that are read, and faults with their places.

use connectors_formats::escaping::EscapingScheme;
use engine_model::relabel::Action;
use engine_settings::{Document, Error, Field};

use super::*;

fn whole(root: Field<'_>) -> Result<Vec<ScrapeConfig>, Error> {
    let mapping = root.mapping()?;
    let global = match mapping.optional("global") {
        None => GlobalScrape::default(),
        Some(field) => {
            let mapping = field.mapping()?;
            let global = GlobalScrape::decode(&mapping)?;
            mapping.finish()?;
            global
        }
    };
    let list = |field: Field<'_>| ScrapeConfig::decode_list(field, &global);
    let configs = mapping.get_or("scrape_configs", list, Vec::new())?;
    mapping.finish()?;
    Ok(configs)
}

fn decode(text: &str) -> Result<Vec<ScrapeConfig>, String> {
    let document = Document::parse("f", text).map_err(|error| error.to_string())?;
    document.decode(whole).map_err(|error| error.to_string())
}

#[test]
fn defaults_and_inheritance() {
    let configs = decode(
        "
global: {scrape_interval: 5s, sample_limit: 7, body_size_limit: 1MB, keep_dropped_targets: 3, extra_scrape_metrics: true}
scrape_configs:
- job_name: a
- job_name: b
  scrape_interval: 1m
  scrape_timeout: 20s
  sample_limit: 9
  honor_timestamps: false
  extra_scrape_metrics: false
",
    )
    .unwrap();
    let (a, b) = (&configs[0], &configs[1]);
    assert_eq!((a.scrape_interval_ms, a.scrape_timeout_ms), (5000, 5000));
    assert_eq!((b.scrape_interval_ms, b.scrape_timeout_ms), (60_000, 20_000));
    assert_eq!((a.limits.samples, b.limits.samples), (7, 9));
    assert_eq!((a.limits.body_bytes, b.limits.body_bytes), (1 << 20, 1 << 20));
    assert_eq!(
        (
            a.keep_dropped_targets,
            a.extra_scrape_metrics,
            b.extra_scrape_metrics
        ),
        (3, true, false)
    );
    assert_eq!((a.honor_timestamps, b.honor_timestamps), (true, false));
    assert_eq!((a.metrics_path.as_str(), a.scheme.as_str()), ("/metrics", "http"));
    assert_eq!(
        a.accept_header(),
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
         application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
         text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
    );
}

#[test]
fn everything_that_is_supported() {
    let configs = decode(
        "
scrape_configs:
- job_name: all
  metrics_path: /m
  scheme: https
  params: {a: [b, c]}
  honor_labels: true
  track_timestamps_staleness: true
  enable_compression: false
  label_limit: 1
  label_name_length_limit: 2
  label_value_length_limit: 3
  target_limit: 4
  scrape_protocols: [PrometheusText0.0.4]
  fallback_scrape_protocol: PrometheusText0.0.4
  scrape_native_histograms: false
  metric_name_validation_scheme: utf8
  metric_name_escaping_scheme: allow-utf-8
  native_histogram_bucket_limit: 0
  basic_auth: {username: u, password: p}
  follow_redirects: false
  enable_http2: false
  static_configs: [{targets: ['h:1'], labels: {a: b}}]
  relabel_configs:
  - source_labels: [__address__, b]
    separator: '-'
    regex: (.*)
    target_label: c
    replacement: x$1
  - {source_labels: [a], modulus: 8, target_label: shard, action: HashMod}
  - {regex: 'a|b', action: labeldrop}
  metric_relabel_configs:
  - {source_labels: [__name__], regex: 'go_.*', action: drop}
",
    )
    .unwrap();
    let config = &configs[0];
    assert!(config.honor_labels && config.track_timestamps_staleness);
    assert_eq!(config.fallback_protocol, Some(ScrapeProtocol::PrometheusText004));
    assert!(!config.enable_compression && !config.http.follow_redirects);
    assert_eq!(config.accept_header(), "text/plain;version=0.0.4;q=0.6,*/*;q=0.5");
    let limits = &config.limits;
    assert_eq!(
        (
            limits.labels,
            limits.label_name_bytes,
            limits.label_value_bytes,
            limits.targets
        ),
        (1, 2, 3, 4)
    );
    let actions: Vec<_> = config.relabel_rules.iter().map(|rule| rule.action).collect();
    assert_eq!(actions, [Action::Replace, Action::HashMod, Action::LabelDrop]);
    assert_eq!(config.relabel_rules[0].replacement, "x$1");
    assert_eq!(config.metric_relabel_rules.len(), 1);
    assert_eq!(config.static_groups[0].targets, ["h:1"]);
}

/// One job named `j` with more lines, indented as the table writes them.
fn job_error(lines: &str) -> String {
    decode(&format!("scrape_configs:\n- job_name: j\n  {lines}")).expect_err(lines)
}

#[test]
fn faults_of_a_job() {
    let cases = [
        (
            "scrape_timeout: 2m",
            "f:3:19: scrape_configs[0].scrape_timeout: scrape timeout greater than scrape interval for scrape config with job name \"j\"",
        ),
        (
            "scheme: gopher",
            "f:3:11: scrape_configs[0].scheme: expected one of http, https, got \"gopher\"",
        ),
        (
            "kubernetes_sd_configs: [{role: pod}]",
            "f:3:3: \"kubernetes_sd_configs\" in scrape_configs[0] is not supported by this version of weir; remove it",
        ),
        (
            "scrape_intervall: 5s",
            "f:3:3: unknown key \"scrape_intervall\" in scrape_configs[0]; did you mean \"scrape_interval\"?",
        ),
        (
            "scrape_protocols: [OpenMetricsText2.0.0]",
            "f:3:22: scrape_configs[0].scrape_protocols[0]: unknown scrape protocol \"OpenMetricsText2.0.0\", supported: PrometheusProto, OpenMetricsText0.0.1, OpenMetricsText1.0.0, PrometheusText1.0.0, PrometheusText0.0.4",
        ),
        (
            "scrape_protocols: [PrometheusText0.0.4, PrometheusText0.0.4]",
            "f:3:21: scrape_configs[0].scrape_protocols: duplicated protocol in scrape_protocols; remove one",
        ),
        (
            "scrape_protocols: []",
            "f:3:21: scrape_configs[0].scrape_protocols: scrape_protocols cannot be empty; remove the key or name a protocol",
        ),
        (
            "metric_name_validation_scheme: latin",
            "f:3:34: scrape_configs[0].metric_name_validation_scheme: expected one of utf8, legacy, got \"latin\"",
        ),
        (
            "metric_name_validation_scheme: legacy\n  metric_name_escaping_scheme: allow-utf-8",
            "f:4:32: scrape_configs[0].metric_name_escaping_scheme: utf8 metric names requested but validation scheme is not set to UTF8",
        ),
        (
            "static_configs: [{targets: ['http://a']}]",
            "f:3:31: scrape_configs[0].static_configs[0].targets[0]: \"http://a\" is not a valid hostname; write host:port",
        ),
    ];
    for (lines, expected) in cases {
        assert_eq!(job_error(lines), expected, "{lines}");
    }
}

#[test]
fn faults_of_a_rule() {
    let cases = [
        (
            "{action: hashmod, target_label: a}",
            "relabel configuration for hashmod requires non-zero modulus",
        ),
        (
            "{action: replace}",
            "relabel configuration for replace action requires 'target_label' value",
        ),
        (
            "{action: keepequal, source_labels: [a]}",
            "relabel configuration for keepequal action requires 'target_label' value",
        ),
        (
            "{action: lowercase, target_label: a, replacement: b}",
            "'replacement' can not be set for lowercase action",
        ),
        (
            "{action: labelmap, replacement: ''}",
            "\"\" is invalid 'replacement' for labelmap action",
        ),
        (
            "{action: dropequal, target_label: a, regex: (.*)}",
            "dropequal action requires only 'source_labels' and `target_label`, and no other fields",
        ),
        (
            "{action: labelkeep, source_labels: [a]}",
            "labelkeep action requires only 'regex', and no other fields",
        ),
        (
            "{action: labeldrop, separator: x}",
            "labeldrop action requires only 'regex', and no other fields",
        ),
        (
            "{action: explode}",
            "unknown relabel action \"explode\"; use one of replace, keep",
        ),
        (
            "{regex: '(', target_label: a}",
            "error parsing regexp: missing closing ): `^(?s:()$`",
        ),
        ("~", "empty or null relabeling rule; remove it"),
    ];
    for (rule, expected) in cases {
        let error = job_error(&format!("relabel_configs:\n  - {rule}"));
        assert!(error.contains(expected), "{rule}: {error}");
        assert!(error.starts_with("f:4:"), "{rule}: {error}");
    }
}

#[test]
fn faults_across_jobs_and_in_global() {
    let duplicate = decode("scrape_configs:\n- job_name: a\n- job_name: a\n").unwrap_err();
    assert_eq!(
        duplicate,
        "f:3:13: scrape_configs[1].job_name: found multiple scrape configs with job name \"a\"; rename one"
    );
    let global = decode("global:\n  scrape_interval: 5s\n  scrape_timeout: 6s\n").unwrap_err();
    assert_eq!(
        global,
        "f:3:19: global.scrape_timeout: global scrape timeout greater than scrape interval"
    );
    let both = decode("scrape_configs:\n- job_name: ''\n- {job_name: b, scrape_interval: 5}\n").unwrap_err();
    assert_eq!(both.lines().count(), 2, "{both}");
    assert!(
        decode("scrape_configs:\n- ~\n")
            .unwrap_err()
            .contains("empty or null scrape config section")
    );
}

#[test]
fn name_schemes_follow_each_other() {
    use EscapingScheme::{AllowUtf8, Dots, Underscores, Values};
    use NameValidation::{Legacy, Utf8};
    let legacy = "global: {metric_name_validation_scheme: legacy}\n";
    let dots = "global: {metric_name_escaping_scheme: dots}\n";
    for (global, job, validation, escaping) in [
        ("", "", Utf8, AllowUtf8),
        ("", "metric_name_validation_scheme: legacy", Legacy, Underscores),
        ("", "metric_name_escaping_scheme: values", Utf8, Values),
        (legacy, "", Legacy, Underscores),
        (legacy, "metric_name_validation_scheme: utf8", Utf8, AllowUtf8),
        (dots, "", Utf8, Dots),
        (dots, "metric_name_validation_scheme: utf8", Utf8, AllowUtf8),
    ] {
        let text = format!("{global}scrape_configs:\n- job_name: j\n  {job}\n");
        let names = decode(&text).expect(&text)[0].names;
        assert_eq!(
            (names.validation, names.escaping),
            (validation, escaping),
            "{text}"
        );
    }
}
