//! Which labels get a column of their own in `series.parquet`, and which go into `labels_rest`.

use hashbrown::{HashMap, HashSet};

use engine_model::{Labels, METRIC_NAME};

/// Labels beyond the most filled go into one map column: readers pay for every column of a footer.
const LABEL_COLUMNS_MAX: usize = 128;

/// Names that get a column: the metric name, then the most filled others, ascending by name. Names that
/// differ only by case share no file as columns, because many readers fold case.
pub(super) fn choose<'a>(series: impl Iterator<Item = &'a Labels>) -> Vec<String> {
    let mut filled: HashMap<&str, usize> = HashMap::new();
    for labels in series {
        for (name, _) in labels {
            *filled.entry(name).or_default() += 1;
        }
    }
    filled.remove(METRIC_NAME);
    let mut folded: HashMap<String, usize> = HashMap::from([(METRIC_NAME.to_owned(), 1)]);
    for name in filled.keys() {
        *folded.entry(name.to_lowercase()).or_default() += 1;
    }
    let mut candidates: Vec<(&str, usize)> = filled
        .into_iter()
        .filter(|(name, _)| folded[&name.to_lowercase()] == 1)
        .collect();
    candidates.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    candidates.truncate(LABEL_COLUMNS_MAX);
    candidates.sort_unstable();
    let others = candidates.into_iter().map(|(name, _)| name.to_owned());
    std::iter::once(METRIC_NAME.to_owned()).chain(others).collect()
}

/// Whether two sets of column names clash when case is folded.
pub(super) fn clash<'a>(a: &HashSet<String>, b: impl Iterator<Item = &'a str>) -> bool {
    let folded: HashMap<String, &String> = a.iter().map(|name| (name.to_lowercase(), name)).collect();
    b.into_iter().any(|name| {
        folded
            .get(&name.to_lowercase())
            .is_some_and(|other| other.as_str() != name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_filled_without_case_twins() {
        let mut series = vec![
            Labels::from_pairs([("__name__", "a"), ("job", "x"), ("Zone", "1")]),
            Labels::from_pairs([("__name__", "a"), ("job", "x"), ("zone", "1"), ("__NAME__", "q")]),
        ];
        assert_eq!(choose(series.iter()), ["__name__", "job"]);
        series.extend((0..200).map(|i| Labels::from_pairs([(format!("l{i:03}"), "v")])));
        let names = choose(series.iter());
        assert_eq!(names.len(), 129);
        assert!(names.contains(&"job".to_owned()) && names.contains(&"l126".to_owned()));
        assert!(!names.contains(&"l127".to_owned()));
    }
}
