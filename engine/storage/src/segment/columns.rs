//! What each column of a Parquet file takes.

use std::path::Path;

use parquet::file::metadata::ParquetMetaDataReader;

use super::error::SegmentError;
use super::guard::guarded;
use super::positioned::PositionedFile;

/// Names of the columns of the file at `path` with the compressed bytes of their pages.
pub(crate) fn column_bytes(path: &Path) -> Result<Vec<(String, u64)>, SegmentError> {
    let file = PositionedFile::open(path)?;
    let metadata = guarded(path, || {
        let reader = ParquetMetaDataReader::new();
        reader
            .parse_and_finish(&file)
            .map_err(|e| SegmentError::parquet(path, e))
    })?;
    let mut columns: Vec<(String, u64)> = Vec::new();
    for chunk in metadata.row_groups().iter().flat_map(|group| group.columns()) {
        let name = chunk.column_path().parts().first().map_or("", String::as_str);
        let bytes = chunk.compressed_size().unsigned_abs();
        match columns.iter_mut().find(|(known, _)| known == name) {
            Some((_, sum)) => *sum += bytes,
            None => columns.push((name.to_owned(), bytes)),
        }
    }
    Ok(columns)
}
