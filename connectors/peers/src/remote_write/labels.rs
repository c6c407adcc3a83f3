//! From the labels of a request, which may be anything, to a label set.

use connectors_formats::remote_write::{LabelPairs, Metadata, WireError};
use engine_model::{Labels, LabelsBuilder, METRIC_TYPE, METRIC_UNIT};

/// Why labels name no series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InvalidLabels {
    /// No metric name, an empty label name, or text that is not UTF-8.
    Invalid,
    /// A label name twice.
    Duplicate,
}

/// The label set of a series as sent; empty values are left out. The outer error means that the request is
/// damaged, the inner one that Prometheus would not store the series.
pub(super) fn series_labels(
    pairs: LabelPairs<'_>,
    buffer: &mut Vec<u8>,
) -> Result<Result<Labels, InvalidLabels>, WireError> {
    let labels = label_set(pairs, buffer)?;
    Ok(labels.and_then(|labels| match labels.metric_name() {
        "" => Err(InvalidLabels::Invalid),
        _ => Ok(labels),
    }))
}

/// A label set as sent, of a series or of an exemplar.
pub(super) fn label_set(
    pairs: LabelPairs<'_>,
    buffer: &mut Vec<u8>,
) -> Result<Result<Labels, InvalidLabels>, WireError> {
    // Senders sort, so the usual case is one pass into the encoding, which is checked as a whole.
    buffer.clear();
    let mut has_empty_values = false;
    for pair in pairs.clone() {
        let (name, value) = pair?;
        has_empty_values |= value.is_empty();
        put(buffer, name);
        put(buffer, value);
    }
    if !has_empty_values && let Ok(labels) = Labels::from_encoded(buffer) {
        return Ok(Ok(labels));
    }
    let pairs: Vec<(&[u8], &[u8])> = pairs.collect::<Result<_, _>>()?;
    Ok(sorted(&pairs))
}

/// The labels with what is said of the metric as `__type__` and `__unit__`. Where a type or a unit is said, labels
/// of these names that were sent go, as in Prometheus.
pub(super) fn described(labels: Labels, metadata: Option<&Metadata<'_>>) -> Labels {
    let Some(metadata) = metadata.filter(|metadata| metadata.has_type_or_unit()) else {
        return labels;
    };
    let mut builder = LabelsBuilder::from(&labels);
    builder.set(METRIC_TYPE, metadata.known_kind());
    builder.set(METRIC_UNIT, &String::from_utf8_lossy(metadata.unit));
    builder.build()
}

fn sorted(pairs: &[(&[u8], &[u8])]) -> Result<Labels, InvalidLabels> {
    let mut texts = Vec::with_capacity(pairs.len());
    for (name, value) in pairs {
        let text = |bytes| std::str::from_utf8(bytes).map_err(|_| InvalidLabels::Invalid);
        texts.push((text(name)?, text(value)?));
    }
    texts.sort_unstable_by_key(|(name, _)| *name);
    if texts.first().is_some_and(|(name, _)| name.is_empty()) {
        return Err(InvalidLabels::Invalid);
    }
    if texts.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(InvalidLabels::Duplicate);
    }
    Ok(Labels::from_pairs(texts))
}

/// One text in the encoding of [`Labels`].
fn put(buffer: &mut Vec<u8>, text: &[u8]) {
    let mut length = text.len();
    while length >= 0x80 {
        buffer.push(length as u8 | 0x80);
        length >>= 7;
    }
    buffer.push(length as u8);
    buffer.extend_from_slice(text);
}

/// The labels for an error's text, whatever they are.
pub(super) fn shown(pairs: LabelPairs<'_>) -> String {
    let texts = pairs.map_while(Result::ok).map(|(name, value)| {
        format!(
            "{}={:?}",
            String::from_utf8_lossy(name),
            String::from_utf8_lossy(value)
        )
    });
    format!("{{{}}}", texts.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use connectors_formats::remote_write::v2;
    use engine_model::LabelsBuilder;

    use super::*;

    type Pairs = &'static [(&'static [u8], &'static [u8])];

    /// The request of version 2.0 that holds one series with these labels, by hand: encoders take label sets.
    fn request(pairs: &[(&[u8], &[u8])]) -> Vec<u8> {
        let mut out = b"\x22\x00".to_vec();
        for text in pairs.iter().flat_map(|(name, value)| [name, value]) {
            out.push(0x22);
            put(&mut out, text);
        }
        let count = 2 * pairs.len() as u8;
        out.extend_from_slice(&[0x2a, count + 2, 0x0a, count]);
        out.extend(1..=count);
        out
    }

    fn of(pairs: &[(&[u8], &[u8])]) -> Result<String, InvalidLabels> {
        let mut out = None;
        v2::decode(&request(pairs), |series| {
            assert_eq!(series.fault, None);
            out = Some(series_labels(series.labels(), &mut Vec::new())?);
            Ok(())
        })
        .expect("whole");
        out.expect("one series").map(|labels| labels.to_string())
    }

    #[test]
    fn label_sets() {
        use InvalidLabels::{Duplicate, Invalid};
        let cases: [(Pairs, Result<&str, InvalidLabels>); 10] = [
            (
                &[(b"__name__", b"a"), (b"b", b"c")],
                Ok(r#"{__name__="a", b="c"}"#),
            ),
            (
                &[(b"b", b"c"), (b"__name__", b"a")],
                Ok(r#"{__name__="a", b="c"}"#),
            ),
            (&[(b"__name__", b"a"), (b"b", b"")], Ok(r#"{__name__="a"}"#)),
            (&[(b"__name__", b"a"), (b"b", b"1"), (b"b", b"2")], Err(Duplicate)),
            (&[(b"__name__", b"a"), (b"b", b""), (b"b", b"2")], Err(Duplicate)),
            (&[(b"__name__", b"a"), (b"", b"x")], Err(Invalid)),
            (&[(b"__name__", b""), (b"b", b"c")], Err(Invalid)),
            (&[(b"b", b"c")], Err(Invalid)),
            (&[(b"__name__", b"a"), (b"b", b"\xff")], Err(Invalid)),
            (&[], Err(Invalid)),
        ];
        for (pairs, expected) in cases {
            assert_eq!(of(pairs), expected.map(str::to_owned), "{pairs:?}");
        }
        let long = "v".repeat(100);
        let mut builder = LabelsBuilder::default();
        builder.set("__name__", "a");
        builder.set("b", &long);
        assert_eq!(
            of(&[(b"__name__", b"a"), (b"b", long.as_bytes())]),
            Ok(builder.build().to_string())
        );
    }
}
