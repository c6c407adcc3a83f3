//! Start timestamps from append to reads in every state of a store: head, log, segments, late, compacted, deleted.

use std::path::Path;
use std::sync::Arc;

use engine_model::{Histogram, Labels, Matcher, SampleBatchBuilder};

use super::*;
use crate::{RejectReason, SeriesSamples};

const BASE: i64 = 1_700_000_000_000;
const MINUTE: i64 = 60_000;

fn open(path: &Path) -> Store {
    Store::open(StoreConfig {
        out_of_order_window_ms: 60 * MINUTE,
        compaction_share: 1.0,
        reads_starts: true,
        ..StoreConfig::new(path)
    })
    .unwrap()
}

/// A sample: its series, minute, and when what it counts began, if it says so. Those of `h` are histograms.
type Sent = (&'static str, i64, Option<i64>);

async fn append(store: &Store, samples: &[Sent]) -> AppendOutcome {
    let table = store.series_table();
    let mut builder = SampleBatchBuilder::default();
    let (mut floats, mut histograms) = (Vec::new(), Vec::new());
    for (name, minute, start) in samples {
        let series = table.intern(&Labels::from_pairs([("__name__", *name), ("job", "j")]));
        let time = BASE + minute * MINUTE;
        let start_ms = start.map_or(0, |start| BASE + start);
        if name.starts_with('h') {
            let histogram = Histogram {
                sum: *minute as f64,
                ..Histogram::stale()
            };
            builder.push_histogram(series, time, Arc::new(histogram));
            histograms.push(start_ms);
        } else {
            builder.push(series, time, *minute as f64);
            floats.push(start_ms);
        }
    }
    builder.set_float_starts(floats);
    builder.set_histogram_starts(histograms);
    let options = AppendOptions::default();
    store.append(builder.finish(table), options).await.unwrap()
}

/// Minutes of the samples of a series with the starts that they say.
type Told = Vec<(i64, Option<i64>)>;

fn read(store: &Store, name: &str) -> Told {
    let version = store.pin();
    let matchers = [Matcher::equal("__name__", name)];
    let selected = version.select(&matchers, i64::MIN, i64::MAX).unwrap();
    let series = version.read(&selected, i64::MIN, i64::MAX).unwrap();
    let Some(series) = series.first() else {
        return Vec::new();
    };
    let columns = version.columns(i64::MIN, i64::MAX).read(&selected).unwrap();
    let told = columns.starts.first().cloned().unwrap_or_default();
    assert_eq!(told, series.starts, "both ways of reading {name}");
    read_parts(&version, &selected, series);
    let mut times = series.timestamps.clone();
    times.extend(series.histograms.iter().map(|(time, _)| *time));
    times.sort_unstable();
    assert!(
        series.starts.iter().all(|(time, _)| times.contains(time)),
        "{series:?}"
    );
    let start = |time: i64| {
        let place = series.starts.binary_search_by_key(&time, |(t, _)| *t).ok()?;
        Some(series.starts[place].1 - BASE)
    };
    times
        .into_iter()
        .map(|time| ((time - BASE) / MINUTE, start(time)))
        .collect()
}

/// Parts of the time have what the whole has of them, whichever way they are read.
fn read_parts(version: &PinnedVersion, selected: &[SelectedSeries], whole: &SeriesSamples) {
    for (from, until) in [(0, 0), (3, 11), (11, 16), (13, 40), (16, 16), (39, 90), (50, 60)] {
        let (min_ms, max_ms) = (BASE + from * MINUTE, BASE + until * MINUTE);
        let part = whole.clone().between(min_ms, max_ms + 1);
        let read = version.read(selected, min_ms, max_ms).unwrap();
        let columns = version.columns(min_ms, max_ms).read(selected).unwrap();
        let floats = |of: &SeriesSamples| (of.timestamps.clone(), of.values.clone(), of.starts.clone());
        assert_eq!(floats(&read[0]), floats(&part), "from {from} to {until}");
        let starts = columns.starts.first().cloned().unwrap_or_default();
        let read = (columns.timestamps, columns.values, starts);
        assert_eq!(read, floats(&part), "columns from {from} to {until}");
        let times = |of: &[(i64, Arc<Histogram>)]| of.iter().map(|(time, _)| *time).collect::<Vec<_>>();
        let histograms = columns.histograms.first().map_or(&[][..], |of| &of[..]);
        assert_eq!(
            times(histograms),
            times(&part.histograms),
            "from {from} to {until}"
        );
    }
}

/// What is stored in [`every_state_keeps_them`].
fn expected() -> [(&'static str, Told); 3] {
    let moves = |minute: i64| match minute {
        0..5 => Some(-1),
        5..10 => None,
        10..15 => Some(-1),
        // Late, with a start of its own and with none.
        15 => Some(7),
        16 => None,
        _ => Some(16 * MINUTE + 1),
    };
    let all = |of: &dyn Fn(i64) -> Option<i64>| (0..40).map(|minute| (minute, of(minute))).collect();
    [
        ("c", all(&moves)),
        ("g", all(&|_| None)),
        ("h", all(&|minute| (minute != 20).then_some(-500))),
    ]
}

async fn fill(store: &Store) {
    let expected = expected();
    let at = |series: usize, minute: i64| {
        let (name, samples) = &expected[series];
        (*name, minute, samples[minute as usize].1)
    };
    for minute in (0..40).filter(|minute| ![15, 16].contains(minute)) {
        append(store, &[at(1, minute), at(0, minute), at(2, minute)]).await;
    }
    append(store, &[at(0, 16), at(0, 15), at(1, 15)]).await;
    append(store, &[at(1, 16), at(2, 15), at(2, 16)]).await;
}

fn check(store: &Store, state: &str) {
    for (name, samples) in expected() {
        assert_eq!(read(store, name), samples, "{name} {state}");
    }
}

#[tokio::test]
async fn every_state_keeps_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store).await;
    check(&store, "in the head");
    store.close().await.unwrap();
    drop(store);
    let store = open(dir.path());
    check(&store, "after a replay of the log");
    let before = store.pin();
    store.cut_before(BASE + 12 * MINUTE).await.unwrap();
    check(&store, "cut in the middle");
    drop(before);
    store.close().await.unwrap();
    drop(store);
    let store = open(dir.path());
    check(&store, "after a replay of a checkpoint");
    store.flush().await.unwrap();
    check(&store, "in segments");
    for segment in store.pin().segments() {
        crate::segment::verify(segment.path()).unwrap();
    }
    store.compact(BASE + 1000 * 60 * MINUTE).await.unwrap();
    let segments = store.pin().segments().to_vec();
    assert_eq!(segments.len(), 1);
    crate::segment::verify(segments[0].path()).unwrap();
    let said: usize = expected()
        .iter()
        .map(|(_, s)| s.iter().filter(|(_, start)| start.is_some()).count())
        .sum();
    assert_eq!(segments[0].start_timestamp_count(), said as u64);
    check(&store, "compacted");
    store.close().await.unwrap();
    drop((segments, store));
    check(&open(dir.path()), "after a restart");
}

