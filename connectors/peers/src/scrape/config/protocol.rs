//! The formats that a target can be asked for: `scrape_protocols` and `fallback_scrape_protocol`.

use connectors_formats::exposition::Format;
use engine_settings::{Error, Field};

/// A format that targets can answer in, by Prometheus's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScrapeProtocol {
    /// Delimited `io.prometheus.client.MetricFamily`.
    PrometheusProto,
    /// OpenMetrics 0.0.1.
    OpenMetricsText001,
    /// OpenMetrics 1.0.0.
    OpenMetricsText100,
    /// Prometheus's text with UTF-8 names.
    PrometheusText100,
    /// Prometheus's text.
    PrometheusText004,
}

use ScrapeProtocol::{
    OpenMetricsText001, OpenMetricsText100, PrometheusProto, PrometheusText004, PrometheusText100,
};

/// Every protocol by the word in the file.
const WORDS: [(&str, ScrapeProtocol); 5] = [
    ("PrometheusProto", PrometheusProto),
    ("OpenMetricsText0.0.1", OpenMetricsText001),
    ("OpenMetricsText1.0.0", OpenMetricsText100),
    ("PrometheusText1.0.0", PrometheusText100),
    ("PrometheusText0.0.4", PrometheusText004),
];

/// What targets are asked for when `scrape_protocols` is not written; protobuf first where its native
/// histograms or its start timestamps are wanted.
pub(in crate::scrape) fn default_protocols(protobuf_first: bool) -> Vec<ScrapeProtocol> {
    let text = [
        OpenMetricsText100,
        OpenMetricsText001,
        PrometheusText100,
        PrometheusText004,
    ];
    let first = protobuf_first.then_some(PrometheusProto);
    first.into_iter().chain(text).collect()
}

impl ScrapeProtocol {
    /// Its word in the configuration.
    pub fn as_str(self) -> &'static str {
        let word = WORDS.iter().find(|(_, protocol)| *protocol == self);
        word.map_or("", |(name, _)| *name)
    }

    /// The media type that asks for it, without the escaping of names.
    pub fn media_type(self) -> &'static str {
        match self {
            PrometheusProto => {
                "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
            }
            OpenMetricsText001 => "application/openmetrics-text;version=0.0.1",
            OpenMetricsText100 => "application/openmetrics-text;version=1.0.0",
            PrometheusText100 => "text/plain;version=1.0.0",
            PrometheusText004 => "text/plain;version=0.0.4",
        }
    }

    /// The grammar of its bodies.
    pub fn format(self) -> Format {
        match self {
            PrometheusProto => Format::PrometheusProto,
            OpenMetricsText001 | OpenMetricsText100 => Format::OpenMetricsText,
            PrometheusText100 | PrometheusText004 => Format::PrometheusText,
        }
    }

    /// Whether the escaping of names can be asked for with it.
    pub fn takes_escaping(self) -> bool {
        matches!(self, OpenMetricsText100 | PrometheusText100)
    }
}

/// One protocol word.
pub(super) fn protocol(field: Field<'_>) -> Result<ScrapeProtocol, Error> {
    let word = field.clone().string()?;
    match WORDS.iter().find(|(name, _)| *name == word) {
        Some((_, protocol)) => Ok(*protocol),
        None => {
            let names: Vec<&str> = WORDS.iter().map(|(name, _)| *name).collect();
            Err(field.error(format!(
                "unknown scrape protocol {word:?}, supported: {}",
                names.join(", ")
            )))
        }
    }
}

/// `scrape_protocols`: not empty, no repetitions.
pub(super) fn protocols(field: Field<'_>) -> Result<Vec<ScrapeProtocol>, Error> {
    let list = field.clone().list(protocol)?;
    if list.is_empty() {
        return Err(field.error("scrape_protocols cannot be empty; remove the key or name a protocol"));
    }
    for (i, protocol) in list.iter().enumerate() {
        if list[..i].contains(protocol) {
            return Err(field.error("duplicated protocol in scrape_protocols; remove one"));
        }
    }
    Ok(list)
}
