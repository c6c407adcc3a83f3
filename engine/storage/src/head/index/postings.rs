//! Lists of series references, ascending.

/// One list that is never empty: its first reference inline, the others behind one pointer.
#[derive(Debug)]
pub(super) struct Postings {
    first: u32,
    #[expect(
        clippy::box_collection,
        reason = "most values have one series: a word instead of three"
    )]
    rest: Option<Box<Vec<u32>>>,
}

impl Postings {
    pub(super) fn one(series: u32) -> Self {
        Self {
            first: series,
            rest: None,
        }
    }

    pub(super) fn first(&self) -> u32 {
        self.first
    }

    pub(super) fn rest(&self) -> &[u32] {
        self.rest.as_deref().map_or(&[], Vec::as_slice)
    }

    pub(super) fn len(&self) -> usize {
        1 + self.rest().len()
    }

    pub(super) fn insert(&mut self, series: u32) {
        if series == self.first {
            return;
        }
        let later = series.max(self.first);
        self.first = series.min(self.first);
        insert_sorted(self.rest.get_or_insert_default(), later);
    }

    /// Removes the references that are in `gone`. False when none is left.
    pub(super) fn remove(&mut self, gone: &RefSet) -> bool {
        let is_gone = |series: &u32| gone.has(*series);
        if let Some(rest) = &mut self.rest {
            rest.retain(|series| !is_gone(series));
            rest.shrink_to(rest.len() + rest.len() / 8);
        }
        if is_gone(&self.first) {
            let Some(rest) = self.rest.as_mut().filter(|rest| !rest.is_empty()) else {
                return false;
            };
            self.first = rest.remove(0);
        }
        self.rest.take_if(|rest| rest.is_empty());
        true
    }

    /// Bytes of memory behind the pointer.
    pub(super) fn memory_bytes(&self) -> usize {
        let behind = |rest: &Vec<u32>| size_of::<Vec<u32>>() + rest.capacity() * size_of::<u32>();
        self.rest.as_deref().map_or(0, behind)
    }
}

/// References are handed out ascending, so this nearly always appends. Grows by an eighth: most of the
/// index's memory is these lists.
pub(super) fn insert_sorted(list: &mut Vec<u32>, series: u32) {
    if list.len() == list.capacity() {
        list.reserve_exact((list.len() / 8).max(2));
    }
    if list.last().is_none_or(|&last| last < series) {
        list.push(series);
    } else if let Err(position) = list.binary_search(&series) {
        list.insert(position, series);
    }
}

/// References of `left` that are in `right` (or are not, with `wanted` false); both ascend.
pub(super) fn filter_by(left: &mut Vec<u32>, right: &[u32], wanted: bool) {
    let mut rest = right;
    left.retain(|series| {
        // Galloping: cheap where the lists run side by side, logarithmic where one has long gaps.
        let mut width = 1;
        while width < rest.len() && rest[width - 1] < *series {
            width *= 2;
        }
        let skip = rest[..width.min(rest.len())].partition_point(|candidate| candidate < series);
        rest = &rest[skip..];
        (rest.first() == Some(series)) == wanted
    });
}

/// A set of references as bits: a list of a million is filtered without a search for each.
pub(super) struct RefSet {
    first_word: usize,
    words: Vec<u64>,
}

impl RefSet {
    pub(super) fn new(refs: impl Iterator<Item = u32> + Clone) -> Self {
        let word = |series: u32| series as usize / 64;
        let first_word = refs.clone().map(word).min().unwrap_or(0);
        let last_word = refs.clone().map(word).max().unwrap_or(0);
        let mut words = vec![0; last_word - first_word + 1];
        for series in refs {
            words[word(series) - first_word] |= 1 << (series % 64);
        }
        Self { first_word, words }
    }

    pub(super) fn has(&self, series: u32) -> bool {
        let place = (series as usize / 64).checked_sub(self.first_word);
        place
            .and_then(|place| self.words.get(place))
            .is_some_and(|word| word >> (series % 64) & 1 == 1)
    }
}
