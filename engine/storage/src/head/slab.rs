//! Series states by reference, in small pages: a state costs no allocation of its own, and a page whose
//! series were all forgotten is freed, because references are never used again.

use engine_model::SeriesRef;

use super::series_state::SeriesState;

/// States of a page: few, so that one long-lived series among forgotten ones keeps little memory.
const PAGE_STATES: usize = 16;

type Page = [Option<SeriesState>; PAGE_STATES];

#[derive(Debug, Default)]
pub(super) struct SeriesSlab {
    pages: Vec<Option<Box<Page>>>,
    count: usize,
}

impl SeriesSlab {
    pub(super) fn len(&self) -> usize {
        self.count
    }

    #[inline]
    pub(super) fn get(&self, series: SeriesRef) -> Option<&SeriesState> {
        let page = self.pages.get(series.index() / PAGE_STATES)?.as_deref()?;
        page[series.index() % PAGE_STATES].as_ref()
    }

    #[inline]
    pub(super) fn get_mut(&mut self, series: SeriesRef) -> Option<&mut SeriesState> {
        let page = self.pages.get_mut(series.index() / PAGE_STATES)?.as_deref_mut()?;
        page[series.index() % PAGE_STATES].as_mut()
    }

    /// Puts a state in the place of `series`, which must be empty.
    pub(super) fn insert(&mut self, series: SeriesRef, state: SeriesState) -> &mut SeriesState {
        let page = series.index() / PAGE_STATES;
        if self.pages.len() <= page {
            self.pages.resize_with(page + 1, || None);
        }
        let page = self.pages[page].get_or_insert_with(|| Box::new(std::array::from_fn(|_| None)));
        self.count += 1;
        page[series.index() % PAGE_STATES].insert(state)
    }

    pub(super) fn remove(&mut self, series: SeriesRef) -> Option<SeriesState> {
        let slot = self.pages.get_mut(series.index() / PAGE_STATES)?;
        let page = slot.as_deref_mut()?;
        let removed = page[series.index() % PAGE_STATES].take()?;
        self.count -= 1;
        if page.iter().all(Option::is_none) {
            *slot = None;
        }
        Some(removed)
    }

    /// As [`SeriesSlab::visit_mut`], without changing the states.
    pub(super) fn visit(
        &self,
        from: SeriesRef,
        count: usize,
        mut visit: impl FnMut(SeriesRef, &SeriesState),
    ) -> Option<SeriesRef> {
        let first = from.index() / PAGE_STATES;
        let until = first + count.div_ceil(PAGE_STATES);
        let end = until.min(self.pages.len());
        for (i, page) in self.pages.iter().enumerate().take(end).skip(first) {
            for (j, state) in page.iter().flat_map(|page| page.iter().enumerate()) {
                if let Some(state) = state {
                    visit(of(i, j), state);
                }
            }
        }
        (until < self.pages.len()).then(|| of(until, 0))
    }

    /// Hands the states of references from `from` on to `visit`, some `count` of them, and returns where to
    /// go on; `None` at the end. So a pass over all can give its lock away now and then.
    pub(super) fn visit_mut(
        &mut self,
        from: SeriesRef,
        count: usize,
        mut visit: impl FnMut(SeriesRef, &mut SeriesState),
    ) -> Option<SeriesRef> {
        let first = from.index() / PAGE_STATES;
        let until = first + count.div_ceil(PAGE_STATES);
        let end = until.min(self.pages.len());
        for (i, page) in self.pages.iter_mut().enumerate().take(end).skip(first) {
            let Some(page) = page.as_deref_mut() else { continue };
            for (j, state) in page.iter_mut().enumerate() {
                if let Some(state) = state {
                    visit(of(i, j), state);
                }
            }
        }
        (until < self.pages.len()).then(|| of(until, 0))
    }

    /// Bytes of memory of the pages.
    pub(super) fn memory_bytes(&self) -> usize {
        let pages = self.pages.iter().flatten().count();
        pages * size_of::<Page>() + self.pages.capacity() * size_of::<Option<Box<Page>>>()
    }
}

fn of(page: usize, place: usize) -> SeriesRef {
    SeriesRef((page * PAGE_STATES + place) as u64)
}

#[cfg(test)]
mod tests {
    use engine_model::Labels;

    use super::*;

    #[test]
    fn pages_go_with_their_last_series() {
        let mut slab = SeriesSlab::default();
        for i in 0..40 {
            slab.insert(SeriesRef(i), SeriesState::new(Labels::empty()));
        }
        let all = slab.memory_bytes();
        for i in (0..40).filter(|i| *i != 20) {
            assert!(slab.remove(SeriesRef(i)).is_some());
        }
        assert_eq!(slab.len(), 1);
        assert!(slab.get(SeriesRef(20)).is_some() && slab.get(SeriesRef(21)).is_none());
        assert_eq!(slab.memory_bytes(), all - 2 * size_of::<Page>());
        let mut seen = Vec::new();
        assert_eq!(
            slab.visit_mut(SeriesRef(0), 16, |r, _| seen.push(r)),
            Some(SeriesRef(16))
        );
        assert_eq!(slab.visit_mut(SeriesRef(16), 64, |r, _| seen.push(r)), None);
        assert_eq!(seen, [SeriesRef(20)]);
    }
}
