//! Results as people read them: tables in Markdown, with the commit, the machine and the versions beside them.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

/// One line for the person who runs the benchmark.
pub fn say(line: &str) {
    // Nobody is left to be told when the terminal has gone.
    let _gone = writeln!(io::stdout(), "{line}");
}

/// A table whose first column names the row.
#[derive(Debug, Clone, Default)]
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table with these columns.
    pub fn new(head: &[&str]) -> Self {
        Self {
            head: head.iter().map(|&cell| cell.to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The table in Markdown; columns but the first are aligned to the right.
    pub fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let mut text = line(&self.head);
        text.push_str("|---|");
        text.push_str(&"---:|".repeat(self.head.len().saturating_sub(1)));
        text.push('\n');
        for row in &self.rows {
            text.push_str(&line(row));
        }
        text
    }
}

/// A number with some three digits that matter.
pub fn short(number: f64) -> String {
    match number.abs() {
        0.0..10.0 => format!("{number:.2}"),
        10.0..100.0 => format!("{number:.1}"),
        _ => format!("{number:.0}"),
    }
}

/// Writes the results of one part of a claim into its folder, `RESULTS-<part>.md`: where and when, and what was found.
///
/// # Errors
/// When the file cannot be written.
pub fn save(claim: &str, part: &str, body: &str) -> Result<()> {
    let file = format!("{claim}/RESULTS-{part}.md");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
    let build = if cfg!(debug_assertions) {
        " Load made by an unoptimised build."
    } else {
        ""
    };
    let text = format!(
        "# Latest results: {claim}, {part}\n\nCommit {}, {}.{build}\n\n{body}",
        commit(),
        machine()
    );
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    say(&format!("written to benchmarks/{file}"));
    Ok(())
}

/// The commit that is checked out, with a mark when files differ from it.
fn commit() -> String {
    let output = Command::new("git")
        .args(["describe", "--always", "--dirty", "--abbrev=10"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    match output {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        _ => "unknown (no git here)".to_owned(),
    }
}

/// Processor, cores, memory and system.
fn machine() -> String {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_once(':'));
        value.map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let gibibytes = memory.trim_end_matches(" kB").parse::<f64>().unwrap_or_default() / f64::from(1 << 20);
    format!(
        "{} × {} , {gibibytes:.0} GiB, Linux {}",
        cores,
        field(&read("/proc/cpuinfo"), "model name"),
        read("/proc/sys/kernel/osrelease").trim()
    )
    .replace(" ,", ",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_and_numbers() {
        let mut table = Table::new(&["server", "CPU"]);
        table.row(vec!["Weir".to_owned(), short(0.5)]);
        assert_eq!(
            table.markdown(),
            "| server | CPU |\n|---|---:|\n| Weir | 0.50 |\n"
        );
        assert_eq!(
            [short(12.34), short(1234.5), short(0.0)],
            ["12.3", "1234", "0.00"]
        );
    }
}
