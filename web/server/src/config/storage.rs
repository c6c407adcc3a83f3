//! What the configuration says about storage: Prometheus's `storage` section, and our `weir_storage` beside it.

use engine_settings::{Error, Field};
use engine_storage::{Fsync, RetentionPolicy, RetentionRule};
use queries_promql::parser::parse_metric_selector;

/// Retention where neither time nor size is set, as in Prometheus: 15 days.
const RETENTION_MS: i64 = 15 * 24 * 3_600_000;

/// How samples are stored and for how long. What is `None` was not written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StorageConfig {
    /// `storage.tsdb`.
    pub(crate) tsdb: TsdbConfig,
    /// `storage.exemplars.max_exemplars`.
    pub(crate) exemplars_max: Option<usize>,
    /// `weir_storage`.
    pub(crate) weir: WeirStorage,
}

/// `storage.tsdb`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct TsdbConfig {
    /// How late a sample may be, ms.
    pub(crate) out_of_order_window_ms: i64,
    /// How long samples are kept, ms; 0 switches it off.
    pub(crate) retention_ms: Option<i64>,
    /// How large log and segments may be together; 0 switches it off.
    pub(crate) retention_bytes: Option<u64>,
    /// The same as a share of the disk, in percent; 0 switches it off.
    pub(crate) retention_percentage: Option<f64>,
}

/// `weir_storage`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct WeirStorage {
    /// When the log is fsynced.
    pub(crate) fsync: Option<Fsync>,
    /// Series that the head may have; 0 for no limit.
    pub(crate) series_limit: usize,
    /// Memory of the head beyond which it is cut early; 0 for no limit.
    pub(crate) head_memory: u64,
    /// Memory for pages that queries read lately.
    pub(crate) page_cache: Option<u64>,
    /// Share of one core that compactions take.
    pub(crate) compaction_share: Option<f64>,
    /// How long the samples of some series are kept.
    pub(crate) retention: Vec<KeepRule>,
}

/// `{match, keep}`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeepRule {
    /// The selector as it is written; it can be parsed.
    pub(crate) selector: String,
    /// How long, ms.
    pub(crate) keep_ms: i64,
}

/// What the command line says about retention; the configuration has the last word, as in Prometheus.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RetentionFlags {
    /// `--storage.tsdb.retention.time`, ms.
    pub(crate) time_ms: Option<i64>,
    /// `--storage.tsdb.retention.size`, bytes.
    pub(crate) bytes: Option<u64>,
}

impl StorageConfig {
    /// Decodes `storage`.
    pub(super) fn decode(&mut self, field: Field<'_>) -> Result<(), Error> {
        let mapping = field.mapping()?;
        self.tsdb = mapping.get_or("tsdb", tsdb, TsdbConfig::default())?;
        self.exemplars_max = mapping
            .get("exemplars", |field| {
                let exemplars = field.mapping()?;
                let most = exemplars.get("max_exemplars", Field::i64)?;
                exemplars.finish()?;
                // Prometheus takes a negative number for none.
                Ok(most.map(|most| usize::try_from(most).unwrap_or(0)))
            })?
            .flatten();
        mapping.finish()
    }

    /// Decodes `weir_storage`.
    pub(super) fn decode_weir(&mut self, field: Field<'_>) -> Result<(), Error> {
        let mapping = field.mapping()?;
        let fsync = [
            ("always", Fsync::Always),
            ("interval", Fsync::Interval),
            ("never", Fsync::Never),
        ];
        self.weir = WeirStorage {
            fsync: mapping.get("fsync", |field| field.one_of(&fsync))?,
            series_limit: mapping.get_or("series_limit", Field::u64, 0)? as usize,
            head_memory: mapping.get_or("head_memory", Field::byte_size, 0)?,
            page_cache: mapping.get("page_cache", Field::byte_size)?,
            compaction_share: mapping.get("compaction_share", share)?,
            retention: mapping
                .get("retention", |field| field.list(keep_rule))?
                .unwrap_or_default(),
        };
        mapping.finish()
    }

    /// What is kept, with what the command line says where the configuration is silent.
    pub(crate) fn retention(&self, flags: RetentionFlags) -> RetentionPolicy {
        let tsdb = &self.tsdb;
        let written = tsdb.retention_ms.or(flags.time_ms).filter(|ms| *ms > 0);
        let bytes = tsdb.retention_bytes.or(flags.bytes).filter(|bytes| *bytes > 0);
        let silent = written.is_none() && bytes.is_none();
        let rules = self.weir.retention.iter().filter_map(|rule| {
            let matchers = parse_metric_selector(&rule.selector).ok()?;
            Some(RetentionRule {
                matchers,
                keep_ms: rule.keep_ms,
            })
        });
        RetentionPolicy {
            time_ms: if silent { Some(RETENTION_MS) } else { written },
            bytes,
            percentage: tsdb.retention_percentage.filter(|share| *share > 0.0),
            rules: rules.collect(),
        }
    }

