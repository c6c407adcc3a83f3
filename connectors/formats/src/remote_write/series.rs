//! One series of a request, in buffers that serve the next one again.

use super::exemplar::{Exemplars, SentExemplar};
use super::histogram::SentHistogram;
use super::labels::{LabelBytes, LabelPairs, ReferenceError};
use super::metadata::Metadata;

/// One float sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// Milliseconds since the epoch.
    pub timestamp: i64,
    /// The value; NaN payloads are kept.
    pub value: f64,
}

/// One series of a request.
#[derive(Debug, Default)]
pub struct Series<'a> {
    pub(super) labels: LabelBytes<'a>,
    /// Its float samples, as sent.
    pub samples: Vec<Sample>,
    /// When what the float samples count began, ms, 0 where it is not said; empty when no sample says it.
    pub start_timestamps: Vec<i64>,
    /// Its native histograms, as sent.
    pub histograms: Vec<SentHistogram<'a>>,
    pub(super) exemplars: Exemplars,
    /// What it says of its metric; version 2.0 only.
    pub metadata: Option<Metadata<'a>>,
    /// Why the labels of version 2.0 make no sense; they are empty then.
    pub fault: Option<ReferenceError>,
}

impl<'a> Series<'a> {
    /// The bytes that hold the labels, in an encoding of the version: equal bytes of one version mean equal
    /// labels.
    #[inline]
    pub fn label_bytes(&self) -> &[u8] {
        self.labels.bytes()
    }

    /// The labels as sent: unchecked, in any order.
    pub fn labels(&self) -> LabelPairs<'_> {
        self.labels.pairs()
    }

    /// Its exemplars, as sent, each with its labels.
    pub fn exemplars(&self) -> impl Iterator<Item = (&SentExemplar, LabelPairs<'_>)> {
        self.exemplars
            .list
            .iter()
            .map(|exemplar| (exemplar, self.exemplars.labels(exemplar)))
    }

    pub(super) fn clear(&mut self) {
        self.labels.clear();
        self.samples.clear();
        self.start_timestamps.clear();
        self.histograms.clear();
        self.exemplars.clear();
        self.metadata = None;
        self.fault = None;
    }

    /// Adds a sample with the start of what it counts, 0 when that is not said.
    #[inline]
    pub(super) fn push_sample(&mut self, sample: Sample, start_timestamp: i64) {
        if start_timestamp != 0 || !self.start_timestamps.is_empty() {
            self.start_timestamps.resize(self.samples.len(), 0);
            self.start_timestamps.push(start_timestamp);
        }
        self.samples.push(sample);
    }
}
