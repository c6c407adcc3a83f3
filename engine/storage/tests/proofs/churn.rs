//! Series that come and go for a day: the index stays small beside the data, and the head keeps what lives.
//! `WEIR_CHURN_SERIES` and `WEIR_CHURN_HOURS` make it larger; the figures are printed.

use std::env;
use std::path::Path;

use engine_model::{Labels, SampleBatchBuilder, SeriesRef};
use engine_storage::{AppendOptions, Store, StoreConfig};

use crate::cases::{Chance, cases};

const SERIES: u64 = 400;
const HOURS: u64 = 6;
const SCRAPE_MS: i64 = 15_000;
const START_MS: i64 = 1_700_000_000_000;
/// Of a hundred series, how many are replaced each minute.
const CHURN_PERCENT: u64 = 1;

#[test]
fn the_index_stays_small_and_the_head_forgets() {
    cases(1, |chance| {
        let (series, hours) = (
            sized("WEIR_CHURN_SERIES", SERIES),
            sized("WEIR_CHURN_HOURS", HOURS),
        );
        let figures = run(chance, series, hours);
        println!("{series} series, {hours} h: {figures:?}");
        let ratio = figures.index_bytes as f64 / figures.data_bytes as f64;
        assert!(ratio < 0.3, "index / data = {ratio:.3}");
        // The head keeps up to an hour of those that ended, and what it needs to know the order of.
        let living = series + series * CHURN_PERCENT * 60 * 3 / 100;
        assert!(figures.head_series_max < living as usize * 2, "of {living}");
        assert!(figures.table_series_max < living as usize * 2, "of {living}");
    });
}

fn sized(variable: &str, usual: u64) -> u64 {
    let text = env::var(variable).ok();
    text.map_or(usual, |text| text.parse().expect("a whole number"))
}

#[derive(Debug, Default)]
struct Figures {
    series_ever: u64,
    samples: u64,
    segments: usize,
    index_bytes: u64,
    data_bytes: u64,
    head_series_max: usize,
    table_series_max: usize,
    resident_mib: u64,
}

struct Living {
    series: SeriesRef,
    value: f64,
}

fn run(mut chance: Chance, series: u64, hours: u64) -> Figures {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let store = Store::open(StoreConfig::new(folder.path())).unwrap();
    let mut figures = Figures::default();
    let mut born = 0;
    let mut living: Vec<Living> = (0..series).map(|_| bear(&store, &mut born)).collect();
    let scrapes = hours * 3_600_000 / SCRAPE_MS as u64;
    for scrape in 0..scrapes {
        let now_ms = START_MS + scrape as i64 * SCRAPE_MS;
        if scrape % 4 == 0 {
            for _ in 0..series * CHURN_PERCENT / 100 {
                let ended = chance.below(series) as usize;
                living[ended] = bear(&store, &mut born);
            }
        }
        let mut builder = SampleBatchBuilder::default();
        for (number, one) in living.iter_mut().enumerate() {
            one.value += match number % 3 {
                0 => 0.0,
                1 => chance.below(100) as f64,
                _ => (chance.below(200) as f64 - 100.0) / 100.0,
            };
            builder.push(one.series, now_ms, one.value);
        }
        let batch = builder.finish(store.series_table());
        let outcome = runtime
            .block_on(store.append(batch, AppendOptions::default()))
            .unwrap();
        assert_eq!(outcome.accepted as u64, series);
        figures.samples += series;
        if scrape % 40 == 39 {
            runtime.block_on(store.cut_due(now_ms)).unwrap();
            runtime.block_on(store.compact(now_ms)).unwrap();
            figures.head_series_max = figures.head_series_max.max(store.stats().head_series);
            figures.table_series_max = figures.table_series_max.max(store.series_table().len());
        }
    }
    figures.series_ever = born;
    figures.resident_mib = resident_mib();
    figures.segments = store.stats().segments;
    (figures.index_bytes, figures.data_bytes) = sizes(store.segments_dir());
    runtime.block_on(store.close()).unwrap();
    figures
}

fn bear(store: &Store, born: &mut u64) -> Living {
    let number = *born;
    *born += 1;
    // As a cluster names what it starts: most labels are shared by many, two are new each time.
    let hash = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let pod = format!("shop-{}-{:08x}-{:05x}", number % 12, hash >> 32, hash & 0xf_ffff);
    let labels = Labels::from_pairs([
        ("__name__", format!("container_metric_{}_total", number % 25)),
        ("container", format!("shop-{}", number % 12)),
        ("endpoint", "https-metrics".to_owned()),
        ("instance", format!("10.1.{}.{}:10250", number % 7, number % 31)),
        ("job", "kubelet".to_owned()),
        ("namespace", format!("team-{}", number % 5)),
        ("node", format!("node-{}.example.internal", number % 31)),
        ("pod", pod),
    ]);
    Living {
        series: store.series_table().intern(&labels),
        value: 0.0,
    }
}

/// Bytes of the tables of series, and of those of samples.
fn sizes(segments: &Path) -> (u64, u64) {
    let (mut index, mut data) = (0, 0);
    for segment in std::fs::read_dir(segments).unwrap() {
        for file in std::fs::read_dir(segment.unwrap().path()).unwrap() {
            let file = file.unwrap();
            let bytes = file.metadata().unwrap().len();
            match file.file_name().to_str() {
                Some("series.parquet") => index += bytes,
                Some("samples.parquet") => data += bytes,
                _ => {}
            }
        }
    }
    (index, data)
}

fn resident_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.map_or(0, |kib| kib / 1024)
}
