//! Taking over segments that were made elsewhere than in the head, as an import of history does.

use std::path::Path;
use std::sync::Arc;

use super::Store;
use crate::disk::SharedDisk;
use crate::segment::{Level, Segment, SegmentError, SegmentHeader, SegmentWriter};

/// Where segments are written that a store is about to adopt.
#[derive(Debug)]
pub struct Nursery<'a> {
    disk: &'a SharedDisk,
    dir: &'a Path,
    sequence: u64,
    now_ms: i64,
}

impl Nursery<'_> {
    /// A writer for one segment. Its samples must keep within one window of `level`.
    pub fn writer(&self, level: Level) -> Result<SegmentWriter, SegmentError> {
        let header = SegmentHeader {
            level,
            // Accepted after everything that is there: of equal times the store's own sample stays.
            sequence: self.sequence,
            created_ms: self.now_ms,
            sources: Vec::new(),
        };
        SegmentWriter::create(self.disk.clone(), self.dir, header)
    }
}

impl Store {
    /// Lets `write` make finished segments in the store's folder and reads them from then on. What an error
    /// leaves finished is read after the next start; writing it again does no harm, since equal samples are
    /// merged. Cuts and compactions wait meanwhile. Blocks: call it off the runtime.
    pub fn adopt<E>(
        &self,
        now_ms: i64,
        write: impl FnOnce(&Nursery<'_>) -> Result<Vec<Segment>, E>,
    ) -> Result<usize, E> {
        let shared = &self.shared;
        let _maintenance = shared.maintenance.lock();
        let newest = shared.version.load().segments.iter().map(Segment::sequence).max();
        let written = write(&Nursery {
            disk: &shared.config.disk,
            dir: &shared.segments_dir,
            sequence: newest.map_or(0, |newest| newest + 1),
            now_ms,
        })?;
        let count = written.len();
        shared.version.update(|version| {
            let mut segments = Vec::clone(&version.segments);
            segments.extend(written);
            version.segments = Arc::new(segments);
        });
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use engine_model::{Labels, MatchOp, Matcher};

    use super::*;
    use crate::store::StoreConfig;

    #[tokio::test]
    async fn adopted_segments_are_read_at_once_and_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let labels = Labels::from_pairs([("__name__", "old")]);
        let read = |store: &Store| {
            let pinned = store.pin();
            let matcher = Matcher::new(MatchOp::Equal, "__name__", "old").unwrap();
            let selected = pinned.select(&[matcher], i64::MIN, i64::MAX).unwrap();
            pinned.read(&selected, i64::MIN, i64::MAX).unwrap()[0]
                .values
                .clone()
        };
        let store = Store::open(StoreConfig::new(folder.path())).unwrap();
        let adopted = store.adopt(0, |nursery| {
            let mut writer = nursery.writer(Level::Day)?;
            writer.push_series(&labels, &[1000, 2000], &[1.0, 2.0])?;
            Ok::<_, SegmentError>(vec![writer.finish()?])
        });
        assert_eq!(adopted.unwrap(), 1);
        assert_eq!(read(&store), [1.0, 2.0]);
        store.close().await.unwrap();
        drop(store);
        let store = Store::open(StoreConfig::new(folder.path())).unwrap();
        assert_eq!(read(&store), [1.0, 2.0]);
    }
}
