//! A decompressed request to a batch. Pure: time is an argument. A series that came before costs a hash and a
//! look-up; nothing is interned until the whole request is known to be good.

use std::sync::Arc;

use connectors_formats::remote_write::{Metadata, SentHistogram, Series, WireError, v1, v2};
use engine_model::histogram::Histogram;
use engine_model::{Exemplar, Labels, SampleBatch, SampleBatchBuilder, SeriesRef, SeriesTable};

use super::content::Version;
use super::faults::{Faults, RequestError};
use super::label_key::{described_key, label_key};
use super::labels::{InvalidLabels, described, label_set, series_labels, shown};
use super::metadata::MetricMetadata;
use super::outcome::Written;
use super::series_cache::{Lookups, SeriesCache};
use super::starts::{Start, Starts, Zeros};
use crate::IngestFeatures;
use crate::counter_zero::empty_histogram;
use crate::resolution;

/// A sample may be this far ahead of the clock, as in Prometheus.
const AHEAD_MAX_MS: i64 = 600_000;
/// Bytes of a message for each sample, roughly, when each series has one: what is reserved beforehand.
const SAMPLE_BYTES: usize = 150;
/// Marks the number of a new series among those of the request, which has no reference yet. References are
/// dense, so that bit is free.
const NEW_BIT: u64 = 1 << 63;

/// What a request holds.
#[derive(Debug, Default)]
pub(super) struct Request {
    /// A row a float sample: its series, or [`NEW_BIT`] and the number of its labels in `new`.
    series: Vec<u64>,
    timestamps: Vec<i64>,
    values: Vec<f64>,
    histograms: Vec<(u64, i64, Arc<Histogram>)>,
    exemplars: Vec<(u64, Labels, i64, f64)>,
    new: Vec<(u128, Labels)>,
    /// When what the float samples and the histograms count began, ms, 0 where it is not said; as far as it is said,
    /// and kept where it is stored.
    float_starts: Vec<i64>,
    histogram_starts: Vec<i64>,
    /// Where series begin that say it.
    starts: Vec<Start>,
    /// Rows that were not sent: zeros between two samples of a series.
    zeros: Written,
    /// What is said of metrics.
    pub(super) metadata: Vec<(String, MetricMetadata)>,
    /// What is not stored, for the sender (version 2.0) and for counters.
    pub(super) faults: Faults,
}

/// What a series said of its start so far.
#[derive(Debug, Default)]
struct Begun {
    latest_ms: Option<i64>,
    started_ms: Option<i64>,
}

/// One reading of a request.
struct Run<'c> {
    version: Version,
    features: IngestFeatures,
    newest_ms: i64,
    lookups: Lookups<'c>,
    out: Request,
    buffer: Vec<u8>,
    /// The first fault that refuses a whole request of version 1.0.
    refused: Option<RequestError>,
}

impl Request {
    /// Decodes and checks a message.
    pub(super) fn decode(
        version: Version,
        message: &[u8],
        now_ms: i64,
        features: IngestFeatures,
        cache: &SeriesCache,
    ) -> Result<Self, RequestError> {
        let rows = message.len() / SAMPLE_BYTES;
        let mut run = Run {
            version,
            // Version 1.0 knows of no starts and says metadata apart from series.
            features: match version {
                Version::V1 => IngestFeatures::default(),
                Version::V2 => features,
            },
            newest_ms: now_ms.saturating_add(AHEAD_MAX_MS),
            lookups: cache.reader(),
            out: Self {
                series: Vec::with_capacity(rows),
                timestamps: Vec::with_capacity(rows),
                values: Vec::with_capacity(rows),
                ..Self::default()
            },
            buffer: Vec::new(),
            refused: None,
        };
        match version {
            Version::V1 => {
                let mut said = Vec::new();
                v1::decode(
                    message,
                    |series| run.series(series),
                    |metadata| {
                        let family = String::from_utf8_lossy(metadata.family).into_owned();
                        said.push((family, MetricMetadata::from(metadata)));
                    },
                )?;
                run.out.metadata = said;
            }
            Version::V2 => v2::decode(message, |series| run.series(series))?,
        }
        match run.refused {
            Some(refused) => Err(refused),
            None => Ok(run.out),
        }
    }

    /// Number of float samples that were sent.
    pub(super) fn samples(&self) -> usize {
        self.values.len() - self.zeros.samples
    }

    /// Number of native histograms that were sent.
    pub(super) fn histograms(&self) -> usize {
        self.histograms.len() - self.zeros.histograms
    }

