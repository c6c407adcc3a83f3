//! Matching: the shortest list of a matcher that needs its label, narrowed by the lists of the others where
//! that is cheaper than looking at each candidate's labels. Regular expressions look at the fewer of values and
//! candidates.

use engine_model::{Matcher, SeriesRef};

use super::postings::{Postings, filter_by};
use super::{LabelIndex, LabelsOf, short_hash};

/// A list this many times longer than the candidates is not merged with them; their labels are looked at.
const LIST_FACTOR_MAX: usize = 32;

/// The lists of one matcher.
struct Lists<'a> {
    matcher: &'a Matcher,
    lists: Vec<&'a Postings>,
    len: usize,
}

impl LabelIndex {
    /// Series that satisfy all of `matchers`, ascending.
    pub(in crate::head) fn matching(&self, matchers: &[Matcher], states: &impl LabelsOf) -> Vec<SeriesRef> {
        let (optional, needed): (Vec<&Matcher>, Vec<&Matcher>) =
            matchers.iter().partition(|matcher| matcher.matches_empty());
        // A first list is needed, of a matcher that names its values if there is one.
        let (mut named, mut patterns): (Vec<&Matcher>, Vec<&Matcher>) = needed
            .into_iter()
            .partition(|matcher| matcher.set_matches().is_some());
        if named.is_empty() && !patterns.is_empty() {
            named.push(patterns.swap_remove(0));
        }
        let lists = named.into_iter().map(|matcher| self.lists(matcher, true, states));
        let mut needed: Vec<Lists<'_>> = lists.collect();
        needed.sort_by_key(|lists| lists.len);
        let mut by_labels = Vec::new();
        let mut found = match needed.first() {
            Some(shortest) => shortest.union(),
            None => self.all.clone(),
        };
        for lists in needed.iter().skip(1) {
            if lists.len / LIST_FACTOR_MAX > found.len() {
                by_labels.push(lists.matcher);
            } else {
                lists.narrow(&mut found, true);
            }
        }
        let rest = patterns.into_iter().map(|matcher| (matcher, true));
        for (matcher, matches) in rest.chain(optional.into_iter().map(|matcher| (matcher, false))) {
            // Looking at each value pays off only when there are more candidates.
            if found.len() < LIST_FACTOR_MAX.max(self.values_of(&matcher.name)) {
                by_labels.push(matcher);
                continue;
            }
            let lists = self.lists(matcher, matches, states);
            if lists.len / LIST_FACTOR_MAX > found.len() {
                by_labels.push(matcher);
            } else {
                lists.narrow(&mut found, matches);
            }
        }
        let found = found.into_iter().map(|series| SeriesRef(u64::from(series)));
        if by_labels.is_empty() {
            return found.collect();
        }
        let satisfies = |series: &SeriesRef| {
            let labels = states.labels_of(*series);
            labels.is_some_and(|labels| by_labels.iter().all(|matcher| matcher.matches_labels(labels)))
        };
        found.filter(satisfies).collect()
    }

    /// Number of values of the label `name`.
    fn values_of(&self, name: &str) -> usize {
        self.by_name.get(name).map_or(0, |values| values.table.len())
    }

    /// The lists of the values of the matcher's label which match (or do not).
    fn lists<'a>(&'a self, matcher: &'a Matcher, matches: bool, states: &impl LabelsOf) -> Lists<'a> {
        let mut lists = Vec::new();
        if let Some(values) = self.by_name.get(matcher.name.as_str()) {
            match matcher.set_matches() {
                Some(wanted) if matches => {
                    let find = |text: &&str| {
                        values.find(short_hash(&self.hasher, text), &matcher.name, text, states)
                    };
                    lists.extend(wanted.iter().filter_map(find).map(|value| &value.postings));
                }
                _ => {
                    let is_wanted = |text: &str| matcher.matches(text) == matches;
                    for value in &values.table {
                        if value.text(&matcher.name, states).is_some_and(is_wanted) {
                            lists.push(&value.postings);
                        }
                    }
                }
            }
        }
        let len = lists.iter().map(|list| list.len()).sum();
        Lists { matcher, lists, len }
    }
}

impl Lists<'_> {
    fn union(&self) -> Vec<u32> {
        let mut union = Vec::with_capacity(self.len);
        for list in &self.lists {
            union.push(list.first());
            union.extend_from_slice(list.rest());
        }
        if self.lists.len() > 1 {
            // Lists of one label are disjoint, so the sorted union has no duplicates.
            union.sort_unstable();
        }
        union
    }

    /// Keeps the candidates that are in the lists (or are not).
    fn narrow(&self, found: &mut Vec<u32>, wanted: bool) {
        filter_by(found, &self.union(), wanted);
    }
}
