//! The template files that the configuration names, and how a notifier's fields are expanded.

use std::path::{Path, PathBuf};

use engine_template::functions::alertmanager::{NotificationData, functions};
use engine_template::{TemplateError, Templates};

use super::NotifyError;

/// Why template files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TemplatesError {
    /// A folder or file cannot be read.
    #[error("cannot read templates from {}", path.display())]
    Read {
        /// The folder or file.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: std::io::Error,
    },
    /// A file is not a template.
    #[error("cannot parse the template file {}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        #[source]
        source: TemplateError,
    },
}

/// Reads all files that patterns match. The last element of a pattern may have `*` and `?`; a pattern
/// that matches nothing is fine, a path without them must be there.
pub(crate) fn load(patterns: &[PathBuf]) -> Result<Templates, TemplatesError> {
    let mut templates = Templates::new();
    for path in patterns
        .iter()
        .map(|pattern| files(pattern))
        .collect::<Result<Vec<_>, _>>()?
        .concat()
    {
        let text = std::fs::read_to_string(&path).map_err(|source| TemplatesError::Read {
            path: path.clone(),
            source,
        })?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if let Err(source) = templates.parse(&name, &text, &functions(0)) {
            return Err(TemplatesError::Parse { path, source });
        }
    }
    Ok(templates)
}

/// Expands a field of a notifier's configuration. The time of `now` is the wall clock's.
pub(super) fn expand(
    templates: &Templates,
    text: &str,
    data: &NotificationData,
) -> Result<String, NotifyError> {
    let functions = functions(engine_model::time::now_ms());
    templates
        .expand("", text, &data.to_value(), &functions)
        .map_err(|error| NotifyError::Permanent(error.to_string()))
}

/// The files that a pattern names, sorted.
fn files(pattern: &Path) -> Result<Vec<PathBuf>, TemplatesError> {
    let last = pattern.file_name().unwrap_or_default().to_string_lossy();
    if !last.contains(['*', '?']) {
        return Ok(vec![pattern.to_owned()]);
    }
    let folder = pattern.parent().unwrap_or(Path::new(""));
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => {
            let path = folder.to_owned();
            return Err(TemplatesError::Read { path, source });
        }
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| TemplatesError::Read {
            path: folder.to_owned(),
            source,
        })?;
        let name: Vec<char> = entry.file_name().to_string_lossy().chars().collect();
        if matches(&last.chars().collect::<Vec<_>>(), &name) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a name matches a pattern of plain characters, `*` and `?`.
fn matches(pattern: &[char], name: &[char]) -> bool {
    // Where to go on when what follows the last `*` does not fit: one character further.
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match star {
                None => return false,
                Some((star_p, star_n)) => {
                    star = Some((star_p, star_n + 1));
                    p = star_p + 1;
                    n = star_n + 1;
                }
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let cases = [
            ("*.tmpl", "a.tmpl", true),
            ("*.tmpl", "a.tmpl.bak", false),
            ("a?c*", "abcd", true),
            ("a?c*", "ac", false),
            ("*a*b", "xaayb", true),
            ("*a*b", "xaay", false),
            ("*", "", true),
        ];
        for (pattern, name, expected) in cases {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            assert_eq!(
                matches(&chars(pattern), &chars(name)),
                expected,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn loads_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("a.tmpl"), r#"{{ define "x" }}one{{ end }}"#).unwrap();
        std::fs::write(path("b.tmpl"), r#"{{ define "x" }}two{{ end }}"#).unwrap();
        std::fs::write(path("c.txt"), "{{ broken").unwrap();
        let templates = load(&[path("*.tmpl"), path("none*"), path("missing/*.tmpl")]).unwrap();
        assert!(templates.contains("x"));
        let data = NotificationData {
            receiver: "r".to_owned(),
            alerts: Vec::new(),
            group_labels: Vec::new(),
            common_labels: Vec::new(),
            common_annotations: Vec::new(),
            route_labels: Vec::new(),
            external_url: String::new(),
            notification_reason: String::new(),
        };
        let text = expand(
            &templates,
            r#"{{ template "x" . }} {{ .Receiver | toUpper }}"#,
            &data,
        );
        assert_eq!(text, Ok("two R".to_owned()));
        assert!(matches!(
            load(&[path("*.txt")]),
            Err(TemplatesError::Parse { .. })
        ));
        assert!(matches!(
            load(&[path("gone.tmpl")]),
            Err(TemplatesError::Read { .. })
        ));
    }
}
