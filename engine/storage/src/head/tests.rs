//! The head's rules: order, duplicates, isolation of readers, cuts and forgetting.

use std::sync::Arc;

use engine_model::{Labels, Matcher, SampleBatchBuilder, SeriesRef, SeriesTable};

use super::*;

fn labels(name: &str, job: &str) -> Labels {
    Labels::from_pairs([("__name__", name), ("job", job)])
}

struct Fixture {
    table: Arc<SeriesTable>,
    head: Head,
    commit: u64,
}

impl Fixture {
    fn new() -> Self {
        let table = Arc::new(SeriesTable::new());
        Self {
            head: Head::new(Arc::clone(&table)),
            table,
            commit: 0,
        }
    }

    fn append(&mut self, samples: &[(&Labels, i64, f64)]) -> Checked {
        let mut builder = SampleBatchBuilder::default();
        for (labels, timestamp, value) in samples {
            builder.push(self.table.intern(labels), *timestamp, *value);
        }
        let checked = self.head.check(&builder.finish(&self.table));
        self.commit += 1;
        self.head.apply(self.commit, &checked.samples);
        checked
    }

    fn timestamps(&self, series: SeriesRef, commit: u64, generation: u64) -> Vec<i64> {
        self.head
            .samples(series, i64::MIN, i64::MAX, commit, generation)
            .0
            .to_vec()
    }
}

#[test]
fn order_and_duplicates_are_judged_as_prometheus_does() {
    let mut fixture = Fixture::new();
    let up = labels("up", "a");
    let first = fixture.append(&[
        (&up, 5_000_000, 1.0),
        (&up, 5_000_000, 1.0),
        (&up, 4_999_999, 1.0),
    ]);
    assert_eq!(
        (first.samples.len(), first.repeated, first.rejected.total()),
        (1, 1, 1)
    );
    let other = labels("other", "a");
    let second = fixture.append(&[
        (&up, 5_000_000, 2.0),
        (&up, 4_000_000, 2.0),
        (&other, 1_399_999, 0.0),
        (&other, 1_400_000, 0.0),
    ]);
    assert_eq!(second.samples.len(), 1);
    let counts = &second.rejected.counts;
    assert_eq!(counts[&RejectReason::DuplicateTimestamp], 1);
    assert_eq!(counts[&RejectReason::OutOfOrder], 1);
    assert_eq!(counts[&RejectReason::OutOfBounds], 1);
    let mut unknown = SampleBatchBuilder::default();
    unknown.push(SeriesRef(99), 6_000_000, 0.0);
    let checked = fixture.head.check(&unknown.finish(&fixture.table));
    assert_eq!(checked.rejected.counts[&RejectReason::UnknownSeries], 1);
}

#[test]
fn an_empty_store_accepts_any_age() {
    let mut fixture = Fixture::new();
    let (a, b) = (labels("a", "x"), labels("b", "x"));
    assert_eq!(
        fixture
            .append(&[(&a, 10_000_000, 1.0), (&b, 0, 1.0)])
            .samples
            .len(),
        2
    );
}

#[test]
fn a_reader_sees_only_commits_up_to_its_own() {
    let mut fixture = Fixture::new();
    let up = labels("up", "a");
    fixture.append(&[(&up, 1, 1.0)]);
    let pin = Pin {
        generation: 0,
        commit: 1,
    };
    fixture.head.pins.acquire(pin);
    fixture.append(&[(&up, 2, 1.0)]);
    fixture.append(&[(&up, 3, 1.0)]);
    let series = fixture.table.get(&up).unwrap();
    for (commit, expected) in [(1, vec![1]), (2, vec![1, 2]), (3, vec![1, 2, 3])] {
        assert_eq!(fixture.timestamps(series, commit, 0), expected);
    }
    fixture.head.pins.release(pin);
    fixture.append(&[(&up, 4, 1.0)]);
    assert_eq!(fixture.timestamps(series, 4, 0), [1, 2, 3, 4]);
}

