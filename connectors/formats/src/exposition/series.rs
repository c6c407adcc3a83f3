//! From the raw bytes of a series to its labels: strict grammar, escapes, bucket bounds.

use std::borrow::Cow;

use engine_model::{Labels, METRIC_NAME, METRIC_TYPE, METRIC_UNIT};
use memchr::{memchr, memchr2};

use super::error::{Reason, excerpt};
use super::float::normalise_bound;
use super::metric_type::MetricType;
use super::scan::{is_name, is_name_start};

/// The labels of one exposed series, in the order in which they were written. Unlike [`Labels`] it
/// keeps labels with an empty value, which matter when target labels are merged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesLabels<'a> {
    pairs: Vec<Pair<'a>>,
}

/// A label's name and value.
pub(crate) type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

impl<'a> SeriesLabels<'a> {
    /// Takes pairs, the first of which is the metric name, when no name is there twice.
    pub(crate) fn unique(pairs: Vec<Pair<'a>>) -> Result<Self, Reason> {
        let mut names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_ref()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Reason::DuplicateLabel(twice[0].to_owned()));
        }
        Ok(Self { pairs })
    }

    /// The same with what is said of the metric as the labels `__type__` and `__unit__`, over exposed ones of
    /// these names. What is not known adds nothing and hides nothing, as in Prometheus.
    #[must_use]
    pub(crate) fn described(mut self, metric_type: MetricType, unit: &'a str) -> Self {
        let metric_type = match metric_type {
            MetricType::Untyped => "",
            known => known.as_str(),
        };
        for (name, value) in [(METRIC_TYPE, metric_type), (METRIC_UNIT, unit)] {
            if !value.is_empty() {
                self.pairs.retain(|(exposed, _)| exposed != name);
                self.pairs.push((Cow::Borrowed(name), Cow::Borrowed(value)));
            }
        }
        self
    }

    /// Name and value pairs; the first is the metric name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(n, v)| (n.as_ref(), v.as_ref()))
    }

    /// Value of `name`, or `None` when it is not written.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(n, _)| *n == name).map(|(_, v)| v)
    }

    /// The label set; empty values are left out.
    pub fn to_labels(&self) -> Labels {
        Labels::from_pairs(self.iter())
    }
}

/// How strictly a text's labels are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grammar {
    /// Blanks anywhere, commas may be missing.
    PrometheusText,
    /// No blanks, no line ends in values, a comma after each label but the last.
    OpenMetrics,
}

/// Reads the bytes that Prometheus's text names a series with, under the family type
/// that the parser knew then. Checks the whole grammar, UTF-8 and that no label is written twice.
pub fn decode_series(series: &[u8], metric_type: MetricType) -> Result<SeriesLabels<'_>, Reason> {
    decode(series, metric_type, Grammar::PrometheusText)
}

/// As [`decode_series`], in either text.
pub(crate) fn decode(
    series: &[u8],
    metric_type: MetricType,
    grammar: Grammar,
) -> Result<SeriesLabels<'_>, Reason> {
    let mut cursor = Cursor::new(series, grammar);
    let mut name = None;
    if cursor.peek().is_some_and(is_name_start) {
        name = Some(Cow::Borrowed(cursor.take_name()?));
        cursor.skip_blanks();
    }
    let mut pairs = vec![(Cow::Borrowed(METRIC_NAME), Cow::Borrowed(""))];
    if cursor.peek() == Some(b'{') {
        cursor.at += 1;
        label_set(&mut cursor, &mut name, &mut pairs, metric_type)?;
    }
    pairs[0].1 = name.ok_or_else(|| Reason::NameMissing(excerpt(series)))?;
    SeriesLabels::unique(pairs)
}

/// Reads the labels of an exemplar, braces included.
pub(crate) fn decode_exemplar_labels(labels: &[u8]) -> Result<Vec<Pair<'_>>, Reason> {
    let mut cursor = Cursor::new(labels, Grammar::OpenMetrics);
    cursor.at = 1;
    let mut pairs = Vec::new();
    // A quoted text without a value names a metric, which an exemplar does not have.
    let mut name = Some(Cow::Borrowed(""));
    label_set(&mut cursor, &mut name, &mut pairs, MetricType::Untyped)?;
    Ok(pairs)
}

