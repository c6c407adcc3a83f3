//! A real disk that runs full under the binary: writes are refused with the reason, scrapes fail and say so, queries
//! are answered; when there is space again, it goes on, and nothing that was acknowledged is lost.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use connectors_formats::remote_write::v1::Sample;
use engine_model::Labels;
use engine_model::time::now_ms;
use tempfile::TempDir;

use crate::exporter::Exporter;
use crate::http::{eventually, query};
use crate::push::{Samples, push, samples, send};
use crate::suite::{Need, Suite};
use crate::weir::Weir;

/// Size of the disk: room for the log of some minutes, small enough to fill at once.
const DISK_MIB: u64 = 24;
/// Series of a request.
const SERIES: usize = 500;

/// Adds the test of this file.
pub(super) fn add(suite: &mut Suite) {
    suite.add(
        "a_full_disk_refuses_and_recovers",
        &[Need::Other(no_tmpfs)],
        a_full_disk_refuses_and_recovers,
    );
}

/// Why a tmpfs cannot be mounted here, if it cannot.
fn no_tmpfs() -> Option<String> {
    let folder = TempDir::new().ok()?;
    match SmallDisk::mount(folder.path()) {
        Ok(disk) => drop(disk),
        Err(error) => {
            return Some(format!(
                "no small disk can be mounted, which needs root: {error:#}"
            ));
        }
    }
    None
}

/// A tmpfs, unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Result<Self> {
        let size = format!("size={DISK_MIB}m");
        let output = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(at)
            .output()?;
        ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(Self(at.to_owned()))
    }

    /// Writes until nothing more fits; removing the file makes room again.
    fn fill(&self) -> Result<PathBuf> {
        let path = self.0.join("filler");
        let mut file = File::options().create(true).append(true).open(&path)?;
        for piece in [vec![0; 1 << 16], vec![0; 1]] {
            while file.write_all(&piece).is_ok() {}
        }
        Ok(path)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Detached at once, gone with its last open file: a failed test leaves no mount behind.
        drop(Command::new("umount").arg("--lazy").arg(&self.0).status());
    }
}

async fn a_full_disk_refuses_and_recovers() -> Result<()> {
    let exporter = Exporter::serve("dam_level 3.5\n").await?;
    let config = format!(
        "scrape_configs:\n- job_name: dam\n  scrape_interval: 200ms\n  static_configs: [{{targets: ['{}']}}]\n",
        exporter.address
    );
    let mut weir = Weir::start(Some(&config), &[]).await?;
    weir.stop().await?;
    let disk = SmallDisk::mount(&weir.data())?;
    weir.start_again().await?;
    let mut sender = Sender::default();
    for _ in 0..10 {
        push(&weir.url, &sender.next()).await?;
        sender.acknowledge();
    }
    eventually(Duration::from_secs(20), || up_is(&weir.url, "1")).await?;

    let filler = disk.fill()?;
    let mut refused = 0;
    for _ in 0..20 {
        let answer = send(&weir.url, &sender.next()).await?;
        // What still fits into the last page of a file may be accepted.
        if answer.status == 204 {
            sender.acknowledge();
            continue;
        }
        refused += 1;
        ensure!(answer.status == 503, "{answer:?}");
        ensure!(
            answer.body.contains("space"),
            "the reason is not told: {answer:?}"
        );
    }
    ensure!(refused >= 10, "only {refused} of 20 pushes were refused");
    sender.check(&weir.url).await?;
    eventually(Duration::from_secs(20), || async { scrapes_failed(&weir) }).await?;

    fs::remove_file(&filler)?;
    eventually(Duration::from_secs(20), || up_is(&weir.url, "1")).await?;
    push(&weir.url, &sender.next()).await?;
    sender.acknowledge();
    sender.check(&weir.url).await?;
    weir.kill().await?;
    weir.start_again().await?;
    sender.check(&weir.url).await?;
    let status = weir.stop().await?;
    ensure!(status.code() == Some(0), "SIGTERM ended it with {status}");
    drop(disk);
    Ok(())
}

/// The newest sample of `up`, which must be fresh.
async fn up_is(url: &str, wanted: &str) -> Result<()> {
    let data = query(
        url,
        "up{job=\"dam\"} and time() - timestamp(up{job=\"dam\"}) < 3",
        &[],
    )
    .await?;
    let value = data["result"][0]["value"][1].as_str();
    ensure!(value == Some(wanted), "{data}");
    Ok(())
}

/// As in Prometheus a target is up when it could be scraped; that the samples went nowhere is in the log.
fn scrapes_failed(weir: &Weir) -> Result<()> {
    let log = weir.log();
    let told = log
        .lines()
        .any(|line| line.contains("scrape commit failed") && line.contains("space"));
    ensure!(told, "no scrape told why it failed:\n{log}");
    Ok(())
}

/// Sends samples of many series, one for each in a request.
#[derive(Default)]
struct Sender {
    sent: usize,
    last: Vec<(Labels, Vec<Sample>)>,
    acknowledged: BTreeMap<Labels, Samples>,
}

impl Sender {
    fn next(&mut self) -> Vec<(Labels, Vec<Sample>)> {
        self.sent += 1;
        let timestamp = now_ms() - 600_000 + self.sent as i64 * 1_000;
        let series = (0..SERIES).map(|number| {
            let labels = [
                ("__name__", "full_disk".to_owned()),
                ("padding", "p".repeat(100)),
                // New series each time, so that records are long.
                ("series", format!("{}-{number}", self.sent)),
            ];
            let value = self.sent as f64;
            (Labels::from_pairs(labels), vec![Sample { timestamp, value }])
        });
        self.last = series.collect();
        self.last.clone()
    }

    fn acknowledge(&mut self) {
        for (labels, samples) in self.last.drain(..) {
            let of_series = self.acknowledged.entry(labels).or_default();
            of_series.extend(samples.iter().map(|sample| (sample.timestamp, sample.value)));
        }
    }

    async fn check(&self, url: &str) -> Result<()> {
        let found = samples(url, "full_disk", "2h").await?;
        ensure!(
            found == self.acknowledged,
            "{} series were acknowledged, {} are there",
            self.acknowledged.len(),
            found.len()
        );
        Ok(())
    }
}