/// Pages that were read with starts are at hand for the next query, as those of floats alone are.
#[tokio::test]
async fn pages_of_starts_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store).await;
    store.flush().await.unwrap();
    let version = store.pin();
    let of = |name: &str| {
        version
            .select(&[Matcher::equal("__name__", name)], i64::MIN, i64::MAX)
            .unwrap()
    };
    // Over all segments: what is at hand is not asked for a part of the time.
    let range = (BASE, BASE + 40 * MINUTE);
    let mut reader = version.columns(range.0, range.1);
    assert!(!reader.is_at_hand(&of("c"), 100), "nobody has read it");
    let first = reader.read(&of("c")).unwrap();
    assert!(
        first.timestamps.len() == 40 && first.starts[0].len() > 30,
        "{first:?}"
    );
    let mut again = version.columns(range.0, range.1);
    assert!(again.is_at_hand(&of("c"), 100));
    assert!(!again.is_at_hand(&of("c"), 20), "there are forty");
    assert_eq!(again.read(&of("c")).unwrap().starts, first.starts);
    assert!(!again.is_at_hand(&of("h"), 100), "histograms are not kept");
}

#[tokio::test]
async fn nobody_reads_them_unless_they_are_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store).await;
    store.cut_before(BASE + 12 * MINUTE).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    let store = Store::open(StoreConfig::new(dir.path())).unwrap();
    let version = store.pin();
    let selected = version.select(&[], i64::MIN, i64::MAX).unwrap();
    let read = version.read(&selected, i64::MIN, i64::MAX).unwrap();
    assert!(
        read.iter()
            .all(|series| series.len() == 40 && series.starts.is_empty())
    );
    let columns = version.columns(i64::MIN, i64::MAX).read(&selected).unwrap();
    assert!(columns.starts.is_empty());
}

