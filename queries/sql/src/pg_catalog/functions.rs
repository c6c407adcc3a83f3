//! Functions that PostgreSQL's clients call: most have one answer here.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int32Array, ListBuilder, StringArray, StringBuilder,
};
use arrow::datatypes::{DataType, Field};
use datafusion::arrow::compute::cast;
use datafusion::common::{ScalarValue, exec_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use queries_tables::sql_tables::{CATALOG, SCHEMA};

use super::relations::{table_number, type_title};
use super::settings::{SERVER_VERSION, setting};

/// What a function answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Answer {
    Text(Option<String>),
    Bool(bool),
    Int(i32),
    /// Computed from the first argument, as text.
    Of(&'static str, Of),
    /// Whether the last argument names privileges that everybody has here.
    Privilege(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Of {
    TypeTitle,
    TableNumber,
    Setting,
    QuotedName,
    NameParts,
    SchemaNames,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct PgFunction {
    name: &'static str,
    signature: Signature,
    answer: Answer,
}

/// Functions that answer null.
const NULL: &[&str] = &[
    "obj_description",
    "col_description",
    "shobj_description",
    "pg_get_expr",
    "pg_get_indexdef",
    "pg_get_constraintdef",
    "pg_get_viewdef",
    "pg_get_partkeydef",
    "pg_get_ruledef",
    "pg_get_triggerdef",
    "pg_get_serial_sequence",
    "pg_get_function_result",
    "pg_get_functiondef",
    "pg_get_statisticsobjdef_columns",
    "inet_client_addr",
    "inet_server_addr",
    "pg_tablespace_location",
    "to_regtype",
    "pg_get_function_identity_arguments",
];

/// Functions that answer yes.
const YES: &[&str] = &[
    "pg_table_is_visible",
    "pg_type_is_visible",
    "pg_function_is_visible",
    "pg_collation_is_visible",
    "pg_operator_is_visible",
    "pg_ts_config_is_visible",
    "pg_advisory_unlock_all",
];

/// Functions that are asked whether somebody may do something.
const PRIVILEGES: &[&str] = &[
    "has_table_privilege",
    "has_schema_privilege",
    "has_database_privilege",
    "has_column_privilege",
    "has_any_column_privilege",
    "has_function_privilege",
    "has_tablespace_privilege",
];

/// What everybody may do: SQL only reads here.
const GRANTED: [&str; 4] = ["SELECT", "USAGE", "CONNECT", "EXECUTE"];

/// Functions that answer no.
const NO: &[&str] = &[
    "pg_is_in_recovery",
    "pg_relation_is_publishable",
    "pg_is_other_temp_schema",
    "pg_has_role",
];

/// Functions that answer 0.
const ZERO: &[&str] = &[
    "pg_relation_size",
    "pg_total_relation_size",
    "pg_table_size",
    "pg_database_size",
    "pg_indexes_size",
    "pg_backend_pid",
    "pg_my_temp_schema",
    "pg_stat_get_numscans",
    "txid_current",
    "inet_server_port",
];

/// All of them.
pub(crate) fn functions() -> Vec<Arc<ScalarUDF>> {
    let mut all = Vec::new();
    let mut add = |name: &'static str, answer: Answer| {
        let function = PgFunction {
            name,
            signature: Signature::one_of(
                vec![
                    datafusion::logical_expr::TypeSignature::Nullary,
                    datafusion::logical_expr::TypeSignature::VariadicAny,
                ],
                Volatility::Stable,
            ),
            answer,
        };
        all.push(Arc::new(ScalarUDF::from(function)));
    };
    let text = |text: &str| Answer::Text(Some(text.to_owned()));
    add(
        "version",
        Answer::Text(Some(format!("PostgreSQL {SERVER_VERSION}"))),
    );
    for name in [
        "current_database",
        "current_catalog",
        "pg_get_userbyid",
        "current_user",
        "session_user",
        "user",
        "current_role",
    ] {
        add(name, text(CATALOG));
    }
    add("current_schema", text(SCHEMA));
    add("pg_encoding_to_char", text("UTF8"));
    add("pg_size_pretty", text("0 bytes"));
    add("set_config", text(""));
    for name in NULL {
        add(name, Answer::Text(None));
    }
    for name in YES {
        add(name, Answer::Bool(true));
    }
    for name in PRIVILEGES {
        add(name, Answer::Privilege(name));
    }
    for name in NO {
        add(name, Answer::Bool(false));
    }
    for name in ZERO {
        add(name, Answer::Int(0));
    }
    add("current_schemas", Answer::Of("current_schemas", Of::SchemaNames));
    add("format_type", Answer::Of("format_type", Of::TypeTitle));
    add("to_regclass", Answer::Of("to_regclass", Of::TableNumber));
    add("current_setting", Answer::Of("current_setting", Of::Setting));
    add("quote_ident", Answer::Of("quote_ident", Of::QuotedName));
    add("parse_ident", Answer::Of("parse_ident", Of::NameParts));
    all
}

impl ScalarUDFImpl for PgFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(match &self.answer {
            Answer::Text(_) => DataType::Utf8,
            Answer::Bool(_) | Answer::Privilege(_) => DataType::Boolean,
            Answer::Int(_) | Answer::Of(_, Of::TableNumber) => DataType::Int32,
            Answer::Of(_, Of::SchemaNames | Of::NameParts) => texts_type(),
            Answer::Of(..) => DataType::Utf8,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let value = match &self.answer {
            Answer::Text(text) => ScalarValue::Utf8(text.clone()),
            Answer::Bool(value) => ScalarValue::Boolean(Some(*value)),
            Answer::Int(value) => ScalarValue::Int32(Some(*value)),
            Answer::Of(_, Of::SchemaNames) => text_list(&["pg_catalog".to_owned(), SCHEMA.to_owned()]),
            Answer::Of(name, of) => {
                return of_texts(name, args.args.first(), args.number_rows, |texts| {
                    answers(*of, texts)
                });
            }
            Answer::Privilege(name) => {
                return of_texts(name, args.args.last(), args.number_rows, |texts| {
                    Ok(granted(texts))
                });
            }
        };
        Ok(ColumnarValue::Scalar(value))
    }
}

/// What `answer` makes of an argument as text.
fn of_texts(
    name: &str,
    argument: Option<&ColumnarValue>,
    rows: usize,
    answer: impl Fn(&StringArray) -> Result<ArrayRef>,
) -> Result<ColumnarValue> {
    let Some(argument) = argument else {
        return exec_err!("{name} takes an argument");
    };
    let texts = cast(argument.to_array(rows)?.as_ref(), &DataType::Utf8)?;
    let made = answer(texts.as_string::<i32>())?;
    Ok(match argument {
        ColumnarValue::Scalar(_) => ColumnarValue::Scalar(ScalarValue::try_from_array(&made, 0)?),
        ColumnarValue::Array(_) => ColumnarValue::Array(made),
    })
}

/// Whether one of the privileges that are named, between commas, is granted; with the right to grant it none is.
fn granted(texts: &StringArray) -> ArrayRef {
    let is_granted = |one: &str| {
        GRANTED
            .iter()
            .any(|granted| granted.eq_ignore_ascii_case(one.trim()))
    };
    let answers = texts.iter().map(|text| Some(text?.split(',').any(is_granted)));
    Arc::new(BooleanArray::from_iter(answers))
}

fn texts_type() -> DataType {
    DataType::List(Arc::new(Field::new("item", DataType::Utf8, true)))
}

fn text_list(texts: &[String]) -> ScalarValue {
    let texts: Vec<ScalarValue> = texts
        .iter()
        .map(|text| ScalarValue::from(text.as_str()))
        .collect();
    ScalarValue::List(ScalarValue::new_list(&texts, &DataType::Utf8, true))
}

fn answers(of: Of, texts: &StringArray) -> Result<ArrayRef> {
    match of {
        Of::TableNumber => {
            let numbers = texts.iter().map(|text| text.map(number_of));
            return Ok(Arc::new(Int32Array::from_iter(numbers)));
        }
        Of::NameParts => return name_parts(texts),
        _ => {}
    }
    let mut made = StringBuilder::with_capacity(texts.len(), 16 * texts.len());
    for text in texts {
        match (text, of) {
            (Some(text), Of::TypeTitle) => {
                made.append_option(
                    text.parse()
                        .ok()
                        .map(|n| type_title(n).unwrap_or("???".to_owned())),
                );
            }
            (Some(text), Of::Setting) => match setting(text) {
                Some(value) => made.append_value(value),
                None => return exec_err!("unrecognized configuration parameter \"{text}\""),
            },
            (Some(text), _) => made.append_value(quoted(text)),
            (None, _) => made.append_null(),
        }
    }
    Ok(Arc::new(made.finish()))
}

/// `'16384'` or a name, with or without quotes and schema.
fn number_of(text: &str) -> i32 {
    let bare = text.strip_prefix("public.").unwrap_or(text);
    let bare = bare.trim_matches('"');
    bare.parse().unwrap_or_else(|_| table_number(bare))
}

/// The parts of names between dots, without their quotes; capitals stay, as everywhere here.
fn name_parts(texts: &StringArray) -> Result<ArrayRef> {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for text in texts {
        let Some(text) = text else {
            lists.append_null();
            continue;
        };
        match unquoted_parts(text) {
            Some(parts) => lists.append_value(parts.into_iter().map(Some)),
            None => return exec_err!("string is not a valid identifier: \"{text}\""),
        }
    }
    Ok(Arc::new(lists.finish()))
}

fn unquoted_parts(text: &str) -> Option<Vec<String>> {
    let (mut parts, mut part, mut quoted, mut chars) =
        (Vec::new(), String::new(), false, text.trim().chars());
    loop {
        match chars.next() {
            Some('"') if quoted && chars.as_str().starts_with('"') => part.extend(chars.next()),
            Some('"') => quoted = !quoted,
            Some('.') if !quoted => parts.push(std::mem::take(&mut part)),
            Some(c) => part.push(c),
            None => break,
        }
    }
    parts.push(part);
    (!quoted && parts.iter().all(|part| !part.is_empty())).then_some(parts)
}

fn quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match plain {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}
