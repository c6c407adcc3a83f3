//! What a disk holds after a loss of power: all that was synced, and of the rest what `Keep` says.

use std::fs;
use std::io;
use std::path::Path;

use super::tree::{Change, FileNode, FolderNode, Names, Node, NodeId, Tree};

/// Disks write sectors whole.
const SECTOR_BYTES: usize = 512;

/// What survives of that which was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All: the process was killed, the power stayed.
    All,
    /// Nothing.
    Nothing,
    /// A part, chosen by this seed: for each file nothing, all, a torn prefix, or any of its sectors with
    /// zeros for the others; for each folder a prefix or any subset of its changes.
    Random(u64),
}

/// Writes what survives to the folder `into`, which must be empty.
pub(super) fn write_survivors(tree: &Tree, keep: Keep, into: &Path) -> io::Result<()> {
    let mut chance = Chance(match keep {
        Keep::Random(seed) => seed,
        Keep::All | Keep::Nothing => 0,
    });
    write_folder(tree, 0, keep, &mut chance, into)
}

fn write_folder(tree: &Tree, id: NodeId, keep: Keep, chance: &mut Chance, into: &Path) -> io::Result<()> {
    let Node::Folder(folder) = tree.node(id) else {
        return Err(io::ErrorKind::NotADirectory.into());
    };
    for (name, node) in surviving_names(folder, keep, chance) {
        let path = into.join(name);
        match tree.node(node) {
            Node::Folder(_) => {
                fs::create_dir(&path)?;
                write_folder(tree, node, keep, chance, &path)?;
            }
            Node::File(file) => fs::write(&path, surviving_content(file, keep, chance))?,
        }
    }
    Ok(())
}

fn surviving_names(folder: &FolderNode, keep: Keep, chance: &mut Chance) -> Names {
    let mut names = folder.durable.clone();
    let pending = folder.pending.len() as u64;
    let prefix = match keep {
        Keep::All => pending,
        Keep::Nothing => 0,
        Keep::Random(_) if chance.below(2) == 0 => chance.below(pending + 1),
        Keep::Random(_) => {
            // A file system without a journal: any of the changes.
            for change in folder.pending.iter().filter(|_| chance.below(2) == 0) {
                change.apply(&mut names);
            }
            return names;
        }
    };
    for change in folder.pending.iter().take(prefix as usize) {
        change.apply(&mut names);
    }
    names
}

fn surviving_content(file: &FileNode, keep: Keep, chance: &mut Chance) -> Vec<u8> {
    let mut content = file.durable.clone();
    match (keep, chance.below(4)) {
        (Keep::Nothing, _) | (Keep::Random(_), 0) => {}
        (Keep::All, _) | (Keep::Random(_), 1) => {
            for change in &file.pending {
                change.apply(&mut content);
            }
        }
        (Keep::Random(_), 2) => keep_prefix(&file.pending, chance, &mut content),
        (Keep::Random(_), _) => keep_sectors(&file.pending, chance, &mut content),
    }
    content
}

/// Whole changes up to a point, and there the beginning of one.
fn keep_prefix(pending: &[Change], chance: &mut Chance, content: &mut Vec<u8>) {
    let whole = chance.below(pending.len() as u64 + 1) as usize;
    for change in &pending[..whole] {
        change.apply(content);
    }
    if let Some(Change::Write { offset, bytes }) = pending.get(whole) {
        let length = chance.below(bytes.len() as u64 + 1) as usize;
        let torn = Change::Write {
            offset: *offset,
            bytes: bytes[..length].to_vec(),
        };
        torn.apply(content);
    }
}

/// The length of all changes, but only some sectors of what they wrote.
fn keep_sectors(pending: &[Change], chance: &mut Chance, content: &mut Vec<u8>) {
    for change in pending {
        let Change::Write { offset, bytes } = change else {
            change.apply(content);
            continue;
        };
        let end = offset + bytes.len();
        if content.len() < end {
            content.resize(end, 0);
        }
        let mut at = *offset;
        while at < end {
            let next = ((at / SECTOR_BYTES + 1) * SECTOR_BYTES).min(end);
            if chance.below(2) == 0 {
                content[at..next].copy_from_slice(&bytes[at - offset..next - offset]);
            }
            at = next;
        }
    }
}

/// SplitMix64: the same choices for a seed everywhere.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (word ^ (word >> 31)) % end.max(1)
    }
}
