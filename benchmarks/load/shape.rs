//! The shape of a target: which series it has. The mix is that of a node exporter with an application beside it:
//! by series 35 % constants, 20 % whole counters, 10 % buckets, 15 % counters of cents, 15 % gauges of pages,
//! 5 % doubles with all their digits.

/// How a series' value moves from one scrape to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Never.
    Constant,
    /// A counter of whole things, each with its own rate.
    Counter,
    /// A counter with two decimals, such as seconds of CPU time.
    Cents,
    /// Bytes in whole pages, up and down.
    Pages,
    /// A measured double.
    Odd,
    /// A cumulative bucket of the histogram that its neighbours belong to; the first of `LES` begins one.
    Bucket,
}

/// One series of a target, without the labels that a scrape adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesShape {
    /// The metric.
    pub name: &'static str,
    /// The type as exposition text has it.
    pub metric_type: &'static str,
    /// The labels in order of their names.
    pub labels: Vec<(&'static str, String)>,
    /// How it moves.
    pub kind: Kind,
}

/// Bucket borders of the histograms.
pub(super) const LES: [&str; 10] = [
    "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf",
];

/// A metric, how many of a thousand series it has, its type, its labels' names, its kind.
type Family = (&'static str, usize, &'static str, [&'static str; 2], Kind);

const FAMILIES: [Family; 16] = [
    (
        "go_build_info_flag",
        60,
        "gauge",
        ["flag", "version"],
        Kind::Constant,
    ),
    (
        "http_request_duration_seconds_bucket",
        100,
        "histogram",
        ["handler", "le"],
        Kind::Bucket,
    ),
    (
        "node_cpu_seconds_total",
        150,
        "counter",
        ["cpu", "mode"],
        Kind::Cents,
    ),
    (
        "node_disk_read_bytes_total",
        50,
        "counter",
        ["device", ""],
        Kind::Counter,
    ),
    (
        "node_disk_reads_completed_total",
        50,
        "counter",
        ["device", ""],
        Kind::Counter,
    ),
    (
        "node_filesystem_avail_bytes",
        70,
        "gauge",
        ["device", "mountpoint"],
        Kind::Pages,
    ),
    (
        "node_filesystem_size_bytes",
        70,
        "gauge",
        ["device", "mountpoint"],
        Kind::Constant,
    ),
    (
        "node_hwmon_temp_offset_celsius",
        50,
        "gauge",
        ["chip", "sensor"],
        Kind::Odd,
    ),
    (
        "node_memory_numa_bytes",
        80,
        "gauge",
        ["node", "area"],
        Kind::Pages,
    ),
    (
        "node_network_info_flag",
        70,
        "gauge",
        ["device", "operstate"],
        Kind::Constant,
    ),
    (
        "node_network_receive_bytes_total",
        50,
        "counter",
        ["device", ""],
        Kind::Counter,
    ),
    (
        "node_network_receive_errs_total",
        50,
        "counter",
        ["device", ""],
        Kind::Constant,
    ),
    (
        "node_network_transmit_errs_total",
        50,
        "counter",
        ["device", ""],
        Kind::Constant,
    ),
    (
        "node_network_transmit_packets_total",
        25,
        "counter",
        ["device", ""],
        Kind::Counter,
    ),
    (
        "node_systemd_unit_state",
        50,
        "gauge",
        ["name", "state"],
        Kind::Constant,
    ),
    (
        "process_queue_operations_total",
        25,
        "counter",
        ["queue", "operation"],
        Kind::Counter,
    ),
];

/// The `count` series of a target, a metric at a time in order of their names. The same for every target.
pub fn shapes(count: usize) -> Vec<SeriesShape> {
    let mut shapes = Vec::with_capacity(count);
    let mut share = 0;
    for (name, per_thousand, metric_type, labels, kind) in FAMILIES {
        share += per_thousand;
        let end = count * share / 1000;
        for number in 0..end.saturating_sub(shapes.len()) {
            let labels = labels.into_iter().filter(|label| !label.is_empty());
            let labels = labels.map(|label| (label, label_value(label, number))).collect();
            shapes.push(SeriesShape {
                name,
                metric_type,
                labels,
                kind,
            });
        }
    }
    shapes
}

/// The names of all metrics.
pub fn metric_names() -> impl Iterator<Item = &'static str> {
    FAMILIES.into_iter().map(|(name, ..)| name)
}

/// A value for `label` of a metric's series `number`; together a series' two values are its own.
fn label_value(label: &str, number: usize) -> String {
    const MODES: [&str; 8] = [
        "idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user",
    ];
    const STATES: [&str; 5] = ["activating", "active", "deactivating", "failed", "inactive"];
    match label {
        "le" => LES[number % LES.len()].to_owned(),
        "handler" => format!("/api/v1/resource/{}", number / LES.len()),
        "mode" => MODES[number % MODES.len()].to_owned(),
        "cpu" => (number / MODES.len()).to_string(),
        "state" => STATES[number % STATES.len()].to_owned(),
        "name" => format!("application-worker-{}.service", number / STATES.len()),
        "device" => format!("eth{number}"),
        "mountpoint" => format!("/var/lib/volumes/{number}"),
        "operstate" => if number.is_multiple_of(3) { "down" } else { "up" }.to_owned(),
        "version" => "go1.26.1".to_owned(),
        _ => format!("{label}-{number}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_series_is_its_own_and_the_mix_is_as_said() {
        for count in [1, 20, 2000] {
            let shapes = shapes(count);
            assert_eq!(shapes.len(), count);
            let distinct: HashSet<_> = shapes.iter().map(|s| (s.name, s.labels.clone())).collect();
            assert_eq!(distinct.len(), count);
        }
        let shapes = shapes(2000);
        let share = |kind| shapes.iter().filter(|s| s.kind == kind).count();
        let expected = [
            (Kind::Constant, 700),
            (Kind::Counter, 400),
            (Kind::Bucket, 200),
            (Kind::Cents, 300),
            (Kind::Pages, 300),
            (Kind::Odd, 100),
        ];
        for (kind, series) in expected {
            assert_eq!(share(kind), series, "{kind:?}");
        }
    }
}
