//! Gather: the rows of all parts, one part after the other, so that series come in the order in which one part
//! alone would have them.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use queries_tables::operation::{BatchStream, RunAt};
use queries_tables::{Operation, PlanNode};

use crate::plan::Plan;

/// Puts parts one after the other.
#[derive(Debug, Clone)]
pub struct Gather {
    /// Number of parts.
    pub parts: usize,
    /// Schema of each of them.
    pub schema: SchemaRef,
}

impl Gather {
    /// A gather of `parts`, each of `schema`.
    pub(super) fn over(schema: SchemaRef, parts: Vec<Plan>) -> Plan {
        let gather = Self {
            parts: parts.len(),
            schema,
        };
        PlanNode::plan(gather, parts)
    }
}

impl Operation for Gather {
    fn name(&self) -> &'static str {
        "Gather"
    }

    fn describe(&self) -> String {
        format!("{} parts", self.parts)
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn run(self: Arc<Self>, inputs: Vec<SendableRecordBatchStream>, _at: RunAt<'_>) -> Result<BatchStream> {
        Ok(futures::stream::iter(inputs).flatten().boxed())
    }
}
