//! The head's rules: order, duplicates, late samples, isolation of readers, cuts and forgetting.

use std::sync::Arc;

use engine_model::staleness::STALE_NAN;
use engine_model::{Histogram, Labels, Matcher, SampleBatchBuilder, SeriesRef, SeriesTable};

use super::*;
use crate::series_samples::SeriesSamples;

fn labels(name: &str, job: &str) -> Labels {
    Labels::from_pairs([("__name__", name), ("job", job)])
}

struct Fixture {
    table: Arc<SeriesTable>,
    head: Head,
    commit: u64,
    limits: Limits,
}

impl Fixture {
    fn new() -> Self {
        let table = Arc::new(SeriesTable::new());
        Self {
            head: Head::new(Arc::clone(&table), 10),
            table,
            commit: 0,
            limits: Limits::default(),
        }
    }

    fn append(&mut self, samples: &[(&Labels, i64, f64)]) -> Checked {
        self.append_all(samples, &[])
    }

    fn append_all(
        &mut self,
        samples: &[(&Labels, i64, f64)],
        histograms: &[(&Labels, i64, Histogram)],
    ) -> Checked {
        let mut builder = SampleBatchBuilder::default();
        for (labels, timestamp, value) in samples {
            builder.push(self.table.intern(labels), *timestamp, *value);
        }
        for (labels, timestamp, histogram) in histograms {
            builder.push_histogram(self.table.intern(labels), *timestamp, Arc::new(histogram.clone()));
        }
        let batch = builder.finish(&self.table);
        let checked = self.head.check(&batch, self.limits);
        self.commit += 1;
        self.head.apply(self.commit, &batch, &checked);
        checked
    }

    fn samples(&self, labels: &Labels, commit: u64, generation: u64) -> SeriesSamples {
        let mut out = SeriesSamples::new(labels.clone());
        let series = self.table.get(labels).unwrap();
        self.head
            .read(series, i64::MIN, i64::MAX, (commit, generation), &mut out);
        out
    }

    fn timestamps(&self, labels: &Labels, commit: u64, generation: u64) -> Vec<i64> {
        self.samples(labels, commit, generation).timestamps
    }

    fn plan(&mut self, before_ms: i64, generation: u64) -> CutPlan {
        self.head.plan_cut(before_ms, self.commit, generation)
    }

    fn taken(&self, plan: &CutPlan, labels: &Labels) -> Vec<i64> {
        let mut out = SeriesSamples::new(labels.clone());
        self.head.cut_samples(
            plan,
            self.table.get(labels).unwrap(),
            (i64::MIN, i64::MAX),
            &mut out,
        );
        out.timestamps
    }

