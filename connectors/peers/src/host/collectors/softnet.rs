//! `softnet`: packets that each CPU's network softirq processed, dropped or left for later.

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::text::Text;

/// Column of `/proc/net/softnet_stat` (hexadecimal, a line a CPU), family, help.
const COUNTERS: [(usize, &str, &str); 6] = [
    (0, "node_softnet_processed_total", "Number of processed packets"),
    (1, "node_softnet_dropped_total", "Number of dropped packets"),
    (
        2,
        "node_softnet_times_squeezed_total",
        "Number of times processing packets ran out of quota",
    ),
    (
        8,
        "node_softnet_cpu_collision_total",
        "Number of collision occur while obtaining device lock while transmitting",
    ),
    (
        9,
        "node_softnet_received_rps_total",
        "Number of times cpu woken up received_rps",
    ),
    (
        10,
        "node_softnet_flow_limit_count_total",
        "Number of times flow limit has been reached",
    ),
];
const BACKLOG_COLUMN: usize = 11;
const CPU_COLUMN: usize = 12;
const COLUMNS_MIN: usize = 9;

pub(super) struct Softnet;

impl Collector for Softnet {
    fn name(&self) -> &'static str {
        "softnet"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let text = Text::read(roots.proc("net/softnet_stat"))?;
        for (line_number, line) in text.lines().enumerate() {
            let columns = line
                .split_whitespace()
                .map(|field| text.hexadecimal(field))
                .collect::<Result<Vec<u64>, _>>()?;
            if columns.len() < COLUMNS_MIN {
                let what = format!("expected {COLUMNS_MIN} columns, found {}", columns.len());
                return Err(text.malformed(what));
            }
            // Kernels before 5.14 do not say which CPU a line is of.
            let cpu = columns
                .get(CPU_COLUMN)
                .copied()
                .unwrap_or(line_number as u64)
                .to_string();
            let labels = [("cpu", cpu.as_str())];
            let value = |column: usize| columns.get(column).copied().unwrap_or(0) as f64;
            for (column, name, help) in COUNTERS {
                metrics.counter(name, help, &labels, value(column));
            }
            let help = "Softnet backlog status";
            metrics.gauge("node_softnet_backlog_len", help, &labels, value(BACKLOG_COLUMN));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::{Fixture, assert_has};

    #[test]
    fn old_and_new_kernels() {
        let fixture = Fixture::new();
        fixture.file(
            "proc/net/softnet_stat",
            "00015c73 00020e76 F0000769 00000000 00000000 00000000 00000000 00000000 00000001 00000002 00000003 \
             00000004 00000005\n01663fb2 00000000 0000010b 00000000 00000000 00000000 00000000 00000000 00000000\n",
        );
        let samples = fixture.samples(&Softnet);
        assert_has(
            &samples,
            &[
                "node_softnet_processed_total{cpu=\"5\"} 89203",
                "node_softnet_times_squeezed_total{cpu=\"5\"} 4.026533737e+09",
                "node_softnet_cpu_collision_total{cpu=\"5\"} 1",
                "node_softnet_received_rps_total{cpu=\"5\"} 2",
                "node_softnet_flow_limit_count_total{cpu=\"5\"} 3",
                "node_softnet_backlog_len{cpu=\"5\"} 4",
                "node_softnet_processed_total{cpu=\"1\"} 2.3478194e+07",
                "node_softnet_received_rps_total{cpu=\"1\"} 0",
            ],
        );
        fixture.file("proc/net/softnet_stat", "1 2 3\n");
        assert!(matches!(
            fixture.run(&Softnet).1,
            Err(CollectError::Malformed { .. })
        ));
    }
}
