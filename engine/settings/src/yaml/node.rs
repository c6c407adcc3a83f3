//! The tree: scalars keep their text and quoting, so that a decoder types them, not the parser.

use std::sync::Arc;

/// Where a node begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// 1-based line.
    pub line: usize,
    /// 1-based column, in characters.
    pub column: usize,
}

/// A value with its place in the file. What an alias names is shared, not copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What stands there.
    pub value: Value,
    /// Where it begins.
    pub position: Position,
}

/// The three kinds of YAML nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text, typed only when decoded.
    Scalar(Scalar),
    /// Items in file order.
    List(Vec<Arc<Node>>),
    /// Keys in file order, without repetition; merged keys (`<<`) follow the written ones.
    Mapping(Vec<(Key, Arc<Node>)>),
}

/// A mapping key with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key's text.
    pub text: String,
    /// Where the key begins.
    pub position: Position,
}

/// The text of a scalar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The text without quotes and escapes.
    pub text: String,
    /// Quoted, a block scalar, or tagged `!!str`: always a string, never a number, bool or null.
    pub quoted: bool,
}

impl Scalar {
    /// Plain and one of YAML's words for nothing.
    pub fn is_null(&self) -> bool {
        !self.quoted && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }
}

impl Node {
    /// The null that stands for an empty document.
    pub(crate) fn null() -> Self {
        let scalar = Scalar {
            text: String::new(),
            quoted: false,
        };
        Self {
            value: Value::Scalar(scalar),
            position: Position { line: 1, column: 1 },
        }
    }

    /// Whether the node is YAML's nothing.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.is_null())
    }

    /// The node under a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Arc<Self>> {
        match &self.value {
            Value::Mapping(entries) => entries.iter().find(|(k, _)| k.text == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// What the node is, for "expected …, got …".
    pub(crate) fn describe(&self) -> String {
        match &self.value {
            Value::Mapping(_) => "a mapping".to_owned(),
            Value::List(_) => "a list".to_owned(),
            Value::Scalar(scalar) if scalar.is_null() => "nothing".to_owned(),
            Value::Scalar(scalar) if scalar.quoted => format!("the string {:?}", shortened(&scalar.text)),
            Value::Scalar(scalar) => format!("{:?}", shortened(&scalar.text)),
        }
    }
}

/// Long values are cut in messages: they may be whole scripts.
fn shortened(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    if text.chars().count() <= CHARS_MAX {
        return text.to_owned();
    }
    let head: String = text.chars().take(CHARS_MAX).collect();
    format!("{head}…")
}
