//! `diskstats`: reads, writes, discards and flushes of each block device, and what udev knows of it.

use std::collections::HashMap;

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::text::{Text, number_attribute};

/// What a column of `/proc/diskstats` counts.
#[derive(Clone, Copy)]
enum Unit {
    Count,
    /// Present value, not a counter.
    Now,
    /// 512-byte sectors whatever the device's own block size, given in bytes.
    SectorBytes,
    Milliseconds,
}

/// The columns after major, minor and name: family, unit, help. Kernels add columns at the end.
const COLUMNS: [(&str, Unit, &str); 17] = [
    (
        "reads_completed_total",
        Unit::Count,
        "The total number of reads completed successfully.",
    ),
    (
        "reads_merged_total",
        Unit::Count,
        "The total number of reads merged.",
    ),
    (
        "read_bytes_total",
        Unit::SectorBytes,
        "The total number of bytes read successfully.",
    ),
    (
        "read_time_seconds_total",
        Unit::Milliseconds,
        "The total number of seconds spent by all reads.",
    ),
    (
        "writes_completed_total",
        Unit::Count,
        "The total number of writes completed successfully.",
    ),
    ("writes_merged_total", Unit::Count, "The number of writes merged."),
    (
        "written_bytes_total",
        Unit::SectorBytes,
        "The total number of bytes written successfully.",
    ),
    (
        "write_time_seconds_total",
        Unit::Milliseconds,
        "This is the total number of seconds spent by all writes.",
    ),
    ("io_now", Unit::Now, "The number of I/Os currently in progress."),
    (
        "io_time_seconds_total",
        Unit::Milliseconds,
        "Total seconds spent doing I/Os.",
    ),
    (
        "io_time_weighted_seconds_total",
        Unit::Milliseconds,
        "The weighted # of seconds spent doing I/Os.",
    ),
    (
        "discards_completed_total",
        Unit::Count,
        "The total number of discards completed successfully.",
    ),
    (
        "discards_merged_total",
        Unit::Count,
        "The total number of discards merged.",
    ),
    (
        "discarded_sectors_total",
        Unit::Count,
        "The total number of sectors discarded successfully.",
    ),
    (
        "discard_time_seconds_total",
        Unit::Milliseconds,
        "This is the total number of seconds spent by all discards.",
    ),
    (
        "flush_requests_total",
        Unit::Count,
        "The total number of flush requests completed successfully",
    ),
    (
        "flush_requests_time_seconds_total",
        Unit::Milliseconds,
        "This is the total number of seconds spent by all flush requests.",
    ),
];

/// Columns that all kernels since 2.6.25 have; shorter lines are partitions of older ones and skipped.
const COLUMNS_MIN: usize = 11;
const SECTOR_BYTES: f64 = 512.0;
const MILLISECOND_SECONDS: f64 = 1.0 / 1000.0;

type Properties = HashMap<String, String>;

pub(super) struct Diskstats;

impl Collector for Diskstats {
    fn name(&self) -> &'static str {
        "diskstats"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let text = Text::read(roots.proc("diskstats"))?;
        for line in text.lines() {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [major, minor, device, columns @ ..] = fields.as_slice() else {
                return Err(text.malformed(format!("no device in {line:?}")));
            };
            if ignored(device) || columns.len() < COLUMNS_MIN {
                continue;
            }
            let udev = udev_properties(roots, text.number(major)?, text.number(minor)?);
            add_info(roots, (major, minor, device), &udev, metrics);
            for ((name, unit, help), field) in COLUMNS.into_iter().zip(columns) {
                let value = text.number::<u64>(field)? as f64;
                let (name, labels) = (format!("node_disk_{name}"), [("device", *device)]);
                match unit {
                    Unit::Now => metrics.gauge(name, help, &labels, value),
                    Unit::Count => metrics.counter(name, help, &labels, value),
                    Unit::SectorBytes => metrics.counter(name, help, &labels, value * SECTOR_BYTES),
                    Unit::Milliseconds => metrics.counter(name, help, &labels, value * MILLISECOND_SECONDS),
                }
            }
            add_udev(device, &udev, metrics);
        }
        Ok(())
    }
}

