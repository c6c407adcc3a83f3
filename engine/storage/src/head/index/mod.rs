//! The inverted index: label → value → the series that carry it, ascending by reference.
//!
//! A value's text is not kept here: it is read from the labels of the value's first series. So a label
//! value that only one series has, such as a pod's name, costs 16 bytes and the table's slack.

mod beside;
mod matching;
mod postings;

use std::collections::BTreeMap;
use std::hash::BuildHasher;

use engine_model::{Labels, SeriesRef};
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashTable};

pub(crate) use beside::IndexBeside;
use postings::{Postings, RefSet};

/// Where the index reads the labels of a series that it holds.
pub(super) trait LabelsOf {
    /// Labels of a series; every series of the index has some.
    fn labels_of(&self, series: SeriesRef) -> Option<&Labels>;
}

/// Postings by label name and value.
#[derive(Debug, Default)]
pub(super) struct LabelIndex {
    all: Vec<u32>,
    by_name: HashMap<Box<str>, Values, RandomState>,
    hasher: RandomState,
}

/// The values of one label.
#[derive(Debug, Default)]
struct Values {
    table: HashTable<Value>,
    /// Bytes of the values' texts, each as often as a series has it.
    series_bytes: usize,
}

#[derive(Debug)]
struct Value {
    hash: u32,
    postings: Postings,
}

/// A label name with what it costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameCost {
    pub(crate) name: String,
    pub(crate) values: usize,
    /// Bytes of the values' texts, each as often as a series has it.
    pub(crate) series_bytes: usize,
}

impl LabelIndex {
    /// Adds a series whose labels `states` knows already.
    pub(super) fn insert(&mut self, series: SeriesRef, labels: &Labels, states: &impl LabelsOf) {
        let series = number(series);
        postings::insert_sorted(&mut self.all, series);
        for (name, value) in labels {
            let hash = short_hash(&self.hasher, value);
            let values = match self.by_name.get_mut(name) {
                Some(values) => values,
                None => self.by_name.entry(name.into()).or_default(),
            };
            values.series_bytes += value.len();
            match values.find_mut(hash, name, value, states) {
                Some(found) => found.postings.insert(series),
                None => values.add(hash, series),
            }
        }
    }

    /// Removes series; each is given with the labels that it was inserted under, and `states` still has them.
    pub(super) fn remove(&mut self, gone: &[(SeriesRef, Labels)], states: &impl LabelsOf) {
        let refs = RefSet::new(gone.iter().map(|(series, _)| number(*series)));
        self.all.retain(|series| !refs.has(*series));
        self.all.shrink_to(self.all.len() + self.all.len() / 8);
        // The order of names and values is of no matter; each is visited once.
        let mut touched: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, value) in gone.iter().flat_map(|(_, labels)| labels) {
            touched.entry(name).or_default().push(value);
        }
        for (name, mut texts) in touched {
            texts.sort_unstable();
            let Some(values) = self.by_name.get_mut(name) else {
                continue;
            };
            values.series_bytes -= texts.iter().map(|text| text.len()).sum::<usize>();
            texts.dedup();
            for text in texts {
                values.remove(short_hash(&self.hasher, text), name, text, &refs, states);
            }
            if values.table.is_empty() {
                self.by_name.remove(name);
            }
        }
    }

    /// Number of label pairs.
    pub(super) fn pair_count(&self) -> usize {
        self.by_name.values().map(|values| values.table.len()).sum()
    }

    /// Every label name with its number of values and the bytes of their texts.
    pub(super) fn names(&self) -> impl Iterator<Item = NameCost> {
        self.by_name.iter().map(|(name, values)| NameCost {
            name: name.to_string(),
            values: values.table.len(),
            series_bytes: values.series_bytes,
        })
    }

    /// Hands every value of `name` with its number of series to `visit`.
    pub(super) fn visit_values<'a>(
        &self,
        name: &str,
        states: &'a impl LabelsOf,
        mut visit: impl FnMut(&'a str, usize),
    ) {
        for value in self
            .by_name
            .get(name)
            .into_iter()
            .flat_map(|values| &values.table)
        {
            if let Some(text) = value.text(name, states) {
                visit(text, value.postings.len());
            }
        }
    }

    /// Bytes of memory.
    pub(super) fn memory_bytes(&self) -> usize {
        let values = self.by_name.iter().map(|(name, values)| {
            let lists: usize = values
                .table
                .iter()
                .map(|value| value.postings.memory_bytes())
                .sum();
            name.len() + size_of::<Values>() + values.table.capacity() * (size_of::<Value>() + 1) + lists
        });
        values.sum::<usize>() + self.all.capacity() * size_of::<u32>()
    }
}

impl Values {
    fn find(&self, hash: u32, name: &str, text: &str, states: &impl LabelsOf) -> Option<&Value> {
        let is_same = |value: &Value| value.is(hash, name, text, states);
        self.table.find(spread(hash), is_same)
    }

    fn find_mut(&mut self, hash: u32, name: &str, text: &str, states: &impl LabelsOf) -> Option<&mut Value> {
        let is_same = |value: &Value| value.is(hash, name, text, states);
        self.table.find_mut(spread(hash), is_same)
    }

    fn add(&mut self, hash: u32, series: u32) {
        let value = Value {
            hash,
            postings: Postings::one(series),
        };
        self.table
            .insert_unique(spread(hash), value, |value| spread(value.hash));
    }

    fn remove(&mut self, hash: u32, name: &str, text: &str, refs: &RefSet, states: &impl LabelsOf) {
        let is_same = |value: &Value| value.is(hash, name, text, states);
        let Ok(mut found) = self.table.find_entry(spread(hash), is_same) else {
            return;
        };
        if !found.get_mut().postings.remove(refs) {
            found.remove();
        }
    }
}

impl Value {
    fn is(&self, hash: u32, name: &str, text: &str, states: &impl LabelsOf) -> bool {
        self.hash == hash && self.text(name, states) == Some(text)
    }

    fn text<'a>(&self, name: &str, states: &'a impl LabelsOf) -> Option<&'a str> {
        states
            .labels_of(SeriesRef(u64::from(self.postings.first())))?
            .get(name)
    }
}

/// References in the index are 32 bits: the series table hands out no larger ones.
fn number(series: SeriesRef) -> u32 {
    series.0 as u32
}

fn short_hash(hasher: &RandomState, text: &str) -> u32 {
    hasher.hash_one(text.as_bytes()) as u32
}

/// A hash table takes its tag from the high bits and its place from the low ones.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

#[cfg(test)]
mod tests;
