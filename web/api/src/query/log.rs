//! The query log (`global.query_log_file`): a line of JSON for each query, with the keys of Prometheus's.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use engine_model::time::{format_rfc3339_ms, now_ms};
use parking_lot::Mutex;

use super::statistics::{Timings, write_statistics};
use crate::json::write_text;
use crate::metrics::Exposition;

/// Where queries are logged, if they are. Lines go straight to the file, whole, so that none is lost or torn when
/// the process ends.
#[derive(Debug, Default)]
pub struct QueryLog {
    file: Mutex<Option<File>>,
    failures: AtomicU64,
}

/// A query that has ended.
#[derive(Debug)]
pub struct LoggedQuery<'a> {
    /// Its text.
    pub query: &'a str,
    /// First instant, ms since the epoch.
    pub start_ms: i64,
    /// Last instant, ms since the epoch.
    pub end_ms: i64,
    /// Time between two instants, ms; 0 for a query about one.
    pub step_ms: i64,
    /// Why it has no result.
    pub error: Option<String>,
    /// What it took.
    pub timings: Timings,
    /// Who asked.
    pub origin: QueryOrigin<'a>,
}

/// Who asked a query.
#[derive(Debug, Clone, Copy)]
pub enum QueryOrigin<'a> {
    /// A request.
    Http {
        /// Address of the client without its port; empty when it is not known.
        client_ip: &'a str,
        /// `GET` or `POST`.
        method: &'a str,
        /// Path of the endpoint.
        path: &'a str,
    },
    /// A rule of a group.
    Rule {
        /// The rule file.
        file: &'a str,
        /// The group.
        group: &'a str,
    },
    /// A client of SQL, over HTTP or PostgreSQL's protocol.
    Sql,
}

impl QueryLog {
    /// Opens `path` again, also when it is the same, so that the file can be moved away; `None` stops logging.
    ///
    /// # Errors
    /// The file cannot be opened; the old one stays.
    pub fn open(&self, path: Option<&Path>) -> io::Result<()> {
        let file = path.map(|path| File::options().create(true).append(true).open(path));
        *self.file.lock() = file.transpose()?;
        Ok(())
    }

    /// Whether queries are logged.
    pub fn is_on(&self) -> bool {
        self.file.lock().is_some()
    }

    /// Logs a query.
    pub fn write(&self, query: &LoggedQuery<'_>) {
        let mut file = self.file.lock();
        if let Some(file) = file.as_mut() {
            let line = line(query, now_ms());
            if let Err(error) = file.write_all(line.as_bytes()) {
                self.failures.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%error, "cannot write to the query log");
            }
        }
    }
}

impl QueryLog {
    /// Appends what the log counts about itself, under Prometheus's names.
    pub fn collect(&self, out: &mut Exposition) {
        out.gauge(
            "prometheus_engine_query_log_enabled",
            "State of the query log.",
            &[],
            f64::from(u8::from(self.is_on())),
        );
        out.counter(
            "prometheus_engine_query_log_failures_total",
            "The number of query log failures.",
            &[],
            self.failures.load(Ordering::Relaxed) as f64,
        );
    }
}

fn line(query: &LoggedQuery<'_>, now_ms: i64) -> String {
    let language = match query.origin {
        QueryOrigin::Sql => "sql",
        QueryOrigin::Http { .. } | QueryOrigin::Rule { .. } => "promql",
    };
    let mut line = format!(
        "{{\"time\":\"{}\",\"level\":\"INFO\",\"msg\":\"{language} query logged\",\"params\":{{\"end\":\"{}\",\"query\":",
        format_rfc3339_ms(now_ms),
        format_rfc3339_ms(query.end_ms)
    );
    write_text(&mut line, query.query);
    line.push_str(&format!(
        ",\"start\":\"{}\",\"step\":{}}}",
        format_rfc3339_ms(query.start_ms),
        query.step_ms / 1000
    ));
    if let Some(error) = &query.error {
        line.push_str(",\"error\":");
        write_text(&mut line, error);
    }
    line.push_str(",\"stats\":");
    write_statistics(&mut line, &query.timings);
    match query.origin {
        QueryOrigin::Http {
            client_ip,
            method,
            path,
        } => {
            let fields = [("clientIP", client_ip), ("method", method), ("path", path)];
            write_origin(&mut line, "httpRequest", &fields);
        }
        QueryOrigin::Rule { file, group } => {
            write_origin(&mut line, "ruleGroup", &[("file", file), ("name", group)]);
        }
        QueryOrigin::Sql => {}
    }
    line.push_str("}\n");
    line
}

fn write_origin(line: &mut String, key: &str, fields: &[(&str, &str)]) {
    line.push_str(&format!(",\"{key}\":"));
    let mut before = '{';
    for (name, text) in fields {
        line.push(before);
        write_text(line, name);
        line.push(':');
        write_text(line, text);
        before = ',';
    }
    line.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_json_and_files_can_be_moved() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("query.log");
        let log = QueryLog::default();
        let query = |error: Option<&str>| LoggedQuery {
            query: "up{a=\"b\"}",
            start_ms: 1_767_225_600_000,
            end_ms: 1_767_225_660_000,
            step_ms: 15_000,
            error: error.map(str::to_owned),
            timings: Timings::default(),
            origin: QueryOrigin::Http {
                client_ip: "127.0.0.1",
                method: "GET",
                path: "/api/v1/query",
            },
        };
        log.write(&query(None));
        assert!(!log.is_on());
        log.open(Some(&path)).unwrap();
        log.write(&query(None));
        std::fs::rename(&path, folder.path().join("old")).unwrap();
        log.open(Some(&path)).unwrap();
        log.write(&query(Some("no \"result\"")));
        let origin = QueryOrigin::Rule {
            file: "rules/\"a\".yml",
            group: "g",
        };
        log.write(&LoggedQuery {
            origin,
            ..query(None)
        });
        let text = std::fs::read_to_string(&path).unwrap();
        let (line, of_rule) = text.trim_end().split_once('\n').unwrap();
        let of_rule: serde_json::Value = serde_json::from_str(of_rule).unwrap();
        assert_eq!(
            of_rule["ruleGroup"],
            serde_json::json!({"file": "rules/\"a\".yml", "name": "g"})
        );
        assert!(of_rule.get("httpRequest").is_none());
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(json["params"]["query"], "up{a=\"b\"}");
        assert_eq!(json["params"]["start"], "2026-01-01T00:00:00.000Z");
        assert_eq!(json["params"]["step"], 15);
        assert_eq!(json["error"], "no \"result\"");
        assert_eq!(json["httpRequest"]["method"], "GET");
        assert!(json["stats"]["timings"]["execTotalTime"].is_number());
        let old = std::fs::read_to_string(folder.path().join("old")).unwrap();
        assert_eq!(old.lines().count(), 1);
        log.open(Some(folder.path())).unwrap_err();
        assert!(log.is_on());
    }
}