/// node_exporter's default filter, `^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$`: memory disks, loops,
/// floppies, partitions.
fn ignored(device: &str) -> bool {
    let digits_off = |text: &str| text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let stem = &device[..digits_off(device)];
    if stem.len() == device.len() {
        return false;
    }
    if matches!(stem, "ram" | "zram" | "loop" | "fd") {
        return true;
    }
    if let Some(letter) = ["hd", "sd", "vd", "xvd"]
        .iter()
        .find_map(|prefix| stem.strip_prefix(prefix))
    {
        return letter.len() == 1 && letter.bytes().all(|byte| byte.is_ascii_lowercase());
    }
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    stem.strip_prefix("nvme")
        .and_then(|rest| rest.strip_suffix('p'))
        .and_then(|rest| rest.split_once('n'))
        .is_some_and(|(controller, namespace)| is_number(controller) && is_number(namespace))
}

/// What udev has recorded of a block device; empty where udev does not run.
fn udev_properties(roots: &Roots, major: u32, minor: u32) -> Properties {
    let path = roots.root(&format!("run/udev/data/b{major}:{minor}"));
    let Ok(text) = Text::read(path) else {
        return Properties::new();
    };
    text.lines()
        .filter_map(|line| line.strip_prefix("E:")?.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn add_info(
    roots: &Roots,
    (major, minor, device): (&str, &str, &str),
    udev: &Properties,
    metrics: &mut Metrics,
) {
    let property = |name: &str| udev.get(name).map_or("", String::as_str);
    // The serial on the disk's label, else the short one, else virtio's.
    let serial = ["SCSI_IDENT_SERIAL", "ID_SERIAL_SHORT", "ID_SERIAL"]
        .into_iter()
        .map(property)
        .find(|serial| !serial.is_empty())
        .unwrap_or("");
    // A device called `cciss/c0d0` is `cciss!c0d0` in sysfs.
    let queue = roots
        .sys("block")
        .join(device.replace('/', "!"))
        .join("queue/rotational");
    let rotational = if number_attribute(&queue) == Some(1) {
        "1"
    } else {
        "0"
    };
    metrics.gauge(
        "node_disk_info",
        "Info of /sys/block/<block_device>.",
        &[
            ("device", device),
            ("major", major),
            ("minor", minor),
            ("path", property("ID_PATH")),
            ("wwn", property("ID_WWN")),
            ("model", property("ID_MODEL")),
            ("serial", serial),
            ("revision", property("ID_REVISION")),
            ("rotational", rotational),
        ],
        1.0,
    );
}

fn add_udev(device: &str, udev: &Properties, metrics: &mut Metrics) {
    let property = |name: &str| udev.get(name).map_or("", String::as_str);
    if !property("ID_FS_TYPE").is_empty() {
        metrics.gauge(
            "node_disk_filesystem_info",
            "Info about disk filesystem.",
            &[
                ("device", device),
                ("type", property("ID_FS_TYPE")),
                ("usage", property("ID_FS_USAGE")),
                ("uuid", property("ID_FS_UUID")),
                ("version", property("ID_FS_VERSION")),
            ],
            1.0,
        );
    }
    if !property("DM_NAME").is_empty() {
        metrics.gauge(
            "node_disk_device_mapper_info",
            "Info about disk device mapper.",
            &[
                ("device", device),
                ("name", property("DM_NAME")),
                ("uuid", property("DM_UUID")),
                ("vg_name", property("DM_VG_NAME")),
                ("lv_name", property("DM_LV_NAME")),
                ("lv_layer", property("DM_LV_LAYER")),
            ],
            1.0,
        );
    }
    if property("ID_ATA").is_empty() {
        return;
    }
    for (name, family, help) in [
        (
            "ID_ATA_WRITE_CACHE",
            "node_disk_ata_write_cache",
            "ATA disk has a write cache.",
        ),
        (
            "ID_ATA_WRITE_CACHE_ENABLED",
            "node_disk_ata_write_cache_enabled",
            "ATA disk has its write cache enabled.",
        ),
        (
            "ID_ATA_ROTATION_RATE_RPM",
            "node_disk_ata_rotation_rate_rpm",
            "ATA disk rotation rate in RPMs (0 for SSDs).",
        ),
    ] {
        if let Ok(value) = property(name).parse() {
            metrics.gauge(family, help, &[("device", device)], value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::{Fixture, assert_has};

    #[test]
    fn all_columns_in_their_units() {
        let fixture = Fixture::new();
        fixture.file(
            "proc/diskstats",
            "   7       0 loop0 1 2 3 4 5 6 7 8 9 10 11\n   8       1 sda1 1 2 3 4 5 6 7 8 9 10 11\n   \
             8       0 sda 25354637 34367663 1003346126 18492372 28444756 11134226 505697032 63877960 1 9653880 \
             82621804 12 13 14 15 16 17\n 252       0 dm-0 5 0 8 4 3 0 2 1 0 6 7\n   8 2 old 1 2 3 4\n",
        );
        fixture.file("sys/block/sda/queue/rotational", "1\n");
        fixture.file(
            "root/run/udev/data/b8:0",
            "S:disk/by-id/x\nE:ID_ATA=1\nE:ID_ATA_ROTATION_RATE_RPM=7200\nE:ID_MODEL=TOSHIBA\n\
             E:ID_SERIAL_SHORT=short\nE:SCSI_IDENT_SERIAL=label\nE:ID_FS_TYPE=ext4\nE:ID_PATH=pci-0000\n",
        );
        fixture.file(
            "root/run/udev/data/b252:0",
            "E:DM_NAME=vg-root\nE:DM_LV_NAME=root\n",
        );
        let samples = fixture.samples(&Diskstats);
        assert_has(
            &samples,
            &[
                "node_disk_reads_completed_total{device=\"sda\"} 2.5354637e+07",
                "node_disk_read_bytes_total{device=\"sda\"} 5.13713216512e+11",
                "node_disk_read_time_seconds_total{device=\"sda\"} 18492.372",
                "node_disk_io_now{device=\"sda\"} 1",
                "node_disk_io_time_weighted_seconds_total{device=\"sda\"} 82621.804",
                "node_disk_discarded_sectors_total{device=\"sda\"} 14",
                "node_disk_flush_requests_time_seconds_total{device=\"sda\"} 0.017",
                "node_disk_written_bytes_total{device=\"dm-0\"} 1024",
                "node_disk_info{device=\"sda\",major=\"8\",minor=\"0\",model=\"TOSHIBA\",path=\"pci-0000\",\
                 revision=\"\",rotational=\"1\",serial=\"label\",wwn=\"\"} 1",
                "node_disk_filesystem_info{device=\"sda\",type=\"ext4\",usage=\"\",uuid=\"\",version=\"\"} 1",
                "node_disk_device_mapper_info{device=\"dm-0\",lv_layer=\"\",lv_name=\"root\",name=\"vg-root\",\
                 uuid=\"\",vg_name=\"\"} 1",
                "node_disk_ata_rotation_rate_rpm{device=\"sda\"} 7200",
            ],
        );
        assert_eq!(samples.len(), 17 + 11 + 2 + 3, "only sda and dm-0: {samples:?}");
    }

    #[test]
    fn the_default_filter() {
        for (device, expected) in [
            ("ram0", true),
            ("zram1", true),
            ("loop12", true),
            ("fd0", true),
            ("sda1", true),
            ("xvda12", true),
            ("nvme0n1p2", true),
            ("sda", false),
            ("sdaa1", false),
            ("vda", false),
            ("nvme0n1", false),
            ("md0", false),
            ("dm-3", false),
            ("mmcblk0p2", false),
            ("123", false),
        ] {
            assert_eq!(ignored(device), expected, "{device}");
        }
    }

    #[test]
    fn malformed_lines_are_errors() {
        for line in [
            "8 0\n",
            "8 x sda 1 2 3 4 5 6 7 8 9 10 11\n",
            "8 0 sda 1 2 3 4 5 6 7 8 9 10 -1\n",
        ] {
            let fixture = Fixture::new();
            fixture.file("proc/diskstats", line);
            assert!(
                matches!(fixture.run(&Diskstats).1, Err(CollectError::Malformed { .. })),
                "{line:?}"
            );
        }
    }
}
