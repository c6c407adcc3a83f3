//! The same samples in a real Prometheus and in Weir, the same questions to both, the same answers.
//! Reading order: `catalog`, `data` and `native` make the samples, `generate`, `fixed`, `compliance` and `metadata` the
//! questions, `server` asks them, `compare`, `differences` and `two_minds` judge, `shrink` and `report` say what is wrong.
//!
//! `WEIR_DIFFERENTIAL_SEED`, `_QUERIES`, `_NATIVE` (0: nothing of native histograms) and `_END` (ms since the epoch)
//! repeat a run or lengthen it; `_ASK` asks one query, written as a report shows it, and shows the answer.

mod answer;
mod catalog;
mod compare;
mod compliance;
mod data;
mod differences;
mod fixed;
mod generate;
mod metadata;
mod native;
mod question;
mod random;
mod report;
mod server;
mod settings;
mod shrink;
mod two_minds;

use std::env;
use std::io::{self, Write as _};

use anyhow::{Context as _, Result, ensure};
use futures::{StreamExt as _, TryStreamExt as _};

use self::answer::Answer;
use self::generate::Generator;
use self::question::{Question, Times};
use self::random::Random;
use self::report::Report;
use self::server::Server;
use self::settings::Settings;
use crate::peers::{Program, prometheus};
use crate::suite::{Need, Suite};
use crate::weir::Weir;

/// Nothing is scraped and no rule runs: only what the test writes is there.
const CONFIG: &str = "global: {evaluation_interval: 1m}\nstorage: {tsdb: {out_of_order_time_window: 1h}}\n";
/// Parts of the language that 3.5 has behind flags, under the same names on both sides.
const FEATURES: &str =
    "--enable-feature=promql-experimental-functions,promql-duration-expr,native-histograms";
/// Questions under way at one server.
const CONCURRENCY: usize = 4;

/// Adds the tests of this folder.
pub(crate) fn add(suite: &mut Suite) {
    suite.add(
        "weir_answers_as_prometheus_does",
        &[Need::Peer(Program::Prometheus)],
        weir_answers_as_prometheus_does,
    );
}

async fn weir_answers_as_prometheus_does() -> Result<()> {
    let settings = Settings::from_environment()?;
    say(&format!("weir_answers_as_prometheus_does: {settings}"))?;
    let times = Times {
        end_ms: settings.end_ms,
    };
    let series = data::generate(settings.seed, settings.end_ms);
    let (first_ms, middle_ms, last_ms) = (i64::MIN, settings.end_ms - 3_600_000, settings.end_ms + 60_000);
    let first_ms = first_ms.max(times.start_ms() - 60_000);

    let peer = prometheus(CONFIG, &[FEATURES]).await?;
    let reference = Server::new("Prometheus", &peer.url)?;
    reference.write(&series, first_ms, last_ms).await?;
    reference.write_late(&series, last_ms).await?;

    let questions = questions(&settings, times)?;
    let expected = ask_all(&reference, &questions)
        .await
        .with_context(|| peer.log())?;
    if let ([question], [answer]) = (&*questions, &*expected) {
        say(&format!("{question}\n  Prometheus: {answer}"))?;
    }
    let mut report = Report::new(&settings, &questions, &expected);

    let mut whole = Weir::start(Some(CONFIG), &[FEATURES]).await?;
    let head = Server::new("Weir, all in the head", &whole.url)?;
    head.write(&series, first_ms, last_ms).await?;
    head.write_late(&series, last_ms).await?;
    report
        .judge(&reference, &head)
        .await
        .with_context(|| whole.log())?;
    whole.kill().await?;
    whole.start_again().await?;
    let replayed = Server::new("Weir, read back from its log after SIGKILL", &whole.url)?;
    report
        .judge(&reference, &replayed)
        .await
        .with_context(|| whole.log())?;

    let halves = Weir::start(Some(CONFIG), &[FEATURES]).await?;
    let mixed = Server::new("Weir, half in segments and half in the head", &halves.url)?;
    mixed.write(&series, first_ms, middle_ms).await?;
    mixed.command("/api/v1/admin/storage/flush").await?;
    mixed.write(&series, middle_ms, last_ms).await?;
    mixed.write_late(&series, last_ms).await?;
    report
        .judge(&reference, &mixed)
        .await
        .with_context(|| halves.log())?;

    let compacted = Server::new("Weir, all in compacted segments", &halves.url)?;
    compacted.command("/api/v1/admin/storage/flush").await?;
    let state = compacted.command("/api/v1/admin/storage/compact").await?;
    let samples: usize = series
        .iter()
        .map(|one| one.samples.len() + one.histograms.len())
        .sum();
    ensure!(
        state["data"]["samples"] == samples,
        "{samples} samples were written, segments hold {state}"
    );
    report
        .judge(&reference, &compacted)
        .await
        .with_context(|| halves.log())?;

    say(&report.summary())?;
    report.verdict()
}

/// Metadata, expressions picked by hand, the compliance suite's, and generated ones.
fn questions(settings: &Settings, times: Times) -> Result<Vec<Question>> {
    if let Ok(text) = env::var("WEIR_DIFFERENTIAL_ASK") {
        return Ok(vec![
            Question::parse(&text).with_context(|| format!("{text:?} is no query"))?,
        ]);
    }
    let mut generator = Generator::new(settings.seed, times, settings.native);
    let mut questions = metadata::questions(times);
    for expression in fixed::EXPRESSIONS {
        questions.push(generator.instant(expression));
        questions.push(generator.range(expression));
    }
    let mut suite = compliance::expressions()?;
    let mut random = Random::new(settings.seed);
    // A share of the suite in a short run, all of it in a long one.
    while suite.len() > settings.queries / 4 {
        suite.swap_remove(random.below(suite.len()));
    }
    questions.extend(suite.iter().map(|expression| generator.range(expression)));
    questions.extend((0..settings.queries).map(|_| generator.question()));
    Ok(questions)
}

async fn ask_all(server: &Server, questions: &[Question]) -> Result<Vec<Answer>> {
    let answers = futures::stream::iter(questions).map(|question| server.ask(question));
    answers.buffered(CONCURRENCY).try_collect().await
}

/// A line that is shown also when the test passes.
fn say(line: &str) -> Result<()> {
    Ok(writeln!(io::stdout().lock(), "{line}")?)
}
