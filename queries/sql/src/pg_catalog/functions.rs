//! Functions that PostgreSQL's clients call: most have one answer here.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int32Array, StringArray, StringBuilder};
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
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Of {
    TypeTitle,
    TableNumber,
    Setting,
    QuotedName,
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
    "pg_ts_config_is_visible",
    "has_table_privilege",
    "has_schema_privilege",
    "has_database_privilege",
    "has_column_privilege",
    "has_any_column_privilege",
    "has_function_privilege",
    "pg_advisory_unlock_all",
];

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
            Answer::Bool(_) => DataType::Boolean,
            Answer::Int(_) | Answer::Of(_, Of::TableNumber) => DataType::Int32,
            Answer::Of(_, Of::SchemaNames) => texts_type(),
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
                let Some(first) = args.args.first() else {
                    return exec_err!("{name} takes an argument");
                };
                let texts = cast(first.to_array(args.number_rows)?.as_ref(), &DataType::Utf8)?;
                let made = answers(*of, &texts)?;
                return Ok(match first {
                    ColumnarValue::Scalar(_) => ColumnarValue::Scalar(ScalarValue::try_from_array(&made, 0)?),
                    ColumnarValue::Array(_) => ColumnarValue::Array(made),
                });
            }
        };
        Ok(ColumnarValue::Scalar(value))
    }
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

fn answers(of: Of, texts: &ArrayRef) -> Result<ArrayRef> {
    let texts = arrow::array::AsArray::as_string::<i32>(texts.as_ref());
    let texts: &StringArray = texts;
    if of == Of::TableNumber {
        let numbers = texts.iter().map(|text| text.map(number_of));
        return Ok(Arc::new(Int32Array::from_iter(numbers)));
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

fn quoted(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match plain {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}
