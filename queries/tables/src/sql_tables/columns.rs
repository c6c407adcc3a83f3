//! Columns of the SQL tables: their order, their types, and which of them a scan makes.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};

/// Time zone of every timestamp.
pub(super) const UTC: &str = "UTC";

pub(super) const TIMESTAMP: &str = "timestamp";
pub(super) const VALUE: &str = "value";
pub(super) const LABELS: &str = "labels";

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Column {
    Timestamp,
    /// Null where the sample is a staleness marker, which only `samples_raw` shows.
    Value {
        nullable: bool,
    },
    Labels,
    /// One label; null where a series does not have it.
    Label(String),
}

impl Column {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Timestamp => TIMESTAMP,
            Self::Value { .. } => VALUE,
            Self::Labels => LABELS,
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

    fn with_labels(mut columns: Vec<Column>, label_names: Vec<String>) -> Self {
        // A label that is called as a column of ours has no column: `labels['value']`.
        let free = |name: &String| ![TIMESTAMP, VALUE, LABELS].contains(&name.as_str());
        columns.extend(label_names.into_iter().filter(free).map(Column::Label));
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
