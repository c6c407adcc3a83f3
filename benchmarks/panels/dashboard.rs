//! A dashboard's file as Grafana saves it: what its panels ask, and its variables. Rows that are folded count like
//! others, in the form of today (panels within a row's panel) and in that of 2016 (panels within rows).

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// What the benchmark needs of a dashboard.
#[derive(Debug)]
pub(super) struct Dashboard {
    /// Its title.
    pub(super) title: String,
    /// What its panels ask, in the order of the file.
    pub(super) targets: Vec<Target>,
    /// Its variables, in the order of the file.
    pub(super) variables: Vec<Variable>,
}

/// One question of a panel.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The panel's title and the letter of the question.
    pub(super) name: String,
    /// The expression, variables in it.
    pub(super) expression: String,
    /// Whether the end alone is asked instead of a range.
    pub(super) instant: bool,
}

/// A variable of the dashboard.
#[derive(Debug, Default)]
pub(super) struct Variable {
    pub(super) name: String,
    /// `query`, `constant`, `custom`, `interval`, `textbox`, …
    pub(super) kind: String,
    /// What to ask for values; of other kinds the values themselves.
    pub(super) query: String,
    /// Filters the values and cuts them, between slashes; empty keeps all.
    pub(super) regex: String,
    /// Whether several values may be chosen.
    pub(super) multi: bool,
    /// Whether all values may be chosen at once.
    pub(super) include_all: bool,
    /// What stands for all values instead of all of them.
    pub(super) all_value: Option<String>,
    /// What was chosen when the file was saved.
    pub(super) current: Vec<String>,
}

/// Reads a file, or an answer of Grafana's HTTP API that wraps it.
///
/// # Errors
/// When it is no dashboard, or nothing in it asks anything.
pub(super) fn read(text: &[u8]) -> Result<Dashboard> {
    let file: Value = serde_json::from_slice(text).context("not a dashboard's JSON")?;
    let dashboard = file.get("dashboard").unwrap_or(&file);
    let mut targets = Vec::new();
    collect(dashboard, &mut targets);
    if targets.is_empty() {
        bail!("no panel with an expression; is it a dashboard of Prometheus queries?");
    }
    let listed = dashboard["templating"]["list"].as_array();
    Ok(Dashboard {
        title: text_of(&dashboard["title"]),
        targets,
        variables: listed.into_iter().flatten().map(variable).collect(),
    })
}

/// The targets of a panel, a row or a dashboard and of all that is within.
fn collect(holder: &Value, targets: &mut Vec<Target>) {
    let title = text_of(&holder["title"]);
    for target in holder["targets"].as_array().into_iter().flatten() {
        let expression = text_of(&target["expr"]);
        if expression.trim().is_empty() {
            continue;
        }
        let flag = |name: &str| target[name].as_bool().unwrap_or(false);
        targets.push(Target {
            name: format!("{title}, {}", text_of(&target["refId"])),
            expression,
            instant: flag("instant") && !flag("range"),
        });
    }
    for within in ["panels", "rows"] {
        let within = holder[within].as_array().into_iter().flatten();
        within.for_each(|panel| collect(panel, targets));
    }
}

fn variable(listed: &Value) -> Variable {
    let query = &listed["query"];
    let current = &listed["current"]["value"];
    let current = match current.as_array() {
        Some(several) => several.iter().map(text_of).collect(),
        None => vec![text_of(current)],
    };
    Variable {
        name: text_of(&listed["name"]),
        kind: text_of(&listed["type"]),
        query: text_of(query.get("query").unwrap_or(query)),
        regex: text_of(&listed["regex"]),
        multi: listed["multi"].as_bool().unwrap_or(false),
        include_all: listed["includeAll"].as_bool().unwrap_or(false),
        all_value: Some(text_of(&listed["allValue"])).filter(|value| !value.is_empty()),
        current: current.into_iter().filter(|value| !value.is_empty()).collect(),
    }
}

/// The text of a JSON string; of anything else nothing.
fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_of_folded_rows_and_old_rows_are_found() {
        let text = br#"{"title": "Both", "panels": [
            {"title": "Top", "targets": [{"expr": "up", "refId": "A", "instant": true},
                {"expr": " ", "refId": "B"}, {"rawSql": "SELECT 1", "refId": "C"}]},
            {"type": "row", "title": "Folded", "panels": [
                {"title": "Within", "targets": [{"expr": "a", "refId": "A", "instant": true, "range": true}]}]}],
            "rows": [{"title": "Old", "panels": [{"title": "Oldest", "targets": [{"expr": "b", "refId": "A"}]}]}]}"#;
        let dashboard = read(text).unwrap();
        assert_eq!(dashboard.title, "Both");
        let told: Vec<_> = dashboard
            .targets
            .iter()
            .map(|target| (target.name.as_str(), target.expression.as_str(), target.instant))
            .collect();
        let expected = [
            ("Top, A", "up", true),
            ("Within, A", "a", false),
            ("Oldest, A", "b", false),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn variables_of_both_forms_are_read_and_no_panels_is_an_error() {
        let text = br#"{"dashboard": {"panels": [{"targets": [{"expr": "up"}]}], "templating": {"list": [
            {"name": "job", "type": "query", "query": {"query": "label_values(up, job)"}, "multi": true,
             "current": {"value": ["a", "b"]}},
            {"name": "old", "type": "constant", "query": "eth.*", "current": {}, "allValue": null}]}}}"#;
        let variables = read(text).unwrap().variables;
        assert_eq!(variables[0].query, "label_values(up, job)");
        assert_eq!(variables[0].current, ["a", "b"]);
        assert!(variables[0].multi && !variables[1].multi);
        assert_eq!(
            (variables[1].query.as_str(), variables[1].all_value.as_ref()),
            ("eth.*", None)
        );
        assert!(variables[1].current.is_empty());
        assert!(read(b"{}").unwrap_err().to_string().contains("no panel"));
        assert!(read(b"up").is_err());
    }
}
