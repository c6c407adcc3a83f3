//! SIGKILL at any moment: what was acknowledged is there after the restart, with its value, once, and nothing else.
//! `RESULTS.md` beside this file has long runs.
//! `WEIR_CRASH_ROUNDS` sets the number of rounds, `WEIR_CRASH_SEED` repeats the choices of a run.

mod corrupt_segment;
mod full_disk;
mod unreadable_log;
mod writer;

use std::collections::BTreeMap;
use std::env;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, anyhow, ensure};
use engine_model::Labels;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::exporter::Exporter;
use crate::http::{eventually, post, query};
use crate::push::{Samples, samples};
use crate::suite::Suite;
use crate::weir::Weir;
use writer::Writer;

const ROUNDS: usize = 8;
/// Writers at a time, each with series of its own.
const WRITERS: usize = 3;
/// Load before the kill, ms.
const LIFE_MS: (u64, u64) = (200, 1_800);

/// Adds the tests of this folder.
pub(crate) fn add(suite: &mut Suite) {
    suite.add(
        "kill_loses_nothing_acknowledged",
        &[],
        kill_loses_nothing_acknowledged,
    );
    full_disk::add(suite);
    corrupt_segment::add(suite);
    unreadable_log::add(suite);
}

async fn kill_loses_nothing_acknowledged() -> Result<()> {
    let seed = match number("WEIR_CRASH_SEED")? {
        Some(seed) => seed,
        None => SystemTime::now()
            .duration_since(UNIX_EPOCH)?
            .subsec_nanos()
            .into(),
    };
    let rounds = number("WEIR_CRASH_ROUNDS")?.map_or(ROUNDS, |rounds| rounds as usize);
    run(Chance(seed), rounds)
        .await
        .with_context(|| format!("WEIR_CRASH_SEED={seed} WEIR_CRASH_ROUNDS={rounds}"))
}

async fn run(mut chance: Chance, rounds: usize) -> Result<()> {
    let exporter = Exporter::serve("dam_level 3.5\n").await?;
    let config = format!(
        "global: {{scrape_interval: 1s}}\nscrape_configs:\n\
         - job_name: dam\n  scrape_interval: 200ms\n  static_configs: [{{targets: ['{}']}}]\n\
         - job_name: weir\n  static_configs: [{{targets: ['{{address}}']}}]\n",
        exporter.address
    );
    let mut weir = Weir::start(Some(&config), &[]).await?;
    let mut writers: Vec<Writer> = (0..WRITERS)
        .map(|number| Writer::new(number, chance.next()))
        .collect();
    let mut scraped = BTreeMap::new();
    let mut found = Found::default();
    for round in 0..rounds {
        round_of_load(&mut chance, &mut weir, &mut writers, &mut scraped)
            .await
            .with_context(|| format!("round {round}"))?;
        if chance.below(3) == 0 {
            weir.start_and_kill(Duration::from_millis(chance.below(600)))
                .await?;
        }
        weir.start_again().await?;
        found.pushed = 0;
        for writer in &mut writers {
            let series = samples(&weir.url, &writer.selector(), "2h").await?;
            found.pushed += series.values().map(Samples::len).sum::<usize>();
            let checked = writer.check(&series);
            // The log after the reason: it is long.
            checked.map_err(|error| anyhow!("round {round}: {error:#}\n{}", weir.log()))?;
        }
        let scraped_after = scraped_now(&weir).await?;
        scraped_is_kept(&scraped, &scraped_after).with_context(|| format!("round {round}"))?;
        found.scraped = scraped_after.values().map(Samples::len).sum();
        rows_are_unique(&weir)
            .await
            .with_context(|| format!("round {round}"))?;
    }
    let acknowledged: usize = writers.iter().map(|writer| writer.acknowledged()).sum();
    ensure!(
        acknowledged > rounds * WRITERS,
        "only {acknowledged} requests were acknowledged"
    );
    let (pushed, scraped) = (found.pushed, found.scraped);
    let samples = acknowledged * writer::REQUEST_SAMPLES;
    writeln!(
        io::stdout(),
        "{rounds} kills: {acknowledged} pushes of {samples} samples were acknowledged, 0 are missing, 0 were invented; \
         at the end there are {pushed} pushed and {scraped} scraped samples"
    )?;
    let status = weir.stop().await?;
    ensure!(status.code() == Some(0), "SIGTERM ended it with {status}");
    Ok(())
}

