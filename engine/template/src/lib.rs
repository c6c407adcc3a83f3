//! Go's text/template language, as rules and notifications use it.
//! [`Templates`] parses and executes, [`Value`] is what templates see, [`Functions`] is what they
//! may call; `functions::prometheus` and `functions::alertmanager` are the two function sets.

mod error;
mod templates;

mod value;

mod syntax;

mod evaluate;

mod format;

pub mod functions;

pub use error::{FunctionError, TemplateError};
pub use functions::{Args, Function, Functions};
pub use templates::Templates;
pub use value::{List, ListType, Map, MapKind, MapType, Methods, Time, Value, Zone, no_methods, same_name};
