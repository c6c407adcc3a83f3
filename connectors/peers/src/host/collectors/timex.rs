//! `timex`: how the kernel's clock is disciplined (NTP), from `adjtimex(2)`.

use std::io;

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::syscalls;

const MICROSECONDS: f64 = 1e6;
const NANOSECONDS: f64 = 1e9;

/// Frequencies are parts per million with a 16-bit fraction; see NOTES in adjtimex(2).
const PPM_16_BIT_FRACTION: f64 = 1_000_000.0 * 65536.0;

pub(super) struct Timex;

impl Collector for Timex {
    fn name(&self) -> &'static str {
        "timex"
    }

    fn collect(&self, _: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let (timex, state) = syscalls::clock_state().map_err(|source| match source.kind() {
            io::ErrorKind::PermissionDenied => {
                CollectError::NoData("this process may not ask for the clock state")
            }
            _ => CollectError::Call {
                call: "adjtimex",
                source,
            },
        })?;
        add(&timex, state, metrics);
        Ok(())
    }
}

fn add(timex: &libc::timex, state: i32, metrics: &mut Metrics) {
    // Offset and jitter are in nanoseconds where the kernel says so.
    let fine = if timex.status & libc::STA_NANO != 0 {
        NANOSECONDS
    } else {
        MICROSECONDS
    };
    let synchronised = if state == libc::TIME_ERROR { 0.0 } else { 1.0 };
    for (name, help, value) in [
        (
            "node_timex_sync_status",
            "Is clock synchronized to a reliable server (1 = yes, 0 = no).",
            synchronised,
        ),
        (
            "node_timex_offset_seconds",
            "Time offset in between local system and reference clock.",
            timex.offset as f64 / fine,
        ),
        (
            "node_timex_frequency_adjustment_ratio",
            "Local clock frequency adjustment.",
            1.0 + timex.freq as f64 / PPM_16_BIT_FRACTION,
        ),
        (
            "node_timex_maxerror_seconds",
            "Maximum error in seconds.",
            timex.maxerror as f64 / MICROSECONDS,
        ),
        (
            "node_timex_estimated_error_seconds",
            "Estimated error in seconds.",
            timex.esterror as f64 / MICROSECONDS,
        ),
        (
            "node_timex_status",
            "Value of the status array bits.",
            f64::from(timex.status),
        ),
        (
            "node_timex_loop_time_constant",
            "Phase-locked loop time constant.",
            timex.constant as f64,
        ),
        (
            "node_timex_tick_seconds",
            "Seconds between clock ticks.",
            timex.tick as f64 / MICROSECONDS,
        ),
        (
            "node_timex_tai_offset_seconds",
            "International Atomic Time (TAI) offset.",
            f64::from(timex.tai),
        ),
    ] {
        metrics.gauge(name, help, &[], value);
    }
    add_pulse(timex, fine, metrics);
}

/// What a pulse-per-second source tells, all zero without one.
fn add_pulse(timex: &libc::timex, fine: f64, metrics: &mut Metrics) {
    for (name, help, value) in [
        (
            "node_timex_pps_frequency_hertz",
            "Pulse per second frequency.",
            timex.ppsfreq as f64 / PPM_16_BIT_FRACTION,
        ),
        (
            "node_timex_pps_jitter_seconds",
            "Pulse per second jitter.",
            timex.jitter as f64 / fine,
        ),
        (
            "node_timex_pps_shift_seconds",
            "Pulse per second interval duration.",
            f64::from(timex.shift),
        ),
        (
            "node_timex_pps_stability_hertz",
            "Pulse per second stability, average of recent frequency changes.",
            timex.stabil as f64 / PPM_16_BIT_FRACTION,
        ),
    ] {
        metrics.gauge(name, help, &[], value);
    }
    for (name, help, value) in [
        (
            "node_timex_pps_jitter_total",
            "Pulse per second count of jitter limit exceeded events.",
            timex.jitcnt,
        ),
        (
            "node_timex_pps_calibration_total",
            "Pulse per second count of calibration intervals.",
            timex.calcnt,
        ),
        (
            "node_timex_pps_error_total",
            "Pulse per second count of calibration errors.",
            timex.errcnt,
        ),
        (
            "node_timex_pps_stability_exceeded_total",
            "Pulse per second count of stability limit exceeded events.",
            timex.stbcnt,
        ),
    ] {
        metrics.counter(name, help, &[], value as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::Fixture;

    #[test]
    fn this_machine_answers_or_says_why_not() {
        let (out, result) = Fixture::new().run(&Timex);
        match result {
            Ok(()) => {
                assert_eq!(out.lines().filter(|line| line.starts_with("# TYPE")).count(), 17);
                assert!(out.contains("# TYPE node_timex_pps_error_total counter\n"));
            }
            Err(error) => assert!(matches!(error, CollectError::NoData(_)), "{error}"),
        }
    }
}
