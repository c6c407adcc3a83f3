//! Items: text, actions, if, with, range, template, break and continue.

use std::sync::Arc;

use super::Evaluator;
use crate::error::TemplateError;
use crate::format::{printed, quoted};
use crate::syntax::{Branch, Item, Pipe};
use crate::value::{MapKind, Value};

/// What happens after an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Break,
    Continue,
}

impl Evaluator<'_> {
    /// Executes items until one of them leaves the loop.
    pub(super) fn list(&mut self, dot: &Value, items: &[Item]) -> Result<Flow, TemplateError> {
        self.deeper(|this| {
            for item in items {
                let flow = this.item(dot, item)?;
                if flow != Flow::Next {
                    return Ok(flow);
                }
            }
            Ok(Flow::Next)
        })
    }

    fn item(&mut self, dot: &Value, item: &Item) -> Result<Flow, TemplateError> {
        self.step()?;
        match item {
            Item::Text(text) => self.write(text)?,
            Item::Action(pipe) => {
                let value = self.pipe(dot, pipe)?;
                if pipe.variables.is_empty() {
                    self.write(&printed(&value))?;
                }
            }
            Item::If(branch) => return self.scoped(|this| this.branch(dot, branch, false)),
            Item::With(branch) => return self.scoped(|this| this.branch(dot, branch, true)),
            Item::Range(branch) => return self.scoped(|this| this.range(dot, branch)),
            Item::Template { at, name, pipe } => self.template(dot, *at, name, pipe.as_ref())?,
            Item::Break => return Ok(Flow::Break),
            Item::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    /// Drops the variables that a part declared.
    fn scoped<T>(
        &mut self,
        part: impl FnOnce(&mut Self) -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        let mark = self.variables.len();
        let result = part(self);
        self.variables.truncate(mark);
        result
    }

    fn branch(&mut self, dot: &Value, branch: &Branch, is_with: bool) -> Result<Flow, TemplateError> {
        let value = self.pipe(dot, &branch.pipe)?;
        match value.is_true() {
            true if is_with => self.list(&value, &branch.body),
            true => self.list(dot, &branch.body),
            false => self.list(dot, &branch.otherwise),
        }
    }

    fn range(&mut self, dot: &Value, branch: &Branch) -> Result<Flow, TemplateError> {
        let value = self.pipe(dot, &branch.pipe)?;
        let mark = self.variables.len();
        let mut count = 0_usize;
        let mut iterate = |this: &mut Self, index: Value, item: Value| -> Result<bool, TemplateError> {
            count += 1;
            this.step()?;
            this.assign_range_variables(&branch.pipe, index, &item);
            let flow = this.list(&item, &branch.body);
            this.variables.truncate(mark);
            Ok(flow? != Flow::Break)
        };
        match &value {
            Value::Nil => {}
            Value::Int(end) => {
                for i in 0..*end {
                    if !iterate(self, Value::Int(i), Value::Int(i))? {
                        break;
                    }
                }
            }
            Value::List(list) => {
                for (i, item) in (0_i64..).zip(&list.items) {
                    if !iterate(self, Value::Int(i), item.clone())? {
                        break;
                    }
                }
            }
            Value::Map(map) if map.of.kind != MapKind::Struct => {
                for (key, item) in &map.entries {
                    if !iterate(self, Value::String(Arc::clone(key)), item.clone())? {
                        break;
                    }
                }
            }
            other => {
                let message = format!("range can't iterate over {}", printed(other));
                let at = branch.pipe.commands[0].at;
                return Err(self.fail(at, &branch.pipe, message));
            }
        }
        if count == 0 {
            self.list(dot, &branch.otherwise)
        } else {
            Ok(Flow::Next)
        }
    }

    fn assign_range_variables(&mut self, pipe: &Pipe, index: Value, item: &Value) {
        let values: Vec<Value> = match pipe.variables.len() {
            0 => return,
            1 => vec![item.clone()],
            _ => vec![index, item.clone()],
        };
        for (name, value) in pipe.variables.iter().zip(values) {
            self.set_variable(name, value);
        }
    }

    fn template(
        &mut self,
        dot: &Value,
        at: usize,
        name: &str,
        pipe: Option<&Pipe>,
    ) -> Result<(), TemplateError> {
        let context = match pipe {
            Some(pipe) => format!("{{{{template {} {pipe}}}}}", quoted(name)),
            None => format!("{{{{template {}}}}}", quoted(name)),
        };
        let Some(tree) = self.templates.tree(name).cloned() else {
            return Err(self.fail(at, &context, format!("template {} not defined", quoted(name))));
        };
        let data = match pipe {
            Some(pipe) => self.pipe(dot, pipe)?,
            None => Value::Nil,
        };
        let variables = std::mem::replace(&mut self.variables, vec![("$".to_owned(), data.clone())]);
        let caller = std::mem::replace(&mut self.tree, Arc::clone(&tree));
        let result = self.list(&data, &tree.body);
        // After a failure nothing runs on, so only success needs the caller's state back.
        result?;
        self.tree = caller;
        self.variables = variables;
        Ok(())
    }

    /// Gives the innermost variable of a name a value.
    pub(super) fn set_variable(&mut self, name: &str, value: Value) {
        if let Some(variable) = self.variables.iter_mut().rev().find(|(known, _)| known == name) {
            variable.1 = value;
        }
    }
}
