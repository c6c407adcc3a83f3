//! Slices, maps and structs, with the methods that Go types carry.

use std::borrow::Cow;
use std::sync::Arc;

use super::Value;
use crate::error::FunctionError;

/// The methods of a type: `None` where it has none of that name. A method called `String` decides
/// how the value prints.
pub type Methods = fn(receiver: &Value, name: &str, args: &[Value]) -> Option<Result<Value, FunctionError>>;

/// A type without methods.
pub fn no_methods(_: &Value, _: &str, _: &[Value]) -> Option<Result<Value, FunctionError>> {
    None
}

/// Fields that are called in JSON what they are called in templates.
pub fn same_name(name: &str) -> Cow<'_, str> {
    Cow::Borrowed(name)
}

/// A type of lists.
#[derive(Debug)]
pub struct ListType {
    /// Go's name of the type.
    pub name: &'static str,
    /// Its methods.
    pub methods: Methods,
}

impl ListType {
    /// `[]interface {}`.
    pub const ANY: Self = Self {
        name: "[]interface {}",
        methods: no_methods,
    };
    /// `[]string`.
    pub const STRINGS: Self = Self {
        name: "[]string",
        methods: no_methods,
    };
}

/// A list.
#[derive(Debug)]
pub struct List {
    /// Its type.
    pub of: &'static ListType,
    /// Its items.
    pub items: Vec<Value>,
    /// Bytes and items with all that is inside, shared parts counted each time.
    weight: usize,
    /// Levels of collections, this one included.
    depth: usize,
}

impl List {
    /// A list of a type.
    pub fn new(of: &'static ListType, items: Vec<Value>) -> Self {
        let (weight, depth) = measured(items.iter());
        Self {
            of,
            items,
            weight,
            depth,
        }
    }
}

/// What a missing key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapKind {
    /// A struct: a missing field is an error.
    Struct,
    /// A map to strings: a missing key is "".
    Strings,
    /// A map to anything: a missing key is nil.
    Any,
}

/// A type of maps or structs.
#[derive(Debug)]
pub struct MapType {
    /// Go's name of the type.
    pub name: &'static str,
    /// What a missing key means.
    pub kind: MapKind,
    /// Its methods.
    pub methods: Methods,
    /// What a field is called in JSON.
    pub json_name: fn(&str) -> Cow<'_, str>,
}

impl MapType {
    /// `map[string]string`.
    pub const STRINGS: Self = Self {
        name: "map[string]string",
        kind: MapKind::Strings,
        methods: no_methods,
        json_name: same_name,
    };
    /// `map[string]interface {}`.
    pub const ANY: Self = Self {
        name: "map[string]interface {}",
        kind: MapKind::Any,
        methods: no_methods,
        json_name: same_name,
    };

    /// A struct without methods whose fields keep their names in JSON.
    pub const fn of_struct(name: &'static str) -> Self {
        Self {
            name,
            kind: MapKind::Struct,
            methods: no_methods,
            json_name: same_name,
        }
    }
}

/// A map or a struct. Maps are held in key order, structs in the order of their fields.
#[derive(Debug)]
pub struct Map {
    /// Its type.
    pub of: &'static MapType,
    /// Its entries.
    pub entries: Vec<(Arc<str>, Value)>,
    weight: usize,
    depth: usize,
}

impl Map {
    /// A map of a type; of repeated keys the last one stays.
    pub fn new(of: &'static MapType, mut entries: Vec<(Arc<str>, Value)>) -> Self {
        if of.kind != MapKind::Struct {
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            entries.reverse();
            entries.dedup_by(|a, b| a.0 == b.0);
            entries.reverse();
        }
        let (weight, depth) = measured(entries.iter().map(|(_, value)| value));
        Self {
            of,
            entries,
            weight,
            depth,
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        if self.of.kind == MapKind::Struct {
            return self
                .entries
                .iter()
                .find(|(name, _)| &**name == key)
                .map(|(_, value)| value);
        }
        let found = self
            .entries
            .binary_search_by(|(name, _)| (**name).cmp(key))
            .ok()?;
        Some(&self.entries[found].1)
    }

    /// The value of a key, or the zero value of the map's elements.
    pub fn get_or_zero(&self, key: &str) -> Value {
        match self.get(key) {
            Some(value) => value.clone(),
            None if self.of.kind == MapKind::Strings => Value::string(""),
            None => Value::Nil,
        }
    }
}

/// Weight and depth of a collection of these values.
fn measured<'a>(values: impl Iterator<Item = &'a Value>) -> (usize, usize) {
    values.fold((1, 1), |(weight, depth), value| {
        (
            weight.saturating_add(value.weight()),
            depth.max(value.depth() + 1),
        )
    })
}

impl Value {
    /// Bytes of text and numbers of items it would take to print; what sharing saves does not count.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::String(text) => 1 + text.len(),
            Self::List(list) => list.weight,
            Self::Map(map) => map.weight,
            _ => 1,
        }
    }

    /// Levels of collections.
    pub(crate) fn depth(&self) -> usize {
        match self {
            Self::List(list) => list.depth,
            Self::Map(map) => map.depth,
            _ => 0,
        }
    }
}
