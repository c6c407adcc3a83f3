//! Targets of configurations, as Prometheus would make them.

use engine_settings::Document;

use super::*;
use crate::scrape::config::GlobalScrape;

fn targets(job: &str) -> TargetSet {
    let document = Document::parse("f", job).expect("valid YAML");
    let configs = document.decode(|root| ScrapeConfig::decode_list(root, &GlobalScrape::default()));
    targets_of(&configs.expect("valid configuration")[0], &[])
}

fn shown(set: &TargetSet) -> Vec<String> {
    let active = set.active.iter().map(|target| {
        let (interval, timeout) = (target.interval_ms, target.timeout_ms);
        format!("{} {} {interval}/{timeout}", target.url.text(), target.labels)
    });
    let dropped = set
        .dropped
        .iter()
        .map(|target| format!("dropped: {}", target.fault.as_deref().unwrap_or("by a rule")));
    active.chain(dropped).collect()
}

#[test]
fn defaults_labels_and_parameters() {
    let set = targets(
        "
- job_name: node
  metrics_path: /probe
  scheme: https
  scrape_interval: 15s
  params: {module: [http_2xx, b], 'collect[]': [cpu]}
  static_configs:
  - targets: ['a:9100', 'b:443', 'a:9100']
    labels: {env: prod, __param_module: tcp}
  - targets: [c]
    labels: {instance: other, job: mine}
",
    );
    assert_eq!(
        shown(&set),
        [
            r#"https://a:9100/probe?collect%5B%5D=cpu&module=tcp&module=b {env="prod", instance="a:9100", job="node"} 15000/10000"#,
            r#"https://b:443/probe?collect%5B%5D=cpu&module=tcp&module=b {env="prod", instance="b:443", job="node"} 15000/10000"#,
            r#"https://c/probe?collect%5B%5D=cpu&module=http_2xx&module=b {instance="other", job="mine"} 15000/10000"#,
        ],
        "the address that is written twice is one target"
    );
    assert_eq!(
        set.active[2].discovered.to_string(),
        r#"{__address__="c", __always_scrape_classic_histograms__="false", __convert_classic_histograms_to_nhcb__="false", __metrics_path__="/probe", __param_collect[]="cpu", __param_module="http_2xx", __scheme__="https", __scrape_interval__="15s", __scrape_native_histograms__="false", __scrape_timeout__="10s", instance="other", job="mine"}"#
            .replace("__param_collect[]", "\"__param_collect[]\"")
    );
}

#[test]
fn relabelling_decides() {
    let set = targets(
        "
- job_name: j
  keep_dropped_targets: 6
  static_configs:
  - targets: ['keep:1', 'drop:1', 'http://url/', 'empty:1', 'fast:1', 'slow:1', 'histograms:1', 'maybe:1', 'odd:1']
  relabel_configs:
  - {source_labels: [__address__], regex: 'drop:.*', action: drop}
  - {source_labels: [__address__], regex: 'empty:.*', target_label: __address__, replacement: ''}
  - {source_labels: [__address__], regex: 'fast:.*', target_label: __scrape_interval__, replacement: 1s}
  - {source_labels: [__address__], regex: 'slow:.*', target_label: __scrape_interval__, replacement: 0s}
  - {source_labels: [__address__], regex: 'histograms:.*', target_label: __scrape_native_histograms__, replacement: 'true'}
  - {source_labels: [__address__], regex: 'maybe:.*', target_label: __scrape_native_histograms__, replacement: maybe}
  - {source_labels: [__address__], regex: 'odd:.*', target_label: __scheme__, replacement: gopher}
  - {source_labels: [__address__], regex: '(.*):.*', target_label: host}
  - {target_label: __tmp_scratch, replacement: x}
",
    );
    assert_eq!(
        shown(&set),
        [
            r#"http://keep:1/metrics {host="keep", instance="keep:1", job="j"} 60000/10000"#,
            r#"http://histograms:1/metrics {host="histograms", instance="histograms:1", job="j"} 60000/10000"#,
            r#"gopher://odd:1/metrics {host="odd", instance="odd:1", job="j"} 60000/10000"#,
            "dropped: by a rule",
            "dropped: \"http://url/\" is not a valid hostname",
            "dropped: no address",
            r#"dropped: scrape timeout cannot be greater than scrape interval ("10s" > "1s")"#,
            "dropped: scrape interval cannot be 0",
            "dropped: error parsing scrape native histograms: \"maybe\" is neither true nor false",
        ]
    );
    assert_eq!(set.dropped_count, 6, "all are counted");
    let natives: Vec<bool> = set.active.iter().map(|target| target.histograms.native).collect();
    assert_eq!(natives, [false, true, false]);
    assert_eq!(
        set.active[2].url.url(),
        Err("unsupported protocol scheme \"gopher\"")
    );
}

#[test]
fn identity_is_labels_and_url() {
    let job = |label: &str, path: &str| {
        let text = format!(
            "[{{job_name: j, metrics_path: {path}, static_configs: [{{targets: ['a:1'], labels: {{l: {label}}}}}]}}]"
        );
        targets(&text).active[0].hash
    };
    assert_eq!(job("x", "/m"), job("x", "/m"));
    assert_ne!(job("x", "/m"), job("y", "/m"));
    assert_ne!(job("x", "/m"), job("x", "/n"));
}
