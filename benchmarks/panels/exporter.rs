//! The page of a real node exporter on this machine, with the collectors that dashboards ask for and that are off
//! unless they are named.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::load::Connection;
use crate::servers::Process;

/// Those that work on the machine give something; the others do no harm.
const COLLECTORS: [&str; 12] = [
    "buddyinfo",
    "cpu.guest",
    "cpu.info",
    "interrupts",
    "ksmd",
    "meminfo_numa",
    "mountstats",
    "processes",
    "softirqs",
    "systemd",
    "tcpstat",
    "zoneinfo",
];
/// How long it may take to start.
const START_MAX: Duration = Duration::from_secs(20);
/// How often a starting exporter is asked.
const POLL: Duration = Duration::from_millis(20);

/// Starts the exporter, reads its page once and ends it. `folder` takes its log.
///
/// # Errors
/// When it does not start or does not answer; the log's place is in the text.
pub(super) fn page(program: &Path, folder: &Path) -> Result<Vec<u8>> {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let log = folder.join("node-exporter.log");
    let written = File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
    let child = Command::new(program)
        .args(COLLECTORS.map(|name| format!("--collector.{name}")))
        .arg(format!("--web.listen-address={address}"))
        .stdin(Stdio::null())
        .stdout(written.try_clone()?)
        .stderr(written)
        .spawn();
    let child = child.with_context(|| format!("cannot start {}", program.display()))?;
    let mut process = Process::new(child);
    let started = Instant::now();
    loop {
        let answer = Connection::open(address).and_then(|mut connection| connection.get("/metrics"));
        match answer {
            Ok(answer) if answer.status == 200 => return Ok(answer.body),
            _ if process.ended()?.is_some() || started.elapsed() > START_MAX => {
                bail!("{} gave no page; see {}", program.display(), log.display());
            }
            _ => thread::sleep(POLL),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::say;
    use crate::servers::peers;

    #[test]
    fn a_real_exporter_takes_the_flags_and_gives_its_page() {
        let program = peers().join("bin/prometheus-node-exporter");
        if !program.is_file() {
            say(&format!("SKIPPED: no {}", program.display()));
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let page = String::from_utf8(page(&program, folder.path()).unwrap()).unwrap();
        for begin in [
            "node_uname_info{",
            "node_cpu_seconds_total{",
            "node_procs_running ",
        ] {
            assert!(
                page.lines().any(|line| line.starts_with(begin)),
                "no {begin} in\n{page}"
            );
        }
        let nothing = super::page(Path::new("/bin/true"), folder.path()).unwrap_err();
        assert!(nothing.to_string().contains("node-exporter.log"), "{nothing}");
    }
}
