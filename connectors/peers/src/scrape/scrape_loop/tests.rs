//! Loops under a paused clock: when they scrape, what they stamp, how they end.

use std::time::Duration;

use async_trait::async_trait;
use engine_dataflow::harness::{CollectSink, run_source};
use engine_dataflow::{Graph, NodeError, Source, SourceContext};
use engine_model::staleness::is_stale;
use engine_settings::Document;
use tokio::time::timeout;

use super::*;
use crate::scrape::assemble::Shared;
use crate::scrape::config::GlobalScrape;
use crate::scrape::target::targets_of;

/// What the target does at one scrape.
#[derive(Clone, Copy)]
enum Answer {
    Body(&'static str),
    /// Takes this long first.
    Late(u64, &'static str),
    Down,
    Json,
}

struct FakeFetch {
    /// One a scrape; the last is repeated.
    answers: Vec<Answer>,
    next: usize,
}

#[async_trait]
impl Fetch for FakeFetch {
    async fn fetch(&mut self, body: &mut Vec<u8>) -> Result<Option<String>, FetchError> {
        let answer = self.answers[self.next.min(self.answers.len() - 1)];
        self.next += 1;
        let (text, content_type) = match answer {
            Answer::Body(text) => (text, "text/plain"),
            Answer::Json => ("{}", "application/json"),
            Answer::Down => return Err(FetchError::Failed("connection refused".to_owned())),
            Answer::Late(late_ms, text) => {
                sleep(Duration::from_millis(late_ms)).await;
                (text, "text/plain")
            }
        };
        body.extend_from_slice(text.as_bytes());
        Ok(Some(content_type.to_owned()))
    }
}

/// Wall time at the start of each test; off the grid of every interval used here.
const START_MS: i64 = 1_700_000_000_123;

/// One loop as a source; gives an order at a time of the test.
struct LoopSource {
    answers: Vec<Answer>,
    order: Option<(u64, Order)>,
    forced_error: Option<String>,
    metrics: Arc<ScrapeMetrics>,
    seen: Arc<Mutex<Option<Arc<ActiveTarget>>>>,
}

#[async_trait]
impl Source for LoopSource {
    async fn run(&mut self, context: SourceContext, output: Output) -> Result<(), NodeError> {
        let text = "[{job_name: j, scrape_interval: 10s, static_configs: [{targets: ['h:1']}]}]";
        let document = Document::parse("f", text)?;
        let config = document.decode(|root| ScrapeConfig::decode_list(root, &GlobalScrape::default()))?;
        let config = Arc::new(config.into_iter().next().ok_or("one job")?);
        let target = Arc::clone(&targets_of(&config, &[]).active[0]);
        let active = Arc::new(ActiveTarget::new(Arc::clone(&target)));
        *self.seen.lock() = Some(Arc::clone(&active));
        let (orders, order) = watch::channel(Order::Run);
        let started = Instant::now();
        let scrape_loop = ScrapeLoop {
            active,
            // Phase 5 s: due at 1_700_000_005_000 first, 4,877 ms after the start.
            schedule: Schedule::new(10_000, 5_000_000_000, 0),
            fetch: Box::new(FakeFetch {
                answers: self.answers.clone(),
                next: 0,
            }),
            assembler: Assembler::new(
                target,
                Arc::clone(&config),
                &Shared::default(),
                Arc::default(),
                Vec::new(),
            ),
            config,
            output,
            origin: "scrape/j".into(),
            clock: WallClock::from_fn(move || START_MS + started.elapsed().as_millis() as i64),
            metrics: Arc::clone(&self.metrics),
            failure_log: Arc::default(),
            forced_error: Arc::new(Mutex::new(self.forced_error.clone())),
            orders: order,
            shutdown: context.shutdown.clone(),
        };
        let task = tokio::spawn(scrape_loop.run());
        if let Some((after_ms, order)) = self.order {
            drop(timeout(Duration::from_millis(after_ms), context.shutdown.cancelled()).await);
            orders.send_replace(order);
        }
        task.await?;
        Ok(())
    }
}

/// Runs a loop for some seconds. Each batch as `seconds since the first due time: name value …`, with
/// `up` first, then the samples, `!` for a stale marker.
async fn run(
    seconds: u64,
    answers: &[Answer],
    order: Option<(u64, Order)>,
) -> (Vec<String>, Option<LastScrape>) {
    run_with(seconds, answers, order, None).await
}

async fn run_with(
    seconds: u64,
    answers: &[Answer],
    order: Option<(u64, Order)>,
    forced_error: Option<String>,
) -> (Vec<String>, Option<LastScrape>) {
    let seen = Arc::new(Mutex::new(None));
    let source = LoopSource {
        answers: answers.to_vec(),
        order,
        forced_error,
        metrics: Arc::default(),
        seen: Arc::clone(&seen),
    };
    let run = run_source(Box::new(source), Duration::from_secs(seconds)).await;
    run.result.expect("the loop ends well");
    let mut out = Vec::new();
    for (_, batch, options) in &run.batches {
        assert_eq!((&*options.origin, options.durable), ("scrape/j", false));
        let at_ms = batch.timestamps()[0];
        assert!(
            batch.timestamps().iter().all(|t| *t == at_ms),
            "one time for the whole batch"
        );
        let mut line = format!("{}:", at_ms - 1_700_000_005_000);
        for (series, _, value) in batch.iter() {
            let labels = batch.series_table().labels(series).expect("named");
            let name = labels.metric_name();
            if !name.starts_with("scrape_") {
                let value = if is_stale(value) {
                    "!".to_owned()
                } else {
                    value.to_string()
                };
                line.push_str(&format!(" {name}={value}"));
            }
        }
        out.push(line);
    }
    let active = seen.lock().clone();
    (out, active.map(|active| active.last()))
}

#[tokio::test(start_paused = true)]
async fn scrapes_on_the_grid_with_exact_stamps() {
    let (batches, last) = run(30, &[Answer::Body("a 1\n")], None).await;
    assert_eq!(batches, ["0: a=1 up=1", "10000: a=1 up=1", "20000: a=1 up=1"]);
    let last = last.expect("scraped");
    assert_eq!((last.health, last.error.as_str()), (Health::Up, ""));
    assert_eq!(last.started_ms, Some(1_700_000_025_000));
}

#[tokio::test(start_paused = true)]
async fn failures_are_reported_and_end_the_series() {
    let answers = [
        Answer::Body("a 1\n"),
        Answer::Down,
        Answer::Json,
        Answer::Body("a 2\n"),
        Answer::Body("a\n"),
    ];
    let (batches, last) = run(50, &answers, None).await;
    assert_eq!(
        batches,
        [
            "0: a=1 up=1",
            "10000: a=! up=0",
            "20000: up=0",
            "30000: a=2 up=1",
            "40000: a=! up=0",
        ]
    );
    let last = last.expect("scraped");
    assert_eq!(last.health, Health::Down);
    assert_eq!(last.error, "line 1: expected a value after the metric, got \"\"");
}

#[tokio::test(start_paused = true)]
async fn a_late_scrape_is_stamped_when_it_starts_and_ticks_are_skipped() {
    let answers = [
        Answer::Late(12_001, "a 1\n"),
        Answer::Late(25_000, "a 2\n"),
        Answer::Body("a 3\n"),
    ];
    let (batches, _) = run(60, &answers, None).await;
    assert_eq!(
        batches,
        [
            "0: a=1 up=1",
            // Each due scrape starts 1 ms early. Due at 10 s, started at 12 s when the first was done; ended at 37 s.
            "12000: a=2 up=1",
            // 20 s and 30 s have passed: only the latest is made up for.
            "37000: a=3 up=1",
            "40000: a=3 up=1",
            "50000: a=3 up=1",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_removed_target_ends_at_its_next_due_time() {
    // Ordered 6 s after the scrape at 10 s; the markers come 21 s after the one at 20 s was due.
    let order = Some((4_877 + 16_000, Order::Remove));
    let (batches, _) = run(36, &[Answer::Body("a 1\n")], order).await;
    assert_eq!(batches, ["0: a=1 up=1", "10000: a=1 up=1", "20000: a=! up=!"]);
    let (batches, _) = run(35, &[Answer::Body("a 1\n")], order).await;
    assert_eq!(batches.len(), 2, "no markers when the process stops before");
    let (batches, _) = run(60, &[Answer::Body("a 1\n")], Some((1000, Order::Remove))).await;
    assert!(batches.is_empty(), "never scraped, nothing to end: {batches:?}");
}

#[tokio::test(start_paused = true)]
async fn neither_shutdown_nor_replacement_ends_the_series() {
    let (batches, _) = run(8, &[Answer::Body("a 1\n")], None).await;
    assert_eq!(batches, ["0: a=1 up=1"]);
    let (batches, _) = run(60, &[Answer::Body("a 1\n")], Some((8_000, Order::HandOver))).await;
    assert_eq!(batches, ["0: a=1 up=1"]);
    let (batches, _) = run(8, &[Answer::Late(60_000, "a 1\n")], None).await;
    assert!(
        batches.is_empty(),
        "a scrape that the shutdown interrupts is no failure"
    );
}

#[tokio::test(start_paused = true)]
async fn a_fault_of_the_job_fails_every_scrape() {
    let fault = Some("target_limit exceeded".to_owned());
    let (batches, last) = run_with(8, &[Answer::Body("a 1\n")], None, fault).await;
    assert_eq!(batches, ["0: up=0"]);
    assert_eq!(last.expect("tried").error, "target_limit exceeded");
}

#[tokio::test(start_paused = true)]
async fn a_slow_store_skips_scrapes_and_piles_nothing_up() {
    let metrics: Arc<ScrapeMetrics> = Arc::default();
    let source = LoopSource {
        answers: vec![Answer::Body("a 1\n")],
        order: None,
        forced_error: None,
        metrics: Arc::clone(&metrics),
        seen: Arc::default(),
    };
    let (sink, collected) = CollectSink::new(Duration::from_secs(25));
    let graph = Graph::builder()
        .source("scrape/j", Box::new(source))
        .sink("append", Box::new(sink))
        .edge("scrape/j", "append", 64, "a test")
        .build()
        .expect("a plan")
        .start(&tokio::runtime::Handle::current());
    sleep(Duration::from_secs(120)).await;
    let times: Vec<i64> = collected
        .lock()
        .iter()
        .map(|group| {
            assert_eq!(group.len(), 1, "one batch of the target is under way at a time");
            (group[0].timestamps()[0] - 1_700_000_005_000 + 500) / 1000
        })
        .collect();
    // Due every 10 s, stored after 25 s each: the latest tick is made up for, the others are skipped.
    assert_eq!(times, [0, 25, 50, 75]);
    assert_eq!(metrics.ticks_skipped.get(), 5);
    drop(graph);
}
