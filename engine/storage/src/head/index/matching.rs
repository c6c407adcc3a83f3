//! Matching: the shortest list of a matcher that needs its label, narrowed by the lists of the others where
//! that is cheaper than looking at each candidate's labels.

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
        let mut needed: Vec<Lists<'_>> = needed
            .into_iter()
            .map(|matcher| self.lists(matcher, true, states))
            .collect();
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
        for matcher in optional {
            // Looking for the values that do not match pays off only when there are many candidates.
            if found.len() < LIST_FACTOR_MAX {
                by_labels.push(matcher);
                continue;
            }
            let lists = self.lists(matcher, false, states);
            if lists.len / LIST_FACTOR_MAX > found.len() {
                by_labels.push(matcher);
            } else {
                lists.narrow(&mut found, false);
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
