//! SQL that shows segments to DuckDB as one view `samples(name, labels, timestamp, value)`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use engine_model::METRIC_NAME;
use hashbrown::HashSet;
use parquet::file::metadata::ParquetMetaDataReader;

use super::error::SegmentError;
use super::guard::guarded;
use super::label_columns;
use super::manifest::{Manifest, SAMPLES_FILE, SERIES_FILE};
use super::positioned::PositionedFile;
use super::schema::{LABEL_PREFIX, LABELS_REST};

/// The view of a store without segments, with the same columns.
const EMPTY_VIEW: &str = "CREATE OR REPLACE VIEW samples AS
SELECT NULL::VARCHAR AS name, NULL::MAP(VARCHAR, VARCHAR) AS labels,
  NULL::TIMESTAMPTZ AS \"timestamp\", NULL::DOUBLE AS value
WHERE false;
";

/// Rows that a delete hides in one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HiddenRows {
    /// Name of the segment's folder.
    pub segment: String,
    /// Runs of rows of its table of series, first and last.
    pub series: Vec<(u32, u32)>,
    /// First ms that is hidden.
    pub start_ms: i64,
    /// Last ms that is hidden.
    pub end_ms: i64,
}

/// A segment as the view needs it.
struct Source {
    folder: String,
    sequence: u64,
    min_time_ms: i64,
    max_time_ms: i64,
    labels: HashSet<String>,
}

/// The `CREATE VIEW` statement over the segments in `folders`. `labels` has every label but the metric
/// name; staleness markers and what is `hidden` are left out; where segments overlap, the first accepted sample is
/// shown. The statement names the segments and the deletes that exist now: it is printed again when they change.
pub fn duckdb_view_sql(folders: &[PathBuf], hidden: &[HiddenRows]) -> Result<String, SegmentError> {
    let mut sources = folders
        .iter()
        .map(|folder| Source::load(folder))
        .collect::<Result<Vec<_>, _>>()?;
    if sources.is_empty() {
        return Ok(EMPTY_VIEW.to_owned());
    }
    sources.sort_by(|a, b| (a.sequence, &a.folder).cmp(&(b.sequence, &b.folder)));
    let overlapping = overlapping(&sources);
    let (mut once, mut several) = (Vec::new(), Vec::new());
    for (source, overlaps) in sources.iter().zip(overlapping) {
        if overlaps {
            several.push(source)
        } else {
            once.push(source)
        }
    }
    let mut parts = Vec::new();
    if !once.is_empty() {
        parts.push(visible(&rows(&once, hidden)));
    }
    if !several.is_empty() {
        parts.push(visible(&first_accepted(&several, hidden)));
    }
    Ok(format!(
        "CREATE OR REPLACE VIEW samples AS\n{};\n",
        parts.join("\nUNION ALL\n")
    ))
}

impl Source {
    fn load(folder: &Path) -> Result<Self, SegmentError> {
        let manifest = Manifest::read(folder)?;
        let series = folder.join(SERIES_FILE);
        let file = PositionedFile::open(&series)?;
        let metadata = guarded(&series, || {
            let reader = ParquetMetaDataReader::new();
            reader
                .parse_and_finish(&file)
                .map_err(|e| SegmentError::parquet(&series, e))
        })?;
        let columns = metadata.file_metadata().schema_descr().root_schema().get_fields();
        let labels = columns
            .iter()
            .filter_map(|c| c.name().strip_prefix(LABEL_PREFIX))
            .map(str::to_owned);
        let absolute = fs::canonicalize(folder).map_err(SegmentError::io(folder))?;
        let folder = absolute
            .to_str()
            .ok_or_else(|| SegmentError::refused("a path that is not UTF-8"))?;
        if folder.contains(['*', '?', '[']) {
            return Err(SegmentError::refused(format!(
                "{folder}: DuckDB would read *, ? and [ as a pattern"
            )));
        }
        Ok(Self {
            folder: folder.to_owned(),
            sequence: manifest.sequence,
            min_time_ms: manifest.min_time_ms,
            max_time_ms: manifest.max_time_ms,
            labels: labels.collect(),
        })
    }
}

