//! `meminfo`: each field of `/proc/meminfo` as `node_memory_<field>`, with `_bytes` where it is in kB.

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::{Metrics, metric_name_part};
use crate::host::roots::Roots;
use crate::host::text::Text;

pub(super) struct Meminfo;

impl Collector for Meminfo {
    fn name(&self) -> &'static str {
        "meminfo"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let text = Text::read(roots.proc("meminfo"))?;
        for line in text.lines() {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (field, value, kilobytes) = match fields.as_slice() {
                [] => continue,
                [field, value] => (field, value, false),
                [field, value, "kB"] => (field, value, true),
                _ => return Err(text.malformed(format!("expected a field and its value in {line:?}"))),
            };
            // `Active(anon):` becomes `Active_anon`.
            let mut name = metric_name_part(field.trim_end_matches([':', ')']));
            let mut value = text.number::<u64>(value)? as f64;
            if kilobytes {
                name.push_str("_bytes");
                value *= 1024.0;
            }
            let help = format!("Memory information field {name}.");
            metrics.gauge(format!("node_memory_{name}"), help, &[], value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::Fixture;

    #[test]
    fn names_and_units() {
        let fixture = Fixture::new();
        fixture.file(
            "proc/meminfo",
            "MemTotal:        3742148 kB\nActive(anon):       2048 kB\nCommitted_AS:          1 kB\n\
             HugePages_Total:       7\nNFS_Unstable:          0 kB\nDirectMap4k:      190464 kB\n",
        );
        let (out, result) = fixture.run(&Meminfo);
        result.unwrap();
        for expected in [
            "# HELP node_memory_Active_anon_bytes Memory information field Active_anon_bytes.\n\
             # TYPE node_memory_Active_anon_bytes gauge\nnode_memory_Active_anon_bytes 2.097152e+06\n",
            "\nnode_memory_MemTotal_bytes 3.831959552e+09\n",
            "\nnode_memory_Committed_AS_bytes 1024\n",
            "\nnode_memory_HugePages_Total 7\n",
            "\nnode_memory_NFS_Unstable_bytes 0\n",
            "\nnode_memory_DirectMap4k_bytes 1.95035136e+08\n",
        ] {
            assert!(out.contains(expected), "no {expected:?} in\n{out}");
        }
    }

    #[test]
    fn malformed_lines_are_errors() {
        for content in ["MemTotal:\n", "MemTotal: x kB\n", "MemTotal: 1 MB\n"] {
            let fixture = Fixture::new();
            fixture.file("proc/meminfo", content);
            assert!(
                matches!(fixture.run(&Meminfo).1, Err(CollectError::Malformed { .. })),
                "{content:?}"
            );
        }
    }
}
