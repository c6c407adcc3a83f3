//! One column in one encoding: its bytes, and the CPU time to write and to read it.

use std::sync::Arc;

use anyhow::Result;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, Encoding};
use parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::thread_time::thread_ns;

/// How a column is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    /// None is a dictionary.
    pub(super) encoding: Option<Encoding>,
    pub(super) compression: Compression,
    pub(super) page_rows: usize,
}

/// What it costs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    pub(super) bytes: usize,
    pub(super) write_ns: f64,
    pub(super) read_ns: f64,
}

/// Rows of a record batch that goes to the writer and comes from the reader.
const BATCH_ROWS: usize = 8192;
/// As the store's.
const ROW_GROUP_ROWS: usize = 1 << 20;

impl Candidate {
    /// Writes the column alone into memory, and reads it again.
    pub(super) fn cost(&self, column: &ArrayRef) -> Result<Cost> {
        let mut properties = WriterProperties::builder()
            .set_compression(self.compression)
            .set_statistics_enabled(EnabledStatistics::None)
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_data_page_row_count_limit(self.page_rows)
            .set_write_batch_size(self.page_rows.min(BATCH_ROWS))
            .set_dictionary_enabled(self.encoding.is_none());
        if let Some(encoding) = self.encoding {
            properties = properties.set_encoding(encoding);
        }
        let nullable = column.null_count() > 0;
        let schema = Arc::new(Schema::new(vec![Field::new(
            "c",
            column.data_type().clone(),
            nullable,
        )]));
        let (written, write_ns) = thread_ns(|| -> Result<Vec<u8>> {
            let mut writer = ArrowWriter::try_new(Vec::new(), schema.clone(), Some(properties.build()))?;
            for start in (0..column.len()).step_by(BATCH_ROWS) {
                let rows = column.slice(start, BATCH_ROWS.min(column.len() - start));
                writer.write(&RecordBatch::try_new(schema.clone(), vec![rows])?)?;
            }
            Ok(writer.into_inner()?)
        });
        let written = Bytes::from(written?);
        let bytes = written.len();
        let (rows, read_ns) = thread_ns(|| -> Result<usize> {
            let reader = ParquetRecordBatchReaderBuilder::try_new(written)?
                .with_batch_size(BATCH_ROWS)
                .build()?;
            let mut rows = 0;
            for batch in reader {
                rows += batch?.num_rows();
            }
            Ok(rows)
        });
        anyhow::ensure!(rows? == column.len(), "rows were lost on the way");
        Ok(Cost {
            bytes,
            write_ns,
            read_ns,
        })
    }
}
