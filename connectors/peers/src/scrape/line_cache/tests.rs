//! The cache through churn and failures, and what it costs.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Runs one scrape over `lines`; returns a letter each: g(uessed), h(it), n(ew), r(epeated).
fn scrape(cache: &mut LineCache, lines: &[&str], succeeds: bool) -> String {
    cache.begin();
    let mut out = String::new();
    for line in lines {
        let key = Key::of(line.as_bytes());
        let guessed = cache
            .guess()
            .is_some_and(|guess| guess.key == key && guess.len == line.len());
        let found = match guessed {
            true => Ok(cache.take_guessed()),
            false => cache.find(line.as_bytes()),
        };
        let id = match found {
            Ok(hit) => {
                out.push(match (hit.repeated, guessed) {
                    (true, _) => 'r',
                    (_, true) => 'g',
                    _ => 'h',
                });
                hit.id
            }
            Err(unknown) => {
                out.push('n');
                cache.insert(unknown, LineSeries::Known(SeriesRef(line.as_bytes()[0].into())))
            }
        };
        cache.sampled(id, true);
    }
    match succeeds {
        true => drop(cache.commit()),
        false => drop(cache.roll_back()),
    }
    out
}

#[test]
fn finds_lines_through_churn_and_failures() {
    let mut cache = LineCache::default();
    let cases: [(&[&str], bool, &str, usize); 11] = [
        (&["a", "b", "c"], true, "nnn", 3),
        (&["a", "b", "c"], true, "ggg", 3),
        (&["a", "x", "b", "c"], true, "gngg", 4),
        (&["c", "b", "a"], true, "hhh", 3),
        (&["c", "y", "b", "b", "y"], false, "gngrr", 3),
        (&["c", "b", "a"], true, "ggg", 3),
        (&["c", "b"], true, "gg", 2),
        (&[], true, "", 0),
        (&["z", "z"], true, "nr", 1),
        (&["a", "z"], true, "ng", 2),
        (&["z", "a", "z", "a"], true, "hhrr", 2),
    ];
    for (i, (lines, succeeds, expected, len)) in cases.into_iter().enumerate() {
        assert_eq!(scrape(&mut cache, lines, succeeds), expected, "scrape {i}");
        assert_eq!(cache.lines().len(), len, "scrape {i}");
    }
}

#[test]
fn guesses_resume_behind_a_change() {
    let mut cache = LineCache::default();
    scrape(&mut cache, &["a", "b", "c", "d"], true);
    cache.begin();
    let guessed = |cache: &LineCache, text: &[u8]| cache.guess().expect("one").key == Key::of(text);
    assert!(guessed(&cache, b"a"));
    assert!(cache.find(b"a").is_ok());
    let unknown = cache.find(b"new").expect_err("is new");
    cache.insert(unknown, LineSeries::Dropped);
    assert!(guessed(&cache, b"b"), "an added line does not move the guess");
    assert!(cache.find(b"c").is_ok());
    assert!(guessed(&cache, b"d"));
}

#[test]
fn tells_what_vanished() {
    let mut cache = LineCache::default();
    scrape(&mut cache, &["a", "b", "c"], true);
    cache.begin();
    for (line, tracked) in [("a", true), ("c", false)] {
        let id = cache.find(line.as_bytes()).expect("known").id;
        cache.sampled(id, tracked);
    }
    let ended = cache.commit();
    let vanished: Vec<u64> = ended.vanished.iter().map(|tracked| tracked.series.0).collect();
    assert_eq!(
        vanished,
        [u64::from(b'b'), u64::from(b'c')],
        "gone, and tracked no more"
    );
    assert_eq!(ended.forgotten.len(), 1);
    assert_eq!(cache.tracked().count(), 1);
    assert_eq!(cache.untrack().len(), 1);
    assert!(cache.untrack().is_empty());
}

#[test]
fn a_line_costs_forty_bytes() {
    let mut cache = LineCache::default();
    let lines: Vec<String> = (0..2000)
        .map(|i| format!("http_requests_total{{handler=\"/api/v1/query\",code=\"200\",shard=\"{i}\"}}"))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    scrape(&mut cache, &lines, true);
    let bytes = cache.memory_bytes() as f64 / lines.len() as f64;
    assert!(bytes < 40.1, "{bytes} bytes a line");
}

/// One scrape: its lines with whether each is tracked, and whether it succeeds.
type Scrape = (Vec<(u8, bool)>, bool);

proptest! {
    /// Against a model that remembers lines in a map: what is known, repeated, vanished and forgotten.
    #[test]
    fn behaves_as_a_map(scrapes in prop::collection::vec((prop::collection::vec((0u8..12, any::<bool>()), 0..14), any::<bool>()), 1..12)) {
        let mut cache = LineCache::default();
        let mut known: BTreeMap<u8, bool> = BTreeMap::new();
        for (lines, succeeds) in scrapes {
            check_scrape(&mut cache, &mut known, &(lines, succeeds));
        }
    }
}

fn check_scrape(cache: &mut LineCache, known: &mut BTreeMap<u8, bool>, (lines, succeeds): &Scrape) {
    cache.begin();
    let mut seen: BTreeMap<u8, bool> = BTreeMap::new();
    for (line, tracked) in lines {
        let bytes = [*line];
        let guessed = cache.guess().is_some_and(|guess| guess.key == Key::of(&bytes));
        let found = match guessed {
            true => Ok(cache.take_guessed()),
            false => cache.find(&bytes),
        };
        let id = match found {
            Ok(hit) => {
                assert!(
                    known.contains_key(line) || seen.contains_key(line),
                    "{line} is known"
                );
                assert_eq!(hit.repeated, seen.contains_key(line), "{line} is repeated");
                hit.id
            }
            Err(unknown) => {
                assert!(
                    !known.contains_key(line) && !seen.contains_key(line),
                    "{line} is new"
                );
                cache.insert(unknown, LineSeries::Known(SeriesRef(u64::from(*line))))
            }
        };
        assert_eq!(
            cache.line(id).series(),
            LineSeries::Known(SeriesRef(u64::from(*line)))
        );
        cache.sampled(id, *tracked);
        *seen.entry(*line).or_default() |= tracked;
    }
    if !succeeds {
        let added = cache.roll_back().len();
        let new = seen.keys().filter(|line| !known.contains_key(line)).count();
        assert_eq!(added, new);
        return;
    }
    let ended = cache.commit();
    let mut vanished: Vec<u64> = ended.vanished.iter().map(|tracked| tracked.series.0).collect();
    vanished.sort_unstable();
    let expected = known
        .iter()
        .filter(|(line, tracked)| **tracked && seen.get(line) != Some(&true))
        .map(|(line, _)| u64::from(*line));
    assert_eq!(vanished, expected.collect::<Vec<_>>());
    let forgotten = known.keys().filter(|line| !seen.contains_key(line)).count();
    assert_eq!(ended.forgotten.len(), forgotten);
    *known = seen;
    assert_eq!(cache.lines().len(), known.len());
    assert_eq!(
        cache.tracked().count(),
        known.values().filter(|tracked| **tracked).count()
    );
}
