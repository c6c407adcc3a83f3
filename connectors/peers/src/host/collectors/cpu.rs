//! `cpu`: seconds by CPU and mode from `/proc/stat`; throttling, isolation and online state from sysfs.

use std::collections::{BTreeMap, BTreeSet};

use parking_lot::Mutex;

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::text::{Text, attribute, number_attribute, numbered_entries};

/// The columns of a `cpu` line: user, nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice.
type Seconds = [f64; 10];

const IDLE: usize = 3;
const GUEST: usize = 8;
const GUEST_NICE: usize = 9;
const MODES: [&str; 8] = [
    "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal",
];

/// Ticks a second in `/proc/stat`: fixed in the kernel's interface on all architectures that matter here.
const USER_HZ: f64 = 100.0;

/// Idle time that goes back this far means that the CPU was unplugged and came back: start anew.
const JUMP_BACK_SECONDS: f64 = 3.0;

/// Keeps the highest value seen of each counter, because the kernel's idle and iowait sometimes step back.
#[derive(Default)]
pub(super) struct Cpu {
    seen: Mutex<BTreeMap<u32, Seconds>>,
}

impl Collector for Cpu {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let text = Text::read(roots.proc("stat"))?;
        let read = parse(&text)?;
        let mut seen = self.seen.lock();
        seen.retain(|cpu, _| read.contains_key(cpu));
        for (cpu, now) in read {
            let kept = seen.entry(cpu).or_default();
            advance(kept, &now);
            add_seconds(&cpu.to_string(), kept, metrics);
        }
        drop(seen);
        isolated(roots, metrics)?;
        throttles(roots, metrics);
        online(roots, metrics);
        Ok(())
    }
}

/// The per-CPU lines; the sum over all CPUs (`cpu ` without a number) is left to queries.
fn parse(text: &Text) -> Result<BTreeMap<u32, Seconds>, CollectError> {
    let mut cpus = BTreeMap::new();
    for line in text.lines() {
        let mut fields = line.split_whitespace();
        let Some(number) = fields.next().and_then(|field| field.strip_prefix("cpu")) else {
            continue;
        };
        if number.is_empty() {
            continue;
        }
        let mut seconds = Seconds::default();
        let mut columns = 0;
        for (second, field) in seconds.iter_mut().zip(fields) {
            *second = text.number::<u64>(field)? as f64 / USER_HZ;
            columns += 1;
        }
        // Kernels add columns at the end over the years; the first four have always been there.
        if columns <= IDLE {
            return Err(text.malformed(format!("too few columns in {line:?}")));
        }
        cpus.insert(text.number(number)?, seconds);
    }
    if cpus.is_empty() {
        Err(text.malformed("no line of a CPU"))
    } else {
        Ok(cpus)
    }
}

fn advance(kept: &mut Seconds, now: &Seconds) {
    if kept[IDLE] - now[IDLE] >= JUMP_BACK_SECONDS {
        *kept = Seconds::default();
    }
    for (kept, now) in kept.iter_mut().zip(now) {
        *kept = kept.max(*now);
    }
}

fn add_seconds(cpu: &str, seconds: &Seconds, metrics: &mut Metrics) {
    for (mode, value) in MODES.into_iter().zip(seconds) {
        metrics.counter(
            "node_cpu_seconds_total",
            "Seconds the CPUs spent in each mode.",
            &[("cpu", cpu), ("mode", mode)],
            *value,
        );
    }
    // The kernel also counts guests in user and nice; these are the shares.
    for (mode, column) in [("user", GUEST), ("nice", GUEST_NICE)] {
        metrics.counter(
            "node_cpu_guest_seconds_total",
            "Seconds the CPUs spent in guests (VMs) for each mode.",
            &[("cpu", cpu), ("mode", mode)],
            seconds[column],
        );
    }
}

fn isolated(roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
    let Some(text) = Text::read_if_present(roots.sys("devices/system/cpu/isolated"))? else {
        return Ok(());
    };
    for range in text.trimmed().split(',').filter(|range| !range.is_empty()) {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        // u16 also bounds the loop.
        for cpu in text.number::<u16>(first)?..=text.number::<u16>(last)? {
            metrics.gauge(
                "node_cpu_isolated",
                "Whether each core is isolated, information from /sys/devices/system/cpu/isolated.",
                &[("cpu", &cpu.to_string())],
                1.0,
            );
        }
    }
    Ok(())
}

/// Counts are per core and per package, so the first CPU of each that has a count speaks for it.
fn throttles(roots: &Roots, metrics: &mut Metrics) {
    let mut cores = BTreeSet::new();
    let mut packages = BTreeSet::new();
    for (_, folder) in numbered_entries(&roots.sys("devices/system/cpu"), "cpu") {
        let Some(package) = attribute(&folder.join("topology/physical_package_id")) else {
            continue;
        };
        let Some(core) = attribute(&folder.join("topology/core_id")) else {
            continue;
        };
        let count = |name| number_attribute(&folder.join("thermal_throttle").join(name));
        if !cores.contains(&(package.clone(), core.clone()))
            && let Some(count) = count("core_throttle_count")
        {
            metrics.counter(
                "node_cpu_core_throttles_total",
                "Number of times this CPU core has been throttled.",
                &[("package", &package), ("core", &core)],
                count as f64,
            );
            cores.insert((package.clone(), core));
        }
        if !packages.contains(&package)
            && let Some(count) = count("package_throttle_count")
        {
            metrics.counter(
                "node_cpu_package_throttles_total",
                "Number of times this CPU package has been throttled.",
                &[("package", &package)],
                count as f64,
            );
            packages.insert(package);
        }
    }
}

