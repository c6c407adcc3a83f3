//! YAML to rule groups. All faults of a file are reported, each at its line and column, in the words
//! of Prometheus where it has some.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use engine_model::METRIC_NAME;
use engine_settings::{Diagnostics, Document, Error, Field, Mapping};
use queries_promql::parser::ParseOptions;

use super::{AlertSpec, GroupName, Rule, RuleFile, RuleGroup, RuleKind, RuleQuery};
use crate::template::Template;

pub(super) fn decode(file: &str, text: &str, options: &ParseOptions) -> Result<RuleFile, Diagnostics> {
    let document = Document::parse(file, text)?;
    document.decode(|root| {
        let whole = root.clone();
        let mapping = root.mapping()?;
        let mut faults = Faults::default();
        let mut names = HashSet::new();
        let groups = mapping.get_or(
            "groups",
            |groups| groups.list(|group| decode_group(group, &mut names, options)),
            Vec::new(),
        );
        let groups = faults.note(groups).unwrap_or_default();
        faults.note(mapping.finish());
        faults.finish(&whole)?;
        Ok(RuleFile { groups })
    })
}

/// Collects faults, so that one does not hide the next.
#[derive(Default)]
struct Faults(Vec<Error>);

impl Faults {
    fn note<T>(&mut self, result: Result<T, Error>) -> Option<T> {
        result.map_err(|error| self.0.push(error)).ok()
    }

    fn add(&mut self, error: Error) {
        self.0.push(error);
    }

    /// Records all faults but the last, which becomes the decoder's own.
    fn finish(mut self, at: &Field<'_>) -> Result<(), Error> {
        let Some(last) = self.0.pop() else { return Ok(()) };
        self.0.into_iter().for_each(|error| at.record(error));
        Err(last)
    }
}

fn decode_group(
    field: Field<'_>,
    names: &mut HashSet<String>,
    options: &ParseOptions,
) -> Result<RuleGroup, Error> {
    let whole = field.clone();
    let file = Arc::clone(field.document().file());
    let mapping = field.mapping()?;
    let mut faults = Faults::default();
    let name = mapping.optional("name");
    let name_text = match &name {
        Some(name) => faults.note(name.clone().string()).unwrap_or_default(),
        None => String::new(),
    };
    let name_field = name.as_ref().unwrap_or(&whole);
    if name_text.is_empty() {
        faults.add(name_field.error("Groupname must not be empty; give each group a name"));
    } else if !names.insert(name_text.clone()) {
        faults.add(name_field.error(format!(
            "groupname: \"{name_text}\" is repeated in the same file; rename one of the groups"
        )));
    }
    let interval_ms = faults
        .note(mapping.get("interval", Field::duration_ms))
        .flatten()
        .filter(|interval_ms| *interval_ms > 0);
    let query_offset_ms = faults
        .note(mapping.get("query_offset", Field::duration_ms))
        .flatten();
    let limit = faults
        .note(mapping.get_or("limit", Field::u64, 0))
        .unwrap_or_default();
    let labels = decode_labels(&mapping, &mut faults);
    let group = Arc::new(GroupName {
        file: Arc::clone(&file),
        name: name_text.clone(),
    });
    let rules = mapping.get_or(
        "rules",
        |rules| rules.list(|rule| decode_rule(rule, &group, &labels, options)),
        Vec::new(),
    );
    let rules = faults.note(rules).unwrap_or_default();
    faults.note(mapping.finish());
    faults.finish(&whole)?;
    Ok(RuleGroup {
        file,
        name: name_text,
        interval_ms,
        query_offset_ms,
        limit: usize::try_from(limit).unwrap_or(usize::MAX),
        rules,
    })
}

