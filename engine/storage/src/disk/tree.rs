//! Files and folders as a disk has them: what is shown, what is durable, and the changes between the two.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, Path};

/// A file or folder, whatever its names.
pub(super) type NodeId = usize;

#[derive(Debug)]
pub(super) enum Node {
    File(FileNode),
    Folder(FolderNode),
}

/// The content of a file.
#[derive(Debug, Default)]
pub(super) struct FileNode {
    pub(super) durable: Vec<u8>,
    pub(super) pending: Vec<Change>,
}

/// A change of a file's content that is not durable yet.
#[derive(Debug)]
pub(super) enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Cut { length: usize },
}

pub(super) type Names = BTreeMap<OsString, NodeId>;

/// The names in a folder.
#[derive(Debug, Default)]
pub(super) struct FolderNode {
    pub(super) shown: Names,
    pub(super) durable: Names,
    pub(super) pending: Vec<NameChange>,
}

/// A change of a folder's names that is not durable yet. Each happens whole or not at all.
#[derive(Debug, Clone)]
pub(super) enum NameChange {
    Add {
        name: OsString,
        node: NodeId,
    },
    Remove {
        name: OsString,
    },
    Rename {
        from: OsString,
        to: OsString,
        node: NodeId,
    },
}

impl Change {
    pub(super) fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => {
                let end = offset + bytes.len();
                if content.len() < end {
                    // What was between is a hole where an earlier write is lost.
                    content.resize(end, 0);
                }
                content[*offset..end].copy_from_slice(bytes);
            }
            Self::Cut { length } => content.resize(*length, 0),
        }
    }
}

impl NameChange {
    pub(super) fn apply(&self, names: &mut Names) {
        match self {
            Self::Add { name, node } => drop(names.insert(name.clone(), *node)),
            Self::Remove { name } => drop(names.remove(name)),
            Self::Rename { from, to, node } => {
                names.remove(from);
                names.insert(to.clone(), *node);
            }
        }
    }
}

impl FolderNode {
    pub(super) fn change(&mut self, change: NameChange) {
        change.apply(&mut self.shown);
        self.pending.push(change);
    }

    pub(super) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.durable);
        }
    }
}

/// Node 0 is the root folder, which is always there.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    /// What is below `root` now, all of it durable.
    pub(super) fn adopt(root: &Path) -> io::Result<Self> {
        let mut tree = Self { nodes: Vec::new() };
        tree.adopt_folder(root)?;
        Ok(tree)
    }

    fn adopt_folder(&mut self, path: &Path) -> io::Result<NodeId> {
        let id = self.insert(Node::Folder(FolderNode::default()));
        let mut names = Names::new();
        for entry in std::fs::read_dir(path)? {
            let path = entry?.path();
            let node = if path.is_dir() {
                self.adopt_folder(&path)?
            } else {
                self.insert(Node::File(FileNode {
                    durable: std::fs::read(&path)?,
                    pending: Vec::new(),
                }))
            };
            names.insert(path.file_name().unwrap_or_default().to_owned(), node);
        }
        let folder = self.folder(id)?;
        folder.shown.clone_from(&names);
        folder.durable = names;
        Ok(id)
    }

    pub(super) fn insert(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    pub(super) fn folder(&mut self, id: NodeId) -> io::Result<&mut FolderNode> {
        match &mut self.nodes[id] {
            Node::Folder(folder) => Ok(folder),
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    pub(super) fn file(&mut self, id: NodeId) -> io::Result<&mut FileNode> {
        match &mut self.nodes[id] {
            Node::File(file) => Ok(file),
            Node::Folder(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    /// The node at a path relative to the root.
    pub(super) fn find(&mut self, path: &Path) -> io::Result<NodeId> {
        let mut id = 0;
        for part in path.components() {
            let Component::Normal(name) = part else {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a plain path"));
            };
            let names = &self.folder(id)?.shown;
            id = *names.get(name).ok_or(io::ErrorKind::NotFound)?;
        }
        Ok(id)
    }

    /// The folder that holds a path, and the name in it.
    pub(super) fn parent<'a>(&mut self, path: &'a Path) -> io::Result<(NodeId, &'a OsStr)> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        Ok((self.find(path.parent().unwrap_or(Path::new("")))?, name))
    }

    /// Changes the names of a folder as shown.
    pub(super) fn change(&mut self, folder: NodeId, change: NameChange) -> io::Result<()> {
        self.folder(folder)?.change(change);
        Ok(())
    }
}
