//! The Parquet decoder may panic on damaged bytes; here that becomes an error like any other.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::error::SegmentError;

/// Runs `decode`, which reads the file at `path`. Nothing that `decode` borrows may be used after an error.
pub(super) fn guarded<T>(
    path: &Path,
    decode: impl FnOnce() -> Result<T, SegmentError>,
) -> Result<T, SegmentError> {
    match catch_unwind(AssertUnwindSafe(decode)) {
        Ok(result) => result,
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            Err(SegmentError::corrupt(
                path,
                format!("the decoder stopped: {text}"),
            ))
        }
    }
}
