//! An open file of a forgetful disk.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;

use parking_lot::Mutex;

use super::DiskFile;
use super::faults::Operation;
use super::forgetful::State;
use super::tree::{Change, NodeId};

#[derive(Debug)]
pub(super) struct ForgetfulFile {
    /// The file that readers see.
    shown: File,
    node: NodeId,
    state: Arc<Mutex<State>>,
}

impl ForgetfulFile {
    pub(super) fn new(shown: File, node: NodeId, state: Arc<Mutex<State>>) -> Self {
        Self { shown, node, state }
    }
}

impl Write for ForgetfulFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.state.lock();
        state.faults.begin(Operation::Write)?;
        let taken = state.faults.take_space(bytes.len())?;
        let offset = self.shown.seek(SeekFrom::End(0))? as usize;
        self.shown.write_all(&bytes[..taken])?;
        let bytes = bytes[..taken].to_vec();
        let file = state.tree.file(self.node)?;
        file.pending.push(Change::Write { offset, bytes });
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl DiskFile for ForgetfulFile {
    fn set_len(&mut self, length: u64) -> io::Result<()> {
        let mut state = self.state.lock();
        state.faults.begin(Operation::Cut)?;
        self.shown.set_len(length)?;
        let length = length as usize;
        state.tree.file(self.node)?.pending.push(Change::Cut { length });
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state.lock();
        let begun = state.faults.begin(Operation::SyncFile);
        let has_power = state.faults.operations_left != Some(0) || begun.is_ok();
        let file = state.tree.file(self.node)?;
        if let Err(error) = begun {
            if has_power {
                // The kernel marks as clean what it could not write.
                file.pending.clear();
            }
            return Err(error);
        }
        for change in file.pending.drain(..) {
            change.apply(&mut file.durable);
        }
        Ok(())
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync_data()
    }
}