    /// The request as one batch, and the zeros that come before it; its new series are interned and remembered.
    pub(super) fn into_batches(
        mut self,
        table: &Arc<SeriesTable>,
        cache: &SeriesCache,
        starts: &Starts,
    ) -> (Option<Zeros>, SampleBatch) {
        let made = cache.intern(self.new.iter().map(|(key, labels)| (*key, labels)));
        let resolve = |series: u64| match series & NEW_BIT {
            0 => SeriesRef(series),
            _ => made[(series & !NEW_BIT) as usize],
        };
        if !made.is_empty() {
            for series in &mut self.series {
                *series = resolve(*series).0;
            }
        }
        let zeros = starts.zeros(self.starts, resolve, table);
        let mut builder = SampleBatchBuilder::from_columns(self.series, self.timestamps, self.values);
        builder.set_float_starts(self.float_starts);
        builder.set_histogram_starts(self.histogram_starts);
        for (series, timestamp, histogram) in self.histograms {
            builder.push_histogram(resolve(series), timestamp, histogram);
        }
        for (series, labels, timestamp, value) in self.exemplars {
            builder.push_exemplar(Exemplar {
                series: resolve(series),
                labels,
                timestamp,
                value,
            });
        }
        (zeros, builder.finish(table))
    }
}

impl Run<'_> {
    #[inline]
    fn series(&mut self, sent: &Series<'_>) -> Result<(), WireError> {
        let said = sent
            .metadata
            .as_ref()
            .filter(|metadata| self.features.type_and_unit_labels && metadata.has_type_or_unit());
        let key = match said {
            None => label_key(self.version, sent.label_bytes()),
            Some(metadata) => described_key(sent.label_bytes(), metadata.kind, metadata.unit),
        };
        let series = match self.lookups.find(key) {
            Some(series) if sent.fault.is_none() => series.0,
            _ => match self.new_series(key, sent)? {
                Some(series) => series,
                None => return Ok(()),
            },
        };
        if self.version == Version::V2 && !self.is_of_one_kind(sent) {
            return Ok(());
        }
        let mut begun = Begun::default();
        for (i, sample) in sent.samples.iter().enumerate() {
            if sample.timestamp > self.newest_ms {
                self.too_new(sample.timestamp, sent);
                continue;
            }
            if self.features.reads_starts()
                && let Some(started_ms) = sent.start_timestamps.get(i)
            {
                self.float_start(&mut begun, series, *started_ms, sample.timestamp);
            }
            self.out.series.push(series);
            self.out.timestamps.push(sample.timestamp);
            self.out.values.push(sample.value);
        }
        let mut begun = Begun::default();
        for histogram in &sent.histograms {
            self.histogram(&mut begun, series, histogram, sent)?;
        }
        self.exemplars(series, sent)
    }

    /// A series that the cache does not know: its labels are built and checked. `None` when they are not valid.
    fn new_series(&mut self, key: u128, sent: &Series<'_>) -> Result<Option<u64>, WireError> {
        let samples = sent.samples.len() + sent.histograms.len();
        let faults = &mut self.out.faults;
        if let Some(fault) = &sent.fault {
            faults.invalid_labels(samples, || format!("parsing labels for series: {fault}"));
            return Ok(None);
        }
        let labels = match series_labels(sent.labels(), &mut self.buffer)? {
            Ok(labels) if self.features.type_and_unit_labels => described(labels, sent.metadata.as_ref()),
            Ok(labels) => labels,
            Err(InvalidLabels::Invalid) => {
                faults.invalid_labels(samples, || {
                    format!("invalid metric name or labels, got {}", shown(sent.labels()))
                });
                return Ok(None);
            }
            Err(InvalidLabels::Duplicate) => {
                faults.invalid_labels(samples, || {
                    format!(
                        "invalid labels for series, labels {}, duplicated label",
                        shown(sent.labels())
                    )
                });
                return Ok(None);
            }
        };
        if let Some(metadata) = sent.metadata {
            let name = labels.metric_name().to_owned();
            self.out.metadata.push((name, MetricMetadata::from(metadata)));
        }
        if samples == 0 && sent.exemplars().next().is_none() {
            // Nothing to append: the table need not know it.
            if self.version == Version::V2 {
                self.is_of_one_kind(sent);
            }
            return Ok(None);
        }
        self.out.new.push((key, labels));
        Ok(Some(NEW_BIT | (self.out.new.len() as u64 - 1)))
    }

    /// Version 2.0 wants either float samples or histograms in a series. Prometheus sends exemplars in series of their
    /// own, and refuses those as a receiver; here they are taken.
    fn is_of_one_kind(&mut self, sent: &Series<'_>) -> bool {
        let rule = match (sent.samples.is_empty(), sent.histograms.is_empty()) {
            (true, true) if sent.exemplars().next().is_some() => return true,
            (true, true) => "TimeSeries must contain at least one sample or histogram for series",
            (false, false) => "TimeSeries must contain either samples or histograms for series, not both:",
            _ => return true,
        };
        let text = || format!("{rule} {}", shown(sent.labels()));
        self.out.faults.add(text);
        false
    }

    #[cold]
    fn too_new(&mut self, timestamp: i64, sent: &Series<'_>) {
        let error = RequestError::OutOfBounds {
            labels: shown(sent.labels()),
            timestamp,
        };
        self.refuse(error);
    }

    fn histogram(
        &mut self,
        begun: &mut Begun,
        series: u64,
        sent: &SentHistogram<'_>,
        of: &Series<'_>,
    ) -> Result<(), WireError> {
        if sent.timestamp > self.newest_ms {
            self.too_new(sent.timestamp, of);
            return Ok(());
        }
        let mut histogram = sent.decode()?;
        resolution::make_storable(&mut histogram);
        // A marker is valid whatever else it says.
        if !histogram.is_stale()
            && let Err(error) = histogram.validate()
        {
            self.refuse(RequestError::Histogram {
                labels: shown(of.labels()),
                timestamp: sent.timestamp,
                error,
            });
            return Ok(());
        }
        let histogram = Arc::new(histogram);
        let started_ms = sent.start_timestamp;
        if self.features.start_timestamp_zeros {
            self.begin(begun, series, started_ms, sent.timestamp, Some(&histogram));
        }
        if self.features.start_timestamps && started_ms != 0 {
            self.out.histogram_starts.resize(self.out.histograms.len(), 0);
            self.out.histogram_starts.push(started_ms);
        }
        self.out.histograms.push((series, sent.timestamp, histogram));
        Ok(())
    }

    /// A float sample that is pushed next says when what it counts began, if not 0.
    fn float_start(&mut self, begun: &mut Begun, series: u64, started_ms: i64, at_ms: i64) {
        if self.features.start_timestamp_zeros {
            self.begin(begun, series, started_ms, at_ms, None);
        }
        if self.features.start_timestamps && started_ms != 0 {
            self.out.float_starts.resize(self.out.values.len(), 0);
            self.out.float_starts.push(started_ms);
        }
    }

    /// A series says when it began to count. Where that is before the first of its samples here, a zero goes
    /// before the whole request, where it may be refused without harm; a later one goes between the samples.
    fn begin(
        &mut self,
        begun: &mut Begun,
        series: u64,
        started_ms: i64,
        at_ms: i64,
        histogram: Option<&Arc<Histogram>>,
    ) {
        let before = begun.latest_ms.replace(at_ms);
        let is_new = begun.started_ms.replace(started_ms) != Some(started_ms);
        if started_ms == 0 || !is_new || started_ms >= at_ms {
            return;
        }
        match (before, histogram) {
            (None, _) => self.out.starts.push(Start {
                series,
                started_ms,
                histogram: histogram.cloned(),
            }),
            (Some(before), _) if started_ms <= before => {}
            (Some(_), Some(histogram)) => {
                let zero = Arc::new(empty_histogram(histogram));
                self.out.histograms.push((series, started_ms, zero));
                self.out.zeros.histograms += 1;
            }
            (Some(_), None) => {
                self.out.series.push(series);
                self.out.timestamps.push(started_ms);
                self.out.values.push(0.0);
                self.out.zeros.samples += 1;
            }
        }
    }

    /// A sample that cannot be stored refuses a whole request of version 1.0, and itself in version 2.0.
    fn refuse(&mut self, error: RequestError) {
        match self.version {
            Version::V1 => drop(self.refused.get_or_insert(error)),
            Version::V2 => self.out.faults.add(|| error.to_string()),
        }
    }

    /// Exemplars never refuse samples.
    fn exemplars(&mut self, series: u64, sent: &Series<'_>) -> Result<(), WireError> {
        for (exemplar, pairs) in sent.exemplars() {
            if let Some(fault) = &exemplar.fault {
                let text = || format!("parsing exemplar for series {}: {fault}", shown(sent.labels()));
                self.out.faults.add(text);
                continue;
            }
            let Ok(labels) = label_set(pairs, &mut self.buffer)? else {
                self.out.faults.exemplars += 1;
                continue;
            };
            self.out
                .exemplars
                .push((series, labels, exemplar.timestamp, exemplar.value));
        }
        Ok(())
    }
}

impl From<Metadata<'_>> for MetricMetadata {
    fn from(sent: Metadata<'_>) -> Self {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Self {
            kind: sent.kind,
            help: text(sent.help),
            unit: text(sent.unit),
        }
    }
}
