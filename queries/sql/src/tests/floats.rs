//! Doubles as PostgreSQL orders them, whatever the order of rows, the number of partitions and the way of grouping.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use engine_model::Labels;
use engine_model::staleness::{NORMAL_NAN, STALE_NAN, is_stale};
use queries_tables::{MemorySnapshot, Snapshot};

use super::{MIDNIGHT_MS, ask_with};
use crate::SqlConfig;

/// What values are drawn from: zeros of both signs, NaN of both signs with and without a payload, infinities, numbers.
const VALUES: [f64; 12] = [
    0.0,
    -0.0,
    NORMAL_NAN,
    f64::NAN,
    f64::from_bits(0xfff8_0000_0000_0000),
    f64::from_bits(0xfff8_0000_0000_0123),
    f64::INFINITY,
    f64::NEG_INFINITY,
    1.0,
    -1.5,
    1e300,
    STALE_NAN,
];

/// Values by mode, as they are written.
type Modes = BTreeMap<u64, Vec<f64>>;

fn data(seed: u64) -> (Arc<dyn Snapshot>, Modes) {
    let mut state = seed;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state >> 33
    };
    let (mut snapshot, mut modes) = (MemorySnapshot::default(), Modes::new());
    for i in 0..30_u64 {
        let mode = random() % 8;
        // Some modes have few kinds of values, so that groups of nothing but NaN or −∞ come up.
        let (from, kinds) = (random() % 12, 1 + random() % 3);
        let length = random() % 40;
        let samples: Vec<(i64, f64)> = (0..length as i64)
            .map(|n| {
                let at = match mode % 2 {
                    0 => from + random() % kinds,
                    _ => random(),
                };
                (MIDNIGHT_MS + n * 15_000, VALUES[(at % 12) as usize])
            })
            .collect();
        let labels = [
            ("__name__", "m".to_owned()),
            ("i", i.to_string()),
            ("mode", mode.to_string()),
        ];
        snapshot.add(&Labels::from_pairs(labels), &samples);
        let fresh = samples.iter().map(|(_, value)| *value).filter(|&v| !is_stale(v));
        modes.entry(mode).or_default().extend(fresh);
    }
    modes.retain(|_, values| !values.is_empty());
    (Arc::new(snapshot), modes)
}

/// As answers print a double of which all equal ones are one.
fn text(value: f64) -> String {
    match value {
        value if value.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "+Inf".to_owned(),
        f64::NEG_INFINITY => "-Inf".to_owned(),
        1e300 => "1e+300".to_owned(),
        value => (value + 0.0).to_string(),
    }
}

fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

fn smaller(a: f64, b: f64) -> f64 {
    if b.is_nan() || a < b { a } else { b }
}

/// `mode,min,max` of each mode.
fn extremes(modes: &Modes) -> Vec<String> {
    let each = modes.iter().map(|(mode, values)| {
        let least = values.iter().copied().reduce(smaller).unwrap();
        let most = values.iter().copied().reduce(larger).unwrap();
        format!("{mode},{},{}", text(least), text(most))
    });
    sorted(each.collect())
}

/// `value,count` of each value of all modes.
fn counts(values: impl Iterator<Item = f64>) -> Vec<String> {
    let mut counts = BTreeMap::<String, usize>::new();
    values.for_each(|value| *counts.entry(text(value)).or_default() += 1);
    sorted(
        counts
            .into_iter()
            .map(|(value, count)| format!("{value},{count}"))
            .collect(),
    )
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort_unstable();
    lines
}

/// The rows without the names of columns.
async fn rows(snapshot: &Arc<dyn Snapshot>, partitions: usize, sql: &str) -> Vec<String> {
    let config = SqlConfig {
        partitions,
        ..SqlConfig::default()
    };
    let answer = ask_with(config, Arc::clone(snapshot), sql).await;
    let answer = answer.unwrap_or_else(|error| panic!("{sql}: {error}"));
    answer.lines().skip(1).map(str::to_owned).collect()
}

/// Rows of `m` that the scan cannot group, and the same as neighbours.
const SHUFFLED: &str = "(SELECT * FROM m ORDER BY timestamp, i LIMIT 1000000)";
const NEIGHBOURS: &str = "(SELECT * FROM m ORDER BY mode, value LIMIT 1000000)";

