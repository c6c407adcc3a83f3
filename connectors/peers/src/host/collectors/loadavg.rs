//! `loadavg`: the three load averages.

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::text::Text;

pub(super) struct Loadavg;

impl Collector for Loadavg {
    fn name(&self) -> &'static str {
        "loadavg"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let text = Text::read(roots.proc("loadavg"))?;
        let mut fields = text.trimmed().split_whitespace();
        for (name, help) in [
            ("node_load1", "1m load average."),
            ("node_load5", "5m load average."),
            ("node_load15", "15m load average."),
        ] {
            let field = fields
                .next()
                .ok_or_else(|| text.malformed("expected 3 load averages"))?;
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
    fn three_averages() {
        let fixture = Fixture::new();
        fixture.file("proc/loadavg", "0.21 0.37 0.39 1/719 19737\n");
        assert_eq!(
            fixture.samples(&Loadavg),
            ["node_load1 0.21", "node_load15 0.39", "node_load5 0.37"]
        );
    }

    #[test]
    fn a_missing_or_short_file_is_an_error() {
        let fixture = Fixture::new();
        assert!(matches!(fixture.run(&Loadavg).1, Err(CollectError::Read { .. })));
        fixture.file("proc/loadavg", "0.21 0.37\n");
        assert!(matches!(
            fixture.run(&Loadavg).1,
            Err(CollectError::Malformed { .. })
        ));
    }
}
