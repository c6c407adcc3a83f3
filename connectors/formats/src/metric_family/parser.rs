//! The walk over families, metrics and the series that each metric stands for.

use std::borrow::Cow;

use engine_model::METRIC_NAME;
use engine_model::histogram::Histogram;

use super::family::{Family, utf8};
use super::metric::{Metric, Part, pair, timestamp_ms};
use crate::exposition::float::format_bound;
use crate::exposition::nhcb::ClassicHistogram;
use crate::exposition::{Exemplar, MetricType, Options, ParseError, Place, Reason, SeriesLabels};
use crate::protobuf::Reader;

/// What a step of the walk finds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Event<'a> {
    Sample {
        value: f64,
        timestamp: Option<i64>,
        guessed: bool,
    },
    Histogram {
        timestamp: Option<i64>,
        guessed: bool,
    },
    Type {
        name: &'a str,
        metric_type: MetricType,
    },
    Help {
        name: &'a str,
        text: &'a str,
    },
    Unit {
        name: &'a str,
        unit: &'a str,
    },
}

/// Which of a metric's series an event is about.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    Native,
    /// Custom buckets made of the classic ones.
    Converted,
    Count,
    Sum,
    /// A quantile or bucket, by its place among the parts; behind the last one is that of `+Inf`.
    Part(usize),
}

/// Where the walk is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    NextFamily,
    Help,
    Unit,
    Type,
    NextMetric,
    /// The series to yield next.
    Series(Kind),
    Ended,
}