    /// Whether a running store can take what changed between `self` and `new`; if not, the keys that wait for
    /// a restart.
    pub(crate) fn needs_restart(&self, new: &Self) -> Vec<&'static str> {
        let (old_weir, weir) = (&self.weir, &new.weir);
        let changed = [
            (
                "storage.tsdb.out_of_order_time_window",
                self.tsdb.out_of_order_window_ms != new.tsdb.out_of_order_window_ms,
            ),
            (
                "storage.exemplars.max_exemplars",
                self.exemplars_max != new.exemplars_max,
            ),
            ("weir_storage.fsync", old_weir.fsync != weir.fsync),
            (
                "weir_storage.series_limit",
                old_weir.series_limit != weir.series_limit,
            ),
            (
                "weir_storage.head_memory",
                old_weir.head_memory != weir.head_memory,
            ),
            ("weir_storage.page_cache", old_weir.page_cache != weir.page_cache),
            (
                "weir_storage.compaction_share",
                old_weir.compaction_share != weir.compaction_share,
            ),
        ];
        let keys = changed.into_iter().filter(|(_, changed)| *changed);
        keys.map(|(key, _)| key).collect()
    }
}

fn tsdb(field: Field<'_>) -> Result<TsdbConfig, Error> {
    let mapping = field.mapping()?;
    if mapping
        .get("stale_series_compaction_threshold", share_of_series)?
        .is_some()
    {
        without_effect(
            "stale_series_compaction_threshold",
            "series that ended leave the head with the next cut",
        );
    }
    if let Some(encoding) = mapping.optional("chunk_encoding") {
        let encoding = encoding.mapping()?;
        encoding.get("floats", |field| field.one_of(&[("xor", ()), ("xor2", ())]))?;
        encoding.finish()?;
        without_effect(
            "chunk_encoding",
            "segments are Parquet, see FORMAT.md of the segments",
        );
    }
    let mut out = TsdbConfig {
        out_of_order_window_ms: mapping.get_or("out_of_order_time_window", Field::duration_ms, 0)?,
        ..TsdbConfig::default()
    };
    if let Some(retention) = mapping.optional("retention") {
        let retention = retention.mapping()?;
        out.retention_ms = retention.get("time", Field::duration_ms)?;
        out.retention_bytes = retention.get("size", Field::byte_size)?;
        out.retention_percentage = retention.get("percentage", percentage)?;
        retention.finish()?;
    }
    mapping.finish()?;
    Ok(out)
}

/// Says that a key of Prometheus is taken and does nothing here.
fn without_effect(key: &'static str, why: &'static str) {
    tracing::warn!(key = %format!("storage.tsdb.{key}"), why, "key of the configuration has no effect here");
}

/// Prometheus's threshold: a share of the series, 0 to switch it off.
fn share_of_series(field: Field<'_>) -> Result<f64, Error> {
    let place = field.clone();
    let share = field.f64()?;
    match (0.0..=1.0).contains(&share) {
        true => Ok(share),
        false => Err(place.error(format!("expected a share of the series from 0 to 1, got {share}"))),
    }
}

fn percentage(field: Field<'_>) -> Result<f64, Error> {
    let place = field.clone();
    let share = field.f64()?;
    match (0.0..=100.0).contains(&share) {
        true => Ok(share),
        false => Err(place.error(format!("expected a percentage from 0 to 100, got {share}"))),
    }
}

fn share(field: Field<'_>) -> Result<f64, Error> {
    let place = field.clone();
    let share = field.f64()?;
    match share > 0.0 && share <= 1.0 {
        true => Ok(share),
        false => Err(place.error(format!(
            "expected a share of one core, above 0 and at most 1, got {share}"
        ))),
    }
}

fn keep_rule(field: Field<'_>) -> Result<KeepRule, Error> {
    let mapping = field.mapping()?;
    let selector = mapping.require("match", |field| {
        let place = field.clone();
        let text = field.non_empty_string()?;
        match parse_metric_selector(&text) {
            Ok(_) => Ok(text),
            Err(error) => Err(place.error(format!("not a selector: {error}"))),
        }
    })?;
    let keep_ms = mapping.require("keep", |field| {
        let place = field.clone();
        match field.duration_ms()? {
            0 => Err(place.error("expected a duration above 0; drop series with metric_relabel_configs")),
            ms => Ok(ms),
        }
    })?;
    mapping.finish()?;
    Ok(KeepRule { selector, keep_ms })
}