    fn trim(&mut self, generation: u64) {
        let mut trimmed = Trimmed::default();
        let mut from = Some(SeriesRef(0));
        while let Some(next) = from {
            from = self.head.trim(generation, next, 16, &mut trimmed);
        }
        self.head.finish_trim(generation, trimmed);
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
    assert_eq!((first.floats, first.repeated, first.rejected.total()), (1, 1, 1));
    let other = labels("other", "a");
    let second = fixture.append(&[
        (&up, 5_000_000, 2.0),
        (&up, 4_000_000, 2.0),
        (&other, 1_399_999, 0.0),
        (&other, 1_400_000, 0.0),
    ]);
    assert_eq!((second.floats, second.new_series.len()), (1, 1));
    let counts = &second.rejected.counts;
    assert_eq!(counts[&RejectReason::DuplicateTimestamp], 1);
    assert_eq!(counts[&RejectReason::OutOfOrder], 1);
    assert_eq!(counts[&RejectReason::OutOfBounds], 1);
    let mut unknown = SampleBatchBuilder::default();
    unknown.push(SeriesRef(99), 6_000_000, 0.0);
    let checked = fixture
        .head
        .check(&unknown.finish(&fixture.table), fixture.limits);
    assert_eq!(checked.rejected.counts[&RejectReason::UnknownSeries], 1);
}

#[test]
fn a_series_that_comes_again_in_a_batch_is_judged_by_what_came_before() {
    let mut fixture = Fixture::new();
    let (up, down) = (labels("up", "a"), labels("down", "a"));
    fixture.append(&[(&up, 1000, 1.0), (&down, 1000, 1.0)]);
    let checked = fixture.append(&[
        (&down, 2000, 1.0),
        (&up, 1000, 1.0),
        (&up, 2000, 2.0),
        (&up, 2000, 2.0),
        (&down, 1500, 1.0),
        (&up, 3000, 2.0),
        (&up, 3000, 3.0),
    ]);
    assert_eq!(
        (checked.floats, checked.repeated, checked.rejected.total()),
        (3, 2, 2)
    );
    assert_eq!(checked.skipped, [1, 3, 4, 6]);
    assert_eq!(fixture.timestamps(&up, 9, 0), [1000, 2000, 3000]);
    assert_eq!(fixture.timestamps(&down, 9, 0), [1000, 2000]);
}

#[test]
fn an_empty_store_accepts_any_age() {
    let mut fixture = Fixture::new();
    let (a, b) = (labels("a", "x"), labels("b", "x"));
    assert_eq!(fixture.append(&[(&a, 10_000_000, 1.0), (&b, 0, 1.0)]).floats, 2);
}

#[test]
fn late_samples_within_the_window_are_read_at_once_in_order() {
    let mut fixture = Fixture::new();
    let (up, other) = (labels("up", "a"), labels("other", "a"));
    fixture.append(&[(&up, 10_000_000, 1.0)]);
    fixture.head.pins.acquire(Pin {
        generation: 0,
        commit: 1,
    });
    fixture.limits.out_of_order_window_ms = 2 * OUT_OF_BOUNDS_MS;
    let checked = fixture.append(&[
        (&up, 9_000_000, 0.9),
        (&up, 9_500_000, 0.95),
        (&up, 2_800_000, 0.1),
        (&up, 2_799_999, 0.0),
        (&other, 3_000_000, 3.0),
        (&up, 11_000_000, 1.1),
    ]);
    assert_eq!((checked.floats, checked.late.len()), (5, 4));
    assert_eq!(checked.rejected.counts[&RejectReason::TooOld], 1);
    let again = fixture.append(&[(&up, 9_000_000, 0.9), (&up, 9_500_000, 7.0)]);
    assert_eq!(
        (
            again.repeated,
            again.rejected.counts[&RejectReason::DuplicateTimestamp]
        ),
        (1, 1)
    );
    let read = fixture.samples(&up, 9, 0);
    assert_eq!(
        read.timestamps,
        [2_800_000, 9_000_000, 9_500_000, 10_000_000, 11_000_000]
    );
    assert_eq!(read.values, [0.1, 0.9, 0.95, 1.0, 1.1]);
    assert_eq!(
        fixture.timestamps(&up, 1, 0),
        [10_000_000],
        "a reader from before"
    );
    // A cut takes the late ones for themselves.
    let plan = fixture.plan(5_000_000, 0);
    let series = fixture.table.get(&up).unwrap();
    assert_eq!(fixture.head.cut_late(&plan, series).unwrap().timestamps.len(), 3);
    fixture.head.publish_cut(&plan, 1);
    assert_eq!(fixture.timestamps(&up, 9, 1), [10_000_000, 11_000_000]);
    assert_eq!(
        fixture.timestamps(&up, 9, 0).len(),
        5,
        "a reader of the old generation"
    );
    let before = fixture.head.sample_count();
    fixture.trim(1);
    assert_eq!(before - fixture.head.sample_count(), 4);
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
    fixture.append_all(&[(&up, 3, 1.0)], &[(&up, 4, Histogram::stale())]);
    for (commit, expected, histograms) in [(1, vec![1], 0), (2, vec![1, 2], 0), (3, vec![1, 2, 3], 1)] {
        let read = fixture.samples(&up, commit, 0);
        assert_eq!((read.timestamps, read.histograms.len()), (expected, histograms));
    }
    fixture.head.pins.release(pin);
    fixture.append(&[(&up, 5, 1.0)]);
    assert_eq!(fixture.timestamps(&up, 4, 0), [1, 2, 3, 5]);
}

#[test]
fn a_cut_hides_samples_from_its_generation_on_and_trims_after_the_last_reader() {
    let mut fixture = Fixture::new();
    let up = labels("up", "a");
    for timestamp in 1..=4 {
        fixture.append(&[(&up, timestamp, timestamp as f64)]);
    }
    let plan = fixture.plan(3, 0);
    assert_eq!(fixture.taken(&plan, &up), [1, 2]);
    fixture.head.publish_cut(&plan, 1);
    fixture.trim(0);
    assert_eq!(
        fixture.timestamps(&up, 4, 0),
        [1, 2, 3, 4],
        "a reader of the old generation"
    );
    assert_eq!(
        fixture.timestamps(&up, 4, 1),
        [3, 4],
        "a reader of the new generation"
    );
    let rest = fixture.plan(i64::MAX, 1);
    assert_eq!(fixture.taken(&rest, &up), [3, 4]);
    fixture.head.publish_cut(&rest, 2);
    fixture.trim(2);
    assert_eq!(
        (fixture.timestamps(&up, 4, 2), fixture.head.sample_count()),
        (vec![], 0)
    );
    assert_eq!(fixture.head.data_bytes(), 0);
    let last = fixture.append(&[(&up, 4, 4.0), (&up, 5, 5.0)]);
    assert_eq!((last.repeated, last.floats), (1, 1), "order is remembered");
}

#[test]
fn what_arrives_behind_a_cut_is_late_and_loses_nothing() {
    let mut fixture = Fixture::new();
    let (fast, slow) = (labels("fast", "a"), labels("slow", "a"));
    fixture.append(&[(&fast, 100_000, 1.0), (&slow, 10_000, 1.0)]);
    fixture.head.pins.acquire(Pin {
        generation: 0,
        commit: 1,
    });
    let plan = fixture.plan(i64::MAX, 0);
    let behind = fixture.append(&[(&slow, 20_000, 2.0), (&fast, 110_000, 2.0)]);
    assert_eq!(behind.late.len(), 1);
    assert_eq!(fixture.taken(&plan, &slow), [10_000]);
    fixture.head.publish_cut(&plan, 1);
    fixture.trim(1);
    fixture.append(&[(&slow, 20_000, 9.0), (&slow, 120_000, 3.0)]);
    assert_eq!(fixture.samples(&slow, 9, 1).values, [2.0, 3.0]);
    assert_eq!(fixture.timestamps(&slow, 2, 1), [20_000]);
    let plan = fixture.plan(i64::MAX, 1);
    let series = fixture.table.get(&slow).unwrap();
    assert_eq!(fixture.head.cut_late(&plan, series).unwrap().timestamps, [20_000]);
    assert_eq!(fixture.taken(&plan, &slow), [120_000]);
}

#[test]
fn a_batch_that_begins_behind_a_cut_and_ends_before_it_loses_nothing() {
    let mut fixture = Fixture::new();
    let (first, backlog) = (labels("first", "a"), labels("backlog", "a"));
    fixture.append(&[(&first, 100_000, 1.0)]);
    let plan = fixture.plan(i64::MAX, 0);
    fixture.head.publish_cut(&plan, 1);
    fixture.trim(1);
    let checked = fixture.append(&[
        (&backlog, 20_000, 1.0),
        (&backlog, 30_000, 2.0),
        (&backlog, 120_000, 3.0),
        (&backlog, 130_000, 4.0),
    ]);
    assert_eq!((checked.floats, checked.late.len()), (4, 2));
    let all = [20_000, 30_000, 120_000, 130_000];
    assert_eq!(fixture.timestamps(&backlog, 9, 1), all);
    let named = [Matcher::equal("__name__", "backlog")];
    assert_eq!(fixture.head.matching(&named, 125_000, 200_000, 9, 1).len(), 1);
    // The newest sample stays the newest.
    let older = fixture.append(&[(&backlog, 110_000, 5.0)]);
    assert_eq!(older.floats, 0);
    let plan = fixture.plan(i64::MAX, 1);
    let series = fixture.table.get(&backlog).unwrap();
    assert_eq!(
        fixture.head.cut_late(&plan, series).unwrap().timestamps,
        [20_000, 30_000]
    );
    assert_eq!(fixture.taken(&plan, &backlog), [120_000, 130_000]);
}

#[test]
fn floats_and_histograms_of_a_series_are_one_sequence() {
    let mut fixture = Fixture::new();
    let both = labels("both", "a");
    let histogram = Histogram {
        sum: 1.0,
        ..Histogram::stale()
    };
    fixture.append(&[(&both, 1000, 1.0)]);
    let second = fixture.append_all(
        &[],
        &[(&both, 1000, histogram.clone()), (&both, 2000, histogram.clone())],
    );
    assert_eq!((second.histograms.len(), second.rejected.total()), (1, 1));
    let third = fixture.append_all(&[(&both, 2000, 1.0)], &[(&both, 2000, histogram.clone())]);
    assert_eq!(
        (
            third.repeated,
            third.rejected.counts[&RejectReason::DuplicateTimestamp]
        ),
        (1, 1)
    );
    // The marker that ends a series of histograms is a histogram.
    let stale = fixture.append(&[(&both, 3000, STALE_NAN)]);
    assert_eq!((stale.floats, stale.histograms.len()), (0, 1));
    fixture.append(&[(&both, 4000, 4.0), (&both, 5000, STALE_NAN)]);
    let read = fixture.samples(&both, 9, 0);
    assert_eq!(read.timestamps, [1000, 4000, 5000]);
    let times: Vec<i64> = read.histograms.iter().map(|(time, _)| *time).collect();
    assert_eq!(times, [2000, 3000]);
    assert!(read.histograms[0].1.is_identical(&histogram) && read.histograms[1].1.is_stale());
    let plan = fixture.plan(2500, 0);
    fixture.head.publish_cut(&plan, 1);
    let rest = fixture.samples(&both, 9, 1);
    assert_eq!((rest.timestamps, rest.histograms.len()), (vec![4000, 5000], 1));
}

#[test]
fn ended_series_are_forgotten_only_when_drained() {
    let mut fixture = Fixture::new();
    let (old, new) = (labels("old", "a"), labels("new", "b"));
    fixture.append(&[(&old, 1, 1.0), (&new, 1, 1.0)]);
    fixture.append(&[(&new, 10_000_000, 1.0)]);
    fixture.trim(0);
    fixture.trim(0);
    assert_eq!(fixture.head.series_count(), 2);
    let plan = fixture.plan(100, 0);
    fixture.head.publish_cut(&plan, 1);
    fixture.trim(1);
    fixture.trim(1);
    assert_eq!((fixture.head.series_count(), fixture.table.get(&old)), (1, None));
    let matchers = [Matcher::equal("job", "a")];
    assert!(
        fixture
            .head
            .matching(&matchers, i64::MIN, i64::MAX, 9, 1)
            .is_empty()
    );
    let cost = fixture.head.cardinality(10);
    assert_eq!(
        (cost.series, cost.label_pairs, cost.series_by_pair.len()),
        (1, 2, 2)
    );
    assert_eq!(
        cost.bytes_by_label[0],
        CardinalityEntry {
            name: "__name__".to_owned(),
            count: 3
        }
    );
}

#[test]
fn a_checkpoint_brings_everything_back_but_what_is_cut() {
    let mut fixture = Fixture::new();
    fixture.limits.out_of_order_window_ms = OUT_OF_BOUNDS_MS;
    let (floats, both) = (labels("floats", "a"), labels("both", "a"));
    let border = 30 * 60_000;
    for i in 0..500i64 {
        let time = i * 15_000;
        fixture.append(&[(&floats, time, (i % 7) as f64 / 4.0)]);
        fixture.append_all(
            &[],
            &[(
                &both,
                time,
                Histogram {
                    sum: i as f64,
                    ..Histogram::stale()
                },
            )],
        );
    }
    fixture.append(&[(&both, 7_490_000, 1.0), (&floats, 7_000_001, -0.0)]);
    let plan = fixture.plan(2 * border, 0);
    let mut images = Vec::new();
    fixture.head.put_images(&plan, SeriesRef(0), 100, |put| {
        let mut bytes = Vec::new();
        put(&mut bytes);
        images.push(bytes);
    });
    // The late sample is taken by the plan, so it is left out.
    let mut back = Fixture::new();
    back.limits = fixture.limits;
    for bytes in &images {
        let mut image = SeriesImage::take(&mut crate::wal::bytes::Input::new(bytes)).expect("whole");
        image.series = back.table.intern(&image.labels);
        back.head.restore(image);
    }
    fixture.head.publish_cut(&plan, 1);
    back.commit = fixture.commit;
    for next in [7_500_000, 7_515_000] {
        for fixture in [&mut fixture, &mut back] {
            fixture.append(&[(&floats, next, 1.25), (&both, next, 2.0)]);
        }
    }
    for series in [&floats, &both] {
        let (expected, found) = (fixture.samples(series, 9999, 1), back.samples(series, 9999, 0));
        assert_eq!(
            (expected.timestamps, expected.values),
            (found.timestamps, found.values),
            "{series}"
        );
        assert_eq!(expected.histograms.len(), found.histograms.len());
        let pairs = expected.histograms.iter().zip(&found.histograms);
        assert!(
            pairs
                .into_iter()
                .all(|(a, b)| a.0 == b.0 && a.1.is_identical(&b.1))
        );
    }
    for cut in 0..images[0].len() {
        assert!(
            SeriesImage::take(&mut crate::wal::bytes::Input::new(&images[0][..cut])).is_none(),
            "{cut}"
        );
    }
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
