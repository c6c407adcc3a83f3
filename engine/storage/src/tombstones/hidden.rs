//! What deletes hide in segments, as rows of their tables of series: for those who read the files by themselves.

use std::path::{Path, PathBuf};

use super::{load, matching_rows};
use crate::segment::{HiddenRows, Segment};
use crate::store::StoreError;

/// What the deletes of the store in `root` hide in the segments in `folders`. Opens only segments that a delete names.
pub fn hidden_rows(root: &Path, folders: &[PathBuf]) -> Result<Vec<HiddenRows>, StoreError> {
    let tombstones = load(&root.join("tombstones"))?;
    let mut hidden = Vec::new();
    for folder in folders {
        let id = folder
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let named = tombstones
            .iter()
            .filter(|one| one.segments.iter().any(|segment| segment.to_string() == id));
        let mut segment = None;
        for tombstone in named {
            let segment = match &mut segment {
                Some(open) => open,
                None => segment.insert(Segment::open(folder)?),
            };
            let series = runs(&matching_rows(segment, tombstone));
            if !series.is_empty() {
                hidden.push(HiddenRows {
                    segment: id.clone(),
                    series,
                    start_ms: tombstone.start_ms.max(segment.min_time()),
                    end_ms: tombstone.end_ms.min(segment.max_time()),
                });
            }
        }
    }
    Ok(hidden)
}

/// Ascending numbers as runs of neighbours, first and last.
fn runs(numbers: &[u32]) -> Vec<(u32, u32)> {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_run() {
        assert_eq!(runs(&[1, 2, 3, 7, 9, 10]), [(1, 3), (7, 7), (9, 10)]);
        assert!(runs(&[]).is_empty());
    }
}
