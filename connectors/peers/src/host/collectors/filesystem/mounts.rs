//! The mount table: `/proc/1/mountinfo`, or this process's own where another's is hidden.

use crate::host::collector::CollectError;
use crate::host::roots::Roots;
use crate::host::text::Text;

/// One mounted file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mount {
    pub(super) device: String,
    /// As the host sees it, without the prefix of our view of its root.
    pub(super) mount_point: String,
    /// The file system's type, `ext4`.
    pub(super) kind: String,
    pub(super) major: u32,
    pub(super) minor: u32,
    pub(super) read_only: bool,
}

/// All mounts, in the kernel's order.
pub(super) fn read(roots: &Roots) -> Result<Vec<Mount>, CollectError> {
    let text = match Text::read_if_present(roots.proc("1/mountinfo"))? {
        Some(text) => text,
        None => Text::read(roots.proc("self/mountinfo"))?,
    };
    text.lines()
        .map(|line| parse(line, roots).ok_or_else(|| text.malformed(format!("{line:?}"))))
        .collect()
}

/// `id parent major:minor root mount-point options [optional…] - type source super-options`.
fn parse(line: &str, roots: &Roots) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    let before: Vec<&str> = before.split(' ').collect();
    let [_, _, numbers, _, mount_point, options, ..] = before.as_slice() else {
        return None;
    };
    let [kind, device, super_options] = after.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let (major, minor) = numbers.split_once(':')?;
    let has = |options: &str, wanted: &str| options.split(',').any(|option| option == wanted);
    Some(Mount {
        device: device.to_owned(),
        mount_point: roots.without_root_prefix(&unescape(mount_point)).to_owned(),
        kind: kind.to_owned(),
        major: major.parse().ok()?,
        minor: minor.parse().ok()?,
        read_only: has(options, "ro") || has(super_options, "ro") || has(super_options, "emergency_ro"),
    })
}

/// The kernel writes space, tab, line feed and backslash in mount points as octal escapes.
fn unescape(text: &str) -> String {
    text.replace("\\040", " ")
        .replace("\\011", "\t")
        .replace("\\012", "\n")
        .replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::Fixture;

    #[test]
    fn lines_of_mountinfo() {
        let roots = Roots {
            rootfs: "/host".into(),
            ..Roots::default()
        };
        for (line, expected) in [
            (
                "36 35 98:1 /mnt1 /host/mnt\\0402 rw,noatime shared:1 master:2 - ext3 /dev/root ro,errors=continue",
                Some(("/dev/root", "/mnt 2", "ext3", 98, 1, true)),
            ),
            (
                "28 1 254:0 / /host rw - ext4 /dev/vda rw",
                Some(("/dev/vda", "/", "ext4", 254, 0, false)),
            ),
            (
                "28 1 254:0 / / rw - ext4 /dev/vda rw,emergency_ro",
                Some(("/dev/vda", "/", "ext4", 254, 0, true)),
            ),
            ("28 1 254:0 / / rw ext4 /dev/vda rw", None),
            ("28 1 254 / / rw - ext4 /dev/vda rw", None),
            ("28 1 254:0 / / rw - ext4 /dev/vda", None),
        ] {
            let mount = parse(line, &roots);
            let found = mount.as_ref().map(|m| {
                (
                    m.device.as_str(),
                    m.mount_point.as_str(),
                    m.kind.as_str(),
                    m.major,
                    m.minor,
                    m.read_only,
                )
            });
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn own_mounts_stand_in_for_hidden_ones() {
        let fixture = Fixture::new();
        assert!(matches!(read(&fixture.roots()), Err(CollectError::Read { .. })));
        fixture.file("proc/self/mountinfo", "28 1 254:0 / / rw - ext4 /dev/vda rw\n");
        assert_eq!(read(&fixture.roots()).unwrap().len(), 1);
    }
}
