//! Label columns, the map of the rest, and what the index answers about labels.

use std::fs::File;

use parquet::file::reader::{FileReader, SerializedFileReader};

use super::*;
use crate::segment::manifest::SERIES_FILE;

fn columns(segment: &Segment) -> Vec<String> {
    let file = File::open(segment.path().join(SERIES_FILE)).unwrap();
    let reader = SerializedFileReader::new(file).unwrap();
    let schema = reader.metadata().file_metadata().schema_descr();
    schema
        .root_schema()
        .get_fields()
        .iter()
        .map(|field| field.name().to_owned())
        .collect()
}

#[test]
fn rare_labels_and_case_twins_go_into_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let mut data: Vec<SeriesSamples> = (0..140)
        .map(|i| {
            let own = format!("own_{i:03}");
            series(&[("__name__", "m"), ("job", "j"), (&own, "v")], &[(i, i as f64)])
        })
        .collect();
    data.push(series(
        &[("__name__", "m"), ("Pod", "A"), ("pod", "b"), ("__NAME__", "odd")],
        &[(7, 1.0)],
    ));
    data.push(series(&[("pod", "no name"), ("l_x", "q\"'\n")], &[(8, f64::NAN)]));
    let segment = write(dir.path(), header(Level::TwoHours, 1), &data);
    data.sort_by(|a, b| a.labels.storage_cmp(&b.labels));
    assert_eq!(bits(&read_all(&segment)), bits(&data));

    let columns = columns(&segment);
    assert_eq!(columns.iter().filter(|name| name.starts_with("l_")).count(), 129);
    assert_eq!(columns[6], "l___name__");
    assert_eq!(columns.last().unwrap(), "labels_rest");
    for absent in ["l_pod", "l_Pod", "l___NAME__", "l_own_139"] {
        assert!(!columns.contains(&absent.to_owned()), "{absent}");
    }
    for (name, value) in [
        ("Pod", "A"),
        ("pod", "b"),
        ("__NAME__", "odd"),
        ("own_139", "v"),
        ("own_000", "v"),
    ] {
        let rows = segment.matching(&[engine_model::Matcher::equal(name, value)]);
        assert_eq!(rows.len(), 1, "{name}");
        assert_eq!(segment.labels(rows[0]).get(name), Some(value));
    }
}

#[test]
fn names_and_values() {
    let dir = tempfile::tempdir().unwrap();
    let data: Vec<SeriesSamples> = (0..300)
        .map(|i| {
            let instance = format!("host-{i}:9100");
            let labels = [
                ("__name__", "up"),
                ("instance", &instance),
                ("odd", ["", "yes"][i % 2]),
            ];
            series(&labels, &[(1, 1.0)])
        })
        .collect();
    let segment = write(dir.path(), header(Level::Cut, 1), &data);
    let all: Vec<u32> = segment.all_rows().collect();
    let texts = |set: std::collections::BTreeSet<String>| set.into_iter().collect::<Vec<_>>();
    assert_eq!(texts(segment.label_names(&all)), ["__name__", "instance", "odd"]);
    assert_eq!(segment.label_values("instance", &all).len(), 300);
    assert_eq!(texts(segment.label_values("odd", &all)), ["yes"]);
    assert!(segment.label_values("missing", &all).is_empty());
    let even = segment.matching(&[engine_model::Matcher::equal("odd", "")]);
    assert_eq!(even.len(), 150);
    assert_eq!(texts(segment.label_names(&even)), ["__name__", "instance"]);
    assert!(segment.label_names(&[]).is_empty());
    let range = segment.row_range(5);
    assert_eq!(
        (
            range.first_row,
            range.row_count,
            range.min_time_ms,
            range.max_time_ms
        ),
        (5, 1, 1, 1)
    );
    assert!(segment.memory_bytes() > 0);
}
