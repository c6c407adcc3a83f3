//! One walk for all formats. The series of an entry is bytes that a caller can compare with those of an
//! earlier exposition; labels, histograms, exemplars and start timestamps are only read when asked for.

use std::borrow::Cow;

use engine_model::histogram::Histogram;

use super::entry::{Entry, Exemplar, Format, Options, Sample};
use super::error::{ParseError, Place, Reason};
use super::metric_type::MetricType;
use super::nhcb::{Collated, Collator, Line};
use super::series::{Grammar, SeriesLabels, decode, decode_exemplar_labels, unescape};
use crate::{metric_family, open_metrics, prometheus_text};

/// Walks an exposition. After an error or the end it only yields `None`.
#[derive(Debug, Clone)]
pub struct Parser<'a> {
    walk: Walk<'a>,
    skips_created: bool,
    describes: bool,
    collating: Option<Box<Collating<'a>>>,
}

#[derive(Debug, Clone)]
enum Walk<'a> {
    Text {
        parser: prometheus_text::Parser<'a>,
        series: &'a [u8],
    },
    OpenMetrics {
        parser: open_metrics::Parser<'a>,
        series: &'a [u8],
    },
    Proto(Box<metric_family::Parser<'a>>),
}

/// The making of histograms from lines.
#[derive(Debug, Clone)]
struct Collating<'a> {
    collator: Collator<'a>,
    keeps_classic: bool,
    /// The entry that ended the latest histogram, to be yielded after it.
    pending: Option<Option<Result<Entry<'a>, ParseError>>>,
    /// The latest entry when it is a histogram that was made.
    latest: Option<Collated<'a>>,
    /// Unit of the family whose lines were taken last.
    unit: &'a str,
}

impl<'a> Parser<'a> {
    /// A parser at the start of a body.
    pub fn new(format: Format, body: &'a [u8], options: Options) -> Self {
        let collating = Collating {
            collator: Collator::default(),
            keeps_classic: options.keep_classic_histograms,
            pending: None,
            latest: None,
            unit: "",
        };
        // Metrics of the protobuf format are whole, so that its own parser converts them.
        let collates = options.convert_classic_histograms && format != Format::PrometheusProto;
        Self {
            walk: match format {
                Format::PrometheusText => Walk::Text {
                    parser: prometheus_text::Parser::new(body),
                    series: b"",
                },
                Format::OpenMetricsText => Walk::OpenMetrics {
                    parser: open_metrics::Parser::new(body),
                    series: b"",
                },
                Format::PrometheusProto => Walk::Proto(Box::new(metric_family::Parser::new(body, options))),
            },
            skips_created: options.skip_created_series,
            describes: options.describe_series,
            collating: collates.then(|| Box::new(collating)),
        }
    }

