//! Counters that vanished, with their last value: one that comes back lower has started again, one that
//! does not has only been away.

use std::collections::HashMap;

use super::super::line_cache::Key;

/// A target remembers at least this many, so that one with few series may flap.
const REMEMBERED_MIN: usize = 1000;

/// A counter when it vanished.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Gone {
    /// Its last value.
    pub(super) value: f64,
    /// The scrape that did not have it any more, in ms since the epoch.
    pub(super) at_ms: i64,
}

/// The counters of one target that vanished lately: about as many as it has lines, in two generations
/// of which the older is dropped when the younger is full.
#[derive(Debug, Default)]
pub(super) struct GoneCounters {
    young: HashMap<Key, Gone>,
    old: HashMap<Key, Gone>,
}

impl GoneCounters {
    /// Remembers a counter of a target with `lines` lines.
    pub(super) fn remember(&mut self, key: Key, gone: Gone, lines: usize) {
        if self.young.len() >= lines.max(REMEMBERED_MIN) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, gone);
    }

    /// What is remembered of a counter.
    pub(super) fn get(&self, key: Key) -> Option<Gone> {
        self.young.get(&key).or_else(|| self.old.get(&key)).copied()
    }

    /// Takes out a counter that came back.
    pub(super) fn take(&mut self, key: Key) -> Option<Gone> {
        // An older memory of it must not come up later.
        let old = self.old.remove(&key);
        self.young.remove(&key).or(old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_a_bounded_number() {
        let mut gone = GoneCounters::default();
        let key = |i: u32| Key::of(&i.to_le_bytes());
        for i in 0..5000 {
            let value = f64::from(i);
            gone.remember(key(i), Gone { value, at_ms: 7 }, 10);
        }
        assert_eq!((gone.young.len(), gone.old.len()), (1000, 1000));
        assert_eq!(
            gone.get(key(3999)),
            Some(Gone {
                value: 3999.0,
                at_ms: 7
            })
        );
        assert_eq!(
            gone.take(key(4999)),
            Some(Gone {
                value: 4999.0,
                at_ms: 7
            })
        );
        assert_eq!(gone.take(key(4999)), None);
        assert!(gone.take(key(3000)).is_some() && gone.take(key(0)).is_none());
    }
}
