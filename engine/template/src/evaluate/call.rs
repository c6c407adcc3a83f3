//! Function calls; `and` and `or` stop at the argument that decides.

use std::fmt::Display;

use super::Evaluator;
use crate::error::{FunctionError, TemplateError};
use crate::format::quoted;
use crate::functions::Args;
use crate::syntax::{Command, Operand};
use crate::value::Value;

impl Evaluator<'_> {
    /// A command that begins with a function.
    pub(super) fn function(
        &mut self,
        dot: &Value,
        name: &str,
        command: &Command,
        last: Option<Value>,
    ) -> Result<Value, TemplateError> {
        self.call_function(dot, name, command.at, command, &command.args[1..], last)
    }

    /// Calls a function with operands and, as the last argument, what the stage before gave.
    pub(super) fn call_function(
        &mut self,
        dot: &Value,
        name: &str,
        at: usize,
        context: &dyn Display,
        operands: &[Operand],
        last: Option<Value>,
    ) -> Result<Value, TemplateError> {
        if matches!(name, "and" | "or") {
            return self.and_or(dot, name, at, context, operands, last);
        }
        let mut values = Vec::with_capacity(operands.len() + 1);
        for operand in operands {
            values.push(self.operand(dot, operand)?);
        }
        values.extend(last);
        let Some(function) = self.functions.get(name) else {
            return Err(self.fail(at, context, format!("{} is not a defined function", quoted(name))));
        };
        match function(&Args::new(name, &values)) {
            Ok(value) => self.check_growth(value),
            Err(FunctionError::Usage(message)) => Err(self.fail(at, context, message)),
            Err(FunctionError::Failed(message)) => {
                Err(self.fail(at, context, format!("error calling {name}: {message}")))
            }
        }
    }

    fn and_or(
        &mut self,
        dot: &Value,
        name: &str,
        at: usize,
        context: &dyn Display,
        operands: &[Operand],
        last: Option<Value>,
    ) -> Result<Value, TemplateError> {
        if operands.is_empty() && last.is_none() {
            let message = format!("wrong number of args for {name}: want at least 1 got 0");
            return Err(self.fail(at, context, message));
        }
        let decides = |value: &Value| value.is_true() == (name == "or");
        let mut value = Value::Nil;
        for operand in operands {
            value = self.operand(dot, operand)?;
            if decides(&value) {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }
}
