//! One configuration file: its name, its tree, and the secrets that decoding found in it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::load;
use super::node::{Node, Position};
use super::print;
use crate::diagnostics::{Diagnostics, Error};

/// A parsed configuration file.
#[derive(Debug)]
pub struct Document {
    file: Arc<str>,
    root: Arc<Node>,
    secrets: Mutex<BTreeSet<Position>>,
}

impl Document {
    /// Parses YAML text; `file` is the name shown in errors and the base of relative paths.
    pub fn parse(file: &str, text: &str) -> Result<Self, Diagnostics> {
        let file: Arc<str> = Arc::from(file);
        let root = load::load(&file, text)?;
        Ok(Self {
            file,
            root,
            secrets: Mutex::new(BTreeSet::new()),
        })
    }

    /// The name given to [`Document::parse`].
    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// The top node; null for an empty file.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// A path of the file, relative to the folder the file stands in.
    pub fn resolve(&self, path: &str) -> PathBuf {
        let path = Path::new(path);
        match Path::new(&*self.file).parent() {
            Some(folder) if path.is_relative() => folder.join(path),
            _ => path.to_owned(),
        }
    }

    /// The file as YAML with aliases and merges written out, comments dropped, and `<secret>` in
    /// place of every value that decoding read as a secret. Decode first: before that nothing is
    /// known to be secret.
    pub fn to_yaml(&self) -> String {
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        print::print(&self.root, &secrets)
    }

    /// One node of the file as [`Document::to_yaml`] writes it, with secrets hidden.
    pub fn part_to_yaml(&self, node: &Node) -> String {
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        print::print(node, &secrets)
    }

    /// Remembers that the scalar at this place must not be shown.
    pub(crate) fn mark_secret(&self, position: Position) {
        self.secrets
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(position);
    }

    pub(crate) fn error(&self, position: Position, path: String, message: String) -> Error {
        Error {
            file: Arc::clone(&self.file),
            line: position.line,
            column: position.column,
            path,
            message,
        }
    }
}
