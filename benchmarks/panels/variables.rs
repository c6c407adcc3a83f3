//! The values of a dashboard's variables, chosen as Grafana chooses when it opens one: what was saved where it is
//! still there, else the first. Only variables that something asks for are looked up, and what they depend on first.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use regex::Regex;

use super::dashboard::Variable;
use super::replace::{Chosen, Quoting, replace};

/// Asks a server for the values of a label, of the series that a selector matches or of all.
pub(super) type Lookup<'a> = dyn FnMut(Option<&str>, &str) -> Result<Vec<String>> + 'a;

/// A dashboard's variables, as far as they have been asked for.
#[derive(Debug)]
pub(super) struct Variables<'a> {
    declared: &'a [Variable],
    chosen: BTreeMap<String, Chosen>,
    /// Those that are being looked up just now.
    open: Vec<String>,
}

impl<'a> Variables<'a> {
    /// The declared variables; those that are `given` have this value, whatever the dashboard says.
    pub(super) fn new(declared: &'a [Variable], given: &[(String, String)]) -> Self {
        let given = given.iter().map(|(name, value)| {
            let named = declared.iter().find(|variable| variable.name == *name);
            let values = vec![value.clone()];
            let quoting = named.map_or(Quoting::Verbatim, quoting);
            (name.clone(), Chosen { values, quoting })
        });
        Self {
            declared,
            chosen: given.collect(),
            open: Vec::new(),
        }
    }

    /// The values of the variable with this name.
    ///
    /// # Errors
    /// When there is none, or its values cannot be told; the text says how to give them.
    pub(super) fn find(&mut self, name: &str, lookup: &mut Lookup<'_>) -> Result<Chosen> {
        if let Some(known) = self.chosen.get(name) {
            return Ok(known.clone());
        }
        let declared = self.declared.iter().find(|variable| variable.name == name);
        let declared = declared.with_context(|| {
            format!("no variable {name:?} in the dashboard; give it with --variable {name}=VALUE")
        })?;
        if self.open.iter().any(|open| open == name) {
            bail!("the variable {name:?} depends on itself");
        }
        self.open.push(name.to_owned());
        let chosen = self
            .choose(declared, lookup)
            .with_context(|| format!("the variable {name:?}; give it with --variable {name}=VALUE"))?;
        self.open.pop();
        self.chosen.insert(name.to_owned(), chosen.clone());
        Ok(chosen)
    }

    fn choose(&mut self, variable: &Variable, lookup: &mut Lookup<'_>) -> Result<Chosen> {
        let values = match variable.kind.as_str() {
            "query" => self.looked_up(variable, lookup)?,
            "constant" | "textbox" => vec![variable.query.clone()],
            "custom" | "interval" => listed(&variable.query),
            other => bail!("its values cannot be told from its kind, {other:?}"),
        };
        let saved: Vec<_> = variable
            .current
            .iter()
            .filter(|value| values.contains(value))
            .collect();
        let all = variable.include_all && variable.current.iter().any(|value| value == "$__all");
        let first = values.first().context("there is no value to choose")?.clone();
        if let (true, Some(value)) = (all, &variable.all_value) {
            return Ok(Chosen::verbatim(value));
        }
        let values = match (all, saved.as_slice()) {
            (true, _) => values,
            // Grafana opens a dashboard that was never saved with a choice on all, where all may be chosen.
            (false, []) if variable.include_all && variable.current.is_empty() => match &variable.all_value {
                Some(value) => return Ok(Chosen::verbatim(value)),
                None => values,
            },
            (false, []) => vec![first],
            (false, saved) => saved.iter().map(|&value| value.clone()).collect(),
        };
        let quoting = quoting(variable);
        Ok(Chosen { values, quoting })
    }

    fn looked_up(&mut self, variable: &Variable, lookup: &mut Lookup<'_>) -> Result<Vec<String>> {
        let query = replace(&variable.query, &mut |name| self.find(name, lookup).map(Some))?;
        let within = query.trim().strip_prefix("label_values(");
        let within = within.and_then(|within| within.strip_suffix(')'));
        let within = within.with_context(|| format!("only label_values(…) is understood, not {query}"))?;
        let values = match within.rsplit_once(',') {
            Some((selector, label)) => lookup(Some(selector.trim()), label.trim())?,
            None => lookup(None, within.trim())?,
        };
        if variable.regex.is_empty() {
            return Ok(values);
        }
        let source = variable
            .regex
            .strip_prefix('/')
            .and_then(|rest| rest.rsplit_once('/'));
        let regex = Regex::new(source.map_or(variable.regex.as_str(), |(source, _)| source))?;
        let mut cut = Vec::with_capacity(values.len());
        for captures in values.iter().filter_map(|value| regex.captures(value)) {
            let of_group = captures.name("value").or_else(|| captures.get(1));
            let value = of_group.or_else(|| captures.get(0));
            let value = value.map_or("", |found| found.as_str()).to_owned();
            if !cut.contains(&value) {
                cut.push(value);
            }
        }
        Ok(cut)
    }
}

