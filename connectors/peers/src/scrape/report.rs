//! The series that each scrape adds about itself: `up` and its siblings.

use engine_model::Labels;

use super::labels::report_labels;

/// What is reported of one scrape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Report {
    /// Whether it worked.
    pub(super) up: bool,
    /// From the request to the parsed samples, in seconds.
    pub(super) duration_seconds: f64,
    /// Samples in the body.
    pub(super) scraped: usize,
    /// Of these, samples that metric relabelling kept.
    pub(super) post_relabelling: usize,
    /// Lines that the latest successful scrape did not have.
    pub(super) series_added: usize,
    /// Bytes of the body, 0 when there is none, -1 when it hit its limit.
    pub(super) body_bytes: i64,
}

const NAMES: [&str; 5] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
];

const EXTRA_NAMES: [&str; 3] = [
    "scrape_timeout_seconds",
    "scrape_sample_limit",
    "scrape_body_size_bytes",
];

/// The report series of one target.
#[derive(Debug)]
pub(super) struct ReportSeries {
    labels: Vec<Labels>,
    timeout_seconds: f64,
    sample_limit: u64,
}

impl ReportSeries {
    pub(super) fn new(target: &Labels, extra: bool, timeout_ms: i64, sample_limit: u64) -> Self {
        let extra: &[&str] = if extra { &EXTRA_NAMES } else { &[] };
        let names = NAMES.iter().chain(extra);
        Self {
            labels: names.map(|name| report_labels(name, target)).collect(),
            timeout_seconds: timeout_ms as f64 / 1000.0,
            sample_limit,
        }
    }

    /// The series, in the order of [`ReportSeries::values`].
    pub(super) fn labels(&self) -> &[Labels] {
        &self.labels
    }

    /// Each series with its value.
    pub(super) fn values(&self, report: &Report) -> impl Iterator<Item = (&Labels, f64)> {
        let values = [
            f64::from(u8::from(report.up)),
            report.duration_seconds,
            report.scraped as f64,
            report.post_relabelling as f64,
            report.series_added as f64,
            self.timeout_seconds,
            self.sample_limit as f64,
            report.body_bytes as f64,
        ];
        self.labels.iter().zip(values)
    }
}
