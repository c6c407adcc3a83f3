//! What templates compute with: the dynamic values that Go's reflection would see.

mod collections;
mod time;
mod time_layout;
mod time_methods;
mod time_parse;

use std::sync::Arc;

pub use collections::{List, ListType, Map, MapKind, MapType, Methods, no_methods, same_name};
pub use time::{Time, Zone};

pub(crate) use time::write_duration;
pub(crate) use time_methods::{difference_ns, duration_method, time_method};

/// A value. Cloning is cheap: collections and strings are shared.
#[derive(Debug, Clone, Default)]
pub enum Value {
    /// Go's nil, and the value of what does not exist.
    #[default]
    Nil,
    /// `bool`.
    Bool(bool),
    /// `int`.
    Int(i64),
    /// `float64`.
    Float(f64),
    /// `string`.
    String(Arc<str>),
    /// A slice.
    List(Arc<List>),
    /// A map or a struct.
    Map(Arc<Map>),
    /// `time.Time`.
    Time(Time),
    /// `time.Duration`, in nanoseconds.
    Duration(i64),
}

impl Value {
    /// A string.
    pub fn string(text: impl AsRef<str>) -> Self {
        Self::String(Arc::from(text.as_ref()))
    }

    /// A list of anything (`[]interface {}`).
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(Arc::new(List::new(&ListType::ANY, items)))
    }

    /// A list of strings (`[]string`).
    pub fn strings<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> Self {
        let items = items.into_iter().map(Self::string).collect();
        Self::List(Arc::new(List::new(&ListType::STRINGS, items)))
    }

    /// A map of strings to strings (`map[string]string`), where a missing key is "".
    pub fn string_map<K: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let pairs = pairs
            .into_iter()
            .map(|(key, value)| (Arc::from(key.as_ref()), Self::string(value)));
        Self::Map(Arc::new(Map::new(&MapType::STRINGS, pairs.collect())))
    }

    /// A map of strings to anything (`map[string]interface {}`), where a missing key is nil.
    pub fn map<K: AsRef<str>>(pairs: impl IntoIterator<Item = (K, Self)>) -> Self {
        let pairs = pairs
            .into_iter()
            .map(|(key, value)| (Arc::from(key.as_ref()), value));
        Self::Map(Arc::new(Map::new(&MapType::ANY, pairs.collect())))
    }

    /// A struct: fields keep their order, and a missing one is an error.
    pub fn structure(of: &'static MapType, fields: impl IntoIterator<Item = (&'static str, Self)>) -> Self {
        let fields = fields.into_iter().map(|(name, value)| (Arc::from(name), value));
        Self::Map(Arc::new(Map::new(of, fields.collect())))
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Go's name of the type, as `%T` prints it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float64",
            Self::String(_) => "string",
            Self::List(list) => list.of.name,
            Self::Map(map) => map.of.name,
            Self::Time(_) => "time.Time",
            Self::Duration(_) => "time.Duration",
        }
    }

    /// What `if` and `with` see: false for nil, zero and empty; structs and times are true.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(value) | Self::Duration(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::String(text) => !text.is_empty(),
            Self::List(list) => !list.items.is_empty(),
            Self::Map(map) => map.of.kind == MapKind::Struct || !map.entries.is_empty(),
            Self::Time(_) => true,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(Arc::from(text))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}
