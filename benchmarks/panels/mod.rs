//! A dashboard's panels beside the peers: the dashboard's file as it is, the series of a real exporter's page, every
//! expression of every panel over a day and over a month.

mod answers;
mod ask;
mod dashboard;
mod exporter;
mod mentions;
mod motion;
mod page;
mod questions;
mod replace;
mod results;
mod variables;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use self::dashboard::Dashboard;
use self::mentions::Mentions;
use self::page::PageSeries;
use self::variables::Variables;
use crate::report::{self, say};
use crate::servers::options::Compared;
use crate::servers::{Server, peers};

const HOUR_MS: i64 = 3_600_000;
/// From a sample to the next, seconds: a month of one host stays within some millions of samples.
const SCRAPE_S: i64 = 120;
/// The labels that a scrape would have added.
const TARGET: [(&str, &str); 2] = [("instance", "host-1.example.org:9100"), ("job", "node")];
/// What to run.
#[derive(Debug, Args)]
pub struct Options {
    /// The dashboard's JSON, as Grafana saves it; otherwise what the variable DASHBOARD of the environment names.
    #[arg(long)]
    dashboard: Option<PathBuf>,
    /// A file with an exporter's page; otherwise a node exporter is started here and asked for its own.
    #[arg(long)]
    page: Option<PathBuf>,
    /// The node exporter's program; otherwise the one among the peers.
    #[arg(long, conflicts_with = "page")]
    node_exporter: Option<PathBuf>,
    /// The value of a variable, NAME=VALUE, instead of what the dashboard says.
    #[arg(long, value_parser = name_and_value)]
    variable: Vec<(String, String)>,
    #[command(flatten)]
    compared: Compared,
    /// Days of data.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(i64).range(2..=365))]
    days: i64,
    /// How often each expression is asked, after a time that is not counted.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let (name, value) = pair.ok_or_else(|| format!("{text:?} is not NAME=VALUE"))?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Loads the servers one after the other, asks and writes the results down. Without a dashboard it says that nothing
/// is checked.
///
/// # Errors
/// When a file cannot be read or written, a variable has no value, or a server misbehaves.
pub fn check(options: &Options) -> Result<()> {
    let named = env::var_os("DASHBOARD")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    let Some(file) = options.dashboard.clone().or(named) else {
        say("SKIPPED panels: no dashboard; name its file with --dashboard FILE or DASHBOARD=FILE");
        return Ok(());
    };
    let text = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut dashboard = dashboard::read(&text).with_context(|| file.display().to_string())?;
    dashboard
        .targets
        .retain(|target| options.compared.asking.wants(&target.name));
    let folder = options.compared.asking.folder("panels")?;
    fs::create_dir_all(&folder.path)?;
    let (series, total) = series(options, &dashboard, &folder.path)?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("a clock before 1970")?;
    // A full hour that is over, so that every server sees the same slices.
    let end_ms = now.as_millis() as i64 / HOUR_MS * HOUR_MS;
    let mut variables = Variables::new(&dashboard.variables, &options.variable);
    let mut parts = None;
    let (versions, outcomes) = options.compared.each(&folder.path, |kind, program, folder| {
        let server = Server::start(kind, program, folder, "scrape_configs: []\n")?;
        let start_ms = end_ms - options.days * 24 * HOUR_MS;
        ask::load(&server, &series, start_ms, end_ms)?;
        if parts.is_none() {
            let mut lookup = |selector: Option<&str>, label: &str| {
                ask::label_values(&server, selector, label, start_ms, end_ms)
            };
            let targets = &dashboard.targets;
            parts = Some(questions::parts(
                targets,
                options.days,
                end_ms / 1000,
                SCRAPE_S,
                &mut variables,
                &mut lookup,
            )?);
            options.compared.asking.hold(&server)?;
        }
        let parts = parts.as_deref().unwrap_or_default();
        ask::all(&server, parts, end_ms, options.rounds as usize)
    })?;
    let parts = parts.context("no server to ask")?;
    let body = format!(
        "{versions}\n{}: {} of the page's {total} series are asked for, {} days at {SCRAPE_S} s; each expression {} \
         times.\n\n{}",
        dashboard.title,
        series.len(),
        options.days,
        options.rounds,
        results::markdown(&parts, &outcomes)
    );
    say(&body);
    let name = file
        .file_stem()
        .map_or_else(|| "dashboard".into(), |stem| stem.to_string_lossy());
    report::save("panels", &name, &body)
}

/// The series that the dashboard asks for, and how many the page has.
fn series(options: &Options, dashboard: &Dashboard, folder: &Path) -> Result<(Vec<PageSeries>, usize)> {
    let page = match &options.page {
        Some(file) => fs::read(file).with_context(|| format!("cannot read {}", file.display()))?,
        None => {
            let usual = || peers().join("bin/prometheus-node-exporter");
            let program = options.node_exporter.clone().unwrap_or_else(usual);
            if !program.is_file() {
                bail!(
                    "no {}: run `.ci/peers`, or give a page with --page FILE",
                    program.display()
                );
            }
            let page = exporter::page(&program, folder)?;
            fs::write(folder.join("page.txt"), &page)?;
            page
        }
    };
    let mut mentions = Mentions::default();
    dashboard
        .targets
        .iter()
        .for_each(|target| mentions.add(&target.expression));
    dashboard
        .variables
        .iter()
        .for_each(|variable| mentions.add(&variable.query));
    let (series, total) = page::read(&page, &mentions, &TARGET)?;
    if series.is_empty() {
        bail!("the dashboard asks for none of the page's {total} series");
    }
    Ok((series, total))
}
