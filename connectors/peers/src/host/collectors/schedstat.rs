//! `schedstat`: seconds running and waiting and timeslices of each CPU's scheduler.

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::text::Text;

const NANOSECONDS: f64 = 1e9;

pub(super) struct Schedstat;

impl Collector for Schedstat {
    fn name(&self) -> &'static str {
        "schedstat"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let text = Text::read_if_present(roots.proc("schedstat"))?
            .ok_or(CollectError::NoData("this kernel has no scheduler statistics"))?;
        for line in text.lines() {
            let Some(line) = line.strip_prefix("cpu") else {
                continue;
            };
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [cpu, _, _, _, _, _, _, running, waiting, timeslices, ..] = fields.as_slice() else {
                return Err(text.malformed(format!("expected 9 numbers, found {}", fields.len())));
            };
            let labels = [("cpu", *cpu)];
            metrics.counter(
                "node_schedstat_running_seconds_total",
                "Number of seconds CPU spent running a process.",
                &labels,
                text.number::<u64>(running)? as f64 / NANOSECONDS,
            );
            metrics.counter(
                "node_schedstat_waiting_seconds_total",
                "Number of seconds spent by processing waiting for this CPU.",
                &labels,
                text.number::<u64>(waiting)? as f64 / NANOSECONDS,
            );
            metrics.counter(
                "node_schedstat_timeslices_total",
                "Number of timeslices executed by CPU.",
                &labels,
                text.number::<u64>(timeslices)? as f64,
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::Fixture;

    #[test]
    fn each_cpu() {
        let fixture = Fixture::new();
        fixture.file(
            "proc/schedstat",
            "version 15\ntimestamp 15819019232\n\
             cpu0 498494191 0 3533438552 2553969831 3853684107 2465731542 2045936778163039 343796328169361 4767485306\n\
             domain0 00000000,00000003 212499247 210112015\n",
        );
        assert_eq!(
            fixture.samples(&Schedstat),
            [
                "node_schedstat_running_seconds_total{cpu=\"0\"} 2.045936778163039e+06",
                "node_schedstat_timeslices_total{cpu=\"0\"} 4.767485306e+09",
                "node_schedstat_waiting_seconds_total{cpu=\"0\"} 343796.328169361",
            ]
        );
        assert!(matches!(
            Fixture::new().run(&Schedstat).1,
            Err(CollectError::NoData(_))
        ));
    }
}
