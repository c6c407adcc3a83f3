//! Pipelines, commands and operands become values.

use super::Evaluator;
use crate::error::TemplateError;
use crate::syntax::{Command, Operand, OperandKind, Pipe};
use crate::value::Value;

impl Evaluator<'_> {
    /// The value of a pipeline, given to the variables it declares.
    pub(super) fn pipe(&mut self, dot: &Value, pipe: &Pipe) -> Result<Value, TemplateError> {
        self.deeper(|this| this.pipe_here(dot, pipe))
    }

    fn pipe_here(&mut self, dot: &Value, pipe: &Pipe) -> Result<Value, TemplateError> {
        let mut last: Option<Value> = None;
        for command in &pipe.commands {
            last = Some(self.command(dot, command, last)?);
        }
        let value = last.unwrap_or_default();
        for name in &pipe.variables {
            if pipe.is_assignment {
                self.set_variable(name, value.clone());
            } else {
                self.variables.push((name.clone(), value.clone()));
            }
        }
        Ok(value)
    }

    /// The value of a command; `last` is what the stage before it gave.
    fn command(
        &mut self,
        dot: &Value,
        command: &Command,
        last: Option<Value>,
    ) -> Result<Value, TemplateError> {
        self.step()?;
        let first = &command.args[0];
        match &first.kind {
            OperandKind::Function(name) => self.function(dot, name, command, last),
            OperandKind::Field(fields) => self.fields(dot, dot.clone(), first, fields, &command.args, last),
            OperandKind::Variable(name, fields) if !fields.is_empty() => {
                let value = self.variable(name);
                self.fields(dot, value, first, fields, &command.args, last)
            }
            OperandKind::Chain(operand, fields) => {
                let value = self.chain_start(dot, first, operand)?;
                self.fields(dot, value, first, fields, &command.args, last)
            }
            _ if command.args.len() > 1 || last.is_some() => {
                let message = format!("can't give argument to non-function {first}");
                Err(self.fail(first.at, first, message))
            }
            OperandKind::Nil => Err(self.fail(first.at, first, "nil is not a command")),
            _ => self.operand(dot, first),
        }
    }

    /// The value of an argument.
    pub(super) fn operand(&mut self, dot: &Value, operand: &Operand) -> Result<Value, TemplateError> {
        self.step()?;
        match &operand.kind {
            OperandKind::Nil => Ok(Value::Nil),
            OperandKind::Bool(value) => Ok(Value::Bool(*value)),
            OperandKind::Int(value) => Ok(Value::Int(*value)),
            OperandKind::Float(value) => Ok(Value::Float(*value)),
            OperandKind::String(text) => Ok(Value::String(text.clone())),
            OperandKind::Dot => Ok(dot.clone()),
            OperandKind::Pipe(pipe) => self.pipe(dot, pipe),
            OperandKind::Function(name) => self.call_function(dot, name, operand.at, operand, &[], None),
            OperandKind::Field(fields) => self.fields(dot, dot.clone(), operand, fields, &[], None),
            OperandKind::Variable(name, fields) => {
                let value = self.variable(name);
                self.fields(dot, value, operand, fields, &[], None)
            }
            OperandKind::Chain(start, fields) => {
                let value = self.chain_start(dot, operand, start)?;
                self.fields(dot, value, operand, fields, &[], None)
            }
        }
    }

    fn chain_start(&mut self, dot: &Value, chain: &Operand, start: &Operand) -> Result<Value, TemplateError> {
        match self.operand(dot, start)? {
            // What a parenthesis or function gave is nil: there is nothing to look into.
            Value::Nil => Err(self.fail(chain.at, chain, "nil pointer evaluating interface {}")),
            value => Ok(value),
        }
    }

    /// The parser has checked that the variable is there.
    fn variable(&self, name: &str) -> Value {
        let found = self.variables.iter().rev().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }
}
