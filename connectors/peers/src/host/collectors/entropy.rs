//! `entropy`: the kernel's random pool.

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::text::Text;

pub(super) struct Entropy;

impl Collector for Entropy {
    fn name(&self) -> &'static str {
        "entropy"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        for (file, name, help) in [
            (
                "entropy_avail",
                "node_entropy_available_bits",
                "Bits of available entropy.",
            ),
            ("poolsize", "node_entropy_pool_size_bits", "Bits of entropy pool."),
        ] {
            let text = Text::read(roots.proc("sys/kernel/random").join(file))?;
            metrics.gauge(name, help, &[], text.number::<u64>(text.trimmed())? as f64);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::Fixture;

    #[test]
    fn both_files_are_needed() {
        let fixture = Fixture::new();
        fixture.file("proc/sys/kernel/random/entropy_avail", "256\n");
        assert!(matches!(fixture.run(&Entropy).1, Err(CollectError::Read { .. })));
        fixture.file("proc/sys/kernel/random/poolsize", "4096\n");
        assert_eq!(
            fixture.samples(&Entropy),
            [
                "node_entropy_available_bits 256",
                "node_entropy_pool_size_bits 4096"
            ]
        );
    }
}
