//! Labels and annotations of alerts are templates. Templates are synchronous and queries are not, so
//! `query` answers from memory: what it does not know is fetched, and the template is executed again.

use std::collections::HashMap;
use std::sync::Arc;

use engine_model::Labels;
use engine_template::functions::prometheus::{
    Environment as Setting, QuerySample, alert_data, functions, functions_for_check, parse,
};
use engine_template::{Functions, TemplateError, Templates, Value};
use parking_lot::Mutex;

use crate::environment::Environment;
use crate::evaluate::{EvaluateError, RuleValue};
use crate::rule_file::{GroupName, RuleQuery};

/// Most different queries that the templates of one rule may ask in one evaluation. Each element of
/// the result may ask its own, and each costs about as much as a rule.
const QUERIES_MAX: usize = 1000;

/// A label's or an annotation's text.
#[derive(Debug)]
pub(crate) enum Template {
    /// Nothing to expand.
    Plain(String),
    /// A template and what it is called in errors.
    Parsed { name: String, templates: Templates },
    /// It cannot be parsed; the words that stand in its place.
    Broken(String),
}

impl Template {
    /// A text of the alert with this name. Rule files are checked, so a broken one is rare here.
    pub(crate) fn new(alert: &str, text: &str) -> Self {
        if !text.contains("{{") {
            return Self::Plain(text.to_owned());
        }
        let name = format!("__alert_{alert}");
        match parse(&name, text, &functions_for_check()) {
            Ok(templates) => Self::Parsed { name, templates },
            Err(error) => Self::Broken(format!(
                "<error expanding template: error parsing template {name}: {error}>"
            )),
        }
    }

    /// Whether a text is a template, without keeping it.
    pub(crate) fn check(alert: &str, text: &str) -> Result<(), TemplateError> {
        parse(&format!("__alert_{alert}"), text, &functions_for_check()).map(drop)
    }
}

#[derive(Default)]
struct Answers {
    known: HashMap<String, Result<Vec<QuerySample>, String>>,
    /// Asked and not known: the reason why the last execution stopped.
    asked: Option<String>,
}

/// Expands the templates of one rule at one instant.
pub(crate) struct Expander<'a> {
    environment: &'a Environment,
    at_ms: i64,
    /// The group of the rule, which asks what templates ask.
    group: Option<Arc<GroupName>>,
    functions: Functions,
    answers: Arc<Mutex<Answers>>,
}

impl<'a> Expander<'a> {
    pub(crate) fn new(environment: &'a Environment, at_ms: i64, group: Option<Arc<GroupName>>) -> Self {
        let answers = Arc::new(Mutex::new(Answers::default()));
        let remembered = Arc::clone(&answers);
        let external_url = &environment.settings.external_url;
        let functions = functions(Setting {
            now_ms: at_ms,
            external_url: external_url.clone(),
            path_prefix: path_of(external_url).to_owned(),
            query: Arc::new(move |text| {
                let mut answers = remembered.lock();
                match answers.known.get(text) {
                    Some(answer) => answer.clone(),
                    None => {
                        answers.asked = Some(text.to_owned());
                        Err("answer is being fetched".to_owned())
                    }
                }
            }),
        });
        Self {
            environment,
            at_ms,
            group,
            functions,
            answers,
        }
    }

    /// What templates see of an element of the result.
    pub(crate) fn data(&self, labels: &Labels, value: f64) -> Value {
        let settings = &self.environment.settings;
        alert_data(labels, &settings.external_labels, &settings.external_url, value)
    }

    /// The text, or Prometheus's words for a template that failed.
    ///
    /// # Errors
    /// Only when a query of the template was canceled.
    pub(crate) async fn expand(&self, template: &Template, data: &Value) -> Result<String, EvaluateError> {
        let (name, templates) = match template {
            Template::Parsed { name, templates } => (name, templates),
            Template::Plain(text) | Template::Broken(text) => return Ok(text.clone()),
        };
        loop {
            let expanded = templates.execute(name, data, &self.functions);
            let asked = self.answers.lock().asked.take();
            if let Some(text) = asked {
                let answer = self.answer(&text).await?;
                self.answers.lock().known.insert(text, answer);
                continue;
            }
            return Ok(expanded.unwrap_or_else(|error| {
                tracing::warn!(template = name, %error, "expanding alert template failed");
                format!("<error expanding template: error executing template {name}: {error}>")
            }));
        }
    }

    async fn answer(&self, text: &str) -> Result<Result<Vec<QuerySample>, String>, EvaluateError> {
        if self.answers.lock().known.len() >= QUERIES_MAX {
            let message = format!("more than {QUERIES_MAX} different queries in the templates of one rule");
            return Ok(Err(message));
        }
        let query = match RuleQuery::parse(text, &self.environment.settings.parse_options) {
            Ok(query) if query.is_vector_or_scalar() => query.asked_by(self.group.clone()),
            Ok(_) => return Ok(Err("rule result is not a vector or scalar".to_owned())),
            Err(error) => return Ok(Err(error.to_string())),
        };
        let sample = |(labels, value): (_, RuleValue)| QuerySample {
            labels,
            value: value.number(),
        };
        match self.environment.doors.evaluate.instant(&query, self.at_ms).await {
            Ok(evaluated) => Ok(Ok(evaluated.samples.into_iter().map(sample).collect())),
            Err(EvaluateError::Failed(message)) => Ok(Err(message)),
            Err(EvaluateError::Canceled) => Err(EvaluateError::Canceled),
        }
    }
}

/// Names of the functions that templates have beside Go's own.
pub fn template_functions() -> Vec<&'static str> {
    let builtins = Functions::builtins().names();
    let mut names = functions_for_check().names();
    names.retain(|name| !builtins.contains(name));
    names
}

/// The path of a URL, empty for none.
fn path_of(url: &str) -> &str {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    match url[after_scheme..].find('/') {
        Some(at) => url[after_scheme + at..].trim_end_matches('/'),
        None => "",
    }
}

/// Link to the table of an expression, below the external address.
pub(crate) fn generator_url(external_url: &str, expression: &str) -> String {
    let escaped = percent_encoded(expression);
    format!("{external_url}/graph?g0.expr={escaped}&g0.tab=1")
}

/// A query parameter as Go's `url.QueryEscape` writes it.
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 2);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links() {
        assert_eq!(
            generator_url("http://weir:9090/x", r#"up{job="ä b"} == 0"#),
            "http://weir:9090/x/graph?g0.expr=up%7Bjob%3D%22%C3%A4+b%22%7D+%3D%3D+0&g0.tab=1"
        );
        for (url, path) in [
            ("http://weir:9090", ""),
            ("http://weir:9090/", ""),
            ("https://weir/a/b", "/a/b"),
            ("", ""),
        ] {
            assert_eq!(path_of(url), path, "{url}");
        }
    }
}
