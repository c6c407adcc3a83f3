//! What is asked: dashboards' ranges, large instants, histograms, regular expressions, subqueries.

/// A question to a server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    /// As the table names it.
    pub(super) name: &'static str,
    /// The expression.
    pub(super) query: &'static str,
    /// Hours back from the end of the data, with the step in seconds; none is an instant.
    pub(super) range: Option<(i64, i64)>,
}

const fn range(name: &'static str, query: &'static str, hours: i64, step_s: i64) -> Question {
    Question {
        name,
        query,
        range: Some((hours, step_s)),
    }
}

const fn instant(name: &'static str, query: &'static str) -> Question {
    Question {
        name,
        query,
        range: None,
    }
}

/// The questions, in the manner of TSBS's devops set and of node dashboards.
pub(super) const QUESTIONS: [Question; 17] = [
    range(
        "one host, one mode, 1 h at 1 m",
        r#"max(rate(node_cpu_seconds_total{role="host",instance="host-1.example.org:9100",mode="user"}[5m]))"#,
        1,
        60,
    ),
    range(
        "8 hosts, 12 h at 1 m",
        r#"max by (instance) (rate(node_cpu_seconds_total{role="host",instance=~"host-[1-8].example.org:9100",mode="user"}[5m]))"#,
        12,
        60,
    ),
    range(
        "all hosts, by mode, 24 h at 1 m",
        r#"sum by (mode) (rate(node_cpu_seconds_total{role="host"}[5m]))"#,
        24,
        60,
    ),
    range(
        "all hosts, by host, 24 h at 1 h",
        r#"avg by (instance) (rate(node_cpu_seconds_total{role="host"}[1h]))"#,
        24,
        3600,
    ),
    range(
        "busy share of each host, 24 h at 2 m",
        r#"1 - avg by (instance) (rate(node_cpu_seconds_total{role="host",mode="idle"}[5m])) / on (instance) sum by (instance) (rate(node_cpu_seconds_total{role="host"}[5m]))"#,
        24,
        120,
    ),
    range(
        "regular expressions, 24 h at 1 m",
        r#"sum(rate(node_cpu_seconds_total{role="host",mode=~"user|system|io.*",instance=~"host-1.*"}[5m]))"#,
        24,
        60,
    ),
    range(
        "maximum over an hour, 24 h at 5 m",
        r#"max by (mode) (max_over_time(node_cpu_seconds_total{role="host"}[1h]))"#,
        24,
        300,
    ),
    range(
        "subquery, 24 h at 5 m",
        r#"max_over_time(sum(rate(node_cpu_seconds_total{role="host",mode!="idle"}[5m]))[1h:1m])"#,
        24,
        300,
    ),
    range(
        "plain values of 8 series, 24 h at 15 s",
        r#"node_cpu_seconds_total{role="host",instance="host-3.example.org:9100"}"#,
        24,
        15,
    ),
    range(
        "quantile of 10,000 buckets, 1 h at 15 s",
        r#"histogram_quantile(0.99, sum by (le, rack) (rate(http_request_duration_seconds_bucket{role="web"}[5m])))"#,
        1,
        15,
    ),
    range(
        "one old host's disks, 30 d at 1 h",
        r#"sum by (device) (rate(node_disk_read_bytes_total{role="old"}[2h]))"#,
        720,
        3600,
    ),
    range(
        "one old host's CPU, 30 d at 10 m",
        r#"sum by (mode) (rate(node_cpu_seconds_total{role="old"}[10m]))"#,
        720,
        600,
    ),
    instant(
        "one series now",
        r#"node_cpu_seconds_total{role="host",instance="host-1.example.org:9100",mode="user"}"#,
    ),
    instant(
        "the last value of 1,000 series",
        r#"node_cpu_seconds_total{role="host"}"#,
    ),
    instant(
        "largest 10 of 100,000",
        "topk(10, container_memory_working_set_bytes)",
    ),
    instant(
        "count of 100,000 by rack",
        "count by (rack) (container_memory_working_set_bytes)",
    ),
    instant(
        "rate of 10,000 buckets now",
        r#"sum by (le) (rate(http_request_duration_seconds_bucket{role="web"}[5m]))"#,
    ),
];
