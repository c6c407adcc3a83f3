//! Series lines: a metric with the sequence of its values, or of its start timestamps.

use std::sync::Arc;

use engine_model::Labels;
use engine_model::duration::parse_duration_ms;
use engine_model::number::format_go_value;
use engine_model::staleness::{STALE_NAN, is_stale};

use super::histogram::{HistogramLiteral, number};
use crate::parser::parse_metric;

/// Values that one line may have: far more than any script has, far less than the memory.
const VALUES_MAX: usize = 1_000_000;

/// One place of a sequence.
#[derive(Debug, Clone, PartialEq)]
pub enum SequenceValue {
    /// No sample.
    Omitted,
    /// A float, possibly the staleness marker.
    Float(f64),
    /// `base + times · step`, where `times` is negative in a falling sequence and 0 without a step.
    Histogram {
        /// What the sequence begins with.
        base: Arc<HistogramLiteral>,
        /// What is added or subtracted at each place.
        step: Option<Arc<HistogramLiteral>>,
        /// How often.
        times: i64,
    },
}

impl SequenceValue {
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Omitted => "_".to_owned(),
            Self::Float(value) if is_stale(*value) => "stale".to_owned(),
            Self::Float(value) => format_go_value(*value),
            Self::Histogram { .. } => "{{…}}".to_owned(),
        }
    }
}

/// What a series line says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SeriesLine {
    Values(Labels, Vec<SequenceValue>),
    /// Offsets from the samples' own times, in ms.
    StartTimestamps(Labels, Vec<Option<i64>>),
}

/// Parses `metric values` or `metric@st offsets`.
pub(super) fn parse_series_line(line: &str) -> Result<SeriesLine, String> {
    let (metric, rest) = line.split_at(metric_end(line));
    let labels = parse_metric(metric).map_err(|e| e.to_string())?;
    if let Some(offsets) = rest.strip_prefix("@st") {
        let mut items = Vec::new();
        for item in offsets.split_whitespace() {
            let parsed = start_item(item).map_err(|e| format!("invalid start timestamp {item:?}: {e}"))?;
            items.extend(parsed);
            check_count(items.len())?;
        }
        return Ok(SeriesLine::StartTimestamps(labels, items));
    }
    Ok(SeriesLine::Values(labels, parse_values(rest)?))
}

/// Where the metric ends: before the first blank or `@` outside of braces.
fn metric_end(line: &str) -> usize {
    let mut in_braces = false;
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(open), '\\') if open != '`' => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') if in_braces => quote = Some(c),
            (None, '{') if !in_braces => in_braces = true,
            (None, '}') if in_braces => return at + 1,
            (None, ' ' | '\t' | '@') if !in_braces => return at,
            _ => {}
        }
    }
    line.len()
}

fn check_count(count: usize) -> Result<(), String> {
    match count > VALUES_MAX {
        true => Err(format!("a series may have at most {VALUES_MAX} values")),
        false => Ok(()),
    }
}

fn parse_values(text: &str) -> Result<Vec<SequenceValue>, String> {
    let mut values = Vec::new();
    let mut scan = Scan { rest: text };
    loop {
        scan.rest = scan.rest.trim_start();
        if scan.rest.is_empty() {
            return Ok(values);
        }
        let item = scan.rest;
        scan.item(&mut values)
            .map_err(|e| format!("invalid series value at {:?}: {e}", shortened(item)))?;
        if !scan.rest.is_empty() && !scan.rest.starts_with([' ', '\t']) {
            return Err(format!(
                "unexpected {:?} behind a series value",
                shortened(scan.rest)
            ));
        }
    }
}

/// The beginning of a text, for error messages.
fn shortened(text: &str) -> String {
    text.chars().take(20).collect()
}

struct Scan<'a> {
    rest: &'a str,
}

impl<'a> Scan<'a> {
    fn accept(&mut self, prefix: &str) -> bool {
        let after = self.rest.strip_prefix(prefix);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        taken
    }

