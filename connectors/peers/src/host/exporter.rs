//! Runs all collectors and tells how each went, as node_exporter does.

use std::time::{Duration, Instant};

use super::collector::{CollectError, Collector};
use super::collectors;
use super::exposition::Metrics;
use super::roots::Roots;

/// This machine's metrics. Collectors keep what must survive between scrapes (counters that must not go
/// back, mount points that hang), so one exporter is made for a process and shared.
pub struct HostExporter {
    roots: Roots,
    collectors: Vec<Box<dyn Collector>>,
}

impl HostExporter {
    /// An exporter over the file trees of `roots`, with the collectors that node_exporter enables by default.
    pub fn new(roots: Roots) -> Self {
        Self {
            roots,
            collectors: collectors::all(),
        }
    }

    /// Replaces `out` by the text exposition (version 0.0.4) of this moment. Reads files and blocks: up to
    /// 5 s the first time that a mount point hangs, else some milliseconds.
    pub fn render(&self, out: &mut String) {
        let mut metrics = Metrics::default();
        for collector in &self.collectors {
            let begin = Instant::now();
            let result = collector.collect(&self.roots, &mut metrics);
            report(collector.name(), begin.elapsed(), result, &mut metrics);
        }
        build_info(&mut metrics);
        out.clear();
        metrics.write(out);
    }
}

fn report(name: &'static str, elapsed: Duration, result: Result<(), CollectError>, metrics: &mut Metrics) {
    let success = match result {
        Ok(()) => 1.0,
        Err(error) => {
            let source = std::error::Error::source(&error).map(ToString::to_string);
            tracing::debug!(collector = name, %error, source, "host collector gave no data");
            0.0
        }
    };
    let labels = [("collector", name)];
    metrics.gauge(
        "node_scrape_collector_duration_seconds",
        "node_exporter: Duration of a collector scrape.",
        &labels,
        elapsed.as_secs_f64(),
    );
    metrics.gauge(
        "node_scrape_collector_success",
        "node_exporter: Whether a collector succeeded.",
        &labels,
        success,
    );
}

/// Dashboards find their instances by this family. What is built with Go stays empty here.
fn build_info(metrics: &mut Metrics) {
    let goarch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    metrics.gauge(
        "node_exporter_build_info",
        "A metric with a constant '1' value labeled by version, revision, branch, goversion from which \
         node_exporter was built, and the goos and goarch for the build.",
        &[
            ("branch", ""),
            ("goarch", goarch),
            ("goos", std::env::consts::OS),
            ("goversion", ""),
            ("revision", ""),
            ("tags", "weir"),
            ("version", env!("CARGO_PKG_VERSION")),
        ],
        1.0,
    );
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;

    #[test]
    fn every_collector_reports_and_an_empty_machine_fails_none_with_a_panic() {
        let fixture = Fixture::new();
        let mut out = String::from("old");
        let exporter = HostExporter::new(fixture.roots());
        exporter.render(&mut out);
        exporter.render(&mut out);
        assert!(out.starts_with("# HELP node_"), "{out}");
        for collector in &exporter.collectors {
            let name = collector.name();
            assert_eq!(
                out.matches(&format!("collector_success{{collector=\"{name}\"}} "))
                    .count(),
                1,
                "{name}"
            );
            assert!(
                out.contains(&format!("collector_duration_seconds{{collector=\"{name}\"}} ")),
                "{name}"
            );
        }
        assert!(out.contains("node_scrape_collector_success{collector=\"pressure\"} 0\n"));
        assert!(out.contains("node_scrape_collector_success{collector=\"uname\"} 1\n"));
        assert!(out.contains("node_exporter_build_info{branch=\"\",goarch="));
    }

    #[test]
    fn garbage_in_every_file_is_survived() {
        let garbage = "\u{0} : : -\n-1 99999999999999999999999 x\n\ncpu0\n: \n";
        let fixture = Fixture::new();
        for file in [
            "proc/stat",
            "proc/meminfo",
            "proc/loadavg",
            "proc/diskstats",
            "proc/net/dev",
            "proc/net/netstat",
            "proc/net/snmp",
            "proc/net/snmp6",
            "proc/net/sockstat",
            "proc/net/sockstat6",
            "proc/vmstat",
            "proc/net/arp",
            "proc/net/udp",
            "proc/net/softnet_stat",
            "proc/schedstat",
            "proc/1/mountinfo",
            "proc/pressure/cpu",
            "proc/sys/fs/file-nr",
            "proc/sys/kernel/random/entropy_avail",
            "proc/sys/net/netfilter/nf_conntrack_count",
            "root/etc/os-release",
            "sys/class/net/eth0/mtu",
            "sys/class/hwmon/hwmon0/temp1_input",
            "sys/class/thermal/thermal_zone0/temp",
        ] {
            fixture.file(file, garbage);
        }
        let mut out = String::new();
        HostExporter::new(fixture.roots()).render(&mut out);
        for name in [
            "cpu",
            "meminfo",
            "loadavg",
            "netdev",
            "netstat",
            "sockstat",
            "filefd",
            "filesystem",
        ] {
            let line = format!("node_scrape_collector_success{{collector=\"{name}\"}} 0\n");
            assert!(out.contains(&line), "{name} accepted garbage: {out}");
        }
    }

    #[test]
    fn this_machine_has_its_basic_families() {
        let mut out = String::new();
        HostExporter::new(Roots::default()).render(&mut out);
        for family in [
            "node_cpu_seconds_total",
            "node_memory_MemTotal_bytes",
            "node_load1",
            "node_time_seconds",
        ] {
            assert!(out.contains(&format!("# TYPE {family} ")), "{family} is missing");
        }
    }
}
