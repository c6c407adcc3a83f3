//! What discoverers find: groups of targets, and the lists of them in files and HTTP answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine_settings::{Document, Error, Field};
use serde::Deserialize;

/// Everything that one discoverer knows now.
pub type Groups = Arc<Vec<TargetGroup>>;

/// Targets that share labels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TargetGroup {
    /// Where the group is from, for messages.
    pub source: String,
    /// Labels of each target; `__address__` is among them.
    pub targets: Vec<BTreeMap<String, String>>,
    /// Labels of all of them, which a target's own labels overrule.
    pub labels: BTreeMap<String, String>,
}

impl TargetGroup {
    /// A group of addresses.
    pub fn new(source: String, addresses: Vec<String>, labels: BTreeMap<String, String>) -> Self {
        let target = |address| BTreeMap::from([("__address__".to_owned(), address)]);
        Self {
            source,
            targets: addresses.into_iter().map(target).collect(),
            labels,
        }
    }
}

/// A group as it is written in JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    targets: Option<Vec<String>>,
    labels: Option<BTreeMap<String, String>>,
}

/// Addresses and labels of each group of a list.
pub type TargetList = Vec<(Vec<String>, BTreeMap<String, String>)>;

/// Reads a list of groups as `file_sd_configs` has it: JSON where the name of `file` ends so, else YAML.
///
/// # Errors
/// What is wrong with it.
pub fn parse_target_list(file: &str, text: &[u8]) -> Result<TargetList, String> {
    let is_json = file
        .rsplit_once('.')
        .is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("json"));
    match is_json {
        true => from_json(text),
        false => from_yaml(
            file,
            std::str::from_utf8(text).map_err(|error| error.to_string())?,
        ),
    }
}

/// Reads a JSON list of groups.
pub(super) fn from_json(text: &[u8]) -> Result<TargetList, String> {
    let groups: Option<Vec<Option<Written>>> =
        serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let groups = groups.unwrap_or_default().into_iter().enumerate();
    let read = groups.map(|(index, group)| {
        let group = group.ok_or_else(|| format!("nil target group item found (index {index})"))?;
        let labels = group.labels.unwrap_or_default();
        match labels.contains_key("") {
            true => Err(format!("\"\" is not a valid label name (index {index})")),
            false => Ok((group.targets.unwrap_or_default(), labels)),
        }
    });
    read.collect()
}

/// Reads a YAML list of groups; `file` is named in errors.
fn from_yaml(file: &str, text: &str) -> Result<TargetList, String> {
    let document = Document::parse(file, text).map_err(|error| error.to_string())?;
    let groups = document.decode(|root| root.list(written_group));
    groups.map_err(|error| error.to_string())
}

fn written_group(field: Field<'_>) -> Result<(Vec<String>, BTreeMap<String, String>), Error> {
    if field.is_null() {
        return Err(field.error("nil target group item found; remove it"));
    }
    let mapping = field.mapping()?;
    let targets = mapping.get_or("targets", Field::strings, Vec::new())?;
    let labels = mapping.get_or("labels", Field::string_map, BTreeMap::new())?;
    if labels.contains_key("") {
        return Err(mapping.error("\"\" is not a valid label name"));
    }
    mapping.finish()?;
    Ok((targets, labels))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn lists_in_both_languages() {
        let expected = vec![
            (vec!["a:1".to_owned(), "b:2".to_owned()], labels(&[("env", "x")])),
            (vec![], labels(&[])),
        ];
        let json = br#"[{"targets": ["a:1", "b:2"], "labels": {"env": "x"}}, {"labels": null}]"#;
        assert_eq!(from_json(json), Ok(expected.clone()));
        let yaml = "- targets: [a:1, b:2]\n  labels: {env: x}\n- labels:\n";
        assert_eq!(from_yaml("f.yml", yaml), Ok(expected));
        assert_eq!((from_json(b"[]"), from_json(b"null")), (Ok(vec![]), Ok(vec![])));
        assert_eq!(from_yaml("f.yml", ""), Ok(vec![]));
    }

    #[test]
    fn faults_are_told() {
        for (json, part) in [
            (&b"[null]"[..], "index 0"),
            (b"[{\"target\": []}]", "unknown field"),
            (b"[{\"labels\": {\"a\": 1}}]", "expected a string"),
            (b"[{", "EOF"),
        ] {
            let error = from_json(json).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        for (yaml, part) in [
            ("- \n", "f.yml:1:3: [0]: nil target group"),
            ("- target: [a]\n", "did you mean \"targets\""),
            ("a: b\n", "expected a list"),
        ] {
            let error = from_yaml("f.yml", yaml).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
