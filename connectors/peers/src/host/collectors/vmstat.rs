//! `vmstat`: paging, swapping, faults and OOM kills from `/proc/vmstat`.

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::text::Text;

pub(super) struct Vmstat;

/// node_exporter's default filter, `^(oom_kill|pgpg|pswp|pg.*fault).*`.
fn wanted(field: &str) -> bool {
    ["oom_kill", "pgpg", "pswp"]
        .iter()
        .any(|prefix| field.starts_with(prefix))
        || field
            .strip_prefix("pg")
            .is_some_and(|rest| rest.contains("fault"))
}

impl Collector for Vmstat {
    fn name(&self) -> &'static str {
        "vmstat"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let text = Text::read(roots.proc("vmstat"))?;
        for line in text.lines() {
            let Some((field, value)) = line.split_once(' ') else {
                return Err(text.malformed(format!("expected a field and its value in {line:?}")));
            };
            let value = text.number(value.trim())?;
            if wanted(field) {
                let help = format!("/proc/vmstat information field {field}.");
                metrics.untyped(format!("node_vmstat_{field}"), help, &[], value);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::Fixture;

    #[test]
    fn the_default_fields() {
        let fixture = Fixture::new();
        fixture.file(
            "proc/vmstat",
            "nr_free_pages 5\npgpgin 10\npswpout 3\npgfault 42\npgmajfault 7\npgalloc_dma 1\noom_kill 2\n",
        );
        let (out, result) = fixture.run(&Vmstat);
        result.unwrap();
        assert!(out.starts_with(
            "# HELP node_vmstat_oom_kill /proc/vmstat information field oom_kill.\n\
             # TYPE node_vmstat_oom_kill untyped\nnode_vmstat_oom_kill 2\n"
        ));
        let samples = fixture.samples(&Vmstat);
        assert_eq!(samples.len(), 5, "{samples:?}");
        fixture.file("proc/vmstat", "pgfault many\n");
        assert!(matches!(
            fixture.run(&Vmstat).1,
            Err(CollectError::Malformed { .. })
        ));
    }
}