fn decode_rule(
    field: Field<'_>,
    group: &Arc<GroupName>,
    group_labels: &BTreeMap<String, String>,
    options: &ParseOptions,
) -> Result<Rule, Error> {
    let whole = field.clone();
    let mapping = field.mapping()?;
    let mut faults = Faults::default();
    let name_of = |key: &str, faults: &mut Faults| {
        let name = mapping.optional(key)?;
        let text = faults.note(name.clone().string())?;
        (!text.is_empty()).then_some((name, text))
    };
    let record = name_of("record", &mut faults);
    let alert = name_of("alert", &mut faults);
    let query = decode_query(&mapping, &whole, options, &mut faults);
    let for_ms = duration(&mapping, "for", &mut faults);
    let keep_firing_for_ms = duration(&mapping, "keep_firing_for", &mut faults);
    let own_labels = decode_labels(&mapping, &mut faults);
    let annotations = decode_annotations(&mapping, &mut faults);
    match (&record, &alert) {
        (Some(_), Some((alert, _))) => {
            faults.add(alert.error_at_key("only one of 'record' and 'alert' must be set; remove one"));
        }
        (None, None) => {
            faults.add(whole.error("one of 'record' or 'alert' must be set; add a name for the result"));
        }
        (Some((field, record)), None) => check_recording(&mapping, field, record, &mut faults),
        (None, Some((_, alert))) => check_templates(&mapping, alert, &mut faults),
    }
    faults.note(mapping.finish());
    faults.finish(&whole)?;
    let mut labels = group_labels.clone();
    labels.extend(own_labels);
    let kind = match (record, alert) {
        (Some((_, record)), _) => RuleKind::Recording { record },
        (None, alert) => RuleKind::Alerting(AlertSpec {
            alert: alert.map(|(_, name)| name).unwrap_or_default(),
            for_ms,
            keep_firing_for_ms,
            annotations,
        }),
    };
    Ok(Rule {
        kind,
        query: Arc::new(
            query
                .expect("its absence is a fault")
                .asked_by(Some(Arc::clone(group))),
        ),
        labels,
        position: whole.position(),
    })
}

fn duration(mapping: &Mapping<'_>, key: &str, faults: &mut Faults) -> i64 {
    faults
        .note(mapping.get_or(key, Field::duration_ms, 0))
        .unwrap_or_default()
}

fn decode_query(
    mapping: &Mapping<'_>,
    whole: &Field<'_>,
    options: &ParseOptions,
    faults: &mut Faults,
) -> Option<RuleQuery> {
    let expr = mapping.optional("expr");
    let text = match &expr {
        Some(expr) => faults.note(expr.clone().string())?,
        None => String::new(),
    };
    let field = expr.as_ref().unwrap_or(whole);
    if text.trim().is_empty() {
        faults.add(field.error("field 'expr' must be set in rule; add the expression"));
        return None;
    }
    match RuleQuery::parse(&text, options) {
        Ok(query) => Some(query),
        Err(error) => {
            faults.add(field.error(format!("could not parse expression: {error}")));
            None
        }
    }
}

/// Labels of a group or a rule.
fn decode_labels(mapping: &Mapping<'_>, faults: &mut Faults) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    for (name, value) in entries(mapping, "labels", faults) {
        if name.is_empty() || name == METRIC_NAME {
            faults.add(value.error_at_key(format!("invalid label name: {name:?}; choose another name")));
        }
        if let Some(text) = faults.note(value.string()) {
            labels.insert(name, text);
        }
    }
    labels
}

fn decode_annotations(mapping: &Mapping<'_>, faults: &mut Faults) -> BTreeMap<String, String> {
    let mut annotations = BTreeMap::new();
    for (name, value) in entries(mapping, "annotations", faults) {
        if name.is_empty() {
            faults.add(value.error_at_key("invalid annotation name: \"\"; choose another name"));
        }
        if let Some(text) = faults.note(value.string()) {
            annotations.insert(name, text);
        }
    }
    annotations
}

fn entries<'a>(mapping: &Mapping<'a>, key: &str, faults: &mut Faults) -> Vec<(String, Field<'a>)> {
    faults
        .note(mapping.get_or(key, Field::entries, Vec::new()))
        .unwrap_or_default()
}

/// What a recording rule may not have.
fn check_recording(mapping: &Mapping<'_>, name: &Field<'_>, record: &str, faults: &mut Faults) {
    for key in ["for", "keep_firing_for", "annotations"] {
        // Like Prometheus, a field that says nothing (`for: 0s`) passes.
        let says_nothing = |field: &Field<'_>| match key {
            "annotations" => matches!(field.clone().entries(), Ok(entries) if entries.is_empty()),
            _ => matches!(field.clone().duration_ms(), Ok(0)),
        };
        if let Some(field) = mapping.optional(key)
            && !says_nothing(&field)
        {
            faults.add(field.error_at_key(format!("invalid field '{key}' in recording rule; remove it")));
        }
    }
    if record.contains(['{', '}']) {
        faults.add(name.error(format!(
            "braces present in the recording rule name; should it be in expr?: {record}"
        )));
    }
}

/// Labels and annotations of an alerting rule have to be templates.
fn check_templates(mapping: &Mapping<'_>, alert: &str, faults: &mut Faults) {
    for (key, what) in [("labels", "label"), ("annotations", "annotation")] {
        let Some(fields) = mapping.optional(key).and_then(|field| field.entries().ok()) else {
            continue;
        };
        for (name, field) in fields {
            if let Ok(text) = field.clone().string()
                && let Err(error) = Template::check(alert, &text)
            {
                faults.add(field.error(format!("{what} {name:?}: {error}")));
            }
        }
    }
}
