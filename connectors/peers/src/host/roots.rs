//! Where the kernel's files are: the real `/proc`, `/sys`, `/`, a container's mounts of them, or fixtures.

use std::path::{Path, PathBuf};

/// Where the host's file trees are mounted; node_exporter's `--path.{procfs,sysfs,rootfs}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roots {
    /// The proc file system, `/proc` by default.
    pub procfs: PathBuf,
    /// The sys file system, `/sys` by default.
    pub sysfs: PathBuf,
    /// The host's root, `/` by default: `etc/os-release`, `run/udev/data` and mount points are below it.
    pub rootfs: PathBuf,
}

impl Default for Roots {
    fn default() -> Self {
        Self {
            procfs: "/proc".into(),
            sysfs: "/sys".into(),
            rootfs: "/".into(),
        }
    }
}

impl Roots {
    /// A path below the proc file system.
    pub(super) fn proc(&self, relative: &str) -> PathBuf {
        self.procfs.join(relative)
    }

    /// A path below the sys file system.
    pub(super) fn sys(&self, relative: &str) -> PathBuf {
        self.sysfs.join(relative)
    }

    /// A path of the host (absolute or not) as seen from here.
    pub(super) fn root(&self, host_path: &str) -> PathBuf {
        self.rootfs.join(host_path.trim_start_matches('/'))
    }

    /// The host's own name of a mount point listed in `mountinfo`: the root's prefix is taken off.
    pub(super) fn without_root_prefix<'a>(&self, mount_point: &'a str) -> &'a str {
        if self.rootfs == Path::new("/") {
            return mount_point;
        }
        let root = self.rootfs.to_string_lossy();
        match mount_point.strip_prefix(root.trim_end_matches('/')) {
            Some("") => "/",
            Some(stripped) => stripped,
            None => mount_point,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mount_points_lose_the_prefix_of_the_root() {
        for (rootfs, mount_point, expected) in [
            ("/", "/home", "/home"),
            ("/host", "/host", "/"),
            ("/host", "/host/home", "/home"),
            ("/host/", "/host/home", "/home"),
            ("/host", "/proc", "/proc"),
        ] {
            let roots = Roots {
                rootfs: rootfs.into(),
                ..Roots::default()
            };
            assert_eq!(
                roots.without_root_prefix(mount_point),
                expected,
                "{rootfs} {mount_point}"
            );
        }
    }
}