    fn item(&mut self, out: &mut Vec<SequenceValue>) -> Result<(), String> {
        if self.accept("_") {
            let count = if self.accept("x") { self.count()? } else { 1 };
            check_count(out.len() + count)?;
            out.extend(std::iter::repeat_n(SequenceValue::Omitted, count));
            return Ok(());
        }
        if self.accept("{{") {
            return self.histograms(out);
        }
        if self.accept("stale") {
            let count = if self.accept("x") { self.count()? + 1 } else { 1 };
            check_count(out.len() + count)?;
            out.extend(std::iter::repeat_n(SequenceValue::Float(STALE_NAN), count));
            return Ok(());
        }
        let mut value = self.number()?;
        let step = match self.rest.starts_with(['+', '-']) {
            true => Some(self.number()?),
            false => None,
        };
        if !self.accept("x") {
            out.push(SequenceValue::Float(value));
            return match step {
                None => Ok(()),
                Some(_) => Err("a step needs a count: expected `x` and a number".to_owned()),
            };
        }
        let count = self.count()?;
        check_count(out.len() + count)?;
        for _ in 0..=count {
            out.push(SequenceValue::Float(value));
            value += step.unwrap_or(0.0);
        }
        Ok(())
    }

    /// One or more histograms whose `{{` is read.
    fn histograms(&mut self, out: &mut Vec<SequenceValue>) -> Result<(), String> {
        let base = Arc::new(self.histogram()?);
        let sign = match self.rest.as_bytes().first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => 0,
        };
        let mut step = None;
        if sign != 0 {
            self.take(1);
            if !self.accept("{{") {
                return Err("expected a histogram behind the sign".to_owned());
            }
            step = Some(Arc::new(self.histogram()?));
        }
        let count = match self.accept("x") {
            true => self.count()?,
            false if step.is_some() => return Err("expected `x` and a count".to_owned()),
            false => 0,
        };
        check_count(out.len() + count)?;
        for place in 0..=count {
            out.push(SequenceValue::Histogram {
                base: Arc::clone(&base),
                step: step.clone(),
                times: sign * place as i64,
            });
        }
        Ok(())
    }

    fn histogram(&mut self) -> Result<HistogramLiteral, String> {
        let end = self.rest.find("}}").ok_or("histogram without `}}`")?;
        let literal = HistogramLiteral::parse(self.take(end))?;
        self.take(2);
        Ok(literal)
    }

    fn count(&mut self) -> Result<usize, String> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let text = self.take(digits);
        let count = text.parse().map_err(|_| format!("invalid repetition {text:?}"))?;
        check_count(count)?;
        Ok(count)
    }

    /// A number with an optional sign; it ends before `x`, a second sign or a blank.
    fn number(&mut self) -> Result<f64, String> {
        let bytes = self.rest.as_bytes();
        let mut end = usize::from(self.rest.starts_with(['+', '-']));
        while let Some(byte) = bytes.get(end) {
            let after_exponent = end > 0 && matches!(bytes[end - 1], b'e' | b'E');
            let continues = match byte {
                b'+' | b'-' => after_exponent,
                b'x' | b' ' | b'\t' => false,
                _ => byte.is_ascii(),
            };
            if !continues {
                break;
            }
            end += 1;
        }
        number(self.take(end))
    }
}

/// One item of an `@st` line: `_`, `_xN`, `d`, `dxN`, `d+dxN`, `d-dxN`.
fn start_item(item: &str) -> Result<Vec<Option<i64>>, String> {
    let count = |text: &str| {
        let count = text
            .parse::<usize>()
            .map_err(|_| "invalid repeat count".to_owned())?;
        check_count(count).map(|()| count)
    };
    if item == "_" {
        return Ok(vec![None]);
    }
    if let Some(times) = item.strip_prefix("_x") {
        return Ok(vec![None; count(times)?]);
    }
    let (head, times) = match item.split_once('x') {
        Some((head, times)) => (head, count(times)?),
        None => (item, 0),
    };
    let sign_at = head.char_indices().skip(1).find(|(_, c)| matches!(c, '+' | '-'));
    let (base, step) = match sign_at {
        Some((at, _)) if !item.contains('x') => {
            return Err(format!("expected `x` and a count behind {:?}", &head[at..]));
        }
        Some((at, _)) => (signed_ms(&head[..at])?, signed_ms(&head[at..])?),
        None => (signed_ms(head)?, 0),
    };
    Ok((0..=times as i64).map(|k| Some(base + k * step)).collect())
}

fn signed_ms(text: &str) -> Result<i64, String> {
    let (sign, magnitude) = match text.strip_prefix('-') {
        Some(magnitude) => (-1, magnitude),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    Ok(sign * parse_duration_ms(magnitude).map_err(|e| e.to_string())?)
}