fn label_set<'a>(
    cursor: &mut Cursor<'a>,
    metric_name: &mut Option<Cow<'a, str>>,
    pairs: &mut Vec<Pair<'a>>,
    metric_type: MetricType,
) -> Result<(), Reason> {
    loop {
        cursor.skip_blanks();
        let name = match cursor.peek() {
            Some(b'}') => return Ok(()),
            Some(b'"') => {
                let quoted = cursor.take_quoted("quoted name")?;
                cursor.skip_blanks();
                if matches!(cursor.peek(), Some(b',' | b'}')) {
                    if metric_name.is_some() {
                        return Err(Reason::NameTwice(quoted.into_owned()));
                    }
                    *metric_name = Some(quoted);
                    cursor.skip_comma();
                    continue;
                }
                quoted
            }
            // A colon starts a metric name but no label name.
            Some(byte) if is_name_start(byte) && byte != b':' => Cow::Borrowed(cursor.take_label_name()?),
            _ => return Err(Reason::LabelName(cursor.excerpt())),
        };
        if name.is_empty() {
            return Err(Reason::EmptyLabelName);
        }
        cursor.skip_blanks();
        if cursor.peek() != Some(b'=') {
            return Err(Reason::Equal(cursor.excerpt()));
        }
        cursor.at += 1;
        cursor.skip_blanks();
        if cursor.peek() != Some(b'"') {
            return Err(Reason::LabelValue(cursor.excerpt()));
        }
        let value_start = cursor.at;
        let value = cursor.take_quoted("label value")?;
        let written = &cursor.bytes[value_start..cursor.at];
        if cursor.grammar == Grammar::OpenMetrics && memchr(b'\n', written).is_some() {
            return Err(Reason::Unterminated(excerpt(written)));
        }
        let bound = matches!(
            (metric_type, name.as_ref()),
            (MetricType::Histogram, "le") | (MetricType::Summary, "quantile")
        );
        let value = match bound.then(|| normalise_bound(&value)).flatten() {
            Some(bound) => Cow::Owned(bound),
            None => value,
        };
        pairs.push((name, value));
        cursor.skip_blanks();
        if cursor.grammar == Grammar::OpenMetrics && !matches!(cursor.peek(), Some(b',' | b'}')) {
            return Err(Reason::Comma(cursor.excerpt()));
        }
        cursor.skip_comma();
    }
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    grammar: Grammar,
}

impl<'a> Cursor<'a> {
    fn new(bytes: &'a [u8], grammar: Grammar) -> Self {
        Self {
            bytes,
            at: 0,
            grammar,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        if self.grammar == Grammar::OpenMetrics {
            return;
        }
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    /// Commas may trail and may even be missing between labels, as in Prometheus.
    fn skip_comma(&mut self) {
        if self.peek() == Some(b',') {
            self.at += 1;
        }
    }

    fn take_name(&mut self) -> Result<&'a str, Reason> {
        self.take_while(is_name)
    }

    fn take_label_name(&mut self) -> Result<&'a str, Reason> {
        self.take_while(|byte| is_name(byte) && byte != b':')
    }

    fn take_while(&mut self, accept: impl Fn(u8) -> bool) -> Result<&'a str, Reason> {
        let rest = &self.bytes[self.at..];
        let len = rest.iter().take_while(|byte| accept(**byte)).count();
        self.at += len;
        utf8(&rest[..len], "name")
    }

    fn take_quoted(&mut self, what: &'static str) -> Result<Cow<'a, str>, Reason> {
        let rest = &self.bytes[self.at + 1..];
        let mut end = 0;
        let mut escaped = false;
        loop {
            let found = rest.get(end..).and_then(|tail| memchr2(b'"', b'\\', tail));
            let Some(i) = found else {
                return Err(Reason::Unterminated(self.excerpt()));
            };
            if rest[end + i] == b'"' {
                end += i;
                break;
            }
            if rest.get(end + i + 1) == Some(&b'\n') {
                return Err(Reason::Unterminated(self.excerpt()));
            }
            escaped = true;
            end += i + 2;
        }
        self.at += end + 2;
        let text = utf8(&rest[..end], what)?;
        Ok(match escaped {
            true => Cow::Owned(unescape(text)),
            false => Cow::Borrowed(text),
        })
    }

    fn excerpt(&self) -> String {
        excerpt(self.bytes.get(self.at..).unwrap_or_default())
    }
}

fn utf8<'a>(bytes: &'a [u8], what: &'static str) -> Result<&'a str, Reason> {
    std::str::from_utf8(bytes).map_err(|_| Reason::Utf8 {
        what,
        got: excerpt(bytes),
    })
}

/// Resolves `\\`, `\"` and `\n`; a backslash before anything else stays.
pub(crate) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(i) = memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..i]);
        let (resolved, width) = match rest.as_bytes().get(i + 1) {
            Some(b'n') => ('\n', 2),
            Some(b'"') => ('"', 2),
            Some(b'\\') => ('\\', 2),
            _ => ('\\', 1),
        };
        out.push(resolved);
        rest = &rest[i + width..];
    }
    out.push_str(rest);
    out
}
