//! `uname`: what the kernel calls itself and this machine.

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::syscalls;

pub(super) struct Uname;

impl Collector for Uname {
    fn name(&self) -> &'static str {
        "uname"
    }

    fn collect(&self, _: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let uname = syscalls::uname();
        let labels: Vec<(&str, &str)> = uname
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        metrics.gauge(
            "node_uname_info",
            "Labeled system information as provided by the uname system call.",
            &labels,
            1.0,
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::Fixture;

    #[test]
    fn one_sample_with_six_labels() {
        let samples = Fixture::new().samples(&Uname);
        assert_eq!(samples.len(), 1);
        for label in [
            "domainname",
            "machine",
            "nodename",
            "release",
            "sysname",
            "version",
        ] {
            assert!(samples[0].contains(&format!("{label}=\"")), "{label}");
        }
    }
}
