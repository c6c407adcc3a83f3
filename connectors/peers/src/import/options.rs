//! The arguments of an import.

use engine_model::METRIC_NAME;
use url::form_urlencoded;

/// What a request asks for beside its body.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ImportOptions {
    /// Labels that every series gets; they replace its own.
    pub(super) extra_labels: Vec<(String, String)>,
    /// Time of lines that have none, ms; now when it is not given.
    pub(super) timestamp_ms: Option<i64>,
}

impl ImportOptions {
    /// Reads the query of a URL.
    pub(super) fn parse(query: &str) -> Result<Self, String> {
        let mut options = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "extra_label" => {
                    let pair = value.split_once('=').filter(|(name, _)| !name.is_empty());
                    let Some((name, value)) = pair else {
                        return Err(format!("extra_label must be NAME=VALUE, got {value:?}"));
                    };
                    if name == METRIC_NAME {
                        return Err("extra_label cannot set the metric name".to_owned());
                    }
                    options.extra_labels.push((name.to_owned(), value.to_owned()));
                }
                "timestamp" => {
                    let ms = value.parse().map_err(|_| {
                        format!("timestamp must be milliseconds since the epoch, got {value:?}")
                    })?;
                    options.timestamp_ms = Some(ms).filter(|ms| *ms != 0);
                }
                _ => {
                    return Err(format!(
                        "unknown argument {name:?}; there are extra_label and timestamp"
                    ));
                }
            }
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_checked() {
        let options =
            ImportOptions::parse("extra_label=job=a%3Db&extra_label=dam=&timestamp=5").expect("valid");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(options.extra_labels, [pair("job", "a=b"), pair("dam", "")]);
        assert_eq!(options.timestamp_ms, Some(5));
        for query in [
            "extra_label=job",
            "extra_label==a",
            "extra_label=__name__=a",
            "timestamp=x",
            "tme=5",
        ] {
            assert!(ImportOptions::parse(query).is_err(), "{query}");
        }
    }
}
