//! Prometheus's functions and data for rule annotations, labels and link templates.

use std::sync::{Arc, OnceLock};

use engine_model::Labels;
use engine_model::duration::parse_duration_ms;

use super::escape::url_query;
use super::humanize::{
    humanize, humanize_1024, humanize_duration, humanize_percentage, humanize_timestamp, to_time,
};
use super::text::{expression_link, matches, of_string, replace_all, strip_domain, strip_port, title};
use super::{Args, Functions};
use crate::error::{FunctionError, TemplateError};
use crate::templates::Templates;
use crate::value::{Map, MapType, Value};

type Outcome = Result<Value, FunctionError>;

/// What stands before every annotation and label, so that `$labels` and its like are known.
const PREAMBLE: &str = "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}\
                        {{$externalURL := .ExternalURL}}{{$value := .Value}}";

static ALERT: MapType = MapType::of_struct("template.AlertTemplateData");
static SAMPLE: MapType = MapType::of_struct("template.sample");

/// One sample of a query's answer.
#[derive(Debug, Clone, PartialEq)]
pub struct QuerySample {
    /// Its labels, the name included.
    pub labels: Labels,
    /// Its value.
    pub value: f64,
}

/// Runs an instant query at the evaluation's time; the error text reaches the template's error.
pub type QueryFunction = Arc<dyn Fn(&str) -> Result<Vec<QuerySample>, String> + Send + Sync>;

/// What the functions of one evaluation depend on.
#[derive(Clone)]
pub struct Environment {
    /// The evaluation's time.
    pub now_ms: i64,
    /// The address under which the server is reached from outside, without a slash at the end.
    pub external_url: String,
    /// The path part of that address.
    pub path_prefix: String,
    /// How `query` is answered.
    pub query: QueryFunction,
}

/// The functions of one evaluation: Go's builtins, Prometheus's, `query`, `now` and the addresses.
pub fn functions(environment: Environment) -> Functions {
    let mut functions = fixed().clone();
    let Environment {
        now_ms,
        external_url,
        path_prefix,
        query,
    } = environment;
    functions.add("now", move |args| {
        args.exactly(0)?;
        Ok(Value::Float(now_ms as f64 / 1000.0))
    });
    functions.add("externalURL", move |args| {
        args.exactly(0)?;
        Ok(Value::string(&external_url))
    });
    functions.add("pathPrefix", move |args| {
        args.exactly(0)?;
        Ok(Value::string(&path_prefix))
    });
    functions.add("query", move |args| {
        args.exactly(1)?;
        let samples = query(args.string(0)?).map_err(FunctionError::Failed)?;
        Ok(Value::list(samples.iter().map(sample).collect()))
    });
    functions
}

/// Functions for checking templates when rules are loaded: every name is known, and `query` answers
/// with nothing.
pub fn functions_for_check() -> Functions {
    functions(Environment {
        now_ms: 0,
        external_url: String::new(),
        path_prefix: String::new(),
        query: Arc::new(|_| Ok(Vec::new())),
    })
}

/// Parses an annotation or label value under a name such as `__alert_HighLoad`, ready to be
/// executed many times with [`alert_data`].
pub fn parse(name: &str, text: &str, functions: &Functions) -> Result<Templates, TemplateError> {
    let mut templates = Templates::new();
    templates.parse(name, &format!("{PREAMBLE}{text}"), functions)?;
    Ok(templates)
}

/// What annotations see: `.Labels`, `.ExternalLabels`, `.ExternalURL`, `.Value`.
pub fn alert_data(labels: &Labels, external_labels: &Labels, external_url: &str, value: f64) -> Value {
    Value::structure(
        &ALERT,
        [
            ("Labels", label_map(labels)),
            ("ExternalLabels", label_map(external_labels)),
            ("ExternalURL", Value::string(external_url)),
            ("Value", Value::Float(value)),
        ],
    )
}

fn label_map(labels: &Labels) -> Value {
    Value::string_map(labels.iter())
}

fn sample(sample: &QuerySample) -> Value {
    let fields = [
        ("Labels", label_map(&sample.labels)),
        ("Value", Value::Float(sample.value)),
    ];
    Value::structure(&SAMPLE, fields)
}

