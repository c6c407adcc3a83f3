//! `selinux`: whether it is enabled, and how it is configured and enforced now.

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::text::{Text, attribute};

pub(super) struct Selinux;

impl Collector for Selinux {
    fn name(&self) -> &'static str {
        "selinux"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        // selinuxfs is mounted only where SELinux is enabled.
        let enforce = attribute(&roots.sys("fs/selinux/enforce"));
        metrics.gauge(
            "node_selinux_enabled",
            "SELinux is enabled, 1 is true, 0 is false",
            &[],
            f64::from(u8::from(enforce.is_some())),
        );
        let Some(enforce) = enforce else { return Ok(()) };
        metrics.gauge(
            "node_selinux_config_mode",
            "Configured SELinux enforcement mode",
            &[],
            configured(roots)?,
        );
        metrics.gauge(
            "node_selinux_current_mode",
            "Current SELinux enforcement mode",
            &[],
            if enforce == "1" { 1.0 } else { 0.0 },
        );
        Ok(())
    }
}

/// Enforcing 1, permissive 0, disabled (also: not configured) -1.
fn configured(roots: &Roots) -> Result<f64, CollectError> {
    let text = Text::read_if_present(roots.root("etc/selinux/config"))?;
    let mode = text
        .iter()
        .flat_map(Text::lines)
        .find_map(|line| line.trim().strip_prefix("SELINUX="));
    Ok(match mode.map(str::trim) {
        Some("enforcing") => 1.0,
        Some("permissive") => 0.0,
        _ => -1.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::Fixture;

    #[test]
    fn off_and_on() {
        let fixture = Fixture::new();
        assert_eq!(fixture.samples(&Selinux), ["node_selinux_enabled 0"]);
        fixture.file("sys/fs/selinux/enforce", "0");
        fixture.file(
            "root/etc/selinux/config",
            "# comment\nSELINUXTYPE=targeted\nSELINUX=enforcing\n",
        );
        assert_eq!(
            fixture.samples(&Selinux),
            [
                "node_selinux_config_mode 1",
                "node_selinux_current_mode 0",
                "node_selinux_enabled 1"
            ]
        );
    }
}
