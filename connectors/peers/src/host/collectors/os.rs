//! `os`: the distribution's name, version and end of support from `os-release`.

use std::collections::HashMap;

use chrono::NaiveDate;

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::text::Text;

const LABELS: [&str; 12] = [
    "build_id",
    "id",
    "id_like",
    "image_id",
    "image_version",
    "name",
    "pretty_name",
    "variant",
    "variant_id",
    "version",
    "version_codename",
    "version_id",
];

pub(super) struct Os;

impl Collector for Os {
    fn name(&self) -> &'static str {
        "os"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let text = match Text::read_if_present(roots.root("etc/os-release"))? {
            Some(text) => text,
            None => Text::read_if_present(roots.root("usr/lib/os-release"))?
                .ok_or(CollectError::NoData("no os-release file"))?,
        };
        let fields = parse(&text)?;
        let field = |name: &str| fields.get(&name.to_uppercase()).map_or("", String::as_str);
        metrics.gauge(
            "node_os_info",
            "A metric with a constant '1' value labeled by build_id, id, id_like, image_id, image_version, name, \
             pretty_name, variant, variant_id, version, version_codename, version_id.",
            &LABELS.map(|name| (name, field(name))),
            1.0,
        );
        if let Some(version) = major_minor(field("version_id")) {
            metrics.gauge(
                "node_os_version",
                "Metric containing the major.minor part of the OS version.",
                &[
                    ("id", field("id")),
                    ("id_like", field("id_like")),
                    ("name", field("name")),
                ],
                version,
            );
        }
        if !field("support_end").is_empty() {
            let end = NaiveDate::parse_from_str(field("support_end"), "%Y-%m-%d")
                .map_err(|_| text.malformed("SUPPORT_END is not a date"))?;
            metrics.gauge(
                "node_os_support_end_timestamp_seconds",
                "Metric containing the end-of-life date timestamp of the OS.",
                &[],
                end.and_time(chrono::NaiveTime::MIN).and_utc().timestamp() as f64,
            );
        }
        Ok(())
    }
}

/// Shell-like assignments: `NAME=value`, the value bare, in single or in double quotes (with backslashes).
fn parse(text: &Text) -> Result<HashMap<String, String>, CollectError> {
    let mut fields = HashMap::new();
    for line in text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let (name, value) = line
            .split_once('=')
            .ok_or_else(|| text.malformed(format!("expected NAME=value, found {line:?}")))?;
        fields.insert(name.to_owned(), unquote(value));
    }
    Ok(fields)
}

fn unquote(value: &str) -> String {
    if let Some(inner) = value.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return inner.to_owned();
    }
    let inner = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(value);
    let mut unquoted = String::with_capacity(inner.len());
    let mut escaped = false;
    for character in inner.chars() {
        if character == '\\' && !escaped {
            escaped = true;
        } else {
            unquoted.push(character);
            escaped = false;
        }
    }
    unquoted
}

/// `22.04.3` → 22.04, `12` → 12; none where the version does not start with a number.
fn major_minor(version_id: &str) -> Option<f64> {
    let mut parts = version_id.split('.');
    let digits = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>();
    let major_part = parts.next()?;
    let major = digits(major_part);
    let minor = if major.len() == major_part.len() {
        digits(parts.next().unwrap_or(""))
    } else {
        String::new()
    };
    format!("{major}.{minor}0")
        .parse()
        .ok()
        .filter(|version: &f64| !major.is_empty() && *version > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::{Fixture, assert_has};

    #[test]
    fn names_and_version() {
        let fixture = Fixture::new();
        assert!(matches!(fixture.run(&Os).1, Err(CollectError::NoData(_))));
        fixture.file(
            "root/usr/lib/os-release",
            "# comment\nNAME=\"Ubuntu\"\nID=ubuntu\nID_LIKE='debian'\nPRETTY_NAME=\"Ubuntu \\\"20\\\"\"\n\
             VERSION_ID=\"20.04\"\nSUPPORT_END=2025-04-01\n",
        );
        assert_has(
            &fixture.samples(&Os),
            &[
                "node_os_info{build_id=\"\",id=\"ubuntu\",id_like=\"debian\",image_id=\"\",image_version=\"\",\
                 name=\"Ubuntu\",pretty_name=\"Ubuntu \\\"20\\\"\",variant=\"\",variant_id=\"\",version=\"\",\
                 version_codename=\"\",version_id=\"20.04\"} 1",
                "node_os_version{id=\"ubuntu\",id_like=\"debian\",name=\"Ubuntu\"} 20.04",
                "node_os_support_end_timestamp_seconds 1.7434656e+09",
            ],
        );
        fixture.file("root/etc/os-release", "what is this\n");
        assert!(matches!(fixture.run(&Os).1, Err(CollectError::Malformed { .. })));
    }

    #[test]
    fn major_and_minor_version() {
        for (version_id, expected) in [
            ("12", Some(12.0)),
            ("22.04.3", Some(22.04)),
            ("3.19_alpha", Some(3.19)),
            ("7x.1", Some(7.0)),
            ("", None),
            ("rolling", None),
        ] {
            assert_eq!(major_minor(version_id), expected, "{version_id:?}");
        }
    }
}