/// For each segment, whether another covers some of its time.
fn overlapping(sources: &[Source]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..sources.len()).collect();
    order.sort_by_key(|&i| (sources[i].min_time_ms, sources[i].max_time_ms));
    let mut overlaps = vec![false; sources.len()];
    let mut newest: Option<usize> = None;
    for i in order {
        if let Some(before) = newest
            && sources[before].max_time_ms >= sources[i].min_time_ms
        {
            overlaps[before] = true;
            overlaps[i] = true;
        }
        if newest.is_none_or(|before| sources[before].max_time_ms < sources[i].max_time_ms) {
            newest = Some(i);
        }
    }
    overlaps
}

/// Plain rows without staleness markers.
fn visible(rows: &str) -> String {
    format!(
        "SELECT name, labels, \"timestamp\", coalesce(scaled / divisor, value) AS value FROM (\n{rows}\n) \
         WHERE scaled IS NOT NULL OR value IS NOT NULL"
    )
}

/// Of rows with one series and time, the one of the lowest sequence.
fn first_accepted(sources: &[&Source], hidden: &[HiddenRows]) -> String {
    format!(
        "SELECT * FROM (\n{}\n) QUALIFY row_number() OVER (\n  PARTITION BY name, labels, \"timestamp\" \
         ORDER BY list_position({}, segment)) = 1",
        rows(sources, hidden),
        texts(sources.iter().map(|source| source.folder.clone()))
    )
}

/// Rows of all `sources`, joined with their labels. DuckDB folds the case of column names, so segments
/// whose label columns differ by case only are read apart.
fn rows(sources: &[&Source], hidden: &[HiddenRows]) -> String {
    let mut groups: Vec<(HashSet<String>, Vec<&Source>)> = Vec::new();
    for source in sources {
        let fits = groups
            .iter_mut()
            .find(|(names, _)| !label_columns::clash(names, source.labels.iter().map(String::as_str)));
        match fits {
            Some((names, members)) => {
                names.extend(source.labels.iter().cloned());
                members.push(source);
            }
            None => groups.push((source.labels.clone(), vec![source])),
        }
    }
    let selects: Vec<String> = groups
        .iter()
        .map(|(names, members)| joined(names, members, hidden))
        .collect();
    selects.join("\nUNION ALL\n")
}

fn joined(names: &HashSet<String>, members: &[&Source], hidden: &[HiddenRows]) -> String {
    let mut names: Vec<&String> = names.iter().filter(|name| *name != METRIC_NAME).collect();
    names.sort_unstable();
    let mut entries = String::new();
    for name in names {
        let column = format!("{LABEL_PREFIX}{name}").replace('"', "\"\"");
        let separator = if entries.is_empty() { "" } else { ", " };
        write!(
            entries,
            "{separator}{{'key': {}, 'value': \"{column}\"}}",
            text(name)
        )
        .expect("writing to a string cannot fail");
    }
    let files = |file: &str| texts(members.iter().map(|source| format!("{}/{file}", source.folder)));
    format!(
        "SELECT s.name, s.labels, s.segment, m.\"timestamp\", m.scaled, m.divisor, m.value\n\
         FROM read_parquet({samples}, filename = true) AS m\n\
         JOIN (\n  SELECT parse_dirpath(filename) AS segment, series,\n    \
         coalesce(\"{LABEL_PREFIX}{METRIC_NAME}\", '') AS name,\n    \
         map_from_entries(list_sort(list_concat(\n      \
         [e for e in [{entries}]::STRUCT(key VARCHAR, value VARCHAR)[] if e.value IS NOT NULL],\n      \
         coalesce(map_entries({LABELS_REST}), [])))) AS labels\n  \
         FROM read_parquet({series}, union_by_name = true, filename = true)\n\
         ) AS s ON parse_dirpath(m.filename) = s.segment AND m.series = s.series{}",
        conditions(members, hidden),
        samples = files(SAMPLES_FILE),
        series = files(SERIES_FILE),
    )
}

