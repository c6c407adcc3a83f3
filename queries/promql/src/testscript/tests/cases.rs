//! Our own scripts: what the upstream corpus does not reach, with metric names that go at once and later.

use crate::EngineConfig;
use crate::testscript::{InMemoryEngine, format_reports, run_script};

/// Name, text, and whether the script is about one way of dropping names only (`true`: later).
const SCRIPTS: &[(&str, &str, Option<bool>)] = &[
    ("aggregation", include_str!("../cases/aggregation.test"), None),
    ("buckets", include_str!("../cases/buckets.test"), None),
    ("edges", include_str!("../cases/edges.test"), None),
    ("histograms", include_str!("../cases/histograms.test"), None),
    ("information", include_str!("../cases/information.test"), None),
    ("labels", include_str!("../cases/labels.test"), None),
    ("matching", include_str!("../cases/matching.test"), None),
    (
        "names_at_once",
        include_str!("../cases/names_at_once.test"),
        Some(false),
    ),
    (
        "names_later",
        include_str!("../cases/names_later.test"),
        Some(true),
    ),
    ("numbers", include_str!("../cases/numbers.test"), None),
    ("selection", include_str!("../cases/selection.test"), None),
    ("windows", include_str!("../cases/windows.test"), None),
];

#[test]
fn all_pass() {
    for delayed_name_removal in [true, false] {
        let config = EngineConfig {
            delayed_name_removal,
            ..InMemoryEngine::script_config()
        };
        let mut engine = InMemoryEngine::with_config(config).unwrap();
        let meant = SCRIPTS
            .iter()
            .filter(|(.., only)| only.is_none_or(|only| only == delayed_name_removal));
        let reports: Vec<_> = meant
            .map(|(name, text, _)| run_script(name, text, &mut engine))
            .collect();
        let failed = reports.iter().any(|report| !report.failures.is_empty());
        assert!(
            !failed,
            "names go {}:\n{}",
            if delayed_name_removal { "later" } else { "at once" },
            format_reports(&reports, true)
        );
        assert!(reports.iter().all(|report| report.passed > 0));
    }
}
