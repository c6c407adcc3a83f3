//! `time`: this machine's clock, its time zone, and the kernel's clock sources.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::syscalls;
use crate::host::text::{Text, numbered_entries};

pub(super) struct Time;

impl Collector for Time {
    fn name(&self) -> &'static str {
        "time"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_err(|_| CollectError::NoData("the clock stands before 1970"))?;
        metrics.gauge(
            "node_time_seconds",
            "System time in seconds since epoch (1970).",
            &[],
            now.as_nanos() as f64 / 1e9,
        );
        if let Some((zone, offset_seconds)) = syscalls::time_zone(now.as_secs() as i64) {
            metrics.gauge(
                "node_time_zone_offset_seconds",
                "System time zone offset in seconds.",
                &[("time_zone", &zone)],
                offset_seconds as f64,
            );
        }
        clock_sources(roots, metrics)
    }
}

fn clock_sources(roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
    for (device, folder) in numbered_entries(&roots.sys("devices/system/clocksource"), "clocksource") {
        for source in Text::read(folder.join("available_clocksource"))?
            .trimmed()
            .split_whitespace()
        {
            metrics.gauge(
                "node_time_clocksource_available_info",
                "Available clocksources read from '/sys/devices/system/clocksource'.",
                &[("device", &device), ("clocksource", source)],
                1.0,
            );
        }
        metrics.gauge(
            "node_time_clocksource_current_info",
            "Current clocksource read from '/sys/devices/system/clocksource'.",
            &[
                ("device", &device),
                (
                    "clocksource",
                    Text::read(folder.join("current_clocksource"))?.trimmed(),
                ),
            ],
            1.0,
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::{Fixture, assert_has};

    #[test]
    fn clock_zone_and_sources() {
        let fixture = Fixture::new();
        let folder = "sys/devices/system/clocksource/clocksource0";
        fixture.file(&format!("{folder}/available_clocksource"), "tsc hpet acpi_pm \n");
        fixture.file(&format!("{folder}/current_clocksource"), "tsc\n");
        let samples = fixture.samples(&Time);
        assert_has(
            &samples,
            &[
                "node_time_clocksource_available_info{clocksource=\"acpi_pm\",device=\"0\"} 1",
                "node_time_clocksource_available_info{clocksource=\"hpet\",device=\"0\"} 1",
                "node_time_clocksource_current_info{clocksource=\"tsc\",device=\"0\"} 1",
            ],
        );
        let seconds: f64 = samples
            .iter()
            .find_map(|line| line.strip_prefix("node_time_seconds "))
            .unwrap()
            .parse()
            .unwrap();
        assert!(seconds > 1.7e9);
        assert!(
            samples
                .iter()
                .any(|line| line.starts_with("node_time_zone_offset_seconds{time_zone=\""))
        );
    }
}