    /// The next entry, with a guess at the length of its series' bytes, which `is_it` confirms; 0 is no
    /// guess. A right guess saves a text's search for the end of the label set, a wrong one costs little.
    #[inline]
    pub fn next_guessing(
        &mut self,
        len: usize,
        is_it: impl FnOnce(&[u8]) -> bool,
    ) -> Option<Result<Entry<'a>, ParseError>> {
        if self.collating.is_some() {
            return self.next_collating(len, is_it);
        }
        let mut entry = self.walk.next(len, is_it);
        while self.skips_created && matches!(entry, Some(Ok(Entry::Sample(_)))) && self.walk.is_created() {
            entry = self.walk.next(0, |_| false);
        }
        entry
    }

    /// The bytes of the latest sample's or histogram's series. Equal bytes in two expositions of one format
    /// and family type mean the same series.
    #[inline]
    pub fn series(&self) -> &[u8] {
        match &self.collating {
            Some(collating) if collating.latest.is_some() => collating.collator.series(),
            _ => self.walk.series(),
        }
    }

    /// The labels of the latest sample's or histogram's series; everything about them is checked here.
    pub fn labels(&self) -> Result<SeriesLabels<'_>, ParseError> {
        let collated = self
            .collating
            .as_ref()
            .filter(|collating| collating.latest.is_some());
        let labels = match (collated, &self.walk) {
            (Some(collating), _) => decode(
                collating.collator.series(),
                MetricType::Untyped,
                Grammar::PrometheusText,
            ),
            (None, Walk::Text { parser, series }) => {
                decode(series, parser.metric_type(), Grammar::PrometheusText)
            }
            (None, Walk::OpenMetrics { parser, series }) => {
                decode(series, parser.metric_type(), Grammar::OpenMetrics)
            }
            (None, Walk::Proto(parser)) => parser.labels(),
        };
        let labels = labels.map_err(|reason| self.error(reason))?;
        Ok(match self.describes {
            true => self.described(labels),
            false => labels,
        })
    }

    fn described<'p>(&'p self, labels: SeriesLabels<'p>) -> SeriesLabels<'p> {
        match &self.collating {
            // The family that ended it may have been read already.
            Some(collating) if collating.latest.is_some() => {
                labels.described(MetricType::Histogram, collating.unit)
            }
            _ => labels.described(self.metric_type(), self.walk.unit()),
        }
    }

    /// The latest entry's native histogram, not validated.
    ///
    /// # Errors
    /// When its message is damaged, or the latest entry is no histogram.
    pub fn histogram(&self) -> Result<Histogram, ParseError> {
        if let Some(collated) = self.collated() {
            return Ok(collated.histogram.clone());
        }
        match &self.walk {
            Walk::Proto(parser) => parser.histogram().map_err(|reason| self.error(reason)),
            _ => Err(self.error(Reason::Value("no histogram".to_owned()))),
        }
    }

    /// The exemplars of the latest sample or histogram; those of a native histogram have a timestamp.
    pub fn exemplars(&self) -> Result<Vec<Exemplar<'_>>, ParseError> {
        if let Some(collated) = self.collated() {
            return Ok(collated.exemplars.clone());
        }
        self.walk.exemplars().map_err(|reason| self.error(reason))
    }

    /// When the latest sample's or histogram's series started to count, in ms, where that is exposed.
    pub fn start_timestamp_ms(&self) -> Option<i64> {
        match self.collated() {
            Some(collated) => collated.started_ms,
            None => self.walk.start_timestamp_ms(),
        }
    }

    /// The type of the latest sample's or histogram's family.
    pub fn metric_type(&self) -> MetricType {
        match &self.walk {
            Walk::Text { parser, .. } => parser.metric_type(),
            Walk::OpenMetrics { parser, .. } => parser.metric_type(),
            Walk::Proto(parser) => parser.metric_type(),
        }
    }

    /// An error about the latest entry.
    pub fn error(&self, reason: Reason) -> ParseError {
        let place = match &self.walk {
            Walk::Text { parser, .. } => Place::Line(parser.line()),
            Walk::OpenMetrics { parser, .. } => parser.place(),
            Walk::Proto(parser) => parser.place(),
        };
        ParseError { place, reason }
    }

    fn collated(&self) -> Option<&Collated<'a>> {
        self.collating.as_ref()?.latest.as_ref()
    }

    fn next_collating(
        &mut self,
        len: usize,
        is_it: impl FnOnce(&[u8]) -> bool,
    ) -> Option<Result<Entry<'a>, ParseError>> {
        let Self {
            walk,
            skips_created,
            collating: Some(collating),
            ..
        } = self
        else {
            return None;
        };
        let mut entry = collating.step(walk, *skips_created);
        let series = match collating.latest {
            Some(_) => collating.collator.series(),
            None => walk.series(),
        };
        let right = len == series.len() && is_it(series);
        match &mut entry {
            Some(Ok(Entry::Sample(sample))) => sample.guessed = right,
            Some(Ok(Entry::Histogram { guessed, .. })) => *guessed = right,
            _ => {}
        }
        entry
    }
}

impl<'a> Iterator for Parser<'a> {
    type Item = Result<Entry<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_guessing(0, |_| false)
    }
}

impl<'a> Collating<'a> {
    fn step(&mut self, walk: &mut Walk<'a>, skips_created: bool) -> Option<Result<Entry<'a>, ParseError>> {
        self.latest = None;
        loop {
            let entry = match self.pending.take() {
                Some(entry) => entry,
                None => walk.next(0, |_| false),
            };
            let sample = match &entry {
                Some(Ok(Entry::Sample(sample))) => Some(*sample),
                _ => None,
            };
            if sample.is_some() && skips_created && walk.is_created() {
                continue;
            }
            let line = sample.and_then(|_| self.collator.classify(walk.series()));
            if self.collator.is_ended_by(line.map(|(_, hash)| hash))
                && let Some(collated) = self.collator.finish()
            {
                let timestamp = collated.timestamp;
                self.latest = Some(collated);
                self.pending = Some(entry);
                return Some(Ok(Entry::Histogram {
                    timestamp,
                    guessed: false,
                }));
            }
            if let Some(Ok(Entry::Type { family, metric_type })) = &entry {
                self.collator.set_type(family, *metric_type);
            }
            let (Some((part, labels_hash)), Some(sample)) = (line, sample) else {
                return entry;
            };
            let exemplars = match walk.exemplars() {
                Ok(exemplars) => exemplars,
                // The line is yielded, and fails where its exemplars are asked for.
                Err(_) => return entry,
            };
            self.unit = walk.unit();
            self.collator.take(Line {
                series: walk.series(),
                part,
                labels_hash,
                value: sample.value,
                timestamp: sample.timestamp,
                started_ms: walk.start_timestamp_ms(),
                exemplars,
            });
            if self.keeps_classic {
                return entry;
            }
        }
    }
}

impl<'a> Walk<'a> {
    #[inline]
    fn next(
        &mut self,
        len: usize,
        is_it: impl FnOnce(&[u8]) -> bool,
    ) -> Option<Result<Entry<'a>, ParseError>> {
        match self {
            Self::Text { parser, series } => {
                let event = parser.next_expecting(len, is_it)?;
                Some(event.map(|(event, guessed)| text_entry(event, guessed, series)))
            }
            Self::OpenMetrics { parser, series } => {
                let event = parser.next_guessing(len, is_it)?;
                Some(event.map(|event| open_metrics_entry(event, series)))
            }
            Self::Proto(parser) => Some(parser.next_guessing(len, is_it)?.map(proto_entry)),
        }
    }

