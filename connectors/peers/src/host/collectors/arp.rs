//! `arp`: entries of the ARP table by device, from `/proc/net/arp`.

use std::collections::BTreeMap;

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::text::Text;

pub(super) struct Arp;

impl Collector for Arp {
    fn name(&self) -> &'static str {
        "arp"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let text = Text::read(roots.proc("net/arp"))?;
        let mut entries = BTreeMap::<&str, u64>::new();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            match fields.as_slice() {
                [] => {}
                [_, _, _, _, _, device] => *entries.entry(device).or_default() += 1,
                _ => return Err(text.malformed(format!("expected 6 columns, found {}", fields.len()))),
            }
        }
        for (device, count) in entries {
            metrics.gauge(
                "node_arp_entries",
                "ARP entries by device",
                &[("device", device)],
                count as f64,
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
    fn entries_are_counted_by_device() {
        let fixture = Fixture::new();
        fixture.file(
            "proc/net/arp",
            "IP address       HW type     Flags       HW address            Mask     Device\n\
             10.0.0.1         0x1         0x2         02:fc:00:00:00:02     *        eth0\n\
             10.0.0.7         0x1         0x0         00:00:00:00:00:00     *        eth0\n\
             10.1.0.1         0x1         0x2         02:fc:00:00:00:03     *        eth1\n",
        );
        let samples = fixture.samples(&Arp);
        assert_eq!(
            samples,
            [
                "node_arp_entries{device=\"eth0\"} 2",
                "node_arp_entries{device=\"eth1\"} 1"
            ]
        );
    }

    #[test]
    fn a_line_of_another_shape_is_an_error() {
        let fixture = Fixture::new();
        fixture.file("proc/net/arp", "header\n10.0.0.1 0x1 eth0\n");
        assert!(matches!(fixture.run(&Arp).1, Err(CollectError::Malformed { .. })));
    }
}
