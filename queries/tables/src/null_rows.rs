//! Columns that are null throughout: hardly any batch has histograms or start timestamps, so those that have none share
//! their column.

use std::sync::LazyLock;

use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::datatypes::DataType;

/// As many rows as most batches have at most.
pub(crate) const SHARED_ROWS: usize = 1024;

/// The null column of a type, for [`null_rows`].
pub(crate) fn shared_nulls(data_type: &DataType) -> ArrayRef {
    new_null_array(data_type, SHARED_ROWS)
}

/// `rows` nulls: a part of `shared` where it has as many.
pub(crate) fn null_rows(shared: &LazyLock<ArrayRef>, rows: usize) -> ArrayRef {
    match rows {
        ..=SHARED_ROWS => shared.slice(0, rows),
        _ => new_null_array(shared.data_type(), rows),
    }
}