#[tokio::test]
async fn groups_and_extremes_are_those_of_the_values() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    for seed in [1, 2, 3, now.as_nanos() as u64] {
        println!("seed {seed}");
        let (snapshot, modes) = data(seed);
        let all = || modes.values().flatten().copied();
        let by_mode = extremes(&modes);
        let of_zero = |value: f64| value == 0.0;
        for partitions in [1, 2, 7] {
            let ask = async |sql: &str| sorted(rows(&snapshot, partitions, sql).await);
            for table in ["m", SHUFFLED, NEIGHBOURS] {
                // A sum with 0 is what a sum of values prints: zeros are compared below.
                let extremes = format!(
                    "SELECT mode, min(value) + 0 AS a, max(value) + 0 AS b FROM {table} t GROUP BY mode"
                );
                assert_eq!(ask(&extremes).await, by_mode, "{partitions}: {extremes}");
                for key in ["value", "value * 1.0", "-(-value)"] {
                    let grouped = format!("SELECT {key} AS v, count(*) FROM {table} t GROUP BY 1");
                    assert_eq!(ask(&grouped).await, counts(all()), "{partitions}: {grouped}");
                }
                let two = format!(
                    "SELECT v, sum(n)::bigint FROM (SELECT value AS v, mode, count(*) AS n FROM {table} t GROUP BY 1, 2) GROUP BY v"
                );
                assert_eq!(ask(&two).await, counts(all()), "{partitions}: {two}");
                let distinct = format!("SELECT count(*) FROM (SELECT DISTINCT value FROM {table} t)");
                let kinds = counts(all()).len().to_string();
                assert_eq!(ask(&distinct).await, [kinds.as_str()], "{partitions}: {distinct}");
                let counted = format!("SELECT count(DISTINCT value) FROM {table} t");
                assert_eq!(ask(&counted).await, [kinds.as_str()], "{partitions}: {counted}");
                for (condition, holds) in [
                    ("value = 0", &of_zero as &dyn Fn(f64) -> bool),
                    ("value IN (0, 1)", &|value| value == 0.0 || value == 1.0),
                    ("value >= 0", &|value| value.is_nan() || value >= 0.0),
                    ("0 > value", &|value| value < 0.0),
                    ("value BETWEEN 0 AND 1", &|value| (0.0..=1.0).contains(&value)),
                    ("value * 1.0 > 1e300", &|value| value.is_nan() || value > 1e300),
                    ("value = value * 1.0", &|_| true),
                ] {
                    let sql = format!("SELECT count(*) FROM {table} t WHERE {condition}");
                    let expected = all().filter(|&value| holds(value)).count().to_string();
                    assert_eq!(ask(&sql).await, [expected], "{partitions}: {sql}");
                }
            }
            let windows = "SELECT DISTINCT mode, min(value) OVER w + 0 AS a, max(value) OVER w + 0 AS b FROM m \
                           WINDOW w AS (PARTITION BY mode)";
            assert_eq!(ask(windows).await, by_mode, "{partitions}: {windows}");
            let pairs: usize = counts(all())
                .iter()
                .map(|line| line.rsplit_once(',').unwrap().1.parse::<usize>().unwrap())
                .map(|count| count * count)
                .sum();
            let joined = "SELECT count(*) FROM m a JOIN m b ON a.value = b.value * 1.0";
            assert_eq!(ask(joined).await, [pairs.to_string()], "{partitions}: {joined}");
        }
    }
}

#[tokio::test]
async fn the_largest_is_nan_and_order_ends_with_it() {
    let mut snapshot = MemorySnapshot::default();
    for (i, value) in VALUES.into_iter().enumerate() {
        let labels = Labels::from_pairs([("__name__", "m".to_owned()), ("i", i.to_string())]);
        snapshot.add(&labels, &[(MIDNIGHT_MS, value)]);
    }
    let snapshot: Arc<dyn Snapshot> = Arc::new(snapshot);
    let ascending = [
        "-Inf", "-1.5", "0", "0", "1", "1e+300", "+Inf", "NaN", "NaN", "NaN", "NaN",
    ];
    for partitions in [1, 2, 7] {
        for sql in [
            "SELECT value + 0 AS v FROM m ORDER BY value",
            "SELECT value + 0 AS v FROM m ORDER BY v",
            "SELECT -(-value) + 0 AS v FROM m ORDER BY -value DESC, v",
            "SELECT v FROM (SELECT value + 0 AS v, row_number() OVER (ORDER BY -(-value)) AS n FROM m) ORDER BY n",
        ] {
            let found = rows(&snapshot, partitions, sql).await;
            let mut expected = ascending.to_vec();
            if sql.contains("DESC") {
                // Of −value NaN is the largest, too, so that it comes first.
                expected.rotate_right(4);
            }
            assert_eq!(found, expected, "{partitions}: {sql}");
        }
        let top = "SELECT i, max(value * 1.0) AS v FROM m GROUP BY i ORDER BY v DESC LIMIT 5";
        let found = rows(&snapshot, partitions, top).await;
        let values: Vec<&str> = found.iter().map(|row| row.split_once(',').unwrap().1).collect();
        assert_eq!(values, ["NaN", "NaN", "NaN", "NaN", "+Inf"], "{partitions}");
        let raw = "SELECT count(*) FILTER (WHERE value IS NULL) AS a, min(value) AS b, max(value) AS c FROM samples_raw";
        assert_eq!(rows(&snapshot, partitions, raw).await, ["1,-Inf,NaN"]);
        // One NaN and one 0 of each sign: the sign of 0 decides, where there is nothing else.
        let zeros = "SELECT min(value) AS a, max(value) AS b FROM m WHERE value = 0 GROUP BY labels['none']";
        assert_eq!(rows(&snapshot, partitions, zeros).await, ["-0,0"]);
    }
}