#[cfg(test)]
mod tests {
    use engine_settings::Document;

    use super::*;

    fn decode(text: &str) -> Result<StorageConfig, String> {
        let document = Document::parse("weir.yml", text).map_err(|error| error.to_string())?;
        let decoder = |root: Field<'_>| {
            let mut config = StorageConfig::default();
            let mapping = root.mapping()?;
            mapping.get("storage", |field| config.decode(field))?;
            mapping.get("weir_storage", |field| config.decode_weir(field))?;
            mapping.finish()?;
            Ok(config)
        };
        document.decode(decoder).map_err(|error| error.to_string())
    }

    #[test]
    fn all_keys() {
        let text = "\
storage:
  tsdb:
    out_of_order_time_window: 30m
    retention: {time: 2d, size: 10GiB, percentage: 80}
    stale_series_compaction_threshold: 0.5
    chunk_encoding: {floats: xor2}
  exemplars: {max_exemplars: 5}
weir_storage:
  fsync: always
  series_limit: 1000
  head_memory: 2GiB
  page_cache: 8MiB
  compaction_share: 0.25
  retention:
    - {match: '{job=\"debug\"}', keep: 2h}
";
        let config = decode(text).expect("valid");
        assert_eq!(
            (config.tsdb.out_of_order_window_ms, config.exemplars_max),
            (1_800_000, Some(5))
        );
        let weir = &config.weir;
        assert_eq!((weir.fsync, weir.series_limit), (Some(Fsync::Always), 1000));
        assert_eq!((weir.head_memory, weir.compaction_share), (2 << 30, Some(0.25)));
        assert_eq!(weir.page_cache, Some(8 << 20));
        let policy = config.retention(RetentionFlags::default());
        assert_eq!(limits(&policy), (Some(172_800_000), Some(10 << 30), Some(80.0)));
        assert_eq!((policy.rules.len(), policy.rules[0].keep_ms), (1, 7_200_000));
        let other = decode("weir_storage: {fsync: never}").expect("valid");
        assert_eq!(config.needs_restart(&config), Vec::<&str>::new());
        assert_eq!(config.needs_restart(&other).len(), 7);
    }

    fn limits(policy: &RetentionPolicy) -> (Option<i64>, Option<u64>, Option<f64>) {
        (policy.time_ms, policy.bytes, policy.percentage)
    }

    #[test]
    fn defaults_flags_and_the_last_word() {
        let of = |text: &str, time_ms, bytes| {
            limits(
                &decode(text)
                    .expect("valid")
                    .retention(RetentionFlags { time_ms, bytes }),
            )
        };
        let hour = Some(3_600_000);
        assert_eq!(of("{}", None, None), (Some(RETENTION_MS), None, None));
        assert_eq!(of("{}", hour, None), (hour, None, None));
        assert_eq!(
            of("{}", None, Some(9)),
            (None, Some(9), None),
            "size alone keeps any time"
        );
        let three = Some(3 * 3_600_000);
        assert_eq!(
            of("storage: {tsdb: {retention: {time: 3h}}}", hour, None),
            (three, None, None)
        );
        let size = of("storage: {tsdb: {retention: {size: 1KB}}}", hour, None);
        assert_eq!((size.0, size.1.is_some()), (hour, true));
        let share = of("storage: {tsdb: {retention: {percentage: 5}}}", None, None);
        assert_eq!(share, (Some(RETENTION_MS), None, Some(5.0)));
    }

    #[test]
    fn faults_are_told_with_their_place() {
        for (text, expected) in [
            (
                "weir_storage: {fsync: sometimes}",
                "weir.yml:1:23: weir_storage.fsync",
            ),
            ("weir_storage: {compaction_share: 2}", "above 0 and at most 1"),
            (
                "weir_storage: {retention: [{match: 'a{', keep: 1h}]}",
                "not a selector",
            ),
            ("weir_storage: {retention: [{match: a, keep: 0s}]}", "above 0"),
            ("storage: {tsdb: {retention: {percentage: 101}}}", "from 0 to 100"),
            (
                "storage: {tsdb: {chunk_encoding: {floats: gorilla}}}",
                "chunk_encoding.floats",
            ),
            (
                "storage: {tsdb: {stale_series_compaction_threshold: 2}}",
                "from 0 to 1",
            ),
            ("storage: {tsd: {}}", "tsd"),
        ] {
            let error = decode(text).expect_err(text);
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