/// Samples that were there after the last restart.
#[derive(Default)]
struct Found {
    pushed: usize,
    scraped: usize,
}

/// Writers, scrapes, flushes and compactions run when the kill comes.
async fn round_of_load(
    chance: &mut Chance,
    weir: &mut Weir,
    writers: &mut Vec<Writer>,
    scraped: &mut BTreeMap<Labels, Samples>,
) -> Result<()> {
    let url: Arc<str> = weir.url.as_str().into();
    let running: Vec<JoinHandle<Result<Writer>>> = writers
        .drain(..)
        .map(|writer| tokio::spawn(writer.run(Arc::clone(&url))))
        .collect();
    let life_ms = LIFE_MS.0 + chance.below(LIFE_MS.1 - LIFE_MS.0);
    let upkeep = tokio::spawn(upkeep(Arc::clone(&url), Chance(chance.next())));
    sleep(Duration::from_millis(life_ms)).await;
    // What a query has shown was handed to the kernel before, so it must outlive the process as well.
    *scraped = scraped_now(weir).await?;
    sleep(Duration::from_millis(chance.below(100))).await;
    weir.kill().await?;
    upkeep.abort();
    for writer in running {
        writers.push(writer.await??);
    }
    Ok(())
}

/// Flushes and compacts at random moments until the server is gone.
async fn upkeep(url: Arc<str>, mut chance: Chance) {
    loop {
        sleep(Duration::from_millis(chance.below(900))).await;
        let work = ["flush", "flush", "compact"][chance.below(3) as usize];
        // A failure is the kill: what matters is what is found after it.
        drop(post(&format!("{url}/api/v1/admin/storage/{work}"), "", "").await);
    }
}

async fn scraped_now(weir: &Weir) -> Result<BTreeMap<Labels, Samples>> {
    samples(&weir.url, "{job=\"dam\"}", "2h").await
}

fn scraped_is_kept(before: &BTreeMap<Labels, Samples>, after: &BTreeMap<Labels, Samples>) -> Result<()> {
    for (labels, samples) in before {
        let kept = after.get(labels).with_context(|| format!("{labels} is lost"))?;
        for (time_ms, value) in samples {
            let found = kept.get(time_ms);
            ensure!(
                found == Some(value),
                "{labels} at {time_ms}: {value} before the kill, then {found:?}"
            );
        }
    }
    Ok(())
}

/// SQL reads rows without PromQL's merge by time: none comes twice.
async fn rows_are_unique(weir: &Weir) -> Result<()> {
    let statement = "SELECT count(*) AS n FROM (SELECT labels['writer'], labels['part'], timestamp FROM crash_total \
                     GROUP BY 1, 2, 3 HAVING count(*) > 1)";
    let body = serde_json::json!({"query": statement}).to_string();
    let url = format!("{}/api/v1/sql", weir.url);
    let answer = post(&url, "application/json", body).await?.json()?;
    ensure!(answer["rows"] == serde_json::json!([[0]]), "{answer}");
    // The counts of both languages agree.
    eventually(Duration::from_secs(10), || async {
        let statement = serde_json::json!({"query": "SELECT count(*) AS n FROM crash_total"}).to_string();
        let rows = post(&url, "application/json", statement).await?.json()?["rows"][0][0].as_u64();
        let counted = query(&weir.url, "sum(count_over_time(crash_total[2h]))", &[]).await?;
        let counted = counted["result"][0]["value"][1]
            .as_str()
            .and_then(|count| count.parse().ok());
        ensure!(
            rows.is_some() && rows == counted,
            "SQL has {rows:?} rows, PromQL counts {counted:?}"
        );
        Ok(())
    })
    .await
}

fn number(variable: &str) -> Result<Option<u64>> {
    let text = env::var(variable).ok();
    text.map(|text| text.parse().with_context(|| format!("{variable}={text}")))
        .transpose()
}

/// SplitMix64: the same choices for a seed everywhere.
pub(super) struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }
}
