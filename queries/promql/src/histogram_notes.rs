//! What is said about computations with native histograms, in Prometheus's words.

use engine_model::labels::Quoted;

use crate::annotations::Annotations;
use crate::parser::Span;

/// What was being computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HistogramOperation {
    Addition,
    Subtraction,
    Aggregation,
}

impl HistogramOperation {
    fn name(self) -> &'static str {
        match self {
            Self::Addition => "addition",
            Self::Subtraction => "subtraction",
            Self::Aggregation => "aggregation",
        }
    }
}

/// Tells of one series, or of none where `name` is empty.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HistogramNotes<'a> {
    pub(crate) annotations: &'a Annotations,
    pub(crate) span: Span,
    /// Name of the metric.
    pub(crate) name: &'a str,
}

impl HistogramNotes<'_> {
    fn warn_of_metric(&self, text: &str) {
        self.annotations
            .warn(&format!("{text} {}", Quoted(self.name)), self.span);
    }

    /// A function that needs samples of one kind got both.
    pub(crate) fn mixed_kinds(&self) {
        self.warn_of_metric("encountered a mix of histograms and floats for metric name");
    }

    /// A group that is added up has samples of both kinds.
    pub(crate) fn mixed_kinds_in_aggregation(&self) {
        let text = "encountered a mix of histograms and floats for aggregation";
        self.annotations.warn(text, self.span);
    }

    /// Exponential and custom buckets cannot be computed with together.
    pub(crate) fn mixed_buckets(&self) {
        self.warn_of_metric(
            "vector contains a mix of histograms with exponential and custom buckets schemas for metric name",
        );
    }

    /// A gauge where a counter is meant.
    pub(crate) fn not_counter(&self) {
        self.warn_of_metric("this native histogram metric is not a counter:");
    }

    /// A counter where a gauge is meant.
    pub(crate) fn not_gauge(&self) {
        self.warn_of_metric("this native histogram metric is not a gauge:");
    }

    /// A function of floats left histograms out.
    pub(crate) fn ignored_in_range(&self) {
        let text = "ignored histograms in a range containing both floats and histograms for metric name";
        self.annotations
            .info(&format!("{text} {}", Quoted(self.name)), self.span);
    }

    /// An aggregation of floats left a histogram out.
    pub(crate) fn ignored_in_aggregation(&self, aggregation: &str) {
        let text = format!("ignored histogram in {aggregation} aggregation");
        self.annotations.info(&text, self.span);
    }

    /// Histograms that say both that there was a reset and that there was none.
    pub(crate) fn collision(&self, operation: HistogramOperation) {
        let text = format!("conflicting counter resets during histogram {}", operation.name());
        self.annotations.warn(&text, self.span);
    }

    /// Custom bounds differed.
    pub(crate) fn reconciled(&self, operation: HistogramOperation) {
        let text = format!(
            "mismatched custom buckets were reconciled during {}",
            operation.name()
        );
        self.annotations.info(&text, self.span);
    }

    /// A sample says that it began before the sample before it.
    pub(crate) fn start_overlap(&self) {
        let text = "sample has start time that overlaps with previous sample timestamp for metric";
        self.warn_of_metric(text);
    }

    fn info_about(&self, text: &str) {
        let mut text = text.to_owned();
        if !self.name.is_empty() {
            text.push_str(&format!(" for metric name {}", Quoted(self.name)));
        }
        self.annotations.info(&text, self.span);
    }

    /// Classic and native buckets of one name and labels.
    pub(crate) fn mixed_classic_and_native(&self) {
        let mut text = "vector contains a mix of classic and native histograms".to_owned();
        if !self.name.is_empty() {
            text.push_str(&format!(" for metric name {}", Quoted(self.name)));
        }
        self.annotations.warn(&text, self.span);
    }

    /// Observations of NaN leave a quantile undefined.
    pub(crate) fn nan_quantile(&self) {
        self.info_about("input to histogram_quantile has NaN observations, result is NaN");
    }

    /// Observations of NaN push a quantile up.
    pub(crate) fn skewed_quantile(&self) {
        self.info_about("input to histogram_quantile has NaN observations, result is skewed higher");
    }

    /// Observations of NaN are in no share.
    pub(crate) fn nan_fraction(&self) {
        self.info_about(
            "input to histogram_fraction has NaN observations, which are excluded from all fractions",
        );
    }
}
