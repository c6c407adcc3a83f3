//! `netdev`: bytes, packets and errors of each network device from `/proc/net/dev`.

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::text::{Text, number_attribute};

/// The columns of `/proc/net/dev` after the device's name.
const COLUMNS: [&str; 16] = [
    "receive_bytes",
    "receive_packets",
    "receive_errs",
    "receive_drop",
    "receive_fifo",
    "receive_frame",
    "receive_compressed",
    "receive_multicast",
    "transmit_bytes",
    "transmit_packets",
    "transmit_errs",
    "transmit_drop",
    "transmit_fifo",
    "transmit_colls",
    "transmit_carrier",
    "transmit_compressed",
];

/// Packets for which no protocol was listening: only sysfs has this count.
const NOHANDLER: &str = "receive_nohandler";

pub(super) struct Netdev;

impl Collector for Netdev {
    fn name(&self) -> &'static str {
        "netdev"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let text = Text::read(roots.proc("net/dev"))?;
        // Two lines of headings.
        for line in text.lines().skip(2) {
            // A device's name may hold a colon (an alias); numbers never do.
            let Some((device, numbers)) = line.rsplit_once(':') else {
                return Err(text.malformed(format!("no device in {line:?}")));
            };
            let device = device.trim();
            let values: Vec<&str> = numbers.split_whitespace().collect();
            if values.len() != COLUMNS.len() {
                return Err(text.malformed(format!("expected 16 columns, found {}", values.len())));
            }
            for (key, value) in COLUMNS.into_iter().zip(values) {
                add(metrics, key, device, text.number::<u64>(value)? as f64);
            }
            let statistics = roots.sys("class/net").join(device).join("statistics");
            if let Some(packets) = number_attribute(&statistics.join("rx_nohandler")) {
                add(metrics, NOHANDLER, device, packets as f64);
            }
        }
        Ok(())
    }
}

fn add(metrics: &mut Metrics, key: &str, device: &str, value: f64) {
    metrics.counter(
        format!("node_network_{key}_total"),
        format!("Network device statistic {key}."),
        &[("device", device)],
        value,
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::{Fixture, assert_has};

    const HEADINGS: &str = "Inter-|   Receive                            |  Transmit\n \
         face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n";

    #[test]
    fn every_column_of_every_device() {
        let fixture = Fixture::new();
        let devices = "    lo:     100       2    0    0    0     0          0         0      100       2    0    0    0     0       0          0\n  \
                       eth0:10437182923 13899359 1 2 3 4 5 6 7 8 9 10 11 12 13 14\n";
        fixture.file("proc/net/dev", &format!("{HEADINGS}{devices}"));
        fixture.file("sys/class/net/eth0/statistics/rx_nohandler", "15\n");
        let samples = fixture.samples(&Netdev);
        assert_has(
            &samples,
            &[
                "node_network_receive_bytes_total{device=\"eth0\"} 1.0437182923e+10",
                "node_network_receive_bytes_total{device=\"lo\"} 100",
                "node_network_receive_multicast_total{device=\"eth0\"} 6",
                "node_network_receive_nohandler_total{device=\"eth0\"} 15",
                "node_network_transmit_bytes_total{device=\"eth0\"} 7",
                "node_network_transmit_colls_total{device=\"eth0\"} 12",
                "node_network_transmit_compressed_total{device=\"eth0\"} 14",
            ],
        );
        assert_eq!(samples.len(), 33);
        let (out, _) = fixture.run(&Netdev);
        assert!(
            out.contains("# HELP node_network_receive_errs_total Network device statistic receive_errs.\n")
        );
    }

    #[test]
    fn a_line_of_another_shape_is_an_error() {
        for line in [
            "eth0 1 2\n",
            "eth0: 1 2\n",
            "eth0: x 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n",
        ] {
            let fixture = Fixture::new();
            fixture.file("proc/net/dev", &format!("{HEADINGS}{line}"));
            assert!(
                matches!(fixture.run(&Netdev).1, Err(CollectError::Malformed { .. })),
                "{line:?}"
            );
        }
    }
}
