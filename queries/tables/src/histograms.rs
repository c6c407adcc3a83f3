//! A column of native histograms beside floats: a nullable list per row of `{at: Int64, histogram: Binary}`,
//! null for the rows of series that have none. Rows of floats pay one bit.

use std::sync::{Arc, LazyLock};

use arrow::array::{
    Array, ArrayBuilder, ArrayRef, AsArray, BinaryBuilder, Int64Array, Int64Builder, ListArray, StructArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, Field, Fields, Int64Type};
use engine_model::FloatHistogram;

use crate::null_rows::{null_rows, shared_nulls};

/// A histogram and its place in the row: a time (ms) in folded rows, a step in step vectors.
pub type HistogramAt = (i64, Arc<FloatHistogram>);

static FIELDS: LazyLock<Fields> = LazyLock::new(|| {
    Fields::from(vec![
        Field::new("at", DataType::Int64, false),
        Field::new("histogram", DataType::Binary, false),
    ])
});

static ITEM: LazyLock<Arc<Field>> =
    LazyLock::new(|| Arc::new(Field::new("item", DataType::Struct(FIELDS.clone()), false)));

static FIELD: LazyLock<Arc<Field>> =
    LazyLock::new(|| Arc::new(Field::new("histograms", DataType::List(Arc::clone(&ITEM)), true)));

/// The column without a histogram.
static NONE: LazyLock<ArrayRef> = LazyLock::new(|| shared_nulls(FIELD.data_type()));

/// The column's field.
pub fn histogram_field() -> Arc<Field> {
    Arc::clone(&FIELD)
}

/// Collects the column row by row.
#[derive(Debug, Default)]
pub struct HistogramsBuilder {
    rows: usize,
    /// Made when the first histogram comes, which is seldom.
    entries: Option<Box<Entries>>,
}

#[derive(Debug)]
struct Entries {
    /// Histograms of the rows so far, but for the last rows that have none.
    lengths: Vec<usize>,
    at: Int64Builder,
    encoded: BinaryBuilder,
    bytes: Vec<u8>,
}

impl HistogramsBuilder {
    /// Adds a row; its histograms come in the order of their places.
    pub fn push<'h>(&mut self, row: impl IntoIterator<Item = (i64, &'h FloatHistogram)>) {
        let mut row = row.into_iter().peekable();
        if row.peek().is_some() {
            let entries = self.entries.get_or_insert_with(|| {
                Box::new(Entries {
                    lengths: Vec::new(),
                    at: Int64Builder::new(),
                    encoded: BinaryBuilder::new(),
                    bytes: Vec::new(),
                })
            });
            entries.lengths.resize(self.rows, 0);
            entries.push(row);
        }
        self.rows += 1;
    }

    /// Adds a row without histograms.
    #[inline]
    pub fn push_none(&mut self) {
        self.rows += 1;
    }

    /// The column.
    pub fn finish(self) -> ArrayRef {
        match self.entries {
            Some(entries) => entries.finish(self.rows),
            None => null_rows(&NONE, self.rows),
        }
    }
}

impl Entries {
    fn push<'h>(&mut self, row: impl Iterator<Item = (i64, &'h FloatHistogram)>) {
        let before = self.at.len();
        for (at, histogram) in row {
            self.bytes.clear();
            histogram.encode(&mut self.bytes);
            self.at.append_value(at);
            self.encoded.append_value(&self.bytes);
        }
        self.lengths.push(self.at.len() - before);
    }

    fn finish(mut self, rows: usize) -> ArrayRef {
        self.lengths.resize(rows, 0);
        let valid: Vec<bool> = self.lengths.iter().map(|&length| length > 0).collect();
        let columns: Vec<ArrayRef> = vec![Arc::new(self.at.finish()), Arc::new(self.encoded.finish())];
        let entries = StructArray::new(FIELDS.clone(), columns, None);
        let offsets = OffsetBuffer::from_lengths(self.lengths);
        Arc::new(ListArray::new(
            Arc::clone(&ITEM),
            offsets,
            Arc::new(entries),
            Some(NullBuffer::from(valid)),
        ))
    }
}

/// The column, decoded; empty when no row has a histogram.
#[derive(Debug, Clone, Default)]
pub struct Histograms {
    offsets: Vec<usize>,
    entries: Vec<HistogramAt>,
}

impl Histograms {
    /// Decodes a column of [`histogram_field`].
    pub fn of(column: &ArrayRef) -> Self {
        let lists = column.as_list::<i32>();
        if lists.null_count() == lists.len() {
            return Self::default();
        }
        let first = lists.offsets()[0] as usize;
        let last = lists.offsets()[lists.len()] as usize;
        let entries = lists.values().as_struct();
        let at: &Int64Array = entries.column(0).as_primitive::<Int64Type>();
        let encoded = entries.column(1).as_binary::<i32>();
        let decode = |i: usize| {
            let histogram =
                FloatHistogram::decode(encoded.value(i)).expect("histogram columns hold encoded histograms");
            (at.value(i), Arc::new(histogram))
        };
        Self {
            offsets: lists.offsets().iter().map(|&o| o as usize - first).collect(),
            entries: (first..last).map(decode).collect(),
        }
    }

    /// Whether no row has a histogram.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Number of histograms in all rows.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Histograms of `row` in the order of their places.
    #[inline]
    pub fn row(&self, row: usize) -> &[HistogramAt] {
        if self.entries.is_empty() {
            return &[];
        }
        &self.entries[self.offsets[row]..self.offsets[row + 1]]
    }

    /// The histogram of `row` at a place.
    pub fn get(&self, row: usize, at: i64) -> Option<&Arc<FloatHistogram>> {
        let row = self.row(row);
        let found = row.binary_search_by_key(&at, |(at, _)| *at).ok()?;
        Some(&row[found].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::null_rows::SHARED_ROWS;

    fn of_count(count: f64) -> FloatHistogram {
        FloatHistogram {
            count,
            sum: f64::NAN,
            ..FloatHistogram::default()
        }
    }

    #[test]
    fn rows_come_back() {
        let mut builder = HistogramsBuilder::default();
        builder.push_none();
        builder.push([(5, &of_count(1.0)), (7, &of_count(2.0))]);
        builder.push_none();
        builder.push([(1, &of_count(3.0))]);
        let column = builder.finish();
        assert_eq!(column.null_count(), 2);
        let all = Histograms::of(&column);
        assert_eq!((all.len(), all.row(0).len(), all.row(1).len()), (3, 0, 2));
        assert_eq!(all.get(1, 7).unwrap().count, 2.0);
        assert!(all.get(1, 6).is_none());
        let sliced = Histograms::of(&column.slice(2, 2));
        assert_eq!((sliced.row(0).len(), sliced.row(1)[0].1.count), (0, 3.0));
        assert!(Histograms::of(&column.slice(0, 1)).is_empty());
    }

    #[test]
    fn rows_without_histograms_are_all_null() {
        for rows in [0, 1, SHARED_ROWS, SHARED_ROWS + 1] {
            let mut builder = HistogramsBuilder::default();
            for row in 0..rows {
                match row % 2 {
                    0 => builder.push_none(),
                    _ => builder.push([]),
                }
            }
            let column = builder.finish();
            assert_eq!((column.len(), column.null_count()), (rows, rows));
            assert_eq!(column.data_type(), histogram_field().data_type());
            assert!(Histograms::of(&column).is_empty());
        }
    }
}
