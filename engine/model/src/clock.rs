//! The wall clock as a value, so that a paused runtime can have one that follows its own time.

use std::sync::Arc;

/// Tells the time in ms since the epoch. Scrapes and evaluations are due on an absolute grid, so that they
/// stand at the same phase after a restart; this is the clock that the grid is laid on.
#[derive(Clone)]
pub struct WallClock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl WallClock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::from_fn(crate::time::now_ms)
    }

    /// A clock of one's own.
    pub fn from_fn(now_ms: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now_ms))
    }

    /// Milliseconds since the epoch.
    pub fn now_ms(&self) -> i64 {
        (self.0)()
    }
}

impl std::fmt::Debug for WallClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WallClock")
    }
}
