//! The arguments of a call, read with the errors that Go's reflection would give.

use engine_model::number::parse_float;

use crate::error::FunctionError;
use crate::format::quoted;
use crate::value::{Time, Value};

/// The arguments of one call.
#[derive(Debug)]
pub struct Args<'a> {
    name: &'a str,
    values: &'a [Value],
}

impl<'a> Args<'a> {
    /// The arguments for a function of this name.
    pub fn new(name: &'a str, values: &'a [Value]) -> Self {
        Self { name, values }
    }

    /// All of them.
    pub fn values(&self) -> &'a [Value] {
        self.values
    }

    /// Refuses any other number of arguments.
    pub fn exactly(&self, count: usize) -> Result<(), FunctionError> {
        if self.values.len() == count {
            Ok(())
        } else {
            Err(self.wrong_count(&count.to_string()))
        }
    }

    /// Refuses fewer arguments.
    pub fn at_least(&self, count: usize) -> Result<(), FunctionError> {
        if self.values.len() >= count {
            Ok(())
        } else {
            Err(self.wrong_count(&format!("at least {count}")))
        }
    }

    fn wrong_count(&self, want: &str) -> FunctionError {
        let got = self.values.len();
        FunctionError::Usage(format!(
            "wrong number of args for {}: want {want} got {got}",
            self.name
        ))
    }

    /// An argument that `exactly` or `at_least` has vouched for; nil beyond the end.
    pub fn value(&self, index: usize) -> &'a Value {
        const NIL: &Value = &Value::Nil;
        self.values.get(index).unwrap_or(NIL)
    }

    /// A string.
    pub fn string(&self, index: usize) -> Result<&'a str, FunctionError> {
        match self.value(index) {
            Value::String(text) => Ok(text),
            other => Err(wrong_type("string", other)),
        }
    }

    /// An int.
    pub fn int(&self, index: usize) -> Result<i64, FunctionError> {
        match self.value(index) {
            Value::Int(value) => Ok(*value),
            other => Err(wrong_type("int", other)),
        }
    }

    /// The items of a list.
    pub fn list(&self, index: usize) -> Result<&'a [Value], FunctionError> {
        match self.value(index) {
            Value::List(list) => Ok(&list.items),
            other => Err(wrong_type("[]interface {}", other)),
        }
    }

    /// A time.
    pub fn time(&self, index: usize) -> Result<&'a Time, FunctionError> {
        match self.value(index) {
            Value::Time(time) => Ok(time),
            other => Err(wrong_type("time.Time", other)),
        }
    }

    /// Prometheus's conversion of anything to a float: numbers, strings, durations in seconds.
    pub fn to_float(&self, index: usize) -> Result<f64, FunctionError> {
        match self.value(index) {
            Value::Float(value) => Ok(*value),
            Value::Int(value) => Ok(*value as f64),
            Value::Duration(nanoseconds) => Ok(*nanoseconds as f64 / 1e9),
            Value::String(text) => parse_float(text).ok_or_else(|| {
                FunctionError::Failed(format!(
                    "strconv.ParseFloat: parsing {}: invalid syntax",
                    quoted(text)
                ))
            }),
            other => Err(FunctionError::Failed(format!(
                "can't convert {} to float",
                other.type_name()
            ))),
        }
    }
}

/// The error for an argument of another type.
pub(super) fn wrong_type(want: &str, got: &Value) -> FunctionError {
    FunctionError::Usage(format!(
        "wrong type for value; expected {want}; got {}",
        got.type_name()
    ))
}
