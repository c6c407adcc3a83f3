//! Which form a client wants, by its `Accept` header.

use crate::escaping::EscapingScheme;

/// Forms of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text, version 0.0.4.
    Text,
    /// Messages, each behind its length.
    Delimited,
}

/// What becomes of names that not every client understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// They are written as they are.
    AsTheyAre,
    /// They are escaped.
    Escaped(EscapingScheme),
}

impl Names {
    fn word(self) -> &'static str {
        match self {
            Self::AsTheyAre => "allow-utf-8",
            Self::Escaped(scheme) => scheme.as_str(),
        }
    }
}

/// The form, what becomes of names, and the content type. The first entry of `accept` that we have decides; text
/// when there is none.
pub fn negotiate(accept: &str) -> (Format, Names, String) {
    let mut names = Names::Escaped(EscapingScheme::Underscores);
    for entry in accept.split(',') {
        let mut parts = entry.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        let parameters: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
        let parameter = |name: &str| {
            let found = parameters
                .iter()
                .find(|(n, _)| n.trim().eq_ignore_ascii_case(name));
            found.map_or("", |(_, value)| value.trim().trim_matches('"'))
        };
        names = match parameter("escaping") {
            "allow-utf-8" => Names::AsTheyAre,
            word => EscapingScheme::from_word(word).map_or(names, Names::Escaped),
        };
        let proto = parameter("proto") == "io.prometheus.client.MetricFamily";
        if kind == "application/vnd.google.protobuf" && proto && parameter("encoding") == "delimited" {
            return answer(Format::Delimited, names);
        }
        if kind == "text/plain" && matches!(parameter("version"), "" | "0.0.4" | "1.0.0") {
            return answer(Format::Text, names);
        }
    }
    answer(Format::Text, names)
}

fn answer(format: Format, names: Names) -> (Format, Names, String) {
    let kind = match format {
        Format::Text => "text/plain; version=0.0.4; charset=utf-8",
        Format::Delimited => {
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
        }
    };
    (format, names, format!("{kind}; escaping={}", names.word()))
}
