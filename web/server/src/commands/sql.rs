//! `weir sql --duckdb-view`: SQL that lets DuckDB read the segments of a storage folder.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use engine_storage::hidden_rows;
use engine_storage::segment::{TEMPORARY_SUFFIX, duckdb_view_sql};

use super::print;
use crate::cli::SqlOptions;

/// Prints the SQL.
pub fn run(options: &SqlOptions) -> anyhow::Result<ExitCode> {
    let segments = options.duckdb_view.join("segments");
    let entries = std::fs::read_dir(&segments).with_context(|| {
        format!(
            "{} holds no segments; name the folder given as --storage.path",
            options.duckdb_view.display()
        )
    })?;
    let mut folders: Vec<PathBuf> = Vec::new();
    for entry in entries {
        let path = entry.context("cannot list the segments")?.path();
        if path.is_dir() && !path.display().to_string().ends_with(TEMPORARY_SUFFIX) {
            folders.push(path.canonicalize().context("cannot resolve a segment's path")?);
        }
    }
    folders.sort();
    if folders.is_empty() {
        bail!(
            "{} has no segment yet: samples are written to Parquet when the head is cut",
            segments.display()
        );
    }
    let hidden = hidden_rows(&options.duckdb_view, &folders)?;
    print(&duckdb_view_sql(&folders, &hidden)?)?;
    Ok(ExitCode::SUCCESS)
}
