//! A value with its place in the file and in the tree, and the collections it may hold.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::Mapping;
use crate::diagnostics::Error;
use crate::yaml::{Document, Node, Position, Value};

/// A value to decode. Cheap to clone; every decoder consumes it, so that methods such as
/// `Field::duration_ms` can be named where a closure is wanted.
#[derive(Debug, Clone)]
pub struct Field<'a> {
    pub(super) node: &'a Node,
    /// Where the key stands, or the value itself in lists: what an error about absence points at.
    pub(super) position: Position,
    pub(super) path: Rc<str>,
    pub(super) document: &'a Document,
    pub(super) recorded: Rc<RefCell<Vec<Error>>>,
}

impl<'a> Field<'a> {
    pub(super) fn root(document: &'a Document, recorded: Rc<RefCell<Vec<Error>>>) -> Self {
        let node = document.root();
        Self {
            node,
            position: node.position,
            path: Rc::from(""),
            document,
            recorded,
        }
    }

    /// Where the value begins.
    pub fn position(&self) -> Position {
        if self.node.is_null() {
            self.position
        } else {
            self.node.position
        }
    }

    /// The place in the tree, such as `scrape_configs[0].params`; empty at the top.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The node itself, for callers that keep it as it is.
    pub fn node(&self) -> &'a Node {
        self.node
    }

    /// The document the value comes from.
    pub fn document(&self) -> &'a Document {
        self.document
    }

    /// Whether nothing is written (`null`, `~` or an empty value).
    pub fn is_null(&self) -> bool {
        self.node.is_null()
    }

    /// Whether the value is a list.
    pub fn is_list(&self) -> bool {
        matches!(self.node.value, Value::List(_))
    }

    /// Whether the value is a mapping.
    pub fn is_mapping(&self) -> bool {
        matches!(self.node.value, Value::Mapping(_))
    }

    /// An error at this value: `file:line:col: path: message`. Say what is wrong and what to do.
    pub fn error(&self, message: impl AsRef<str>) -> Error {
        self.error_at(self.position(), message.as_ref())
    }

    /// An error that points at the key and not at the value.
    pub fn error_at_key(&self, message: impl AsRef<str>) -> Error {
        self.error_at(self.position, message.as_ref())
    }

    fn error_at(&self, position: Position, message: &str) -> Error {
        let text = if self.path.is_empty() {
            message.to_owned()
        } else {
            format!("{}: {message}", self.path)
        };
        self.document.error(position, self.path.to_string(), text)
    }

    /// Records an error without ending the decoder: it is reported with the others at the end.
    pub fn record(&self, error: Error) {
        self.recorded.borrow_mut().push(error);
    }

    /// The value as a mapping. Nothing written counts as an empty one.
    pub fn mapping(self) -> Result<Mapping<'a>, Error> {
        match &self.node.value {
            Value::Mapping(entries) => Ok(Mapping::new(self, entries)),
            _ if self.is_null() => Ok(Mapping::new(self, &[])),
            _ => Err(self.expected("a mapping of keys to values")),
        }
    }

    /// The items of a list. Nothing written counts as an empty one.
    pub fn items(self) -> Result<Vec<Field<'a>>, Error> {
        let nodes = match &self.node.value {
            Value::List(nodes) => nodes,
            _ if self.is_null() => return Ok(Vec::new()),
            _ => return Err(self.expected("a list (lines that begin with \"- \")")),
        };
        let item = |(i, node): (usize, &'a std::sync::Arc<Node>)| {
            let path = Rc::from(format!("{}[{i}]", self.path));
            Field {
                node,
                position: node.position,
                path,
                ..self.clone()
            }
        };
        Ok(nodes.iter().enumerate().map(item).collect())
    }

    /// Decodes each item of a list; the faults of all items are reported, not only the first.
    pub fn list<T>(self, mut decoder: impl FnMut(Field<'a>) -> Result<T, Error>) -> Result<Vec<T>, Error> {
        let mut values = Vec::new();
        let mut last_error: Option<Error> = None;
        let recorded = Rc::clone(&self.recorded);
        for item in self.items()? {
            match decoder(item) {
                Ok(value) => values.push(value),
                Err(error) => recorded.borrow_mut().extend(last_error.replace(error)),
            }
        }
        last_error.map_or(Ok(values), Err)
    }

    /// A list of strings.
    pub fn strings(self) -> Result<Vec<String>, Error> {
        self.list(Field::string)
    }

    /// A mapping whose keys are free: each value with its key, in file order.
    pub fn entries(self) -> Result<Vec<(String, Field<'a>)>, Error> {
        let entries = match &self.node.value {
            Value::Mapping(entries) => entries,
            _ if self.is_null() => return Ok(Vec::new()),
            _ => return Err(self.expected("a mapping of keys to values")),
        };
        let field = |key: &str, position, node| {
            let path = Rc::from(super::mapping::join(&self.path, key));
            Field {
                node,
                position,
                path,
                ..self.clone()
            }
        };
        Ok(entries
            .iter()
            .map(|(key, node)| (key.text.clone(), field(&key.text, key.position, &**node)))
            .collect())
    }

    /// A mapping of free keys with each value decoded; the faults of all values are reported.
    pub fn map<T>(
        self,
        mut decoder: impl FnMut(Field<'a>) -> Result<T, Error>,
    ) -> Result<BTreeMap<String, T>, Error> {
        let mut values = BTreeMap::new();
        let mut last_error: Option<Error> = None;
        let recorded = Rc::clone(&self.recorded);
        for (key, field) in self.entries()? {
            match decoder(field) {
                Ok(value) => {
                    values.insert(key, value);
                }
                Err(error) => recorded.borrow_mut().extend(last_error.replace(error)),
            }
        }
        last_error.map_or(Ok(values), Err)
    }

    /// A mapping of strings to strings, such as labels.
    pub fn string_map(self) -> Result<BTreeMap<String, String>, Error> {
        self.map(Field::string)
    }

    /// "expected …, got …", the shape of every type error.
    pub(super) fn expected(&self, what: &str) -> Error {
        self.error(format!("expected {what}, got {}", self.node.describe()))
    }
}
