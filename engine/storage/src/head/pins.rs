//! Who still reads which version, so that samples and commit numbers are kept exactly as long as they
//! are needed.

use std::collections::BTreeMap;

use parking_lot::Mutex;

/// What a reader pinned. Both numbers only grow, so their order is the order of versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pin {
    /// Cuts up to this one are read from segments.
    pub(crate) generation: u64,
    /// Newest commit that is seen.
    pub(crate) commit: u64,
}

/// Counts readers by what they pinned.
#[derive(Debug, Default)]
pub(crate) struct Pins {
    readers: Mutex<BTreeMap<Pin, usize>>,
}

impl Pins {
    /// A reader begins.
    pub(crate) fn acquire(&self, pin: Pin) {
        *self.readers.lock().entry(pin).or_default() += 1;
    }

    /// A reader ends.
    pub(crate) fn release(&self, pin: Pin) {
        let mut readers = self.readers.lock();
        if let Some(count) = readers.get_mut(&pin) {
            *count -= 1;
            if *count == 0 {
                readers.remove(&pin);
            }
        }
    }

    /// The oldest version that somebody reads.
    pub(crate) fn oldest(&self) -> Option<Pin> {
        self.readers.lock().keys().next().copied()
    }
}
