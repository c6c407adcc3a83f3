//! `nvme`: NVMe controllers and their namespaces from `/sys/class/nvme`.

use std::path::Path;

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::text::{Text, attribute, entries, number_attribute};

pub(super) struct Nvme;

impl Collector for Nvme {
    fn name(&self) -> &'static str {
        "nvme"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let folder = roots.sys("class/nvme");
        let devices = entries(&folder).map_err(|_| CollectError::NoData("no NVMe controller"))?;
        for device in devices {
            let folder = folder.join(&device);
            add_controller(&device, &folder, metrics)?;
            for entry in entries(&folder).unwrap_or_default() {
                if let Some(id) = namespace_id(&entry) {
                    add_namespace(&device, id, &folder.join(&entry), metrics);
                }
            }
        }
        Ok(())
    }
}

fn add_controller(device: &str, folder: &Path, metrics: &mut Metrics) -> Result<(), CollectError> {
    let text = |name| Text::read(folder.join(name));
    metrics.gauge(
        "node_nvme_info",
        "Non-numeric data from /sys/class/nvme/<device>, value is always 1.",
        &[
            ("device", device),
            ("firmware_revision", text("firmware_rev")?.trimmed()),
            ("model", text("model")?.trimmed()),
            ("serial", text("serial")?.trimmed()),
            ("state", text("state")?.trimmed()),
            ("cntlid", text("cntlid")?.trimmed()),
        ],
        1.0,
    );
    Ok(())
}

/// `nvme0n1` and, with several paths, `nvme0c0n1` are namespace 1.
fn namespace_id(entry: &str) -> Option<&str> {
    let (controller, id) = entry.strip_prefix("nvme")?.rsplit_once('n')?;
    let controller_ok = controller
        .split('c')
        .all(|part| !part.is_empty() && is_digits(part));
    (controller_ok && !id.is_empty() && is_digits(id)).then_some(id)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn add_namespace(device: &str, id: &str, folder: &Path, metrics: &mut Metrics) {
    let ana_state = attribute(&folder.join("ana_state")).unwrap_or_else(|| "unknown".into());
    metrics.gauge(
        "node_nvme_namespace_info",
        "Information about NVMe namespaces. Value is always 1",
        &[("device", device), ("nsid", id), ("ana_state", &ana_state)],
        1.0,
    );
    let number = |name| number_attribute(&folder.join(name)).unwrap_or(0) as f64;
    let block_bytes = number("queue/logical_block_size");
    let size_bytes = number("size") * block_bytes;
    for (name, help, value) in [
        (
            "node_nvme_namespace_capacity_bytes",
            "Capacity of the NVMe namespace in bytes. Computed as namespace_size * namespace_logical_block_size",
            size_bytes,
        ),
        (
            "node_nvme_namespace_size_bytes",
            "Size of the NVMe namespace in bytes. Available in /sys/class/nvme/<device>/<namespace>/size",
            size_bytes,
        ),
        (
            "node_nvme_namespace_used_bytes",
            "Used space of the NVMe namespace in bytes. Available in /sys/class/nvme/<device>/<namespace>/nuse",
            number("nuse") * block_bytes,
        ),
        (
            "node_nvme_namespace_logical_block_size_bytes",
            "Logical block size of the NVMe namespace in bytes. Usually 4Kb. Available in \
             /sys/class/nvme/<device>/<namespace>/queue/logical_block_size",
            block_bytes,
        ),
    ] {
        metrics.gauge(name, help, &[("device", device), ("nsid", id)], value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::{Fixture, assert_has};

    #[test]
    fn controllers_and_namespaces() {
        let fixture = Fixture::new();
        assert!(matches!(fixture.run(&Nvme).1, Err(CollectError::NoData(_))));
        for (file, content) in [
            ("firmware_rev", "1B2QEXP7"),
            ("model", "Samsung SSD 970 PRO 512GB               "),
            ("serial", "S680HF8N190894I     "),
            ("state", "live"),
            ("cntlid", "1997"),
            ("nvme0c0n1/size", "3907029168"),
            ("nvme0c0n1/nuse", "488281250"),
            ("nvme0c0n1/queue/logical_block_size", "4096"),
            ("nvme0c0n1/ana_state", "optimized"),
            ("hwmon0/name", "nvme"),
        ] {
            fixture.file(&format!("sys/class/nvme/nvme0/{file}"), &format!("{content}\n"));
        }
        let samples = fixture.samples(&Nvme);
        assert_has(
            &samples,
            &[
                "node_nvme_info{cntlid=\"1997\",device=\"nvme0\",firmware_revision=\"1B2QEXP7\",\
                 model=\"Samsung SSD 970 PRO 512GB\",serial=\"S680HF8N190894I\",state=\"live\"} 1",
                "node_nvme_namespace_info{ana_state=\"optimized\",device=\"nvme0\",nsid=\"1\"} 1",
                "node_nvme_namespace_used_bytes{device=\"nvme0\",nsid=\"1\"} 2e+12",
                "node_nvme_namespace_logical_block_size_bytes{device=\"nvme0\",nsid=\"1\"} 4096",
            ],
        );
        assert_eq!(samples.len(), 6);
    }

    #[test]
    fn namespace_names() {
        for (entry, expected) in [
            ("nvme0n1", Some("1")),
            ("nvme0c12n34", Some("34")),
            ("nvme0", None),
            ("power", None),
            ("ng0n1", None),
        ] {
            assert_eq!(namespace_id(entry), expected, "{entry}");
        }
    }
}
