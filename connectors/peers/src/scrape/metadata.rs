//! What targets say about their metric families: type, help and unit, kept for a while after a family
//! vanished, and shared between the targets of a job, which mostly say the same.

use std::collections::HashSet;
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use parking_lot::Mutex;

/// Scrapes for which a family is remembered after its last one, as in Prometheus.
const SCRAPES_KEPT: u32 = 10;
/// The dictionary is swept when it has doubled, and never below this size: a sweep then pays.
const SWEEP_ENTRIES_MIN: usize = 256;

/// What is said of a metric family.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FamilyMetadata {
    /// Name of the family.
    pub name: Box<str>,
    /// Its type in Prometheus's word, `unknown` where none was said.
    pub metric_type: &'static str,
    /// Its help text; empty where none was said.
    pub help: Box<str>,
    /// Its unit; empty where none was said.
    pub unit: Box<str>,
}

/// One of the things that are said of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said<'a> {
    Type(&'static str),
    Help(&'a str),
    Unit(&'a str),
}

/// Keeps one copy of what several targets say alike.
#[derive(Debug, Default)]
pub(super) struct MetadataDictionary {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    shared: HashSet<Arc<FamilyMetadata>>,
    swept: usize,
}

impl MetadataDictionary {
    fn share(&self, family: FamilyMetadata) -> Arc<FamilyMetadata> {
        let mut entries = self.entries.lock();
        if let Some(shared) = entries.shared.get(&family) {
            return Arc::clone(shared);
        }
        if entries.shared.len() >= (2 * entries.swept).max(SWEEP_ENTRIES_MIN) {
            entries.shared.retain(|shared| Arc::strong_count(shared) > 1);
            entries.swept = entries.shared.len();
        }
        let shared = Arc::new(family);
        entries.shared.insert(Arc::clone(&shared));
        shared
    }
}

#[derive(Debug)]
struct Family {
    metadata: Arc<FamilyMetadata>,
    /// The scrape that had it last.
    seen: u32,
}

/// The families of one target. Bounded by what eleven bodies can name.
#[derive(Debug, Default)]
pub(super) struct TargetMetadata {
    families: Vec<Family>,
    by_name: HashTable<u32>,
    hasher: RandomState,
    scrape: u32,
}

impl TargetMetadata {
    /// Notes what the running scrape says of a family. Allocates only for what is new.
    pub(super) fn note(&mut self, name: &str, said: Said<'_>, dictionary: &MetadataDictionary) {
        let hash = self.hasher.hash_one(name);
        let families = &self.families;
        let same = |id: &u32| *families[*id as usize].metadata.name == *name;
        let Some(id) = self.by_name.find(hash, same).copied() else {
            let mut metadata = FamilyMetadata {
                name: name.into(),
                metric_type: "unknown",
                help: "".into(),
                unit: "".into(),
            };
            metadata.say(said);
            self.add(dictionary.share(metadata), self.scrape);
            return;
        };
        let family = &mut self.families[id as usize];
        family.seen = self.scrape;
        if !family.metadata.says(said) {
            let mut metadata = FamilyMetadata::clone(&family.metadata);
            metadata.say(said);
            family.metadata = dictionary.share(metadata);
        }
    }

    /// Ends a scrape; a successful one with a body forgets what was not said for long.
    pub(super) fn end_scrape(&mut self, successful: bool) {
        let scrape = self.scrape;
        let kept = |family: &Family| scrape - family.seen <= SCRAPES_KEPT;
        if successful && !self.families.iter().all(kept) {
            let families = std::mem::take(&mut self.families);
            self.by_name.clear();
            for family in families.into_iter().filter(kept) {
                self.add(family.metadata, family.seen);
            }
        }
        self.scrape += 1;
    }

    /// All families, in no particular order.
    pub(super) fn families(&self) -> impl Iterator<Item = &Arc<FamilyMetadata>> {
        self.families.iter().map(|family| &family.metadata)
    }

    /// The family of this name.
    pub(super) fn family(&self, name: &str) -> Option<&Arc<FamilyMetadata>> {
        let hash = self.hasher.hash_one(name);
        let same = |id: &u32| *self.families[*id as usize].metadata.name == *name;
        let id = self.by_name.find(hash, same)?;
        Some(&self.families[*id as usize].metadata)
    }

    fn add(&mut self, metadata: Arc<FamilyMetadata>, seen: u32) {
        let hash = self.hasher.hash_one(&*metadata.name);
        let id = self.families.len() as u32;
        self.families.push(Family { metadata, seen });
        let (families, hasher) = (&self.families, &self.hasher);
        self.by_name.insert_unique(hash, id, |id| {
            hasher.hash_one(&*families[*id as usize].metadata.name)
        });
    }
}

impl FamilyMetadata {
    fn says(&self, said: Said<'_>) -> bool {
        match said {
            Said::Type(word) => self.metric_type == word,
            Said::Help(text) => *self.help == *text,
            Said::Unit(text) => *self.unit == *text,
        }
    }

    fn say(&mut self, said: Said<'_>) {
        match said {
            Said::Type(word) => self.metric_type = word,
            Said::Help(text) => self.help = text.into(),
            Said::Unit(text) => self.unit = text.into(),
        }
    }

    /// Bytes of its texts, as `prometheus_target_metadata_cache_bytes` counts them.
    pub fn text_bytes(&self) -> usize {
        self.metric_type.len() + self.help.len() + self.unit.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(target: &TargetMetadata) -> Vec<String> {
        let mut out: Vec<String> = target
            .families()
            .map(|f| format!("{} {} {:?} {:?}", f.name, f.metric_type, f.help, f.unit))
            .collect();
        out.sort();
        out
    }

    #[test]
    fn families_are_kept_for_ten_scrapes() {
        let dictionary = MetadataDictionary::default();
        let mut target = TargetMetadata::default();
        target.note("a", Said::Help("first"), &dictionary);
        target.note("a", Said::Type("counter"), &dictionary);
        target.note("b", Said::Unit("bytes"), &dictionary);
        target.end_scrape(true);
        assert_eq!(
            shown(&target),
            [r#"a counter "first" """#, r#"b unknown "" "bytes""#]
        );
        for _ in 0..10 {
            target.note("a", Said::Help("second"), &dictionary);
            target.end_scrape(true);
        }
        assert_eq!(target.families().count(), 2, "b is missing ten times");
        target.note("a", Said::Help("second"), &dictionary);
        target.end_scrape(true);
        assert_eq!(shown(&target), [r#"a counter "second" """#]);
        for _ in 0..20 {
            target.end_scrape(false);
        }
        assert_eq!(target.families().count(), 1, "failures forget nothing");
        assert!(target.family("a").is_some() && target.family("b").is_none());
    }

    #[test]
    fn targets_share_what_they_say_alike() {
        let dictionary = MetadataDictionary::default();
        let mut targets = [TargetMetadata::default(), TargetMetadata::default()];
        for target in &mut targets {
            for i in 0..1000 {
                target.note(&format!("f{i}"), Said::Type("gauge"), &dictionary);
            }
        }
        let of = |target: &TargetMetadata| Arc::clone(target.family("f7").expect("known"));
        assert!(Arc::ptr_eq(&of(&targets[0]), &of(&targets[1])));
        drop(targets);
        for i in 0..3000 {
            dictionary.share(FamilyMetadata {
                name: format!("g{i}").into(),
                metric_type: "gauge",
                help: "".into(),
                unit: "".into(),
            });
        }
        assert!(
            dictionary.entries.lock().shared.len() < 2100,
            "what nobody holds is swept"
        );
    }
}
