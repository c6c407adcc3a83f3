//! The index against a scan of all label sets, through inserts and removals.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use engine_model::matcher::{MatchOp, all_match};
use engine_model::{Labels, Matcher, SeriesRef};
use proptest::prelude::*;

use super::{IndexBeside, LabelIndex, LabelsOf};

#[derive(Default)]
struct Known(BTreeMap<SeriesRef, Labels>);

impl LabelsOf for Known {
    fn labels_of(&self, series: SeriesRef) -> Option<&Labels> {
        self.0.get(&series)
    }
}

fn labels() -> impl Strategy<Value = Labels> {
    let value = prop_oneof![Just(""), Just("a"), Just("b"), Just("ab"), Just("c")];
    (value.clone(), value, 0u8..40).prop_map(|(x, y, z)| {
        Labels::from_pairs([("x", x.to_owned()), ("y", y.to_owned()), ("z", z.to_string())])
    })
}

fn matcher() -> impl Strategy<Value = Matcher> {
    let op = prop_oneof![
        Just(MatchOp::Equal),
        Just(MatchOp::NotEqual),
        Just(MatchOp::Regex),
        Just(MatchOp::NotRegex),
    ];
    let name = prop_oneof![Just("x"), Just("y"), Just("z"), Just("absent")];
    let value = prop_oneof![
        Just(""),
        Just("a"),
        Just("a|b"),
        Just("a.*"),
        Just(".*"),
        Just(".+"),
        Just("1.?")
    ];
    (op, name, value).prop_map(|(op, name, value)| Matcher::new(op, name, value).expect("compiles"))
}

proptest! {
    #[test]
    fn matching_is_a_scan(
        inserted in prop::collection::vec((0u64..500, labels()), 0..200),
        removed in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
        matchers in prop::collection::vec(matcher(), 0..4),
    ) {
        let (mut index, mut known) = (LabelIndex::default(), Known::default());
        for (series, labels) in inserted {
            let series = SeriesRef(series);
            // A reference has one label set for good.
            if let Entry::Vacant(unknown) = known.0.entry(series) {
                unknown.insert(labels.clone());
                index.insert(series, &labels, &known);
            }
        }
        let mut gone = BTreeMap::new();
        if !known.0.is_empty() {
            for pick in removed {
                let series = *known.0.keys().nth(pick.index(known.0.len())).expect("in range");
                gone.insert(series, known.0[&series].clone());
            }
        }
        let gone: Vec<_> = gone.into_iter().collect();
        index.remove(&gone, &known);
        for (series, _) in &gone {
            known.0.remove(series);
        }
        let scanned = known.0.iter().filter(|(_, labels)| all_match(&matchers, labels));
        let expected: Vec<SeriesRef> = scanned.map(|(series, _)| *series).collect();
        prop_assert_eq!(index.matching(&matchers, &known), expected);
        let pairs: std::collections::BTreeSet<_> = known.0.values().flat_map(|labels| labels.iter()).collect();
        prop_assert_eq!(index.pair_count(), pairs.len());
    }

    #[test]
    fn an_index_built_beside_is_the_same(
        inserted in prop::collection::vec((0u64..300, labels(), any::<bool>()), 0..200),
        matchers in prop::collection::vec(matcher(), 0..4),
    ) {
        let (mut index, mut known) = (LabelIndex::default(), Known::default());
        let mut beside = IndexBeside::default();
        for (series, labels, is_read) in inserted {
            let series = SeriesRef(series);
            let labels = known.0.entry(series).or_insert(labels).clone();
            // Some series are made by the head alone; those of a log may stand there twice.
            if is_read {
                beside.add(series, &labels);
            }
        }
        for (series, labels) in &known.0 {
            index.insert(*series, labels, &known);
        }
        let beside = beside.finish(known.0.keys().copied(), &known);
        let names = |index: &LabelIndex| {
            let mut names: Vec<_> = index.names().collect();
            names.sort_by(|a, b| a.name.cmp(&b.name));
            names
        };
        prop_assert_eq!(names(&beside), names(&index));
        prop_assert_eq!(beside.matching(&matchers, &known), index.matching(&matchers, &known));
    }
}
