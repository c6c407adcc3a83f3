//! `filefd`: open file descriptors of the whole machine.

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::text::Text;

pub(super) struct Filefd;

impl Collector for Filefd {
    fn name(&self) -> &'static str {
        "filefd"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let text = Text::read(roots.proc("sys/fs/file-nr"))?;
        // The middle number has been 0 since Linux 2.6.
        let fields: Vec<&str> = text.trimmed().split_whitespace().collect();
        let [allocated, _, maximum] = fields.as_slice() else {
            return Err(text.malformed(format!("expected 3 numbers, found {}", fields.len())));
        };
        for (name, help, field) in [
            (
                "node_filefd_allocated",
                "File descriptor statistics: allocated.",
                allocated,
            ),
            (
                "node_filefd_maximum",
                "File descriptor statistics: maximum.",
                maximum,
            ),
        ] {
            metrics.gauge(name, help, &[], text.number(field)?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::Fixture;

    #[test]
    fn allocated_and_maximum() {
        let fixture = Fixture::new();
        fixture.file("proc/sys/fs/file-nr", "1024\t0\t9223372036854775807\n");
        assert_eq!(
            fixture.samples(&Filefd),
            [
                "node_filefd_allocated 1024",
                "node_filefd_maximum 9.223372036854776e+18"
            ]
        );
        fixture.file("proc/sys/fs/file-nr", "1024\n");
        assert!(matches!(
            fixture.run(&Filefd).1,
            Err(CollectError::Malformed { .. })
        ));
    }
}
