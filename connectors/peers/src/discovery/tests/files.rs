//! Files: found by pattern, read when they change, broken, gone.

use super::super::file::{FileConfig, FileDiscoverer};
use super::run;

#[tokio::test]
async fn files_are_read_when_they_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let write = |name: &str, text: &str| std::fs::write(path(name), text).unwrap();
    let (json, yaml) = (path("a.json"), path("b.json"));
    write("a.json", r#"[{"targets": ["one:1"]}]"#);
    let config = FileConfig {
        files: vec![path("*.json").into()],
        // Longer than the test: only the watch tells of changes.
        refresh_interval_ms: 3_600_000,
    };
    let mut listener = run(Box::new(FileDiscoverer::new(config)));
    listener.expect("__meta_filepath", &[("one:1", &json)]).await;
    write("b.json", r#"[{"targets": ["two:2", "three:3"]}]"#);
    let both = [("one:1", json.as_str()), ("two:2", &yaml), ("three:3", &yaml)];
    listener.expect("__meta_filepath", &both).await;

    // Broken: what it said last stays, beside what the others say now.
    write("a.json", "[{");
    write("b.json", r#"[{"targets": ["two:2"]}]"#);
    listener
        .expect("__meta_filepath", &[("one:1", &json), ("two:2", &yaml)])
        .await;
    assert!(listener.count("prometheus_sd_file_read_errors_total") >= 1.0);

    // Replaced in one step, as configuration tools do; and gone.
    write("a.tmp", r#"[{"targets": ["new:1"]}]"#);
    std::fs::rename(path("a.tmp"), &json).unwrap();
    std::fs::remove_file(&yaml).unwrap();
    listener.expect("__meta_filepath", &[("new:1", &json)]).await;
    let metrics = listener.metrics.families();
    let files = metrics
        .iter()
        .find(|family| family.name == "prometheus_sd_file_mtime_seconds")
        .unwrap();
    assert_eq!(files.samples.len(), 1);
}

#[tokio::test]
async fn files_are_read_at_intervals_where_nothing_tells() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("later");
    let file = below.join("t.yml");
    let config = FileConfig {
        files: vec![file.clone()],
        refresh_interval_ms: 200,
    };
    let mut listener = run(Box::new(FileDiscoverer::new(config)));
    listener.expect("", &[]).await;
    std::fs::create_dir(&below).unwrap();
    std::fs::write(&file, "- targets: ['a:1']\n").unwrap();
    listener
        .expect("__meta_filepath", &[("a:1", &file.display().to_string())])
        .await;
}
