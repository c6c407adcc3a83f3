//! `scrape_failure_log_file`: a line of JSON for each scrape whose target could not be fetched, with the keys of
//! Prometheus's file.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use chrono::{SecondsFormat, TimeZone as _, Utc};
use parking_lot::Mutex;
use serde_json::json;

/// The log of one job; jobs may name the same file, because lines are appended whole.
#[derive(Debug, Default)]
pub(super) struct FailureLog {
    file: Mutex<Option<File>>,
}

impl FailureLog {
    /// Opens the file of a new configuration, and again one that was moved away. Without a path nothing is
    /// logged from now on.
    ///
    /// # Errors
    /// When the file cannot be opened; then nothing is logged either.
    pub(super) fn open(&self, path: Option<&Path>) -> io::Result<()> {
        let open = |path: &Path| OpenOptions::new().append(true).create(true).open(path);
        let opened = path.map(open).transpose();
        let mut file = self.file.lock();
        *file = None;
        *file = opened?;
        Ok(())
    }

    /// Logs a failed scrape.
    ///
    /// # Errors
    /// When the line cannot be written.
    pub(super) fn failed(&self, at_ms: i64, job_name: &str, target: &str, error: &str) -> io::Result<()> {
        let mut file = self.file.lock();
        let Some(file) = file.as_mut() else {
            return Ok(());
        };
        let time = Utc.timestamp_millis_opt(at_ms).single().unwrap_or_default();
        let mut line = json!({
            "time": time.to_rfc3339_opts(SecondsFormat::Millis, true),
            "level": "ERROR",
            "msg": error,
            "job_name": job_name,
            "target": target,
        })
        .to_string();
        line.push('\n');
        file.write_all(line.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn lines_are_appended_and_the_file_is_opened_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("failures.log");
        let log = FailureLog::default();
        log.failed(0, "j", "t", "lost")
            .expect("without a file nothing is written");
        for at_ms in [0, 1500] {
            log.open(Some(&path)).expect("opens");
            log.failed(at_ms, "j", "http://h:1/m", "Get \"x\"")
                .expect("writes");
        }
        let text = fs::read_to_string(&path).expect("written");
        let second = text.lines().nth(1).expect("two lines");
        assert_eq!(
            second,
            r#"{"time":"1970-01-01T00:00:01.500Z","level":"ERROR","msg":"Get \"x\"","job_name":"j","target":"http://h:1/m"}"#
        );
        fs::remove_file(&path).expect("moved away");
        log.open(Some(&path)).expect("opens again");
        log.open(None).expect("stops");
        log.failed(0, "j", "t", "lost").expect("nothing is written");
        assert_eq!(fs::read_to_string(&path).expect("new"), "");
        assert!(log.open(Some(folder.path())).is_err());
    }
}
