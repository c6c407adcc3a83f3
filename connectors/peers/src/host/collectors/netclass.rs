//! `netclass`: state and properties of each network device from `/sys/class/net`.

use std::path::Path;

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::text::{attribute, entries, number_attribute};

/// Attribute in sysfs, name after `node_network_`; those that end in `_total` are counters.
const PROPERTIES: [(&str, &str); 16] = [
    ("addr_assign_type", "address_assign_type"),
    ("carrier", "carrier"),
    ("carrier_changes", "carrier_changes_total"),
    ("carrier_down_count", "carrier_down_changes_total"),
    ("carrier_up_count", "carrier_up_changes_total"),
    ("dev_id", "device_id"),
    ("dormant", "dormant"),
    ("flags", "flags"),
    ("ifindex", "iface_id"),
    ("iflink", "iface_link"),
    ("link_mode", "iface_link_mode"),
    ("mtu", "mtu_bytes"),
    ("name_assign_type", "name_assign_type"),
    ("netdev_group", "net_dev_group"),
    ("tx_queue_len", "transmit_queue_length"),
    ("type", "protocol_type"),
];

/// The interface flag that says an administrator has brought the device up (`IFF_UP`).
const FLAG_UP: i64 = 1;

pub(super) struct Netclass;

impl Collector for Netclass {
    fn name(&self) -> &'static str {
        "netclass"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let folder = roots.sys("class/net");
        let devices = entries(&folder).map_err(|_| CollectError::NoData("sysfs has no network devices"))?;
        for device in devices {
            let folder = folder.join(&device);
            // `bonding_masters` is a file beside the devices.
            if folder.is_dir() {
                add(&device, &folder, metrics);
            }
        }
        Ok(())
    }
}

fn add(device: &str, folder: &Path, metrics: &mut Metrics) {
    let labels = [("device", device)];
    let operstate = attribute(&folder.join("operstate")).unwrap_or_default();
    metrics.gauge(
        "node_network_up",
        "Value is 1 if operstate is 'up', 0 otherwise.",
        &labels,
        f64::from(u8::from(operstate == "up")),
    );
    let adminstate = match number_attribute(&folder.join("flags")) {
        Some(flags) if flags & FLAG_UP != 0 => "up",
        Some(_) => "down",
        None => "unknown",
    };
    let text = |name| attribute(&folder.join(name)).unwrap_or_default();
    metrics.gauge(
        "node_network_info",
        "Non-numeric data from /sys/class/net/<iface>, value is always 1.",
        &[
            ("device", device),
            ("address", &text("address")),
            ("broadcast", &text("broadcast")),
            ("duplex", &text("duplex")),
            ("operstate", &operstate),
            ("adminstate", adminstate),
            ("ifalias", &text("ifalias")),
        ],
        1.0,
    );
    for (file, name) in PROPERTIES {
        let Some(value) = number_attribute(&folder.join(file)) else {
            continue;
        };
        let family = format!("node_network_{name}");
        let help = format!("Network device property: {name}");
        if name.ends_with("_total") {
            metrics.counter(family, help, &labels, value as f64);
        } else {
            metrics.gauge(family, help, &labels, value as f64);
        }
    }
    // Mbit/s; -1 where the driver does not know.
    if let Some(megabits) = number_attribute(&folder.join("speed")) {
        metrics.gauge(
            "node_network_speed_bytes",
            "Network device property: speed_bytes",
            &labels,
            megabits.saturating_mul(1_000_000 / 8) as f64,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::{Fixture, assert_has};

    #[test]
    fn properties_and_state() {
        let fixture = Fixture::new();
        for (file, content) in [
            ("operstate", "up"),
            ("address", "02:fc:00:00:00:01"),
            ("broadcast", "ff:ff:ff:ff:ff:ff"),
            ("duplex", "full"),
            ("ifalias", "up \"link\""),
            ("flags", "0x1003"),
            ("dev_id", "0x20"),
            ("mtu", "1500"),
            ("speed", "1000"),
            ("carrier", "1"),
            ("carrier_changes", "2"),
        ] {
            fixture.file(&format!("sys/class/net/eth0/{file}"), &format!("{content}\n"));
        }
        fixture.file("sys/class/net/bonding_masters", "bond0\n");
        fixture.file("sys/class/net/tap0/speed", "-1\n");
        let samples = fixture.samples(&Netclass);
        assert_has(
            &samples,
            &[
                "node_network_up{device=\"eth0\"} 1",
                "node_network_up{device=\"tap0\"} 0",
                "node_network_info{address=\"02:fc:00:00:00:01\",adminstate=\"up\",\
                 broadcast=\"ff:ff:ff:ff:ff:ff\",device=\"eth0\",duplex=\"full\",ifalias=\"up \\\"link\\\"\",\
                 operstate=\"up\"} 1",
                "node_network_info{address=\"\",adminstate=\"unknown\",broadcast=\"\",device=\"tap0\",duplex=\"\",\
                 ifalias=\"\",operstate=\"\"} 1",
                "node_network_flags{device=\"eth0\"} 4099",
                "node_network_device_id{device=\"eth0\"} 32",
                "node_network_mtu_bytes{device=\"eth0\"} 1500",
                "node_network_speed_bytes{device=\"eth0\"} 1.25e+08",
                "node_network_speed_bytes{device=\"tap0\"} -125000",
                "node_network_carrier_changes_total{device=\"eth0\"} 2",
            ],
        );
        assert!(!samples.iter().any(|sample| sample.contains("bonding_masters")));
    }

    #[test]
    fn without_sysfs_there_is_no_data() {
        assert!(matches!(
            Fixture::new().run(&Netclass).1,
            Err(CollectError::NoData(_))
        ));
    }
}
