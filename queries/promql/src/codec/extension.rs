//! The nodes as DataFusion's own plan format carries them, for engines that distribute DataFusion plans.

use std::sync::Arc;

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};

use super::plan::{decode_alone, encode_alone};
use super::{CodecError, Surroundings};

/// Encodes and decodes PromQL's nodes inside DataFusion's plans.
#[derive(Debug, Clone)]
pub struct PlanCodec {
    around: Surroundings,
}

impl PlanCodec {
    /// Plans are decoded into `around`.
    pub fn new(around: Surroundings) -> Self {
        Self { around }
    }
}

impl From<CodecError> for DataFusionError {
    fn from(error: CodecError) -> Self {
        Self::External(Box::new(error))
    }
}

impl PhysicalExtensionCodec for PlanCodec {
    fn try_decode(
        &self,
        bytes: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        _context: &TaskContext,
        _converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(decode_alone(bytes, inputs.to_vec(), &self.around)?)
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        bytes: &mut Vec<u8>,
        _converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        Ok(encode_alone(&node, bytes)?)
    }
}
