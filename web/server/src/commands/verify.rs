//! `weir verify`: everything in a storage folder is read and checked.

use std::process::ExitCode;

use engine_storage::inspect::verify_store;

use super::print;
use crate::cli::VerifyOptions;

/// Prints a line for each fault, then what was read; the exit code is 1 when there is a fault.
pub fn run(options: &VerifyOptions) -> anyhow::Result<ExitCode> {
    let verified = verify_store(&options.folder)?;
    for fault in &verified.faults {
        print(&format!("{}: {}\n", fault.path.display(), fault.what))?;
    }
    let records = verified.log.as_ref().map_or(0, |log| log.records);
    print(&format!(
        "{} segments, {records} log records, {} deletes, {} faults\n",
        verified.segments.len(),
        verified.tombstones,
        verified.faults.len()
    ))?;
    Ok(match verified.is_sound() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