/// What leaves the hidden rows of `members` out.
fn conditions(members: &[&Source], hidden: &[HiddenRows]) -> String {
    let mut text = String::new();
    for member in members {
        let own = hidden.iter().filter(|one| {
            let folder = Path::new(&member.folder).file_name();
            folder.is_some_and(|name| *name == *one.segment)
        });
        for one in own {
            let series: Vec<String> = one
                .series
                .iter()
                .map(|(first, last)| format!("m.series BETWEEN {first} AND {last}"))
                .collect();
            let word = if text.is_empty() { "WHERE" } else { "AND" };
            write!(
                text,
                "\n{word} NOT (s.segment = {} AND ({}) AND epoch_ms(m.\"timestamp\") BETWEEN {} AND {})",
                self::text(&member.folder),
                series.join(" OR "),
                one.start_ms,
                one.end_ms
            )
            .expect("writing to a string cannot fail");
        }
    }
    text
}

/// A list literal of texts.
fn texts(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.map(|item| text(&item)).collect();
    format!("[{}]", items.join(", "))
}

/// A text literal.
fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::Level;
    use crate::segment::tests::{header, series, write};

    #[test]
    fn segments_that_share_time_are_found() {
        let source = |min_time_ms, max_time_ms| Source {
            folder: String::new(),
            sequence: 0,
            min_time_ms,
            max_time_ms,
            labels: HashSet::new(),
        };
        for (ranges, expected) in [
            (vec![(0, 9), (10, 19), (20, 29)], vec![false, false, false]),
            (vec![(10, 19), (0, 10), (30, 31)], vec![true, true, false]),
            (
                vec![(0, 100), (10, 19), (50, 60), (101, 102)],
                vec![true, true, true, false],
            ),
        ] {
            let sources: Vec<Source> = ranges.iter().map(|&(min, max)| source(min, max)).collect();
            assert_eq!(overlapping(&sources), expected, "{ranges:?}");
        }
    }

    #[test]
    fn the_statement_names_what_exists() {
        assert_eq!(duckdb_view_sql(&[], &[]).unwrap(), EMPTY_VIEW);
        let dir = tempfile::Builder::new().prefix("it's").tempdir().unwrap();
        let of = |time: i64, label: &str| {
            let series = [series(&[("__name__", "up"), (label, "x")], &[(time, 1.0)])];
            write(dir.path(), header(Level::Cut, time as u64), &series)
                .path()
                .to_owned()
        };
        let sql = duckdb_view_sql(&[of(1, "we\"ird"), of(2, "Zone"), of(3, "zone")], &[]).unwrap();
        assert!(
            sql.contains("it''s") && sql.contains(r#"'value': "l_we""ird""#),
            "{sql}"
        );
        assert_eq!(
            sql.matches("JOIN").count(),
            2,
            "zone and Zone are read apart: {sql}"
        );
        assert!(!sql.contains("QUALIFY"), "{sql}");
        let several = [of(4, "a"), of(4, "b")];
        let sql = duckdb_view_sql(&several, &[]).unwrap();
        assert!(sql.contains("QUALIFY") && !sql.contains("NOT ("), "{sql}");
        let hidden = HiddenRows {
            segment: several[1].file_name().unwrap().to_string_lossy().into_owned(),
            series: vec![(0, 3), (7, 7)],
            start_ms: 4,
            end_ms: 9,
        };
        let sql = duckdb_view_sql(&several, &[hidden]).unwrap();
        let expected = "(m.series BETWEEN 0 AND 3 OR m.series BETWEEN 7 AND 7) AND epoch_ms(m.\"timestamp\") BETWEEN 4 AND 9)";
        assert_eq!(sql.matches(expected).count(), 1, "{sql}");
        let pattern = dir.path().join("[x]");
        fs::rename(of(5, "a"), &pattern).unwrap();
        assert!(matches!(
            duckdb_view_sql(&[pattern], &[]),
            Err(SegmentError::Refused { .. })
        ));
    }
}
