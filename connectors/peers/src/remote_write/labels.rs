//! From the labels of a request, which may be anything, to a label set.

use engine_model::Labels;

/// The label set of pairs as sent; `None` when Prometheus would skip the series: no metric name, an
/// empty label name, text that is not UTF-8, or a name twice. Empty values are left out.
pub(super) fn label_set(pairs: &[(&[u8], &[u8])], buffer: &mut Vec<u8>) -> Option<Labels> {
    // Senders sort, so the usual case is one pass into the encoding, which is checked as a whole.
    buffer.clear();
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        put(buffer, name);
        put(buffer, value);
    }
    let has_empty_values = pairs.iter().any(|(_, value)| value.is_empty());
    let labels = match Labels::from_encoded(buffer) {
        Ok(labels) if !has_empty_values => labels,
        _ => sorted(pairs)?,
    };
    (!labels.metric_name().is_empty()).then_some(labels)
}

fn sorted(pairs: &[(&[u8], &[u8])]) -> Option<Labels> {
    let mut texts = Vec::with_capacity(pairs.len());
    for (name, value) in pairs {
        texts.push((std::str::from_utf8(name).ok()?, std::str::from_utf8(value).ok()?));
    }
    texts.sort_unstable_by_key(|(name, _)| *name);
    let faulty = texts.first().is_some_and(|(name, _)| name.is_empty());
    let twice = texts.windows(2).any(|pair| pair[0].0 == pair[1].0);
    (!faulty && !twice).then(|| Labels::from_pairs(texts))
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

#[cfg(test)]
mod tests {
    use super::*;

    type Pairs = &'static [(&'static str, &'static str)];

    #[test]
    fn label_sets() {
        let long = "v".repeat(200);
        let cases: [(Pairs, Option<&str>); 8] = [
            (&[("__name__", "a"), ("b", "c")], Some(r#"{__name__="a", b="c"}"#)),
            (&[("b", "c"), ("__name__", "a")], Some(r#"{__name__="a", b="c"}"#)),
            (&[("__name__", "a"), ("b", "")], Some(r#"{__name__="a"}"#)),
            (&[("__name__", "a"), ("b", "1"), ("b", "2")], None),
            (&[("__name__", "a"), ("b", ""), ("b", "2")], None),
            (&[("__name__", "a"), ("", "x")], None),
            (&[("__name__", ""), ("b", "c")], None),
            (&[("b", "c")], None),
        ];
        let mut buffer = Vec::new();
        let mut of = |pairs: &[(&str, &str)]| {
            let bytes: Vec<_> = pairs.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
            label_set(&bytes, &mut buffer).map(|labels| labels.to_string())
        };
        for (pairs, expected) in cases {
            assert_eq!(of(pairs).as_deref(), expected, "{pairs:?}");
        }
        let pairs = [("__name__", "a"), ("b", long.as_str())];
        assert_eq!(of(&pairs), Some(Labels::from_pairs(pairs).to_string()));
        assert_eq!(
            label_set(&[(b"__name__", b"a"), (b"b", b"\xff")], &mut buffer),
            None
        );
        assert_eq!(label_set(&[], &mut buffer), None);
    }
}
