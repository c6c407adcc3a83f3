//! Native histograms as columns: their parts each in one of its own, or all parts in one.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int32Array, ListArray, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::error::Result;
use engine_model::FloatHistogram;

use super::columns::{HistogramColumn, bucket_fields, bucket_item, histogram_fields};

/// One part of each histogram.
pub(super) fn part_column(part: HistogramColumn, rows: &[&FloatHistogram]) -> Result<ArrayRef> {
    let floats = |of: fn(&FloatHistogram) -> f64| -> ArrayRef {
        Arc::new(Float64Array::from_iter_values(rows.iter().map(|row| of(row))))
    };
    Ok(match part {
        HistogramColumn::Count => floats(|histogram| histogram.count),
        HistogramColumn::Sum => floats(|histogram| histogram.sum),
        HistogramColumn::ZeroThreshold => floats(|histogram| histogram.zero_threshold),
        HistogramColumn::ZeroCount => floats(|histogram| histogram.zero_count),
        HistogramColumn::Schema => {
            let schemas = rows.iter().map(|row| row.schema);
            Arc::new(Int32Array::from_iter_values(schemas))
        }
        HistogramColumn::Buckets => buckets(rows)?,
    })
}

/// All parts of each histogram; null where a row has none.
pub(super) fn whole_column(rows: &[Option<Arc<FloatHistogram>>]) -> Result<ArrayRef> {
    let none = FloatHistogram::default();
    let filled: Vec<&FloatHistogram> = rows.iter().map(|row| row.as_deref().unwrap_or(&none)).collect();
    let parts: Result<Vec<ArrayRef>> = HistogramColumn::ALL
        .into_iter()
        .map(|part| part_column(part, &filled))
        .collect();
    let nulls = NullBuffer::from_iter(rows.iter().map(Option::is_some));
    let whole = StructArray::try_new(histogram_fields(), parts?, Some(nulls))?;
    Ok(Arc::new(whole))
}

fn buckets(rows: &[&FloatHistogram]) -> Result<ArrayRef> {
    let (mut lower, mut upper, mut count) = (Vec::new(), Vec::new(), Vec::new());
    let mut lengths = Vec::with_capacity(rows.len());
    for row in rows {
        let before = count.len();
        for bucket in row.all_buckets().filter(|bucket| bucket.count != 0.0) {
            lower.push(bucket.lower);
            upper.push(bucket.upper);
            count.push(bucket.count);
        }
        lengths.push(count.len() - before);
    }
    let columns = [lower, upper, count].map(|column| Arc::new(Float64Array::from(column)) as ArrayRef);
    let items = StructArray::try_new(bucket_fields(), columns.to_vec(), None)?;
    let offsets = OffsetBuffer::from_lengths(lengths);
    let lists = ListArray::try_new(bucket_item(), offsets, Arc::new(items), None)?;
    Ok(Arc::new(lists))
}
