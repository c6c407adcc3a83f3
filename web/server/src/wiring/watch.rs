//! Looks for the next request of a client that asks one thing after the other. A processor that sleeps between a
//! request and the next is slow to wake and works with cold caches: on a quiet machine that doubles what a small
//! question takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Longest look after an answer: more CPU than a wake-up takes would be wasted.
const LOOK: Duration = Duration::from_micros(40);
/// A client that took no longer for its last request, the wake-up included, is looked for.
const QUICK: Duration = Duration::from_micros(150);

/// The one place of all connections: no more than one of them is looked at, so that the other threads work or sleep.
#[derive(Debug, Clone, Default)]
pub(super) struct Place(Arc<AtomicBool>);

/// When a connection is looked at instead of slept on.
#[derive(Debug)]
pub(super) struct Watch {
    place: Place,
    holds_place: bool,
    answered: Option<Instant>,
    quick: bool,
}

impl Watch {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            holds_place: false,
            answered: None,
            quick: false,
        }
    }

    /// Bytes of an answer left. Says whether to look for what comes next.
    pub(super) fn answered(&mut self) -> bool {
        self.answered = Some(Instant::now());
        self.quick
    }

    /// Bytes of a request came.
    pub(super) fn asked(&mut self) {
        if let Some(answered) = self.answered.take() {
            self.quick = answered.elapsed() < QUICK;
        }
        self.release();
    }

    /// Whether to look once more now.
    pub(super) fn looks(&mut self) -> bool {
        let Some(answered) = self.answered.filter(|_| self.quick) else {
            return false;
        };
        let due = answered.elapsed() < LOOK;
        if due && !self.holds_place {
            self.holds_place = !self.place.0.swap(true, Ordering::Relaxed);
        }
        if !due {
            self.quick = false;
            self.release();
        }
        self.holds_place
    }

    fn release(&mut self) {
        if self.holds_place {
            self.holds_place = false;
            self.place.0.store(false, Ordering::Relaxed);
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_quick_clients_are_looked_for_one_at_a_time() {
        let place = Place::default();
        let (mut first, mut second) = (Watch::new(place.clone()), Watch::new(place));
        first.answered();
        assert!(!first.looks(), "nothing is known of it");
        for watch in [&mut first, &mut second] {
            watch.answered();
            // As if the request had come at once.
            watch.answered = Some(Instant::now() + LOOK);
            watch.asked();
            watch.answered = Some(Instant::now() + LOOK);
        }
        assert!(first.looks());
        assert!(!second.looks(), "the place is taken");
        first.asked();
        assert!(second.looks());
        drop(second);
        first.answered = Some(Instant::now() + LOOK);
        assert!(first.looks(), "what is gone holds no place");
        first.answered = Instant::now().checked_sub(LOOK);
        assert!(!first.looks(), "not for ever");
        assert!(!first.holds_place);
    }
}
