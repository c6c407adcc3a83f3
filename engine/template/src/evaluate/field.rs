//! Fields, map keys and methods: `.A.B`, `$labels.job`, `.Alerts.Firing`, `.StartsAt.Format "15:04"`.

use super::Evaluator;
use crate::error::{FunctionError, TemplateError};
use crate::format::quoted;
use crate::syntax::Operand;
use crate::value::{MapKind, Value, duration_method, time_method};

impl Evaluator<'_> {
    /// Follows a chain of names; the arguments of the command and the value from the stage before
    /// go to the last one, which has to be a method then.
    pub(super) fn fields(
        &mut self,
        dot: &Value,
        start: Value,
        node: &Operand,
        names: &[String],
        args: &[Operand],
        last: Option<Value>,
    ) -> Result<Value, TemplateError> {
        let starts_with_nil = matches!(start, Value::Nil);
        let mut value = start;
        for (i, name) in names.iter().enumerate() {
            let is_last = i + 1 == names.len();
            let mut arguments = Vec::new();
            if is_last {
                for arg in args.iter().skip(1) {
                    arguments.push(self.operand(dot, arg)?);
                }
                arguments.extend(last.clone());
            }
            if let Value::Nil = value {
                // Nothing at all has nothing in it; a missing value on the way is a mistake.
                if starts_with_nil {
                    return Ok(Value::Nil);
                }
                return Err(self.fail(
                    node.at,
                    node,
                    format!("nil pointer evaluating interface {{}}.{name}"),
                ));
            }
            value = self.field(&value, node, name, &arguments)?;
        }
        if names.is_empty() && (args.len() > 1 || last.is_some()) {
            return Err(self.fail(
                node.at,
                node,
                format!("can't give argument to non-function {node}"),
            ));
        }
        Ok(value)
    }

    fn field(
        &mut self,
        receiver: &Value,
        node: &Operand,
        name: &str,
        args: &[Value],
    ) -> Result<Value, TemplateError> {
        let method = match receiver {
            Value::List(list) => (list.of.methods)(receiver, name, args),
            Value::Map(map) => (map.of.methods)(receiver, name, args),
            Value::Time(time) => time_method(time, name, args),
            Value::Duration(nanoseconds) => duration_method(*nanoseconds, name, args),
            _ => None,
        };
        match method {
            Some(Ok(value)) => return Ok(value),
            Some(Err(FunctionError::Usage(message))) => return Err(self.fail(node.at, node, message)),
            Some(Err(FunctionError::Failed(message))) => {
                return Err(self.fail(node.at, node, format!("error calling {name}: {message}")));
            }
            None => {}
        }
        let cannot = || format!("can't evaluate field {name} in type {}", receiver.type_name());
        let Value::Map(map) = receiver else {
            return Err(self.fail(node.at, node, cannot()));
        };
        if map.of.kind == MapKind::Struct && map.get(name).is_none() {
            return Err(self.fail(node.at, node, cannot()));
        }
        if !args.is_empty() {
            let message = format!(
                "{} is not a method but has arguments",
                quoted(name).trim_matches('"')
            );
            return Err(self.fail(node.at, node, message));
        }
        Ok(map.get_or_zero(name))
    }
}
