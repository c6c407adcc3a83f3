//! A scraped body as the entries that scraping cares for, whatever its format.

use connectors_formats::prometheus_text::{
    Event, MetricType, ParseError, Parser, SeriesLabels, decode_series,
};

use super::super::line_cache::{Guess, Key};
use super::super::metadata::Said;

/// One entry of a body.
#[derive(Debug)]
pub(super) enum Entry<'a> {
    Sample(Sample<'a>),
    Metadata {
        family: &'a str,
        said: Said<'a>,
    },
    /// Nothing that matters.
    Other,
}

/// A sample as it was exposed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample<'a> {
    /// The bytes that name its series.
    pub(super) series: &'a [u8],
    /// Whether they are the ones that were guessed.
    pub(super) guessed: bool,
    pub(super) value: f64,
    /// Exposed time in ms.
    pub(super) timestamp: Option<i64>,
}

/// Walks a body.
#[derive(Debug)]
pub(super) struct Body<'a> {
    parser: Parser<'a>,
    /// The family whose type was said last.
    family: Option<(&'a str, MetricType)>,
}

impl<'a> Body<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            parser: Parser::new(bytes),
            family: None,
        }
    }

    /// The next entry; `guess` is the series that is expected.
    #[inline]
    pub(super) fn next(&mut self, guess: Option<Guess>) -> Option<Result<Entry<'a>, ParseError>> {
        let event = match self.parser.next()? {
            Ok(event) => event,
            Err(error) => return Some(Err(error)),
        };
        Some(Ok(match event {
            Event::Sample(sample) => Entry::Sample(Sample {
                series: sample.series,
                guessed: guess.is_some_and(|guess| {
                    guess.len == sample.series.len() && guess.key == Key::of(sample.series)
                }),
                value: sample.value,
                timestamp: sample.timestamp,
            }),
            Event::Type { name, metric_type } => {
                let Ok(family) = std::str::from_utf8(name) else {
                    return Some(Ok(Entry::Other));
                };
                self.family = Some((family, metric_type));
                Entry::Metadata {
                    family,
                    said: Said::Type(metric_type.as_str()),
                }
            }
            Event::Help { name, text } => match std::str::from_utf8(name) {
                Ok(family) => Entry::Metadata {
                    family,
                    said: Said::Help(text),
                },
                Err(_) => Entry::Other,
            },
            Event::Comment(_) => Entry::Other,
        }))
    }

    /// The labels of a sample that was just read.
    pub(super) fn labels(&self, series: &'a [u8]) -> Result<SeriesLabels<'a>, ParseError> {
        decode_series(series, self.parser.metric_type()).map_err(|reason| self.parser.error(reason))
    }

    /// The family whose type was said last.
    pub(super) fn family(&self) -> Option<(&'a str, MetricType)> {
        self.family
    }

    /// When the series of the sample that was just read started, in ms, where that is exposed.
    pub(super) fn started_ms(&self) -> Option<i64> {
        None
    }
}