/// Walks a protobuf exposition. After an error or the end it only yields `None`.
#[derive(Debug, Clone)]
pub(crate) struct Parser<'a> {
    input: &'a [u8],
    rest: Reader<'a>,
    options: Options,
    step: Step,
    family: Option<Family<'a>>,
    family_at: usize,
    metric: Metric<'a>,
    kind: Kind,
    /// What identifies the latest series: family, number of labels, each behind its length, kind and bound.
    series: Vec<u8>,
    /// Length of the family's part of `series`, and of its labels' part.
    family_len: usize,
    labels_len: usize,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(input: &'a [u8], options: Options) -> Self {
        Self {
            input,
            rest: Reader::new(input),
            options,
            step: Step::NextFamily,
            family: None,
            family_at: 0,
            metric: Metric::default(),
            kind: Kind::Plain,
            series: Vec::new(),
            family_len: 0,
            labels_len: 0,
        }
    }

    pub(crate) fn metric_type(&self) -> MetricType {
        self.family
            .map_or(MetricType::Untyped, |family| family.metric_type)
    }

    pub(crate) fn unit(&self) -> &'a str {
        self.family.map_or("", |family| family.unit)
    }

    pub(crate) fn place(&self) -> Place {
        Place::Byte(self.family_at)
    }

    /// Bytes that identify the latest sample's or histogram's series within the exposition.
    pub(crate) fn series(&self) -> &[u8] {
        &self.series
    }

    pub(crate) fn started_ms(&self) -> Option<i64> {
        self.metric.started_ms
    }

    /// The next step; `len` and `is_it` guess at its series' bytes.
    pub(crate) fn next_guessing(
        &mut self,
        len: usize,
        is_it: impl FnOnce(&[u8]) -> bool,
    ) -> Option<Result<Event<'a>, ParseError>> {
        match self.advance() {
            Ok(Some(mut event)) => {
                if let Event::Sample { guessed, .. } | Event::Histogram { guessed, .. } = &mut event {
                    *guessed = len == self.series.len() && is_it(&self.series);
                }
                Some(Ok(event))
            }
            Ok(None) => None,
            Err(reason) => {
                self.step = Step::Ended;
                let place = self.place();
                Some(Err(ParseError { place, reason }))
            }
        }
    }

    fn advance(&mut self) -> Result<Option<Event<'a>>, Reason> {
        loop {
            let family = self.family;
            match (self.step, family) {
                (Step::Ended, _) => return Ok(None),
                (Step::NextFamily, _) | (_, None) => {
                    if !self.next_family()? {
                        self.step = Step::Ended;
                    }
                }
                (Step::Help, Some(family)) => {
                    self.step = Step::Unit;
                    return Ok(Some(Event::Help {
                        name: family.name,
                        text: family.help,
                    }));
                }
                (Step::Unit, Some(family)) => {
                    self.step = Step::Type;
                    if !family.unit.is_empty() {
                        return Ok(Some(Event::Unit {
                            name: family.name,
                            unit: family.unit,
                        }));
                    }
                }
                (Step::Type, Some(family)) => {
                    self.step = Step::NextMetric;
                    return Ok(Some(Event::Type {
                        name: family.name,
                        metric_type: family.metric_type,
                    }));
                }
                (Step::NextMetric, Some(family)) => self.next_metric(family.metric_type)?,
                (Step::Series(kind), Some(_)) => {
                    if let Some(event) = self.yield_series(kind) {
                        return Ok(Some(event));
                    }
                }
            }
        }
    }

    /// Goes to the next family with metrics; false at the end.
    fn next_family(&mut self) -> Result<bool, Reason> {
        loop {
            self.family_at = self.input.len() - self.rest.rest().len();
            if self.rest.rest().is_empty() {
                return Ok(false);
            }
            let message = self.rest.text()?;
            let Some(family) = Family::new(message)? else {
                continue;
            };
            self.series.clear();
            self.series.extend_from_slice(family.name.as_bytes());
            // No UTF-8 text has this byte.
            self.series.push(0xff);
            if self.options.describe_series {
                self.series.push(family.metric_type as u8);
                self.series.extend_from_slice(family.unit.as_bytes());
                self.series.push(0xff);
            }
            self.family_len = self.series.len();
            self.family = Some(family);
            self.step = Step::Help;
            return Ok(true);
        }
    }

    fn next_metric(&mut self, metric_type: MetricType) -> Result<(), Reason> {
        let Some(family) = &mut self.family else {
            return Ok(());
        };
        let Some(message) = family.next_metric()? else {
            self.step = Step::NextFamily;
            return Ok(());
        };
        self.metric.read(message, metric_type)?;
        self.metric.is_native &= !self.options.ignore_native_histograms;
        self.series.truncate(self.family_len);
        let labels = self.metric.labels.len() as u32;
        self.series.extend_from_slice(&labels.to_le_bytes());
        for label in &self.metric.labels {
            self.series.extend_from_slice(&(label.len() as u32).to_le_bytes());
            self.series.extend_from_slice(label);
        }
        self.labels_len = self.series.len();
        self.step = Step::Series(match metric_type {
            MetricType::Summary => Kind::Count,
            MetricType::Histogram | MetricType::GaugeHistogram if self.metric.is_native => Kind::Native,
            MetricType::Histogram if self.converts() && !self.options.keep_classic_histograms => {
                Kind::Converted
            }
            MetricType::Histogram | MetricType::GaugeHistogram => Kind::Count,
            _ => Kind::Plain,
        });
        Ok(())
    }

    /// Whether the classic buckets of the metric become a native histogram.
    fn converts(&self) -> bool {
        self.options.convert_classic_histograms
            && !self.metric.is_native
            && self.metric_type() == MetricType::Histogram
    }

    /// The event of one series, and which comes next; `None` when there is no such series.
    fn yield_series(&mut self, kind: Kind) -> Option<Event<'a>> {
        let next = self.following(kind);
        self.step = next.map_or(Step::NextMetric, Step::Series);
        self.kind = kind;
        self.series.truncate(self.labels_len);
        let (tag, bound) = match kind {
            Kind::Plain => (0, None),
            Kind::Native | Kind::Converted => (1, None),
            Kind::Count => (2, None),
            Kind::Sum => (3, None),
            Kind::Part(i) => (4, Some(self.part(i).bound)),
        };
        self.series.push(tag);
        if let Some(bound) = bound {
            self.series.extend_from_slice(&bound.to_bits().to_le_bytes());
        }
        let timestamp = Some(self.metric.timestamp).filter(|timestamp| *timestamp != 0);
        let value = match kind {
            Kind::Native => {
                return Some(Event::Histogram {
                    timestamp,
                    guessed: false,
                });
            }
            Kind::Converted => {
                return self.classic().is_valid().then_some(Event::Histogram {
                    timestamp,
                    guessed: false,
                });
            }
            Kind::Plain | Kind::Sum => self.metric.value,
            Kind::Count => self.metric.count,
            Kind::Part(i) => self.part(i).value,
        };
        Some(Event::Sample {
            value,
            timestamp,
            guessed: false,
        })
    }

    fn following(&self, kind: Kind) -> Option<Kind> {
        let parts = &self.metric.parts;
        match kind {
            Kind::Plain | Kind::Converted => None,
            Kind::Native if self.options.keep_classic_histograms && !parts.is_empty() => Some(Kind::Count),
            Kind::Native => None,
            Kind::Count => Some(Kind::Sum),
            Kind::Sum if self.metric_type() == MetricType::Summary => {
                (!parts.is_empty()).then_some(Kind::Part(0))
            }
            Kind::Sum => Some(Kind::Part(0)),
            Kind::Part(i) if self.metric_type() == MetricType::Summary => {
                (i + 1 < parts.len()).then_some(Kind::Part(i + 1))
            }
            Kind::Part(i) if self.part(i).bound == f64::INFINITY => {
                self.converts().then_some(Kind::Converted)
            }
            Kind::Part(i) => Some(Kind::Part(i + 1)),
        }
    }

    /// A quantile or bucket; the one behind the last is that of `+Inf`, which holds all.
    fn part(&self, i: usize) -> Part<'a> {
        self.metric.parts.get(i).copied().unwrap_or(Part {
            bound: f64::INFINITY,
            value: self.metric.count,
            exemplar: None,
        })
    }

    fn classic(&self) -> ClassicHistogram {
        let mut classic = ClassicHistogram::default();
        for part in &self.metric.parts {
            classic.set_bucket(part.bound, part.value);
        }
        classic.set_count(self.metric.count);
        classic.set_sum(self.metric.value);
        classic
    }

    /// The native histogram of the latest event.
    pub(crate) fn histogram(&self) -> Result<Histogram, Reason> {
        match self.kind {
            Kind::Converted => self
                .classic()
                .convert()
                .ok_or_else(|| Reason::Value("histogram".to_owned())),
            _ => {
                let is_gauge = self.metric_type() == MetricType::GaugeHistogram;
                Ok(self.metric.native(is_gauge)?)
            }
        }
    }

    /// The labels of the latest event's series.
    pub(crate) fn labels(&self) -> Result<SeriesLabels<'a>, Reason> {
        let name = self.family.map_or("", |family| family.name);
        let is_summary = self.metric_type() == MetricType::Summary;
        let suffix = match self.kind {
            Kind::Plain | Kind::Native | Kind::Converted => "",
            Kind::Count => "_count",
            Kind::Sum => "_sum",
            Kind::Part(_) if is_summary => "",
            Kind::Part(_) => "_bucket",
        };
        let name = match suffix {
            "" => Cow::Borrowed(name),
            suffix => Cow::Owned(format!("{name}{suffix}")),
        };
        let mut pairs = vec![(Cow::Borrowed(METRIC_NAME), name)];
        for label in &self.metric.labels {
            let (name, value) = pair(label)?;
            if name.is_empty() {
                return Err(Reason::EmptyLabelName);
            }
            pairs.push((
                Cow::Borrowed(utf8(name, "label name")?),
                Cow::Borrowed(utf8(value, "label value")?),
            ));
        }
        if let Kind::Part(i) = self.kind {
            let bound = format_bound(self.part(i).bound);
            let name = if is_summary { "quantile" } else { "le" };
            pairs.push((Cow::Borrowed(name), Cow::Owned(bound)));
        }
        SeriesLabels::unique(pairs)
    }

    /// The exemplars of the latest event; a native histogram's need a timestamp.
    pub(crate) fn exemplars(&self) -> Result<Vec<Exemplar<'a>>, Reason> {
        let mut out = Vec::new();
        match self.kind {
            Kind::Plain => out.extend(self.metric.exemplar.map(exemplar).transpose()?),
            Kind::Part(i) => out.extend(self.part(i).exemplar.map(exemplar).transpose()?),
            Kind::Native | Kind::Converted => {
                let needs_time = self.kind == Kind::Native;
                let native = self.metric.native_exemplars.iter().copied();
                let buckets = self.metric.parts.iter().filter_map(|part| part.exemplar);
                let only_native = needs_time && !self.metric.native_exemplars.is_empty();
                for message in native
                    .filter(|_| needs_time)
                    .chain(buckets.filter(|_| !only_native))
                {
                    let exemplar = exemplar(message)?;
                    if !needs_time || exemplar.timestamp.is_some() {
                        out.push(exemplar);
                    }
                }
            }
            Kind::Count | Kind::Sum => {}
        }
        Ok(out)
    }
}

fn exemplar(message: &[u8]) -> Result<Exemplar<'_>, Reason> {
    let mut out = Exemplar {
        labels: Vec::new(),
        value: 0.0,
        timestamp: None,
    };
    let mut reader = Reader::new(message);
    while let Some((number, field)) = reader.next_field()? {
        match number {
            1 => {
                let (name, value) = pair(field.bytes(1)?)?;
                let name = Cow::Borrowed(utf8(name, "exemplar label name")?);
                out.labels
                    .push((name, Cow::Borrowed(utf8(value, "exemplar label value")?)));
            }
            2 => out.value = field.double(2)?,
            3 => out.timestamp = Some(timestamp_ms(field.bytes(3)?)?),
            _ => {}
        }
    }
    Ok(out)
}
