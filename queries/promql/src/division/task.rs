//! Task: a part of a query that can be evaluated elsewhere. It holds its plan as bytes and what it is about; here it
//! is decoded and run in this process, with annotations of its own that are handed over when it is done.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use futures::StreamExt;
use queries_tables::Operation;
use queries_tables::operation::{BatchStream, RunAt};

use super::shard_scan::Shard;
use crate::annotations::Annotations;
use crate::codec::{CodecError, Surroundings, decode, encode};
use crate::nodes::looks::Ledger;
use crate::plan::Plan;

/// DataFusion's surroundings of a plan; PromQL's nodes look at nothing in them.
static CONTEXT: LazyLock<Arc<TaskContext>> = LazyLock::new(Arc::default);

/// Some of the steps of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRange {
    /// Which steps.
    pub steps: Range<usize>,
    /// How many steps there are.
    pub of: usize,
}

impl StepRange {
    /// All steps.
    pub fn all(of: usize) -> Self {
        Self { steps: 0..of, of }
    }
}

/// A part of a query.
#[derive(Debug, Clone)]
pub struct Task {
    /// The series that it is about.
    pub shard: Shard,
    /// The steps that it is about.
    pub range: StepRange,
    /// Its plan, encoded.
    pub plan: Vec<u8>,
    /// Schema of its rows.
    pub schema: SchemaRef,
    /// What it runs in.
    pub around: Surroundings,
}

impl Task {
    /// The task to run `plan`.
    pub(super) fn of(
        plan: &Plan,
        shard: Shard,
        range: StepRange,
        around: &Surroundings,
    ) -> Result<Self, CodecError> {
        Ok(Self {
            shard,
            range,
            plan: encode(plan)?,
            schema: plan.schema(),
            around: around.clone(),
        })
    }

    /// Ends a stream with what the task told about its rows.
    fn told(&self, rows: SendableRecordBatchStream, own: Surroundings) -> BatchStream {
        let Surroundings {
            annotations,
            collision,
            ledger,
            ..
        } = self.around.clone();
        let own_collision = Arc::clone(&own.collision);
        let rows = rows.inspect(move |batch| {
            if batch.is_err() && own_collision.load(Ordering::Relaxed) {
                collision.store(true, Ordering::Relaxed);
            }
        });
        let end = futures::stream::once(async move {
            annotations.absorb(&own.annotations);
            ledger.absorb(&own.ledger);
        });
        rows.chain(end.filter_map(|()| async { None })).boxed()
    }
}

impl Operation for Task {
    fn name(&self) -> &'static str {
        "Task"
    }

    fn describe(&self) -> String {
        let (Shard { number, of }, Range { start, end }) = (self.shard, self.range.steps.clone());
        let number = number + 1;
        format!(
            "shard {number} of {of}, steps {start} to {end} of {}",
            self.range.of
        )
    }

    fn details(&self) -> Vec<(&'static str, u64)> {
        vec![("plan_bytes", self.plan.len() as u64)]
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn run(self: Arc<Self>, _inputs: Vec<SendableRecordBatchStream>, _at: RunAt<'_>) -> Result<BatchStream> {
        let own = Surroundings {
            annotations: Arc::new(Annotations::new("")),
            collision: Arc::new(AtomicBool::new(false)),
            ledger: Ledger::default(),
            ..self.around.clone()
        };
        let rows = decode(&self.plan, &own)?.execute(0, Arc::clone(&CONTEXT))?;
        Ok(self.told(rows, own))
    }
}
