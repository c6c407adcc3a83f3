//! A piece of text to a batch. Pure: time is an argument.

use std::collections::HashMap;
use std::sync::Arc;

use connectors_formats::exposition::{Entry, Format, MetricType, Options, ParseError, Parser, Place};
use engine_model::{Labels, LabelsBuilder, SampleBatch, SampleBatchBuilder, SeriesTable};

use super::options::ImportOptions;
use super::pieces::Piece;
use crate::IngestFeatures;

/// The samples of a piece; an error names the line of the body.
pub(super) fn batch(
    piece: &Piece,
    options: &ImportOptions,
    features: IngestFeatures,
    now_ms: i64,
    table: &Arc<SeriesTable>,
) -> Result<SampleBatch, String> {
    let text = [piece.type_line.as_slice(), piece.lines.as_slice()].concat();
    let lines_before = usize::from(!piece.type_line.is_empty());
    let place = |error: ParseError| match error.place {
        Place::Line(line) => format!(
            "line {}: {}",
            piece.first_line + line - 1 - lines_before,
            error.reason
        ),
        Place::Byte(_) => error.to_string(),
    };
    let timestamp_ms = options.timestamp_ms.unwrap_or(now_ms);
    // Labels are only interned once the whole piece is known to be good.
    let mut series: Vec<Labels> = Vec::new();
    // By type, where that is a part of the labels: it may change from line to line.
    let mut numbers: HashMap<MetricType, HashMap<Vec<u8>, usize>> = HashMap::new();
    let mut rows = Vec::new();
    let describes = features.type_and_unit_labels;
    let reading = Options {
        describe_series: describes,
        ..Options::default()
    };
    let mut parser = Parser::new(Format::PrometheusText, &text, reading);
    while let Some(entry) = parser.next_guessing(0, |_| false) {
        let Entry::Sample(sample) = entry.map_err(place)? else {
            continue;
        };
        let said = if describes {
            parser.metric_type()
        } else {
            MetricType::Untyped
        };
        let numbers = numbers.entry(said).or_default();
        let number = match numbers.get(parser.series()) {
            Some(number) => *number,
            None => {
                let labels = parser.labels().map_err(place)?.to_labels();
                let number = series.len();
                numbers.insert(parser.series().to_vec(), number);
                series.push(with_extra(labels, options));
                number
            }
        };
        rows.push((number, sample.timestamp.unwrap_or(timestamp_ms), sample.value));
    }
    let references: Vec<_> = series.iter().map(|labels| table.intern(labels)).collect();
    let mut builder = SampleBatchBuilder::with_capacity(rows.len());
    for (number, timestamp, value) in rows {
        builder.push(references[number], timestamp, value);
    }
    Ok(builder.finish(table))
}

fn with_extra(labels: Labels, options: &ImportOptions) -> Labels {
    if options.extra_labels.is_empty() {
        return labels;
    }
    let mut builder = LabelsBuilder::from(&labels);
    for (name, value) in &options.extra_labels {
        builder.set(name, value);
    }
    builder.build()
}
