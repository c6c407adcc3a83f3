//! Execution: walks the tree, keeps the variables, writes the text; bounded in every direction.

mod call;
mod field;
mod pipeline;
#[cfg(test)]
mod tests;
mod walk;

use std::sync::Arc;

use crate::error::TemplateError;
use crate::format::quoted;
use crate::functions::Functions;
use crate::syntax::Tree;
use crate::templates::Templates;
use crate::value::Value;

/// Bytes one execution may print, and the longest string it may build: far beyond any message.
const OUTPUT_BYTES_MAX: usize = 4 << 20;
/// Nodes one execution may visit: some seconds at most, so that nested ranges end.
const STEPS_MAX: usize = 5_000_000;
/// What a function gives may hold this much (see `Value::weight`): data of thousands of alerts passes.
const WEIGHT_MAX: usize = 64 << 20;
/// Lists in lists that functions may build: printing and dropping them takes stack.
const COLLECTION_DEPTH_MAX: usize = 64;
/// Bytes of text that cost as much as visiting a node.
const STEP_BYTES: usize = 256;
/// Templates calling templates and blocks within blocks: what the stack of a small thread holds.
const DEPTH_MAX: usize = 200;

/// Executes a template of a set.
pub(crate) fn execute(
    templates: &Templates,
    name: &str,
    data: &Value,
    functions: &Functions,
) -> Result<String, TemplateError> {
    let tree = templates
        .tree(name)
        .ok_or_else(|| TemplateError::Undefined(name.to_owned()))?;
    let mut evaluator = Evaluator {
        templates,
        functions,
        tree: Arc::clone(tree),
        variables: vec![("$".to_owned(), data.clone())],
        out: String::new(),
        steps: 0,
        depth: 0,
    };
    let tree = Arc::clone(tree);
    evaluator.list(data, &tree.body)?;
    Ok(evaluator.out)
}

pub(super) struct Evaluator<'a> {
    templates: &'a Templates,
    functions: &'a Functions,
    /// The template being executed, for places.
    tree: Arc<Tree>,
    variables: Vec<(String, Value)>,
    out: String,
    steps: usize,
    depth: usize,
}

impl Evaluator<'_> {
    /// A failure at a part of the tree.
    fn fail(&self, at: usize, context: &dyn std::fmt::Display, message: impl Into<String>) -> TemplateError {
        TemplateError::Execute {
            location: self.tree.location(at),
            template: self.tree.name.clone(),
            context: context.to_string(),
            message: message.into(),
        }
    }

    fn limit(&self, limit: String) -> TemplateError {
        TemplateError::Limit {
            template: quoted(&self.tree.name),
            limit,
        }
    }

    /// Counts one visited node.
    fn step(&mut self) -> Result<(), TemplateError> {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return Err(self.limit(format!("takes more than {STEPS_MAX} steps")));
        }
        Ok(())
    }

    /// Runs a part one level deeper.
    fn deeper<T>(
        &mut self,
        part: impl FnOnce(&mut Self) -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        if self.depth >= DEPTH_MAX {
            return Err(self.limit(format!("nested or recursive deeper than {DEPTH_MAX} levels")));
        }
        self.depth += 1;
        let result = part(self);
        self.depth -= 1;
        result
    }

    fn write(&mut self, text: &str) -> Result<(), TemplateError> {
        if self.out.len() + text.len() > OUTPUT_BYTES_MAX {
            return Err(self.limit(format!("prints more than {OUTPUT_BYTES_MAX} bytes")));
        }
        self.out.push_str(text);
        Ok(())
    }

    /// Refuses what grows without end, and counts the work of long texts.
    fn check_growth(&mut self, value: Value) -> Result<Value, TemplateError> {
        if matches!(value, Value::String(_)) {
            self.steps += value.weight() / STEP_BYTES;
            if value.weight() > OUTPUT_BYTES_MAX {
                return Err(self.limit(format!("builds a string of more than {OUTPUT_BYTES_MAX} bytes")));
            }
        }
        if value.weight() > WEIGHT_MAX {
            return Err(self.limit(format!("builds a collection of more than {WEIGHT_MAX} bytes")));
        }
        if value.depth() > COLLECTION_DEPTH_MAX {
            let limit = format!("builds collections nested deeper than {COLLECTION_DEPTH_MAX} levels");
            return Err(self.limit(limit));
        }
        Ok(value)
    }
}
