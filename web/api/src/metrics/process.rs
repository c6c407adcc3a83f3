//! The `process_*` metrics that every Prometheus client has, read from /proc/self.

use std::fs;

use super::exposition::Exposition;

/// What /proc tells of this process.
#[derive(Debug, Clone, PartialEq)]
struct Process {
    cpu_seconds: f64,
    start_seconds: f64,
    virtual_bytes: f64,
    resident_bytes: f64,
}

/// What /proc counts in.
#[derive(Debug, Clone, Copy)]
struct Units {
    ticks_per_second: f64,
    page_bytes: f64,
}

/// Appends the metrics; where /proc cannot be read they are left out.
pub fn process_metrics(out: &mut Exposition) {
    let units = Units {
        ticks_per_second: rustix::param::clock_ticks_per_second() as f64,
        page_bytes: rustix::param::page_size() as f64,
    };
    let read = |path: &str| fs::read_to_string(path).ok();
    let boot = read("/proc/stat").as_deref().and_then(boot_seconds);
    let process = read("/proc/self/stat").and_then(|text| parse_stat(&text, boot?, units));
    if let Some(process) = process {
        out.counter(
            "process_cpu_seconds_total",
            "Total user and system CPU time spent in seconds.",
            &[],
            process.cpu_seconds,
        );
        for (name, help, value) in [
            (
                "process_start_time_seconds",
                "Start time of the process since unix epoch in seconds.",
                process.start_seconds,
            ),
            (
                "process_virtual_memory_bytes",
                "Virtual memory size in bytes.",
                process.virtual_bytes,
            ),
            (
                "process_resident_memory_bytes",
                "Resident memory size in bytes.",
                process.resident_bytes,
            ),
        ] {
            out.gauge(name, help, &[], value);
        }
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them is the folder that is being read.
        let open = open.count().saturating_sub(1) as f64;
        out.gauge("process_open_fds", "Number of open file descriptors.", &[], open);
    }
    if let Some(max) = read("/proc/self/limits").as_deref().and_then(open_files_max) {
        out.gauge(
            "process_max_fds",
            "Maximum number of open file descriptors.",
            &[],
            max,
        );
    }
}

/// Reads `/proc/<pid>/stat` (proc_pid_stat(5)).
fn parse_stat(text: &str, boot_seconds: f64, units: Units) -> Option<Process> {
    // The name in parentheses may hold anything, parentheses included.
    let (_, fields) = text.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    // The state is field 3 of the manual.
    let number = |field: usize| fields.get(field - 3)?.parse::<f64>().ok();
    Some(Process {
        cpu_seconds: (number(14)? + number(15)?) / units.ticks_per_second,
        start_seconds: boot_seconds + number(22)? / units.ticks_per_second,
        virtual_bytes: number(23)?,
        resident_bytes: number(24)? * units.page_bytes,
    })
}

/// When the machine was booted, from `/proc/stat`.
fn boot_seconds(text: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix("btime "))?;
    line.trim().parse().ok()
}

/// The soft limit of open files, from `/proc/<pid>/limits`.
fn open_files_max(text: &str) -> Option<f64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(f64::INFINITY),
        max => max.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_proc() {
        let stat = "42 (we ir) x) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 8 0 1000 4096000 300 9 0";
        let units = Units {
            ticks_per_second: 100.0,
            page_bytes: 4096.0,
        };
        let expected = Process {
            cpu_seconds: 3.0,
            start_seconds: 1_700_000_010.0,
            virtual_bytes: 4_096_000.0,
            resident_bytes: 1_228_800.0,
        };
        assert_eq!(parse_stat(stat, 1_700_000_000.0, units), Some(expected));
        assert_eq!(parse_stat("42 (weir) S 1", 0.0, units), None);
        assert_eq!(boot_seconds("cpu 1 2\nbtime 1700000000\n"), Some(1_700_000_000.0));
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 524288               files\n";
        assert_eq!(open_files_max(limits), Some(1024.0));
    }

    #[test]
    fn this_process_has_memory() {
        let mut out = Exposition::default();
        process_metrics(&mut out);
        let text = out.render();
        for name in [
            "process_cpu_seconds_total ",
            "process_resident_memory_bytes ",
            "process_open_fds ",
        ] {
            assert!(text.contains(name), "{text}");
        }
    }
}