#[test]
fn a_cut_hides_samples_from_its_generation_on_and_trims_after_the_last_reader() {
    let mut fixture = Fixture::new();
    let up = labels("up", "a");
    for timestamp in 1..=4 {
        fixture.append(&[(&up, timestamp, timestamp as f64)]);
    }
    let series = fixture.table.get(&up).unwrap();
    let plan = fixture.head.plan_cut(3, 0);
    assert_eq!(fixture.head.cut_samples(&plan.series[0]).0, [1, 2]);
    let mut kept = Vec::new();
    fixture
        .head
        .checkpoint(&plan, 0, |record| {
            kept.push(record);
            Ok::<(), ()>(())
        })
        .unwrap();
    assert_eq!((kept[0].last, &kept[0].timestamps[..]), ((4, 4.0), &[3, 4][..]));
    fixture.head.publish_cut(&plan, 1);
    fixture.head.trim(0);
    assert_eq!(
        fixture.timestamps(series, 4, 0),
        [1, 2, 3, 4],
        "a reader of the old generation"
    );
    assert_eq!(
        fixture.timestamps(series, 4, 1),
        [3, 4],
        "a reader of the new generation"
    );
    fixture.head.trim(1);
    assert_eq!(
        (fixture.timestamps(series, 4, 1), fixture.head.sample_count()),
        (vec![3, 4], 2)
    );
    assert!(fixture.head.plan_cut(3, 1).series.is_empty());
    assert_eq!(
        fixture.head.cut_samples(&fixture.head.plan_cut(9, 1).series[0]).0,
        [3, 4]
    );
}

#[test]
fn ended_series_are_forgotten_only_when_drained() {
    let mut fixture = Fixture::new();
    let (old, new) = (labels("old", "a"), labels("new", "b"));
    fixture.append(&[(&old, 1, 1.0), (&new, 1, 1.0)]);
    fixture.append(&[(&new, 10_000_000, 1.0)]);
    fixture.head.trim(0);
    fixture.head.trim(0);
    assert_eq!(fixture.head.series_count(), 2);
    let plan = fixture.head.plan_cut(100, 0);
    fixture.head.publish_cut(&plan, 1);
    fixture.head.trim(1);
    fixture.head.trim(1);
    assert_eq!((fixture.head.series_count(), fixture.table.get(&old)), (1, None));
    let matchers = [Matcher::equal("job", "a")];
    assert!(
        fixture
            .head
            .matching(&matchers, i64::MIN, i64::MAX, 9, 1)
            .is_empty()
    );
    assert_eq!(fixture.head.cardinality().len(), 2);
}

#[test]
fn matching_uses_every_operator() {
    use engine_model::MatchOp::*;
    let mut fixture = Fixture::new();
    for (name, job) in [("up", "a"), ("up", "b"), ("down", "a"), ("up", "")] {
        fixture.append(&[(&labels(name, job), 1, 1.0)]);
    }
    type Conditions<'a> = &'a [(engine_model::MatchOp, &'a str, &'a str)];
    let cases: [(Conditions<'_>, usize); 6] = [
        (&[(Equal, "__name__", "up")], 3),
        (&[(Equal, "__name__", "up"), (Equal, "job", "")], 1),
        (&[(Regex, "job", "a|b")], 3),
        (&[(Regex, "job", ".+"), (NotEqual, "job", "a")], 1),
        (&[(NotRegex, "__name__", "u.*")], 1),
        (&[], 4),
    ];
    for (conditions, expected) in cases {
        let matchers: Vec<_> = conditions
            .iter()
            .map(|(op, name, value)| Matcher::new(*op, *name, *value).unwrap())
            .collect();
        let found = fixture.head.matching(&matchers, 0, 10, u64::MAX, 0);
        assert_eq!(found.len(), expected, "{conditions:?}");
    }
}
