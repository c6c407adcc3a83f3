//! `relabel_configs`: each rule read with Prometheus's defaults and checks.

use engine_model::matcher::Pattern;
use engine_model::relabel::{Action, Rule};
use engine_settings::{Error, Field, Mapping};

/// Reads a list of relabelling rules; the faults of all rules are reported.
pub fn decode_rules(field: Field<'_>) -> Result<Vec<Rule>, Error> {
    field.list(decode_rule)
}

fn decode_rule(field: Field<'_>) -> Result<Rule, Error> {
    if field.is_null() {
        return Err(field.error("empty or null relabeling rule; remove it"));
    }
    let mapping = field.mapping()?;
    let defaults = Rule::default();
    let action = mapping.get_or("action", action, Action::Replace)?;
    // A regex that is written but null is the empty one, as in Go.
    let regex = match mapping.written("regex") {
        Some(field) if field.is_null() => pattern(field, "")?,
        Some(field) => {
            let text = field.clone().string()?;
            pattern(field, &text)?
        }
        None => defaults.regex,
    };
    let rule = Rule {
        source_labels: mapping.get_or("source_labels", |f| f.list(label_name), Vec::new())?,
        separator: mapping.get_or("separator", Field::string, defaults.separator)?,
        regex,
        modulus: mapping.get_or("modulus", Field::u64, 0)?,
        target_label: mapping.get_or("target_label", Field::string, String::new())?,
        replacement: mapping.get_or("replacement", Field::string, defaults.replacement)?,
        action,
    };
    validate(&mapping, &rule)?;
    mapping.finish()?;
    Ok(rule)
}

fn action(field: Field<'_>) -> Result<Action, Error> {
    let word = field.clone().string()?;
    Action::from_word(&word).ok_or_else(|| {
        let words: Vec<&str> = Action::ALL.iter().map(|(word, _)| *word).collect();
        field.error(format!(
            "unknown relabel action {word:?}; use one of {}",
            words.join(", ")
        ))
    })
}

fn pattern(field: Field<'_>, text: &str) -> Result<Pattern, Error> {
    Pattern::of_rule(text).map_err(|error| field.error(error.to_string()))
}

fn label_name(field: Field<'_>) -> Result<String, Error> {
    let name = field.clone().string()?;
    match name.is_empty() {
        true => Err(field.error("\"\" is not a valid label name")),
        false => Ok(name),
    }
}

/// Prometheus's checks, with its texts; names may be any UTF-8 that is not empty.
fn validate(mapping: &Mapping<'_>, rule: &Rule) -> Result<(), Error> {
    let word = Action::ALL
        .iter()
        .find(|(_, action)| *action == rule.action)
        .map_or("", |(word, _)| *word);
    let refuse = |key: &str, message: &str| Err(super::global::at(mapping, key, message));
    let defaults = Rule::default();
    let needs_target = matches!(
        rule.action,
        Action::Replace
            | Action::HashMod
            | Action::Lowercase
            | Action::Uppercase
            | Action::KeepEqual
            | Action::DropEqual
    );
    if rule.action == Action::HashMod && rule.modulus == 0 {
        return refuse(
            "modulus",
            "relabel configuration for hashmod requires non-zero modulus",
        );
    }
    if needs_target && rule.target_label.is_empty() {
        let message = format!("relabel configuration for {word} action requires 'target_label' value");
        return refuse("target_label", &message);
    }
    if rule.action == Action::LabelMap && rule.replacement.is_empty() {
        return refuse("replacement", "\"\" is invalid 'replacement' for labelmap action");
    }
    let written = |key: &str| mapping.written(key).is_some();
    let changed = [
        ("modulus", rule.modulus != 0),
        ("separator", rule.separator != defaults.separator),
        ("replacement", rule.replacement != defaults.replacement),
    ];
    let first_changed = changed.iter().find(|(_, changed)| *changed).map(|(key, _)| *key);
    match rule.action {
        Action::Lowercase | Action::Uppercase if rule.replacement != defaults.replacement => refuse(
            "replacement",
            &format!("'replacement' can not be set for {word} action"),
        ),
        Action::KeepEqual | Action::DropEqual => {
            let only = "requires only 'source_labels' and `target_label`, and no other fields";
            match first_changed.or_else(|| written("regex").then_some("regex")) {
                Some(key) => refuse(key, &format!("{word} action {only}")),
                None => Ok(()),
            }
        }
        Action::LabelDrop | Action::LabelKeep => {
            let has_target = (!rule.target_label.is_empty()).then_some("target_label");
            let has_source = written("source_labels").then_some("source_labels");
            match first_changed.or(has_target).or(has_source) {
                Some(key) => refuse(
                    key,
                    &format!("{word} action requires only 'regex', and no other fields"),
                ),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}
