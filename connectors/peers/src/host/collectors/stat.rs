//! `stat`: interrupts, context switches, forks, boot time and process counts from `/proc/stat`.

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::text::Text;

pub(super) struct Stat;

impl Collector for Stat {
    fn name(&self) -> &'static str {
        "stat"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let text = Text::read(roots.proc("stat"))?;
        let mut found = false;
        for line in text.lines() {
            let mut fields = line.split_whitespace();
            let (Some(field), Some(value)) = (fields.next(), fields.next()) else {
                continue;
            };
            let (counter, name, help) = match field {
                "intr" => (true, "node_intr_total", "Total number of interrupts serviced."),
                "ctxt" => (
                    true,
                    "node_context_switches_total",
                    "Total number of context switches.",
                ),
                "processes" => (true, "node_forks_total", "Total number of forks."),
                "btime" => (false, "node_boot_time_seconds", "Node boot time, in unixtime."),
                "procs_running" => (
                    false,
                    "node_procs_running",
                    "Number of processes in runnable state.",
                ),
                "procs_blocked" => {
                    let help = "Number of processes blocked waiting for I/O to complete.";
                    (false, "node_procs_blocked", help)
                }
                _ => continue,
            };
            let value = text.number::<u64>(value)? as f64;
            if counter {
                metrics.counter(name, help, &[], value);
            } else {
                metrics.gauge(name, help, &[], value);
            }
            found = true;
        }
        if found {
            Ok(())
        } else {
            Err(text.malformed("none of intr, ctxt, btime, processes, procs_*"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::Fixture;

    #[test]
    fn six_numbers() {
        let fixture = Fixture::new();
        fixture.file(
            "proc/stat",
            "cpu  1 1 1 1\nintr 8885917 17 0 0\nctxt 38014093\nbtime 1418183276\nprocesses 26442\n\
             procs_running 2\nprocs_blocked 1\nsoftirq 5057579 250191\n",
        );
        assert_eq!(
            fixture.samples(&Stat),
            [
                "node_boot_time_seconds 1.418183276e+09",
                "node_context_switches_total 3.8014093e+07",
                "node_forks_total 26442",
                "node_intr_total 8.885917e+06",
                "node_procs_blocked 1",
                "node_procs_running 2",
            ]
        );
        assert!(fixture.run(&Stat).0.contains("# TYPE node_intr_total counter\n"));
        fixture.file("proc/stat", "btime soon\n");
        assert!(matches!(
            fixture.run(&Stat).1,
            Err(CollectError::Malformed { .. })
        ));
    }
}
