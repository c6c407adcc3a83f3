//! Pages that were read lately, decompressed: a dashboard asks for the same ones every few seconds, and what a
//! small query pays for is reading, summing and decompressing pages of many series for a few of them.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::column::Page;

/// Bytes of a page that a cache is sized for; a cache of another mix of pages has more or fewer of them.
const USUAL_PAGE_BYTES: u64 = 16 << 10;

/// A page's file (by the number that it got when it was opened) and place in it.
pub(super) type PageKey = (u64, u64);

/// A bounded cache of pages. One a store; pages of removed segments go as others need their place.
#[derive(Debug)]
pub(crate) struct PageCache(Cache<PageKey, Arc<Page>, Bytes, foldhash::fast::RandomState>);

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<PageKey, Arc<Page>> for Bytes {
    fn weight(&self, _: &PageKey, page: &Arc<Page>) -> u64 {
        page.memory_bytes() as u64
    }
}

impl PageCache {
    /// A cache that holds `bytes` at most.
    pub(crate) fn new(bytes: u64) -> Self {
        Self(Cache::with(
            usize::try_from(bytes / USUAL_PAGE_BYTES)
                .unwrap_or(usize::MAX)
                .max(16),
            bytes,
            Bytes,
            foldhash::fast::RandomState::default(),
            quick_cache::sync::DefaultLifecycle::default(),
        ))
    }

    /// Whether it has the page. This look counts for nothing.
    pub(super) fn has(&self, key: PageKey) -> bool {
        self.0.peek(&key).is_some()
    }

    pub(super) fn get(&self, key: PageKey) -> Option<Arc<Page>> {
        self.0.get(&key)
    }

    pub(super) fn insert(&self, key: PageKey, page: &Arc<Page>) {
        self.0.insert(key, Arc::clone(page));
    }

    /// Bytes that are held, pages looked for that were there, and pages that were not.
    pub(crate) fn stats(&self) -> (u64, u64, u64) {
        (self.0.weight(), self.0.hits(), self.0.misses())
    }
}
