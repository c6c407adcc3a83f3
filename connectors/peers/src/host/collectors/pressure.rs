//! `pressure`: seconds that tasks waited (some) or all stood still (full) for want of a resource (PSI).

use std::io;

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::text::Text;

/// Resource, line of its file, family, help. The machine's CPU cannot be short for all tasks, so it has no
/// `full`; interrupts have only `full`.
const LINES: [(&str, &str, &str, &str); 6] = [
    (
        "cpu",
        "some",
        "node_pressure_cpu_waiting_seconds_total",
        "Total time in seconds that processes have waited for CPU time",
    ),
    (
        "io",
        "some",
        "node_pressure_io_waiting_seconds_total",
        "Total time in seconds that processes have waited due to IO congestion",
    ),
    (
        "io",
        "full",
        "node_pressure_io_stalled_seconds_total",
        "Total time in seconds no process could make progress due to IO congestion",
    ),
    (
        "memory",
        "some",
        "node_pressure_memory_waiting_seconds_total",
        "Total time in seconds that processes have waited for memory",
    ),
    (
        "memory",
        "full",
        "node_pressure_memory_stalled_seconds_total",
        "Total time in seconds no process could make progress due to memory congestion",
    ),
    (
        "irq",
        "full",
        "node_pressure_irq_stalled_seconds_total",
        "Total time in seconds no process could make progress due to IRQ congestion",
    ),
];

pub(super) struct Pressure;

impl Collector for Pressure {
    fn name(&self) -> &'static str {
        "pressure"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let mut found = false;
        for (resource, line, name, help) in LINES {
            let Some(text) = read(roots, resource)? else {
                continue;
            };
            let seconds = total_us(&text, line)? as f64 / 1000.0 / 1000.0;
            metrics.counter(name, help, &[], seconds);
            found = true;
        }
        if found {
            Ok(())
        } else {
            Err(CollectError::NoData("this kernel has no pressure information"))
        }
    }
}

/// Kernels before 4.20 have no file, before 6.1 none for interrupts; with `psi=0` it refuses to be read.
fn read(roots: &Roots, resource: &str) -> Result<Option<Text>, CollectError> {
    match Text::read_if_present(roots.proc("pressure").join(resource)) {
        Err(CollectError::Read { source, .. }) if source.kind() == io::ErrorKind::Unsupported => Err(
            CollectError::NoData("pressure information is disabled; boot with psi=1"),
        ),
        result => result,
    }
}

/// `some avg10=0.10 avg60=2.00 avg300=3.85 total=15` → 15 microseconds.
fn total_us(text: &Text, kind: &str) -> Result<u64, CollectError> {
    let line = text
        .lines()
        .find(|line| line.split_whitespace().next() == Some(kind))
        .ok_or_else(|| text.malformed(format!("no line {kind:?}")))?;
    let total = line
        .split_whitespace()
        .find_map(|field| field.strip_prefix("total="))
        .ok_or_else(|| text.malformed(format!("no total in {line:?}")))?;
    text.number(total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::Fixture;

    #[test]
    fn totals_in_seconds() {
        let fixture = Fixture::new();
        let both = "some avg10=0.10 avg60=2.00 avg300=3.85 total=15000000\nfull avg10=0 avg60=0 avg300=0 total=250\n";
        fixture.file("proc/pressure/cpu", both);
        fixture.file("proc/pressure/io", both);
        fixture.file(
            "proc/pressure/irq",
            "full avg10=0.00 avg60=0.00 avg300=0.00 total=8494\n",
        );
        assert_eq!(
            fixture.samples(&Pressure),
            [
                "node_pressure_cpu_waiting_seconds_total 15",
                "node_pressure_io_stalled_seconds_total 0.00025",
                "node_pressure_io_waiting_seconds_total 15",
                "node_pressure_irq_stalled_seconds_total 0.008494",
            ]
        );
    }

    #[test]
    fn a_kernel_without_it_has_no_data() {
        let fixture = Fixture::new();
        assert!(matches!(fixture.run(&Pressure).1, Err(CollectError::NoData(_))));
        fixture.file("proc/pressure/cpu", "some avg10=0.10\n");
        assert!(matches!(
            fixture.run(&Pressure).1,
            Err(CollectError::Malformed { .. })
        ));
    }
}
