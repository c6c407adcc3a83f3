//! The inverted index: label → value → the series that carry it, ascending by reference.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use engine_model::{Labels, Matcher, SeriesRef};

/// Postings by label name and value.
#[derive(Debug, Default)]
pub(super) struct LabelIndex {
    all: Vec<SeriesRef>,
    by_name: HashMap<String, BTreeMap<String, Vec<SeriesRef>>, foldhash::fast::RandomState>,
}

impl LabelIndex {
    pub(super) fn insert(&mut self, series: SeriesRef, labels: &Labels) {
        insert_sorted(&mut self.all, series);
        for (name, value) in labels {
            if !self.by_name.contains_key(name) {
                self.by_name.insert(name.to_owned(), BTreeMap::new());
            }
            let values = self.by_name.get_mut(name).expect("inserted above");
            match values.get_mut(value) {
                Some(postings) => insert_sorted(postings, series),
                None => drop(values.insert(value.to_owned(), vec![series])),
            }
        }
    }

    /// Removes series; each is given with the labels that it was inserted under.
    pub(super) fn remove(&mut self, gone: &[(SeriesRef, Labels)]) {
        let refs: BTreeSet<SeriesRef> = gone.iter().map(|(series, _)| *series).collect();
        self.all.retain(|series| !refs.contains(series));
        let touched: BTreeSet<(&str, &str)> = gone.iter().flat_map(|(_, labels)| labels.iter()).collect();
        for (name, value) in touched {
            let Some(values) = self.by_name.get_mut(name) else {
                continue;
            };
            if let Some(postings) = values.get_mut(value) {
                postings.retain(|series| !refs.contains(series));
                if postings.is_empty() {
                    values.remove(value);
                }
            }
            if values.is_empty() {
                self.by_name.remove(name);
            }
        }
    }

    /// Series that may satisfy `matchers`, ascending: the shortest of the posting lists that a matcher
    /// which needs its label gives. The caller checks every matcher against the labels.
    pub(super) fn candidates(&self, matchers: &[Matcher]) -> Vec<SeriesRef> {
        let lists = matchers
            .iter()
            .filter(|m| !m.matches_empty())
            .map(|m| self.postings(m));
        lists.min_by_key(Vec::len).unwrap_or_else(|| self.all.clone())
    }

    /// Label names with their number of distinct values, and per value the number of series.
    pub(super) fn cardinality(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = (&str, usize)>)> {
        self.by_name.iter().map(|(name, values)| {
            (
                name.as_str(),
                values.iter().map(|(value, list)| (value.as_str(), list.len())),
            )
        })
    }

    fn postings(&self, matcher: &Matcher) -> Vec<SeriesRef> {
        let Some(values) = self.by_name.get(&matcher.name) else {
            return Vec::new();
        };
        let mut lists: Vec<&[SeriesRef]> = match matcher.set_matches() {
            Some(wanted) => wanted
                .iter()
                .filter_map(|v| values.get(*v))
                .map(Vec::as_slice)
                .collect(),
            None => values
                .iter()
                .filter(|(v, _)| matcher.matches(v))
                .map(|(_, list)| list.as_slice())
                .collect(),
        };
        if lists.len() == 1 {
            return lists.remove(0).to_vec();
        }
        // Lists of one label are disjoint, so a sort of their union has no duplicates.
        let mut union = lists.concat();
        union.sort_unstable();
        union
    }
}

/// References are handed out ascending, so this nearly always appends.
fn insert_sorted(postings: &mut Vec<SeriesRef>, series: SeriesRef) {
    if postings.last().is_none_or(|&last| last < series) {
        postings.push(series);
    } else if let Err(position) = postings.binary_search(&series) {
        postings.insert(position, series);
    }
}
