//! Columns of the SQL tables: their order, their types, and which of them a scan makes.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

/// Time zone of every timestamp.
pub(super) const UTC: &str = "UTC";

pub(super) const TIMESTAMP: &str = "timestamp";
pub(super) const VALUE: &str = "value";
pub(super) const LABELS: &str = "labels";
const HISTOGRAM: &str = "histogram";

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Column {
    Timestamp,
    /// Null where the sample is a staleness marker, which only `samples_raw` shows, or a computed histogram.
    Value {
        nullable: bool,
    },
    Labels,
    /// A part of a native histogram.
    Histogram(HistogramColumn),
    /// All parts of a native histogram; null in a row of a number.
    WholeHistogram,
    /// One label; null where a series does not have it.
    Label(String),
}

/// A part of a native histogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HistogramColumn {
    Count,
    Sum,
    Schema,
    ZeroThreshold,
    ZeroCount,
    Buckets,
}

impl HistogramColumn {
    /// All, in the order of columns.
    pub(super) const ALL: [Self; 6] = [
        Self::Count,
        Self::Sum,
        Self::Schema,
        Self::ZeroThreshold,
        Self::ZeroCount,
        Self::Buckets,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Schema => "schema",
            Self::ZeroThreshold => "zero_threshold",
            Self::ZeroCount => "zero_count",
            Self::Buckets => "buckets",
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Self::Schema => DataType::Int32,
            Self::Buckets => DataType::List(bucket_item()),
            _ => DataType::Float64,
        }
    }

    fn field(self) -> Field {
        Field::new(self.name(), self.data_type(), false)
    }
}

/// The parts of a native histogram in one column.
pub(super) fn histogram_fields() -> Fields {
    HistogramColumn::ALL
        .map(HistogramColumn::field)
        .into_iter()
        .collect()
}

/// Bounds and observations of one bucket.
pub(super) fn bucket_fields() -> Fields {
    let names = ["lower", "upper", "count"];
    names
        .map(|name| Field::new(name, DataType::Float64, false))
        .into_iter()
        .collect()
}

/// The item of the list of buckets.
pub(super) fn bucket_item() -> Arc<Field> {
    Arc::new(Field::new("item", DataType::Struct(bucket_fields()), false))
}

impl Column {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Timestamp => TIMESTAMP,
            Self::Value { .. } => VALUE,
            Self::Labels => LABELS,
            Self::Histogram(part) => part.name(),
            Self::WholeHistogram => HISTOGRAM,
            Self::Label(name) => name,
        }
    }

    fn field(&self) -> Field {
        match self {
            Self::Timestamp => {
                let data_type = DataType::Timestamp(TimeUnit::Millisecond, Some(Arc::from(UTC)));
                Field::new(TIMESTAMP, data_type, false)
            }
            Self::Value { nullable } => Field::new(VALUE, DataType::Float64, *nullable),
            Self::Labels => Field::new(LABELS, DataType::Map(Arc::clone(&MAP_ENTRIES), false), false),
            Self::Histogram(part) => part.field(),
            Self::WholeHistogram => Field::new(HISTOGRAM, DataType::Struct(histogram_fields()), true),
            Self::Label(name) => Field::new(name, DataType::Utf8View, true),
        }
    }
}

static MAP_ENTRIES: LazyLock<Arc<Field>> = LazyLock::new(|| {
    let entries = DataType::Struct(map_entry_fields());
    Arc::new(Field::new("entries", entries, false))
});

/// The entries field of the `labels` map.
pub(super) fn map_entries_field() -> Arc<Field> {
    Arc::clone(&MAP_ENTRIES)
}

/// Key and value of one entry of the `labels` map.
pub(super) fn map_entry_fields() -> Fields {
    Fields::from(vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", DataType::Utf8, true),
    ])
}

/// The columns of a table, or those of them that a scan is asked for.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    columns: Vec<Column>,
    schema: SchemaRef,
}

impl Columns {
    /// `timestamp, value, labels`, then a column a label.
    pub(super) fn of_samples(label_names: Vec<String>, value_nullable: bool) -> Self {
        let value = Column::Value {
            nullable: value_nullable,
        };
        Self::with_labels(vec![Column::Timestamp, value, Column::Labels], label_names)
    }

    /// `labels`, then a column a label.
    pub(super) fn of_series(label_names: Vec<String>) -> Self {
        Self::with_labels(vec![Column::Labels], label_names)
    }

    /// `timestamp, labels`, the parts of a native histogram, then a column a label.
    pub(super) fn of_histograms(label_names: Vec<String>) -> Self {
        let parts = HistogramColumn::ALL.map(Column::Histogram);
        let own = [Column::Timestamp, Column::Labels].into_iter().chain(parts);
        Self::with_labels(own.collect(), label_names)
    }

    /// `labels, timestamp, value, histogram`.
    pub(super) fn of_evaluated() -> Self {
        let value = Column::Value { nullable: true };
        Self::new(vec![
            Column::Labels,
            Column::Timestamp,
            value,
            Column::WholeHistogram,
        ])
    }

    fn with_labels(mut columns: Vec<Column>, label_names: Vec<String>) -> Self {
        // A label that is called as a column of ours has no column: `labels['value']`.
        let mut taken = vec![TIMESTAMP, VALUE, LABELS];
        taken.extend(columns.iter().filter_map(|column| match column {
            Column::Histogram(part) => Some(part.name()),
            _ => None,
        }));
        let free = label_names
            .into_iter()
            .filter(|name| !taken.contains(&name.as_str()));
        columns.extend(free.map(Column::Label));
        Self::new(columns)
    }

    fn new(columns: Vec<Column>) -> Self {
        let fields: Vec<Field> = columns.iter().map(Column::field).collect();
        Self {
            columns,
            schema: Arc::new(Schema::new(fields)),
        }
    }

    /// The columns at `positions`, in that order; all without positions.
    pub(super) fn project(&self, positions: Option<&Vec<usize>>) -> Self {
        match positions {
            None => self.clone(),
            Some(positions) => Self::new(positions.iter().map(|&i| self.columns[i].clone()).collect()),
        }
    }

    /// Their names, as EXPLAIN shows them.
    pub(super) fn listed(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(Column::name).collect();
        names.join(", ")
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter()
    }

    pub(super) fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// The column that is called `name`.
    pub(super) fn find(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_names_have_no_label_column() {
        let labels = ["Value", "__name__", "labels", "timestamp", "value"].map(str::to_owned);
        let columns = Columns::of_samples(labels.to_vec(), false);
        let names: Vec<&str> = columns.iter().map(Column::name).collect();
        assert_eq!(names, ["timestamp", "value", "labels", "Value", "__name__"]);
        let projected = columns.project(Some(&vec![4, 1]));
        let fields = projected.schema().fields();
        assert_eq!(
            fields.iter().map(|f| f.name()).collect::<Vec<_>>(),
            ["__name__", "value"]
        );
    }
}
