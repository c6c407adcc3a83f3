//! A mapping that is read key by key; `finish` reports every key that nobody asked for.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use super::Field;
use crate::diagnostics::Error;
use crate::suggestion;
use crate::yaml::{Key, Node, Position};

/// The reader of a mapping with known keys. Ask for keys, then call [`Mapping::finish`].
#[must_use = "call finish, or unknown keys pass unseen"]
#[derive(Debug)]
pub struct Mapping<'a> {
    whole: Field<'a>,
    entries: &'a [(Key, Arc<Node>)],
    index: HashMap<&'a str, usize>,
    asked: RefCell<BTreeSet<String>>,
}

/// The path of a key below a path.
pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

impl<'a> Mapping<'a> {
    pub(super) fn new(whole: Field<'a>, entries: &'a [(Key, Arc<Node>)]) -> Self {
        let index = entries
            .iter()
            .enumerate()
            .map(|(i, (key, _))| (key.text.as_str(), i))
            .collect();
        Self {
            whole,
            entries,
            index,
            asked: RefCell::new(BTreeSet::new()),
        }
    }

    /// The mapping as a value, for errors about the whole.
    pub fn field(&self) -> &Field<'a> {
        &self.whole
    }

    /// An error that points at the mapping.
    pub fn error(&self, message: impl AsRef<str>) -> Error {
        self.whole.error(message)
    }

    /// The value of a key that is written and not null, which keeps its default as in Go.
    pub fn optional(&self, key: &str) -> Option<Field<'a>> {
        self.written(key).filter(|field| !field.is_null())
    }

    /// The value of a key that is written, even if null.
    pub fn written(&self, key: &str) -> Option<Field<'a>> {
        if !self.asked.borrow().contains(key) {
            self.asked.borrow_mut().insert(key.to_owned());
        }
        let (key, node) = &self.entries[*self.index.get(key)?];
        Some(self.below(&key.text, key.position, node))
    }

    /// The value of a key that must be there.
    pub fn required(&self, key: &str) -> Result<Field<'a>, Error> {
        self.optional(key).ok_or_else(|| {
            let position = self
                .written(key)
                .map_or(self.whole.position(), |field| field.position());
            let message = format!("missing key \"{key}\" {}; add it", self.place());
            self.whole
                .document
                .error(position, join(&self.whole.path, key), message)
        })
    }

    /// Decodes a key if it is written: `mapping.get("scrape_interval", Field::duration_ms)?`.
    pub fn get<T>(
        &self,
        key: &str,
        decoder: impl FnOnce(Field<'a>) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        self.optional(key).map(decoder).transpose()
    }

    /// Decodes a key, or takes the default.
    pub fn get_or<T>(
        &self,
        key: &str,
        decoder: impl FnOnce(Field<'a>) -> Result<T, Error>,
        default: T,
    ) -> Result<T, Error> {
        Ok(self.get(key, decoder)?.unwrap_or(default))
    }

    /// Decodes a key that must be there.
    pub fn require<T>(
        &self,
        key: &str,
        decoder: impl FnOnce(Field<'a>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        decoder(self.required(key)?)
    }

    /// Refuses keys that Prometheus or Alertmanager know and we do not have yet; records one error
    /// for each that is written. A key with nothing in it changes nothing and passes.
    pub fn not_supported(&self, keys: &[&str]) {
        for key in keys {
            let Some(field) = self.optional(key) else { continue };
            let message = format!(
                "\"{key}\" {} is not supported by this version of weir; remove it",
                self.place()
            );
            let path = field.path.to_string();
            self.whole
                .record(self.whole.document.error(field.position, path, message));
        }
    }

    /// Refuses keys of which at most one may be written: `at most one of a, b must be configured`.
    pub fn at_most_one(&self, keys: &[&str]) -> Result<(), Error> {
        match keys.iter().filter_map(|key| self.optional(key)).nth(1) {
            None => Ok(()),
            Some(second) => {
                let names = keys.join(" & ");
                let at_second = Field {
                    position: second.position,
                    node: second.node,
                    ..self.whole.clone()
                };
                Err(at_second.error_at_key(format!("at most one of {names} must be configured; remove one")))
            }
        }
    }

    /// Closes the mapping: every key that was never asked for is an error, with the nearest known
    /// key as a suggestion. All of them are reported.
    pub fn finish(self) -> Result<(), Error> {
        let asked = self.asked.borrow();
        let mut unknown = self
            .entries
            .iter()
            .filter(|(key, _)| !asked.contains(&key.text))
            .map(|(key, _)| {
                let advice = match suggestion::nearest(&key.text, asked.iter().map(String::as_str)) {
                    Some(known) => format!("did you mean \"{known}\"?"),
                    None => "remove it".to_owned(),
                };
                let message = format!("unknown key \"{}\" {}; {advice}", key.text, self.place());
                let path = join(&self.whole.path, &key.text);
                self.whole.document.error(key.position, path, message)
            });
        let Some(first) = unknown.next() else {
            return Ok(());
        };
        unknown.for_each(|error| self.whole.record(error));
        Err(first)
    }

    /// Where the mapping is, for messages.
    fn place(&self) -> String {
        let path = &self.whole.path;
        if path.is_empty() {
            "at the top level".to_owned()
        } else {
            format!("in {path}")
        }
    }

    fn below(&self, key: &str, position: Position, node: &'a Node) -> Field<'a> {
        Field {
            node,
            position,
            path: Rc::from(join(&self.whole.path, key)),
            ..self.whole.clone()
        }
    }
}
