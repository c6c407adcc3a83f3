//! `cpufreq`: each CPU's present, scaled and limiting frequencies and its governor, from sysfs.

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::text::{attribute, number_attribute, numbered_entries};

/// File below `cpufreq/`, family, help. The files hold kHz.
const FREQUENCIES: [(&str, &str, &str); 7] = [
    (
        "cpuinfo_cur_freq",
        "node_cpu_frequency_hertz",
        "Current CPU thread frequency in hertz.",
    ),
    (
        "cpuinfo_avg_freq",
        "node_cpu_frequency_avg_hertz",
        "Average CPU thread frequency in hertz.",
    ),
    (
        "cpuinfo_min_freq",
        "node_cpu_frequency_min_hertz",
        "Minimum CPU thread frequency in hertz.",
    ),
    (
        "cpuinfo_max_freq",
        "node_cpu_frequency_max_hertz",
        "Maximum CPU thread frequency in hertz.",
    ),
    (
        "scaling_cur_freq",
        "node_cpu_scaling_frequency_hertz",
        "Current scaled CPU thread frequency in hertz.",
    ),
    (
        "scaling_min_freq",
        "node_cpu_scaling_frequency_min_hertz",
        "Minimum scaled CPU thread frequency in hertz.",
    ),
    (
        "scaling_max_freq",
        "node_cpu_scaling_frequency_max_hertz",
        "Maximum scaled CPU thread frequency in hertz.",
    ),
];

pub(super) struct Cpufreq;

impl Collector for Cpufreq {
    fn name(&self) -> &'static str {
        "cpufreq"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let cpus = numbered_entries(&roots.sys("devices/system/cpu"), "cpu");
        if cpus.is_empty() {
            return Err(CollectError::NoData("no CPU in sysfs"));
        }
        for (cpu, folder) in cpus {
            let folder = folder.join("cpufreq");
            for (file, name, help) in FREQUENCIES {
                // Several of these files are root's alone, and an offline CPU answers none.
                if let Some(khz) = number_attribute(&folder.join(file)) {
                    metrics.gauge(name, help, &[("cpu", &cpu)], khz as f64 * 1000.0);
                }
            }
            let Some(governor) = attribute(&folder.join("scaling_governor")) else {
                continue;
            };
            let available = attribute(&folder.join("scaling_available_governors")).unwrap_or_default();
            for name in available.split_whitespace() {
                metrics.gauge(
                    "node_cpu_scaling_governor",
                    "Current enabled CPU frequency governor.",
                    &[("cpu", &cpu), ("governor", name)],
                    f64::from(u8::from(name == governor)),
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::{Fixture, assert_has};

    #[test]
    fn frequencies_are_in_hertz_and_governors_are_flags() {
        let fixture = Fixture::new();
        let folder = "sys/devices/system/cpu/cpu0/cpufreq";
        fixture.file(&format!("{folder}/scaling_cur_freq"), "1219917\n");
        fixture.file(&format!("{folder}/cpuinfo_max_freq"), "3700000\n");
        fixture.file(&format!("{folder}/scaling_governor"), "powersave\n");
        fixture.file(
            &format!("{folder}/scaling_available_governors"),
            "performance powersave\n",
        );
        fixture.file("sys/devices/system/cpu/cpu1/online", "0\n");
        let samples = fixture.samples(&Cpufreq);
        assert_has(
            &samples,
            &[
                "node_cpu_frequency_max_hertz{cpu=\"0\"} 3.7e+09",
                "node_cpu_scaling_frequency_hertz{cpu=\"0\"} 1.219917e+09",
                "node_cpu_scaling_governor{cpu=\"0\",governor=\"performance\"} 0",
                "node_cpu_scaling_governor{cpu=\"0\",governor=\"powersave\"} 1",
            ],
        );
        assert_eq!(samples.len(), 4);
    }
}
