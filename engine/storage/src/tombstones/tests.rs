//! What tombstones hide, and how their files are kept.

use std::fs;

use super::*;
use crate::disk;
use crate::segment::Level;
use crate::segment::tests::{header, series, write};

fn tombstone(name: &str, segment: &Segment, start_ms: i64, end_ms: i64) -> Tombstone {
    Tombstone {
        name: name.to_owned(),
        created_ms: 5,
        segments: vec![segment.id().clone()],
        matcher_sets: vec![
            vec![Matcher::equal("id", "1")],
            vec![Matcher::new(engine_model::MatchOp::Regex, "id", "2|3").unwrap()],
        ],
        start_ms,
        end_ms,
    }
}

fn segment(dir: &std::path::Path) -> Segment {
    let of = |id: &str| {
        let samples: Vec<(i64, f64)> = (0..10).map(|i| (i * 10, i as f64)).collect();
        series(&[("__name__", "m"), ("id", id)], &samples)
    };
    let data: Vec<_> = ["0", "1", "2", "3"].into_iter().map(of).collect();
    write(dir, header(Level::Cut, 1), &data)
}

#[test]
fn several_deletes_add_up() {
    let dir = tempfile::tempdir().unwrap();
    let segment = segment(dir.path());
    let list = [(0, 30), (31, 49), (80, i64::MAX)];
    let list = list.map(|(start, end)| Arc::new(tombstone(&format!("t{start}"), &segment, start, end)));
    let (tombstones, forgotten) = Tombstones::attach(list.to_vec(), std::slice::from_ref(&segment));
    assert!(forgotten.is_empty());
    let marks = tombstones.marks(segment.id()).unwrap();
    let range = segment.row_range(1);
    for (row, min, max, all) in [
        (1, 0, 49, true),
        (1, i64::MIN, 49, true),
        (1, 0, 50, false),
        (2, 80, i64::MAX, true),
        (0, 0, 10, false),
        (1, i64::MIN, i64::MAX, false),
    ] {
        assert_eq!(marks.hide_all(row, range, min, max), all, "row {row} {min} {max}");
    }
    let mut read = segment.read(&[0, 1], i64::MIN, i64::MAX).unwrap();
    for (row, series) in (0..).zip(&mut read) {
        marks.apply(row, series);
    }
    assert_eq!(read[0].len(), 10);
    assert_eq!(read[1].timestamps, [50, 60, 70]);
    let (left, forgotten) = tombstones.retained(&[]);
    assert_eq!((left.len(), forgotten.len()), (0, 3));
}

#[test]
fn files_come_back_or_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let segment = segment(dir.path());
    let tombstones = dir.path().join("tombstones");
    fs::create_dir(&tombstones).unwrap();
    let disk = disk::real();
    save(&*disk, &tombstones, &tombstone("5-a", &segment, i64::MIN, 7)).unwrap();
    save(&*disk, &tombstones, &tombstone("5-a", &segment, i64::MIN, 8)).unwrap();
    fs::write(tombstones.join("6-b.tmp"), "{").unwrap();
    let loaded = load(&tombstones).unwrap();
    assert_eq!(loaded.len(), 1);
    remove_unfinished(&*disk, &tombstones).unwrap();
    remove_unfinished(&*disk, &dir.path().join("none")).unwrap();
    let left = fs::read_dir(&tombstones)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["5-a.json"]);
    let one = &loaded[0];
    assert_eq!(
        (one.name.as_str(), one.start_ms, one.end_ms),
        ("5-a", i64::MIN, 8)
    );
    assert_eq!(one.segments, [segment.id().clone()]);
    assert_eq!(matching_rows(&segment, one), [1, 2, 3]);
    let path = tombstones.join("5-a.json");
    let text = fs::read_to_string(&path).unwrap();
    for (from, to) in [("\"format\": 1", "\"format\": 2"), ("=~", "~="), ("{", "[")] {
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let error = load(&tombstones).unwrap_err().to_string();
        assert!(
            error.contains("5-a.json") && error.contains("removing the file"),
            "{error}"
        );
    }
    remove(&*disk, &tombstones, "5-a").unwrap();
    remove(&*disk, &tombstones, "5-a").unwrap();
    assert!(load(&tombstones).unwrap().is_empty());
    assert!(load(&dir.path().join("none")).unwrap().is_empty());
}