#[tokio::test]
async fn what_a_delete_hides_says_nothing_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    fill(&store).await;
    let everything = vec![vec![Matcher::equal("job", "j")]];
    let (from, until) = (BASE + 3 * MINUTE, BASE + 30 * MINUTE);
    store.delete(everything, from, until, BASE).await.unwrap();
    for state in ["hidden", "rewritten"] {
        for (name, mut samples) in expected() {
            samples.retain(|(minute, _)| !(3..=30).contains(minute));
            assert_eq!(read(&store, name), samples, "{name} {state}");
        }
        store.compact(BASE + 1000 * 60 * MINUTE).await.unwrap();
    }
}

#[tokio::test]
async fn batches_that_are_not_judged_or_beyond_the_limit_keep_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(StoreConfig {
        series_max: 2,
        reads_starts: true,
        ..StoreConfig::new(dir.path())
    })
    .unwrap();
    append(&store, &[("a", 0, Some(-1))]).await;
    let samples = [
        ("x", 1, Some(-2)),
        ("y", 1, Some(-3)),
        ("a", 1, Some(-4)),
        ("h", 1, Some(-5)),
    ];
    let outcome = append(&store, &samples).await;
    assert_eq!(outcome.rejected, [(RejectReason::SeriesLimit, 2)]);
    assert_eq!(read(&store, "a"), [(0, Some(-1)), (1, Some(-4))]);
    assert_eq!(read(&store, "x"), [(1, Some(-2))]);
    store.close().await.unwrap();
    drop(store);
    let config = || StoreConfig {
        reads_starts: true,
        ..StoreConfig::new(dir.path())
    };
    // The log of the last run is still being read back.
    let store = Store::start(config()).unwrap();
    append(&store, &[("a", 2, None), ("a", 3, Some(-6)), ("h", 2, Some(-7))]).await;
    store.ready().await.unwrap();
    let whole = vec![(0, Some(-1)), (1, Some(-4)), (2, None), (3, Some(-6))];
    assert_eq!(read(&store, "a"), whole);
    store.close().await.unwrap();
    drop(store);
    let store = Store::open(config()).unwrap();
    assert_eq!(read(&store, "a"), whole);
    assert_eq!(read(&store, "h"), [(2, Some(-7))]);
}

/// What a process of log version 2 left: segments, a checkpoint and a log file.
#[tokio::test]
async fn a_store_of_version_2_is_read_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/store-2");
    tests::copy(&fixture, dir.path());
    for restart in 0..2 {
        let store = open(dir.path());
        let version = store.pin();
        let of = |name: &str| {
            let selected = version.select(&[Matcher::equal("__name__", name)], i64::MIN, i64::MAX);
            version
                .read(&selected.unwrap(), i64::MIN, i64::MAX)
                .unwrap()
                .remove(0)
        };
        let (a, h) = (of("a"), of("h"));
        let late = a.values.iter().filter(|value| **value == -1.0).count();
        assert_eq!(
            (a.len(), late, h.histograms.len()),
            (44, 4, 40),
            "restart {restart}"
        );
        assert_eq!((a.values[43], h.histograms[39].1.sum), (39.0 / 4.0, 39.0));
        assert!(a.starts.is_empty() && h.starts.is_empty());
        drop(version);
        append(&store, &[("c", 20 + restart, Some(-1))]).await;
        assert_eq!(read(&store, "c").last(), Some(&(20 + restart, Some(-1))));
        store.close().await.unwrap();
    }
}
