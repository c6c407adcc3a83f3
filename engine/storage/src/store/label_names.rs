//! Names and values of labels in one version, without making the labels of each series.

use std::collections::BTreeSet;

use engine_model::{Labels, Matcher};

use super::error::StoreError;
use super::pinned::PinnedVersion;
use crate::segment::Segment;

impl PinnedVersion {
    /// Names of the labels of all series that satisfy all `matchers`, ascending.
    pub fn label_names(&self, matchers: &[Matcher]) -> Result<Vec<String>, StoreError> {
        let mut names = BTreeSet::new();
        self.for_segments(matchers, |segment, rows| names.extend(segment.label_names(rows)))?;
        // Neighbours mostly have the same names.
        let mut last: Vec<String> = Vec::new();
        self.for_head(matchers, |labels| {
            let of_one = || labels.iter().map(|(name, _)| name);
            if !of_one().eq(last.iter().map(String::as_str)) {
                last = of_one().map(str::to_owned).collect();
                names.extend(last.iter().cloned());
            }
        });
        Ok(names.into_iter().collect())
    }

    /// Values of the label `name` on all series that satisfy all `matchers`, ascending; not the empty one, which an
    /// absent label has.
    pub fn label_values(&self, name: &str, matchers: &[Matcher]) -> Result<Vec<String>, StoreError> {
        let mut values = BTreeSet::new();
        self.for_segments(matchers, |segment, rows| {
            values.extend(segment.label_values(name, rows));
        })?;
        self.for_head(matchers, |labels| {
            if let Some(value) = labels.get(name)
                && !values.contains(value)
            {
                values.insert(value.to_owned());
            }
        });
        Ok(values.into_iter().collect())
    }

    /// Calls `each` for the series of each segment, of which not all is deleted.
    fn for_segments(
        &self,
        matchers: &[Matcher],
        mut each: impl FnMut(&Segment, &[u32]),
    ) -> Result<(), StoreError> {
        self.check_gate()?;
        for (position, rows) in self.places(matchers, i64::MIN, i64::MAX) {
            each(&self.segments()[position as usize], &rows);
        }
        Ok(())
    }

    fn for_head(&self, matchers: &[Matcher], each: impl FnMut(&Labels)) {
        let (commit, generation) = self.seen();
        let found = self
            .head()
            .matching(matchers, i64::MIN, i64::MAX, commit, generation);
        found.iter().map(|(_, labels)| labels).for_each(each);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use engine_model::{METRIC_NAME, SampleBatchBuilder};

    use super::super::tests::open;
    use super::super::{AppendOptions, Store};
    use super::*;

    /// What the labels of the series themselves say.
    fn one_by_one(version: &PinnedVersion, name: &str, matchers: &[Matcher]) -> (Vec<String>, Vec<String>) {
        let selected = version.select_unordered(matchers, i64::MIN, i64::MAX).unwrap();
        let labels = || selected.iter().map(|series| series.labels());
        let names: BTreeSet<&str> = labels()
            .flat_map(|one| one.iter().map(|(name, _)| name))
            .collect();
        let values: BTreeSet<&str> = labels().filter_map(|one| one.get(name)).collect();
        let texts = |all: BTreeSet<&str>| all.into_iter().map(str::to_owned).collect();
        (texts(names), texts(values))
    }

    fn compare(store: &Store, state: &str) {
        let version = store.pin();
        for matchers in [
            vec![],
            vec![Matcher::equal(METRIC_NAME, "a")],
            vec![Matcher::equal("only", "here")],
            vec![Matcher::equal(METRIC_NAME, "none")],
        ] {
            for name in [METRIC_NAME, "i", "only", "none"] {
                let found = (
                    version.label_names(&matchers).unwrap(),
                    version.label_values(name, &matchers).unwrap(),
                );
                assert_eq!(
                    found,
                    one_by_one(&version, name, &matchers),
                    "{state}: {name} {matchers:?}"
                );
            }
        }
    }

    async fn append(store: &Store, series: &[&[(&str, &str)]], at_ms: i64) {
        let mut builder = SampleBatchBuilder::default();
        for pairs in series {
            let labels = Labels::from_pairs(pairs.iter().copied());
            builder.push(store.series_table().intern(&labels), at_ms, 1.0);
        }
        let batch = builder.finish(store.series_table());
        store.append(batch, AppendOptions::default()).await.unwrap();
    }

    #[tokio::test]
    async fn names_and_values_are_those_of_the_series() {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path());
        compare(&store, "empty");
        let first: [&[(&str, &str)]; 3] = [
            &[("__name__", "a"), ("i", "1")],
            &[("__name__", "a"), ("i", "2"), ("only", "here")],
            &[("__name__", "b"), ("j", "1")],
        ];
        append(&store, &first, 1000).await;
        compare(&store, "head");
        store.flush().await.unwrap();
        compare(&store, "segment");
        append(&store, &[&[("__name__", "a"), ("k", "3")], first[0]], 2000).await;
        compare(&store, "segment and head");
        store.flush().await.unwrap();
        let gone = vec![vec![Matcher::equal("only", "here")]];
        store.delete(gone, i64::MIN, i64::MAX, 3000).await.unwrap();
        compare(&store, "deleted");
        let names = store.pin().label_names(&[]).unwrap();
        assert_eq!(names, ["__name__", "i", "j", "k"]);
        store.close().await.unwrap();
    }
}
