//! `filesystem`: size, free space and inodes of each mounted file system, from `mountinfo` and `statfs(2)`.
//! A mount point that does not answer (a lost NFS server) is marked and left alone until it answers.

mod mounts;
mod probe;

use std::collections::BTreeSet;

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use mounts::Mount;
use probe::Probe;

#[derive(Default)]
pub(super) struct Filesystem {
    probe: Probe,
}

impl Collector for Filesystem {
    fn name(&self) -> &'static str {
        "filesystem"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let mut seen = BTreeSet::new();
        let mounts: Vec<Mount> = mounts::read(roots)?
            .into_iter()
            .filter(|mount| !ignored_mount_point(&mount.mount_point) && !ignored_type(&mount.kind))
            // The same device may be mounted twice at one place; the first is told.
            .filter(|mount| {
                seen.insert((
                    mount.device.clone(),
                    mount.mount_point.clone(),
                    mount.kind.clone(),
                ))
            })
            .collect();
        let paths = mounts
            .iter()
            .map(|mount| roots.root(&mount.mount_point))
            .collect();
        let sizes = self.probe.sizes(paths);
        for (mount, size) in mounts.iter().zip(sizes) {
            let error = size.as_ref().err().map_or("", String::as_str);
            let labels = [
                ("device", mount.device.as_str()),
                ("mountpoint", mount.mount_point.as_str()),
                ("fstype", mount.kind.as_str()),
                ("device_error", error),
            ];
            let mut add = |name: &'static str, help: &'static str, value: f64| {
                metrics.gauge(name, help, &labels, value);
            };
            add(
                "node_filesystem_device_error",
                "Whether an error occurred while getting statistics for the given device.",
                f64::from(u8::from(size.is_err())),
            );
            add(
                "node_filesystem_readonly",
                "Filesystem read-only status.",
                f64::from(u8::from(mount.read_only)),
            );
            let Ok(size) = size else { continue };
            add(
                "node_filesystem_size_bytes",
                "Filesystem size in bytes.",
                size.size_bytes,
            );
            add(
                "node_filesystem_free_bytes",
                "Filesystem free space in bytes.",
                size.free_bytes,
            );
            add(
                "node_filesystem_avail_bytes",
                "Filesystem space available to non-root users in bytes.",
                size.available_bytes,
            );
            add(
                "node_filesystem_files",
                "Filesystem total file nodes.",
                size.files,
            );
            add(
                "node_filesystem_files_free",
                "Filesystem total free file nodes.",
                size.files_free,
            );
            add_mount_info(mount, metrics);
        }
        Ok(())
    }
}

fn add_mount_info(mount: &Mount, metrics: &mut Metrics) {
    metrics.gauge(
        "node_filesystem_mount_info",
        "Filesystem mount information.",
        &[
            ("device", &mount.device),
            ("major", &mount.major.to_string()),
            ("minor", &mount.minor.to_string()),
            ("mountpoint", &mount.mount_point),
        ],
        1.0,
    );
}

/// node_exporter's default filter:
/// `^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)`.
fn ignored_mount_point(mount_point: &str) -> bool {
    let whole = ["/dev", "/proc", "/sys"].iter().any(|folder| {
        mount_point
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    let below = [
        "/run/credentials/",
        "/var/lib/docker/",
        "/var/lib/containers/storage/",
    ]
    .iter()
    .any(|folder| {
        mount_point
            .strip_prefix(folder)
            .is_some_and(|rest| !rest.is_empty())
    });
    whole || below
}

/// node_exporter's default filter: file systems without storage of their own, and read-only images.
fn ignored_type(kind: &str) -> bool {
    matches!(
        kind,
        "autofs"
            | "binfmt_misc"
            | "bpf"
            | "cgroup"
            | "cgroup2"
            | "configfs"
            | "debugfs"
            | "devpts"
            | "devtmpfs"
            | "erofs"
            | "fusectl"
            | "hugetlbfs"
            | "iso9660"
            | "mqueue"
            | "nsfs"
            | "overlay"
            | "proc"
            | "procfs"
            | "pstore"
            | "rpc_pipefs"
            | "securityfs"
            | "selinuxfs"
            | "squashfs"
            | "sysfs"
            | "tracefs"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::{Fixture, assert_has};

    #[test]
    fn mounted_file_systems_and_their_errors() {
        let fixture = Fixture::new();
        fixture.file("root/data dir/file", "");
        fixture.file(
            "proc/1/mountinfo",
            "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
             23 22 0:5 / /proc rw - proc proc rw\n\
             24 22 8:1 / /data\\040dir ro,noatime - xfs /dev/sda1 rw\n\
             25 22 8:2 / /gone rw - ext4 /dev/sda2 rw,errors=remount-ro\n\
             26 22 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n\
             27 22 0:30 / /var/lib/docker/overlay2/x rw - tmpfs tmpfs rw\n",
        );
        let samples = fixture.samples(&Filesystem::default());
        let root = "device=\"/dev/vda\",device_error=\"\",fstype=\"ext4\",mountpoint=\"/\"";
        let data = "device=\"/dev/sda1\",device_error=\"\",fstype=\"xfs\",mountpoint=\"/data dir\"";
        let gone = "device=\"/dev/sda2\",device_error=\"no such file or directory\",fstype=\"ext4\",\
                    mountpoint=\"/gone\"";
        assert_has(
            &samples,
            &[
                &format!("node_filesystem_device_error{{{root}}} 0"),
                &format!("node_filesystem_readonly{{{root}}} 0"),
                &format!("node_filesystem_readonly{{{data}}} 1"),
                &format!("node_filesystem_device_error{{{gone}}} 1"),
                &format!("node_filesystem_readonly{{{gone}}} 0"),
                "node_filesystem_mount_info{device=\"/dev/vda\",major=\"254\",minor=\"0\",mountpoint=\"/\"} 1",
            ],
        );
        for family in ["size_bytes", "free_bytes", "avail_bytes", "files", "files_free"] {
            let of_family = |labels: &str| {
                samples
                    .iter()
                    .any(|line| line.starts_with(&format!("node_filesystem_{family}{{{labels}}} ")))
            };
            assert!(of_family(root) && of_family(data) && !of_family(gone), "{family}");
        }
        assert_eq!(samples.len(), 8 + 8 + 2, "{samples:?}");
    }

    #[test]
    fn the_default_filters() {
        for (mount_point, expected) in [
            ("/dev", true),
            ("/dev/shm", true),
            ("/developer", false),
            ("/proc/sys/fs/binfmt_misc", true),
            ("/run", false),
            ("/run/credentials/systemd-sysusers.service", true),
            ("/var/lib/docker", false),
            ("/var/lib/docker/overlay2/x/merged", true),
            ("/mnt/nfs", false),
        ] {
            assert_eq!(ignored_mount_point(mount_point), expected, "{mount_point}");
        }
        for (kind, expected) in [
            ("cgroup2", true),
            ("tmpfs", false),
            ("nfs4", false),
            ("overlay", true),
        ] {
            assert_eq!(ignored_type(kind), expected, "{kind}");
        }
    }
}
