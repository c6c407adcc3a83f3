//! A target's URL, made of its labels.

use std::collections::BTreeMap;

use engine_model::Labels;
use url::Url;
use url::form_urlencoded::Serializer;

/// Prefix of the labels that override the first value of a URL parameter.
const PARAM_PREFIX: &str = "__param_";

/// What is fetched, or why it cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetUrl {
    text: String,
    url: Result<Url, String>,
}

impl TargetUrl {
    /// The URL of a target's labels, with the job's parameters.
    pub(super) fn new(labels: &Labels, params: &BTreeMap<String, Vec<String>>) -> Self {
        let mut params = params.clone();
        for (name, value) in labels {
            if let Some(name) = name.strip_prefix(PARAM_PREFIX) {
                let values = params.entry(name.to_owned()).or_default();
                match values.first_mut() {
                    Some(first) => value.clone_into(first),
                    None => values.push(value.to_owned()),
                }
            }
        }
        let mut query = Serializer::new(String::new());
        for (name, values) in &params {
            for value in values {
                query.append_pair(name, value);
            }
        }
        let query = query.finish();
        let (scheme, address) = (labels.value("__scheme__"), labels.value("__address__"));
        let path = labels.value("__metrics_path__");
        let mut text = format!("{scheme}://{address}{path}");
        let url = parse(scheme, address).map(|mut url| {
            url.set_path(path);
            url.set_query((!query.is_empty()).then_some(query.as_str()));
            // Kept as written: the parser would drop a port that is the scheme's default.
            text = format!("{scheme}://{address}{}", url.path());
            url
        });
        if !query.is_empty() {
            text = format!("{text}?{query}");
        }
        Self { text, url }
    }

    /// The URL as it is shown.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The URL to fetch, or what is wrong with it.
    pub fn url(&self) -> Result<&Url, &str> {
        self.url.as_ref().map_err(String::as_str)
    }
}

fn parse(scheme: &str, address: &str) -> Result<Url, String> {
    if !matches!(scheme, "http" | "https") {
        return Err(format!("unsupported protocol scheme {scheme:?}"));
    }
    Url::parse(&format!("{scheme}://{address}/")).map_err(|error| error.to_string())
}
