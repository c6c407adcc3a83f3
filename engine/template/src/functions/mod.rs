//! What templates may call: a registry by name, the arguments of a call, and the function sets.

pub mod alertmanager;
pub mod prometheus;

mod args;
mod builtins;
mod comparison;
mod escape;
mod humanize;
#[cfg(test)]
mod tests;
mod text;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

pub use args::Args;

use crate::error::FunctionError;
use crate::value::Value;

/// A function of templates.
pub type Function = Arc<dyn Fn(&Args<'_>) -> Result<Value, FunctionError> + Send + Sync>;

/// Functions by name: Go's builtins (`and`, `or`, `eq`, `printf`, …) and what is added.
#[derive(Clone)]
pub struct Functions {
    shared: Arc<HashMap<&'static str, Function>>,
    own: HashMap<&'static str, Function>,
}

impl Functions {
    /// Go's builtins only.
    pub fn builtins() -> Self {
        static BUILTINS: OnceLock<Arc<HashMap<&'static str, Function>>> = OnceLock::new();
        let shared = BUILTINS.get_or_init(|| {
            let mut map = HashMap::new();
            builtins::add(&mut map);
            Arc::new(map)
        });
        Self {
            shared: Arc::clone(shared),
            own: HashMap::new(),
        }
    }

    /// Adds a function, or replaces the one of that name.
    pub fn add(
        &mut self,
        name: &'static str,
        function: impl Fn(&Args<'_>) -> Result<Value, FunctionError> + Send + Sync + 'static,
    ) {
        self.own.insert(name, Arc::new(function));
    }

    /// The names of all of them.
    pub fn names(&self) -> Vec<&'static str> {
        self.shared.keys().chain(self.own.keys()).copied().collect()
    }

    /// Makes what has been added cheap to clone.
    fn freeze(self) -> Self {
        let mut all = (*self.shared).clone();
        all.extend(self.own);
        Self {
            shared: Arc::new(all),
            own: HashMap::new(),
        }
    }

    /// Whether a function of that name may be called.
    pub fn contains(&self, name: &str) -> bool {
        matches!(name, "and" | "or") || self.get(name).is_some()
    }

    /// The function of a name. `and` and `or` are not here: they do not evaluate all arguments.
    pub(crate) fn get(&self, name: &str) -> Option<&Function> {
        self.own.get(name).or_else(|| self.shared.get(name))
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut names: Vec<_> = self.shared.keys().chain(self.own.keys()).collect();
        names.sort_unstable();
        names.dedup();
        f.debug_tuple("Functions").field(&names).finish()
    }
}
