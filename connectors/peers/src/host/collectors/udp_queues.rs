//! `udp_queues`: bytes that UDP sockets hold in their queues.

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::text::Text;

/// The column of `/proc/net/udp` with `transmit:receive` queue sizes, hexadecimal.
const QUEUES_COLUMN: usize = 4;

pub(super) struct UdpQueues;

impl Collector for UdpQueues {
    fn name(&self) -> &'static str {
        "udp_queues"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let mut found = false;
        for (file, ip) in [("net/udp", "v4"), ("net/udp6", "v6")] {
            let Some(text) = Text::read_if_present(roots.proc(file))? else {
                continue;
            };
            found = true;
            let (transmit, receive) = sum(&text)?;
            for (queue, bytes) in [("tx", transmit), ("rx", receive)] {
                metrics.gauge(
                    "node_udp_queues",
                    "Number of allocated memory in the kernel for UDP datagrams in bytes.",
                    &[("queue", queue), ("ip", ip)],
                    bytes as f64,
                );
            }
        }
        if found {
            Ok(())
        } else {
            Err(CollectError::NoData("this kernel has no UDP"))
        }
    }
}

fn sum(text: &Text) -> Result<(u64, u64), CollectError> {
    let (mut transmit_sum, mut receive_sum) = (0u64, 0u64);
    for line in text.lines().skip(1) {
        let queues = line
            .split_whitespace()
            .nth(QUEUES_COLUMN)
            .and_then(|queues| queues.split_once(':'));
        let Some((transmit, receive)) = queues else {
            return Err(text.malformed(format!("no queues in {line:?}")));
        };
        transmit_sum = transmit_sum.wrapping_add(text.hexadecimal(transmit)?);
        receive_sum = receive_sum.wrapping_add(text.hexadecimal(receive)?);
    }
    Ok((transmit_sum, receive_sum))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::Fixture;

    #[test]
    fn queues_are_summed_over_sockets() {
        let fixture = Fixture::new();
        fixture.file(
            "proc/net/udp",
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
             0: 0A000005:0016 00000000:0000 0A 00000015:00000000 00:00000000 00000000     0        0 2740 1\n   \
             1: 00000000:0016 00000000:0000 0A 00000001:0000000A 00:00000000 00000000     0        0 2740 1\n",
        );
        assert_eq!(
            fixture.samples(&UdpQueues),
            [
                "node_udp_queues{ip=\"v4\",queue=\"rx\"} 10",
                "node_udp_queues{ip=\"v4\",queue=\"tx\"} 22"
            ]
        );
        assert!(matches!(
            Fixture::new().run(&UdpQueues).1,
            Err(CollectError::NoData(_))
        ));
    }
}