/// Where several values may be chosen, queries expect a regular expression.
fn quoting(variable: &Variable) -> Quoting {
    if variable.multi || variable.include_all {
        Quoting::Pattern
    } else {
        Quoting::Text
    }
}

/// The values of a list with commas; an entry may be `text : value`.
fn listed(query: &str) -> Vec<String> {
    let entries = query.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let values = entries.map(|entry| entry.split_once(" : ").map_or(entry, |(_, value)| value.trim()));
    values.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, kind: &str, query: &str) -> Variable {
        Variable {
            name: name.to_owned(),
            kind: kind.to_owned(),
            query: query.to_owned(),
            ..Variable::default()
        }
    }

    /// A server with two hosts in two jobs.
    fn server(selector: Option<&str>, label: &str) -> Result<Vec<String>> {
        let values: &[&str] = match (selector, label) {
            (Some("node_uname_info"), "job") => &["node", "other"],
            (Some(r#"node_uname_info{job="node"}"#), "instance") => &["a:9100", "b:9100"],
            (None, "status") => &["200", "5.0"],
            asked => bail!("asked for {asked:?}"),
        };
        Ok(values.iter().map(|&value| value.to_owned()).collect())
    }

    fn found(declared: &[Variable], given: &[(String, String)], name: &str) -> Result<(String, Quoting)> {
        let chosen = Variables::new(declared, given).find(name, &mut server)?;
        Ok((chosen.values.join(" "), chosen.quoting))
    }

    #[test]
    fn what_a_variable_depends_on_is_looked_up_first() {
        let mut declared = vec![
            variable(
                "node",
                "query",
                r#"label_values(node_uname_info{job="$job"}, instance)"#,
            ),
            variable("job", "query", "label_values(node_uname_info, job)"),
        ];
        assert_eq!(
            found(&declared, &[], "node").unwrap(),
            ("a:9100".into(), Quoting::Text)
        );
        declared[0].regex = "/([^:]+):.*/".to_owned();
        declared[0].current = vec!["b".to_owned()];
        assert_eq!(found(&declared, &[], "node").unwrap().0, "b");
        let given = [("job".to_owned(), "nobody".to_owned())];
        assert!(found(&declared, &given, "node").is_err());
        assert_eq!(found(&declared, &given, "job").unwrap().0, "nobody");
        declared[1].query = "label_values($node, job)".to_owned();
        let error = found(&declared, &[], "node").unwrap_err();
        assert!(format!("{error:#}").contains("depends on itself"), "{error:#}");
    }

    #[test]
    fn lists_and_all_are_chosen_as_saved() {
        let mut declared = vec![
            variable("disks", "constant", "[a-z]+|nvme.*"),
            variable("step", "custom", "1m, five : 5m"),
            variable("status", "query", "label_values(status)"),
            variable("source", "datasource", "prometheus"),
        ];
        assert_eq!(found(&declared, &[], "disks").unwrap().0, "[a-z]+|nvme.*");
        assert_eq!(found(&declared, &[], "step").unwrap().0, "1m");
        declared[1].current = vec!["5m".to_owned()];
        assert_eq!(found(&declared, &[], "step").unwrap().0, "5m");
        declared[2].include_all = true;
        assert_eq!(
            found(&declared, &[], "status").unwrap(),
            ("200 5.0".into(), Quoting::Pattern)
        );
        declared[2].current = vec!["$__all".to_owned()];
        declared[2].all_value = Some(".*".to_owned());
        assert_eq!(
            found(&declared, &[], "status").unwrap(),
            (".*".into(), Quoting::Verbatim)
        );
        declared[2].current = vec!["200".to_owned()];
        assert_eq!(found(&declared, &[], "status").unwrap().0, "200");
        for name in ["source", "none"] {
            let error = format!("{:#}", found(&declared, &[], name).unwrap_err());
            assert!(error.contains("--variable"), "{error}");
        }
    }
}
