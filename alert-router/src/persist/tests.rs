//! Round trips, torn and damaged files, rewriting.

use std::sync::Arc;

use engine_model::Labels;

use super::*;
use crate::alert::{Alert, Annotations};
use crate::notification_log::{IntegrationId, LogEntry, LogKey};

fn alert(name: &str, ends_at_ms: i64) -> Alert {
    Alert {
        labels: Labels::from_pairs([("alertname", name), ("é", "\u{1f642}\n")]),
        annotations: Annotations::from([("empty".to_owned(), String::new())]),
        starts_at_ms: 1,
        ends_at_ms,
        updated_at_ms: 3,
        generator_url: "http://g".to_owned(),
        timeout: true,
    }
}

fn saved(name: &str, ends_at_ms: i64) -> Change {
    Change::Alert {
        alert: Arc::new(alert(name, ends_at_ms)),
        resolved: false,
    }
}

fn told(timestamp_ms: i64) -> (LogKey, LogEntry) {
    let key = LogKey {
        group_key: "{}:{}".into(),
        integration: IntegrationId {
            receiver: "r".into(),
            kind: "log".into(),
            index: 1,
        },
    };
    let entry = LogEntry {
        firing: [alert("a", 0).labels].into(),
        resolved: [alert("b", 0).labels].into(),
        timestamp_ms,
        expires_at_ms: 99,
    };
    (key, entry)
}

fn names(restored: &Restored) -> Vec<&str> {
    let mut names: Vec<&str> = restored.alerts.iter().map(|(alert, _)| alert.name()).collect();
    names.sort_unstable();
    names
}

#[test]
fn survives_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path()).unwrap().journal;
    let (key, entry) = told(5);
    journal
        .append(&[
            saved("a", 10),
            saved("b", 10),
            saved("a", 20),
            Change::Notified(key, entry),
        ])
        .unwrap();
    journal
        .append(&[Change::AlertGone(alert("b", 0).labels)])
        .unwrap();
    drop(journal);
    let opened = Journal::open(folder.path()).unwrap();
    assert_eq!(opened.damaged_lines, 0);
    assert_eq!(opened.restored.alerts, [(alert("a", 20), false)]);
    assert_eq!(opened.restored.notified, [told(5)]);
}

#[test]
fn a_torn_tail_costs_the_tail() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path()).unwrap().journal;
    journal.append(&[saved("a", 10)]).unwrap();
    let path = folder.path().join(FILE_NAME);
    let whole_len = std::fs::metadata(&path).unwrap().len();
    journal.append(&[saved("b", 10)]).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    for cut in whole_len..bytes.len() as u64 {
        std::fs::write(&path, &bytes[..cut as usize]).unwrap();
        let opened = Journal::open(folder.path()).unwrap();
        assert_eq!(names(&opened.restored), ["a"], "cut at {cut}");
        assert_eq!(opened.damaged_lines, usize::from(cut > whole_len), "cut at {cut}");
    }
}

#[test]
fn a_damaged_line_costs_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path()).unwrap().journal;
    journal
        .append(&[saved("a", 10), saved("b", 10), saved("c", 10)])
        .unwrap();
    let path = folder.path().join(FILE_NAME);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"b\"", "\"x\"")).unwrap();
    let opened = Journal::open(folder.path()).unwrap();
    assert_eq!(
        (names(&opened.restored), opened.damaged_lines),
        (vec!["a", "c"], 1)
    );
    // The file is whole again.
    assert_eq!(Journal::open(folder.path()).unwrap().damaged_lines, 0);
}

#[test]
fn refuses_a_later_format() {
    let folder = tempfile::tempdir().unwrap();
    let mut line = Vec::new();
    record::write_line(&mut line, &Record::Version(2));
    std::fs::write(folder.path().join(FILE_NAME), &line).unwrap();
    let error = Journal::open(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("has format 2, and this version knows 1"),
        "{error}"
    );
    assert_eq!(std::fs::read(folder.path().join(FILE_NAME)).unwrap(), line);
}

#[test]
fn is_rewritten_when_it_has_grown() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::open(folder.path()).unwrap().journal;
    let many: Vec<Change> = (0..5000).map(|i| saved("a", i)).collect();
    while !journal.has_grown() {
        journal.append(&many).unwrap();
    }
    let state = Restored {
        alerts: vec![(alert("a", 7), true)],
        notified: vec![told(5)],
    };
    journal.rewrite(&state).unwrap();
    assert!(!journal.has_grown() && journal.bytes < 1000);
    journal.append(&[saved("z", 1)]).unwrap();
    let restored = Journal::open(folder.path()).unwrap().restored;
    assert_eq!(names(&restored), ["a", "z"]);
}
