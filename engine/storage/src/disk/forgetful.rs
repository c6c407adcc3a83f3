//! A disk that shows everything and remembers what was synced, for tests of what a loss of power leaves,
//! of failing operations and of full disks. It stands on real files below one folder, so that readers
//! need no change, and never syncs those.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use super::faults::{Faults, Operation};
use super::forgetful_file::ForgetfulFile;
use super::lost_power::{Keep, write_survivors};
use super::tree::{FileNode, FolderNode, NameChange, Node, NodeId, Tree};
use super::{Disk, DiskFile};

/// See the module. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct ForgetfulDisk {
    root: PathBuf,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) tree: Tree,
    pub(super) faults: Faults,
}

impl ForgetfulDisk {
    /// A disk that holds what is below the folder `root` now, all of it durable.
    pub fn new(root: &Path) -> io::Result<Self> {
        let state = State {
            tree: Tree::adopt(root)?,
            faults: Faults::default(),
        };
        Ok(Self {
            root: root.to_owned(),
            state: Arc::new(Mutex::new(state)),
        })
    }

    /// Writes what a loss of power at this moment leaves to the empty folder `into`. This disk goes on.
    pub fn lose_power(&self, keep: Keep, into: &Path) -> io::Result<()> {
        write_survivors(&self.state.lock().tree, keep, into)
    }

    /// How many operations of a kind were attempted.
    pub fn count(&self, operation: Operation) -> u64 {
        self.state.lock().faults.count(operation)
    }

    /// How many operations were attempted.
    pub fn operations(&self) -> u64 {
        self.state.lock().faults.total()
    }

    /// Makes one operation of a kind fail, after `after` more that succeed. What a failed sync should have
    /// saved is lost even if a later one succeeds, as with kernels that drop what they could not write.
    pub fn fail(&self, operation: Operation, after: u64) {
        self.state.lock().faults.fail(operation, after);
    }

    /// Bounds what can still be written; `None` is room for everything. Removing files frees nothing.
    pub fn set_free_bytes(&self, free: Option<u64>) {
        self.state.lock().faults.free_bytes = free;
    }

    /// Switches the power off after so many more operations: all later ones fail and leave no trace.
    pub fn power_off_after(&self, operations: u64) {
        self.state.lock().faults.operations_left = Some(operations);
    }

    /// Switches it on again: what was shown before is still there, as after the end of a process alone.
    pub fn power_on(&self) {
        self.state.lock().faults.operations_left = None;
    }

    fn relative<'a>(&self, path: &'a Path) -> io::Result<&'a Path> {
        path.strip_prefix(&self.root)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "outside of the disk"))
    }

    fn begin(&self, operation: Operation) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state.lock();
        state.faults.begin(operation)?;
        Ok(state)
    }

    fn open_file(&self, file: fs::File, node: NodeId) -> Box<dyn DiskFile> {
        Box::new(ForgetfulFile::new(file, node, Arc::clone(&self.state)))
    }

    fn remove_name(&self, path: &Path, from_real: fn(&Path) -> io::Result<()>) -> io::Result<()> {
        let mut state = self.begin(Operation::Remove)?;
        let (folder, name) = state.tree.parent(self.relative(path)?)?;
        from_real(path)?;
        let name = name.to_owned();
        state.tree.change(folder, NameChange::Remove { name })
    }
}

impl Disk for ForgetfulDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        if !path.exists() {
            return self.create_new(path);
        }
        let mut file = self.open(path)?;
        file.set_len(0)?;
        Ok(file)
    }

    fn create_new(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.begin(Operation::Create)?;
        state.faults.take_space(1)?;
        let (folder, name) = state.tree.parent(self.relative(path)?)?;
        let file = fs::File::create_new(path)?;
        let node = state.tree.insert(Node::File(FileNode::default()));
        let name = name.to_owned();
        state.tree.change(folder, NameChange::Add { name, node })?;
        Ok(self.open_file(file, node))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = fs::File::options().write(true).open(path)?;
        let node = self.state.lock().tree.find(self.relative(path)?)?;
        Ok(self.open_file(file, node))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.begin(Operation::Create)?;
        state.faults.take_space(1)?;
        let (folder, name) = state.tree.parent(self.relative(path)?)?;
        fs::create_dir(path)?;
        let node = state.tree.insert(Node::Folder(FolderNode::default()));
        let name = name.to_owned();
        state.tree.change(folder, NameChange::Add { name, node })
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.begin(Operation::Rename)?;
        let node = state.tree.find(self.relative(from)?)?;
        let (old_folder, old_name) = state.tree.parent(self.relative(from)?)?;
        let (new_folder, new_name) = state.tree.parent(self.relative(to)?)?;
        fs::rename(from, to)?;
        let (from, to) = (old_name.to_owned(), new_name.to_owned());
        if old_folder == new_folder {
            return state
                .tree
                .change(old_folder, NameChange::Rename { from, to, node });
        }
        // Between folders nothing is promised before both are synced, the new one first.
        state
            .tree
            .change(new_folder, NameChange::Add { name: to, node })?;
        state.tree.change(old_folder, NameChange::Remove { name: from })
    }

    fn hard_link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.begin(Operation::Rename)?;
        let node = state.tree.find(self.relative(from)?)?;
        let (folder, name) = state.tree.parent(self.relative(to)?)?;
        fs::hard_link(from, to)?;
        let name = name.to_owned();
        state.tree.change(folder, NameChange::Add { name, node })
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.remove_name(path, |path| fs::remove_file(path))
    }

    /// Name by name, so that the power can fail between two.
    fn remove_dir_all(&self, path: &Path) -> io::Result<()> {
        for entry in fs::read_dir(path)? {
            let inside = entry?.path();
            if inside.is_dir() {
                self.remove_dir_all(&inside)?;
            } else {
                self.remove_file(&inside)?;
            }
        }
        self.remove_name(path, |path| fs::remove_dir(path))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.begin(Operation::SyncFolder)?;
        let folder = state.tree.find(self.relative(path)?)?;
        state.tree.folder(folder)?.sync();
        Ok(())
    }
}
