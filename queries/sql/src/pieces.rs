//! A result piece by piece, while its query runs: CSV or an Arrow IPC stream.

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow_ipc::writer::StreamWriter;

use crate::csv::{write_csv_header, write_csv_rows};

/// Forms in which rows are sent while they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PieceFormat {
    /// RFC 4180 with a header.
    Csv,
    /// An Arrow IPC stream.
    Arrow,
}

/// Writes batches; what is written is taken piece by piece.
pub struct PieceWriter(Form);

impl std::fmt::Debug for PieceWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PieceWriter").finish_non_exhaustive()
    }
}

enum Form {
    Csv(Vec<u8>),
    Arrow(Box<StreamWriter<Vec<u8>>>),
}

impl PieceWriter {
    /// Begins with the names of the columns.
    pub fn new(schema: &Schema, format: PieceFormat) -> Result<Self, ArrowError> {
        Ok(Self(match format {
            PieceFormat::Csv => {
                let mut out = Vec::new();
                write_csv_header(schema, &mut out)?;
                Form::Csv(out)
            }
            PieceFormat::Arrow => Form::Arrow(Box::new(StreamWriter::try_new(Vec::new(), schema)?)),
        }))
    }

    /// Appends the rows of `batch`.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        match &mut self.0 {
            Form::Csv(out) => Ok(write_csv_rows(batch, out)?),
            Form::Arrow(writer) => writer.write(batch),
        }
    }

    /// Ends the result.
    pub fn finish(&mut self) -> Result<(), ArrowError> {
        match &mut self.0 {
            Form::Csv(_) => Ok(()),
            Form::Arrow(writer) => writer.finish(),
        }
    }

    /// What was written since the last time.
    pub fn take(&mut self) -> Vec<u8> {
        match &mut self.0 {
            Form::Csv(out) => std::mem::take(out),
            Form::Arrow(writer) => std::mem::take(writer.get_mut()),
        }
    }
}
