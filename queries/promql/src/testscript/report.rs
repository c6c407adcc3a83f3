//! What running scripts came to, and its text.

use std::fmt::Write;

/// The result of one script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptReport {
    /// What the script is called.
    pub name: String,
    /// Evaluations that gave what was expected.
    pub passed: usize,
    /// Evaluations that did not, in their order. A script that cannot be read counts as one.
    pub failures: Vec<Failure>,
}

/// An evaluation that did not give what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Line of the command, from 1.
    pub line: usize,
    /// The expression as written.
    pub expr: String,
    /// What is wrong, in one line.
    pub reason: String,
    /// What was expected, in the notation of scripts.
    pub expected: String,
    /// What came, in the same notation.
    pub got: String,
}

impl ScriptReport {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            passed: 0,
            failures: Vec::new(),
        }
    }

    pub(super) fn pass(&mut self) {
        self.passed += 1;
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        self.failures.push(failure);
    }
}

/// A line a script and the sum on the last line; with `list_failures` each failure with what was expected and got.
pub fn format_reports(reports: &[ScriptReport], list_failures: bool) -> String {
    let mut out = String::new();
    let (mut passed, mut failed) = (0, 0);
    for report in reports {
        let (good, bad) = (report.passed, report.failures.len());
        passed += good;
        failed += bad;
        let _ = writeln!(out, "{}: {good} passed, {bad} failed", report.name);
        if list_failures {
            for failure in &report.failures {
                write_failure(&mut out, &report.name, failure);
            }
        }
    }
    let _ = writeln!(out, "{passed} passed, {failed} failed");
    out
}

fn write_failure(out: &mut String, name: &str, failure: &Failure) {
    let _ = writeln!(out, "  {name}:{}: {}", failure.line, failure.expr);
    let _ = writeln!(out, "    reason: {}", failure.reason);
    for (title, text) in [("expected", &failure.expected), ("got", &failure.got)] {
        let mut lines = text.lines();
        let _ = writeln!(out, "    {title}: {}", lines.next().unwrap_or("nothing"));
        for line in lines {
            let _ = writeln!(out, "      {line}");
        }
    }
}
