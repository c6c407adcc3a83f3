//! A set of named templates: parse texts into it, execute one of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::TemplateError;
use crate::evaluate;
use crate::functions::Functions;
use crate::syntax::{self, Tree};
use crate::value::Value;

/// Named templates that may call each other. Cloning is cheap.
#[derive(Debug, Clone, Default)]
pub struct Templates {
    trees: BTreeMap<Arc<str>, Arc<Tree>>,
}

impl Templates {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses a text under a name and adds it with everything it defines. A name that is already
    /// there is replaced, unless the new text is only white space and definitions. Functions have to
    /// be known by name now; what they do is decided when the template is executed.
    pub fn parse(&mut self, name: &str, text: &str, functions: &Functions) -> Result<(), TemplateError> {
        let is_function = |name: &str| functions.contains(name);
        for tree in syntax::parse(name, text, &is_function)? {
            if !tree.is_empty() || !self.trees.contains_key(tree.name.as_str()) {
                self.trees.insert(Arc::from(tree.name.as_str()), Arc::new(tree));
            }
        }
        Ok(())
    }

    /// Whether a template of that name is there.
    pub fn contains(&self, name: &str) -> bool {
        self.trees.contains_key(name)
    }

    /// Executes a template with `data` as its dot.
    pub fn execute(&self, name: &str, data: &Value, functions: &Functions) -> Result<String, TemplateError> {
        evaluate::execute(self, name, data, functions)
    }

    /// Parses a text on top of this set, executes it, and forgets it: what a notifier's field needs.
    pub fn expand(
        &self,
        name: &str,
        text: &str,
        data: &Value,
        functions: &Functions,
    ) -> Result<String, TemplateError> {
        if !text.contains("{{") {
            return Ok(text.to_owned());
        }
        let mut with_text = self.clone();
        with_text.trees.remove(name);
        with_text.parse(name, text, functions)?;
        with_text.execute(name, data, functions)
    }

    pub(crate) fn tree(&self, name: &str) -> Option<&Arc<Tree>> {
        self.trees.get(name)
    }
}