/// The functions that depend on nothing, built once.
fn fixed() -> &'static Functions {
    static FIXED: OnceLock<Functions> = OnceLock::new();
    FIXED.get_or_init(|| {
        let mut functions = Functions::builtins();
        add_samples(&mut functions);
        add_texts(&mut functions);
        add_numbers(&mut functions);
        functions.freeze()
    })
}

fn add_samples(functions: &mut Functions) {
    functions.add("first", |args| {
        args.exactly(1)?;
        let first = args.list(0)?.first().cloned();
        first.ok_or_else(|| FunctionError::failed("first() called on vector with no elements"))
    });
    functions.add("label", |args| {
        args.exactly(2)?;
        sample_label(args.value(1), args.string(0)?)
    });
    functions.add("value", |args| {
        args.exactly(1)?;
        sample_field(args.value(0), "Value")
    });
    functions.add("strvalue", |args| {
        args.exactly(1)?;
        sample_label(args.value(0), "__value__")
    });
    functions.add("sortByLabel", |args| {
        args.exactly(2)?;
        let name = args.string(0)?;
        let mut keyed = Vec::new();
        for item in args.list(1)? {
            let Value::String(key) = sample_label(item, name)? else {
                continue;
            };
            keyed.push((key, item.clone()));
        }
        keyed.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Value::list(keyed.into_iter().map(|(_, item)| item).collect()))
    });
    functions.add("args", |args| {
        let entries = args.values().iter().enumerate();
        let entries = entries.map(|(i, value)| (Arc::from(format!("arg{i}")), value.clone()));
        Ok(Value::Map(Arc::new(Map::new(&MapType::ANY, entries.collect()))))
    });
}

fn sample_field(value: &Value, name: &str) -> Outcome {
    match value {
        Value::Map(map) if map.of.name == SAMPLE.name => Ok(map.get_or_zero(name)),
        other => Err(super::args::wrong_type("*template.sample", other)),
    }
}

fn sample_label(value: &Value, name: &str) -> Outcome {
    match sample_field(value, "Labels")? {
        Value::Map(labels) => Ok(labels.get_or_zero(name)),
        _ => Ok(Value::string("")),
    }
}

fn add_texts(functions: &mut Functions) {
    functions.add("title", |args| of_string(args, |text| title(text, false)));
    functions.add("toUpper", |args| of_string(args, str::to_uppercase));
    functions.add("toLower", |args| of_string(args, str::to_lowercase));
    functions.add("safeHtml", |args| of_string(args, str::to_owned));
    functions.add("urlQueryEscape", |args| of_string(args, url_query));
    functions.add("stripPort", |args| of_string(args, strip_port));
    functions.add("stripDomain", |args| of_string(args, strip_domain));
    functions.add("graphLink", |args| {
        of_string(args, |text| expression_link(text, 0))
    });
    functions.add("tableLink", |args| {
        of_string(args, |text| expression_link(text, 1))
    });
    functions.add("match", matches);
    functions.add("reReplaceAll", replace_all);
}

fn add_numbers(functions: &mut Functions) {
    fn number(args: &Args<'_>, function: fn(f64) -> String) -> Outcome {
        args.exactly(1)?;
        Ok(function(args.to_float(0)?).into())
    }
    functions.add("humanize", |args| number(args, humanize));
    functions.add("humanize1024", |args| number(args, humanize_1024));
    functions.add("humanizeDuration", |args| number(args, humanize_duration));
    functions.add("humanizePercentage", |args| number(args, humanize_percentage));
    functions.add("humanizeTimestamp", |args| {
        args.exactly(1)?;
        Ok(humanize_timestamp(args.to_float(0)?)?.into())
    });
    functions.add("toTime", |args| {
        args.exactly(1)?;
        Ok(Value::Time(to_time(args.to_float(0)?)?))
    });
    functions.add("toDuration", |args| {
        args.exactly(1)?;
        Ok(Value::Duration((args.to_float(0)? * 1e9) as i64))
    });
    functions.add("parseDuration", |args| {
        args.exactly(1)?;
        let milliseconds = parse_duration_ms(args.string(0)?);
        let milliseconds = milliseconds.map_err(|error| FunctionError::Failed(error.to_string()))?;
        Ok(Value::Float(milliseconds as f64 / 1000.0))
    });
}