fn online(roots: &Roots, metrics: &mut Metrics) {
    let cpus = numbered_entries(&roots.sys("devices/system/cpu"), "cpu");
    // Kernels that cannot take the first CPU offline have no file for it; node_exporter has no family then.
    if !cpus
        .first()
        .is_some_and(|(_, folder)| folder.join("online").exists())
    {
        return;
    }
    for (cpu, folder) in cpus {
        let online = number_attribute(&folder.join("online")) == Some(1);
        metrics.gauge(
            "node_cpu_online",
            "CPUs that are online and being scheduled.",
            &[("cpu", &cpu)],
            f64::from(u8::from(online)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::{Fixture, assert_has};

    #[test]
    fn seconds_by_cpu_and_mode() {
        let fixture = Fixture::new();
        fixture.file(
            "proc/stat",
            "cpu  3 3 3 3 3 3 3 3 3 3\ncpu0 101 2 30 4000 5 6 7 8 9 10\ncpu1 1 0 0 100\nintr 5 1\n",
        );
        let samples = fixture.samples(&Cpu::default());
        assert_has(
            &samples,
            &[
                "node_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 1.01",
                "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 40",
                "node_cpu_seconds_total{cpu=\"0\",mode=\"steal\"} 0.08",
                "node_cpu_seconds_total{cpu=\"1\",mode=\"idle\"} 1",
                "node_cpu_seconds_total{cpu=\"1\",mode=\"steal\"} 0",
                "node_cpu_guest_seconds_total{cpu=\"0\",mode=\"user\"} 0.09",
                "node_cpu_guest_seconds_total{cpu=\"0\",mode=\"nice\"} 0.1",
            ],
        );
        assert_eq!(samples.len(), 20, "no line for the sum over all CPUs");
    }

    #[test]
    fn counters_do_not_step_back_unless_the_cpu_came_back() {
        let fixture = Fixture::new();
        let cpu = Cpu::default();
        for (line, idle, user) in [
            ("cpu0 100 0 0 1000 0 0 0 0 0 0\n", "10", "1"),
            ("cpu0 200 0 0 900 0 0 0 0 0 0\n", "10", "2"),
            ("cpu0 150 0 0 1100 0 0 0 0 0 0\n", "11", "2"),
            ("cpu0 1 0 0 2 0 0 0 0 0 0\n", "0.02", "0.01"),
        ] {
            fixture.file("proc/stat", line);
            let samples = fixture.samples(&cpu);
            assert_has(
                &samples,
                &[&format!(
                    "node_cpu_seconds_total{{cpu=\"0\",mode=\"idle\"}} {idle}"
                )],
            );
            assert_has(
                &samples,
                &[&format!(
                    "node_cpu_seconds_total{{cpu=\"0\",mode=\"user\"}} {user}"
                )],
            );
        }
        fixture.file("proc/stat", "cpu1 1 1 1 1\n");
        assert!(
            !fixture
                .samples(&cpu)
                .iter()
                .any(|sample| sample.contains("cpu=\"0\"")),
            "unplugged CPUs go"
        );
    }

    #[test]
    fn sysfs_tells_of_throttling_isolation_and_online_state() {
        let fixture = Fixture::new();
        fixture.file("proc/stat", "cpu0 1 1 1 1\n");
        fixture.file("sys/devices/system/cpu/isolated", "1,3-4\n");
        for (cpu, core, count) in [("cpu0", "0", "5"), ("cpu1", "0", "5"), ("cpu2", "1", "0")] {
            let folder = format!("sys/devices/system/cpu/{cpu}");
            fixture.file(&format!("{folder}/topology/physical_package_id"), "0\n");
            fixture.file(&format!("{folder}/topology/core_id"), &format!("{core}\n"));
            fixture.file(
                &format!("{folder}/thermal_throttle/core_throttle_count"),
                &format!("{count}\n"),
            );
            fixture.file(
                &format!("{folder}/thermal_throttle/package_throttle_count"),
                "30\n",
            );
            fixture.file(
                &format!("{folder}/online"),
                if cpu == "cpu2" { "0\n" } else { "1\n" },
            );
        }
        fixture.file("sys/devices/system/cpu/cpufreq/policy0", "");
        let samples = fixture.samples(&Cpu::default());
        assert_has(
            &samples,
            &[
                "node_cpu_core_throttles_total{core=\"0\",package=\"0\"} 5",
                "node_cpu_core_throttles_total{core=\"1\",package=\"0\"} 0",
                "node_cpu_package_throttles_total{package=\"0\"} 30",
                "node_cpu_isolated{cpu=\"1\"} 1",
                "node_cpu_isolated{cpu=\"4\"} 1",
                "node_cpu_online{cpu=\"0\"} 1",
                "node_cpu_online{cpu=\"2\"} 0",
            ],
        );
    }

    #[test]
    fn malformed_lines_are_errors() {
        for content in ["", "intr 1\n", "cpu0 1 2\n", "cpu0 1 2 3 x\n", "cpux 1 2 3 4\n"] {
            let fixture = Fixture::new();
            fixture.file("proc/stat", content);
            let result = fixture.run(&Cpu::default()).1;
            assert!(
                matches!(result, Err(CollectError::Malformed { .. })),
                "{content:?}"
            );
        }
    }
}