    fn series(&self) -> &[u8] {
        match self {
            Self::Text { series, .. } | Self::OpenMetrics { series, .. } => series,
            Self::Proto(parser) => parser.series(),
        }
    }

    fn unit(&self) -> &'a str {
        match self {
            // Prometheus's text has no units.
            Self::Text { .. } => "",
            Self::OpenMetrics { parser, .. } => parser.unit(),
            Self::Proto(parser) => parser.unit(),
        }
    }

    fn is_created(&self) -> bool {
        matches!(self, Self::OpenMetrics { parser, series } if parser.is_created(series))
    }

    fn start_timestamp_ms(&self) -> Option<i64> {
        match self {
            Self::Text { .. } => None,
            Self::OpenMetrics { parser, series } => parser.start_timestamp_ms(series),
            Self::Proto(parser) => parser.started_ms(),
        }
    }

    fn exemplars(&self) -> Result<Vec<Exemplar<'a>>, Reason> {
        match self {
            Self::Text { .. } => Ok(Vec::new()),
            Self::OpenMetrics { parser, .. } => {
                let Some(raw) = parser.exemplar() else {
                    return Ok(Vec::new());
                };
                Ok(vec![Exemplar {
                    labels: decode_exemplar_labels(raw.labels)?,
                    value: raw.value,
                    timestamp: raw.timestamp,
                }])
            }
            Self::Proto(parser) => parser.exemplars(),
        }
    }
}

#[inline]
fn text_entry<'a>(event: prometheus_text::Event<'a>, guessed: bool, series: &mut &'a [u8]) -> Entry<'a> {
    use prometheus_text::Event;
    match event {
        Event::Sample(sample) => {
            *series = sample.series;
            Entry::Sample(Sample {
                value: sample.value,
                timestamp: sample.timestamp,
                guessed,
            })
        }
        Event::Type { name, metric_type } => type_entry(name, metric_type),
        Event::Help { name, text } => help_entry(name, text),
        Event::Comment(_) => Entry::Other,
    }
}

#[inline]
fn open_metrics_entry<'a>(event: open_metrics::Event<'a>, latest: &mut &'a [u8]) -> Entry<'a> {
    use open_metrics::Event;
    match event {
        Event::Sample {
            series,
            value,
            timestamp,
            guessed,
        } => {
            *latest = series;
            Entry::Sample(Sample {
                value,
                timestamp,
                guessed,
            })
        }
        Event::Type { name, metric_type } => type_entry(name, metric_type),
        Event::Help { name, text } => help_entry(name, text),
        Event::Unit { name, unit } => match (std::str::from_utf8(name), std::str::from_utf8(unit)) {
            (Ok(family), Ok(unit)) => Entry::Unit { family, unit },
            _ => Entry::Other,
        },
    }
}

fn proto_entry(event: metric_family::Event<'_>) -> Entry<'_> {
    use metric_family::Event;
    match event {
        Event::Sample {
            value,
            timestamp,
            guessed,
        } => Entry::Sample(Sample {
            value,
            timestamp,
            guessed,
        }),
        Event::Histogram { timestamp, guessed } => Entry::Histogram { timestamp, guessed },
        Event::Type { name, metric_type } => Entry::Type {
            family: name,
            metric_type,
        },
        // The format's texts have no escapes.
        Event::Help { name, text } => Entry::Help {
            family: name,
            text: Cow::Borrowed(text),
        },
        Event::Unit { name, unit } => Entry::Unit { family: name, unit },
    }
}

fn type_entry(name: &[u8], metric_type: MetricType) -> Entry<'_> {
    match std::str::from_utf8(name) {
        Ok(family) => Entry::Type { family, metric_type },
        Err(_) => Entry::Other,
    }
}

fn help_entry<'a>(name: &'a [u8], text: &'a str) -> Entry<'a> {
    match std::str::from_utf8(name) {
        Ok(family) => Entry::Help {
            family,
            text: match text.contains('\\') {
                true => Cow::Owned(unescape(text)),
                false => Cow::Borrowed(text),
            },
        },
        Err(_) => Entry::Other,
    }
}
