//! `min` and `max` whose answer does not depend on the order of rows or how they are divided: of doubles the largest is
//! NaN where there is one. Of other types they are the query engine's own.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::functions_aggregate::min_max::{max_udaf, min_udaf};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Documentation, GroupsAccumulator, ReversedUDAF,
    SetMonotonicity, Signature, StatisticsArgs,
};

use super::canonical::{is_float, one_nan_array};
use super::extreme_groups::ExtremeGroups;

/// The two functions, which take the places of those of the same names.
pub(crate) fn extremes() -> [Arc<AggregateUDF>; 2] {
    let of = |engine: Arc<AggregateUDF>, wins| Arc::new(AggregateUDF::from(Extreme { engine, wins }));
    [of(max_udaf(), Ordering::Greater), of(min_udaf(), Ordering::Less)]
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Extreme {
    /// The query engine's.
    engine: Arc<AggregateUDF>,
    wins: Ordering,
}

impl Extreme {
    fn of_batches(engine: Box<dyn Accumulator>, data_type: &DataType) -> Box<dyn Accumulator> {
        match is_float(data_type) {
            true => Box::new(OneNan(engine)),
            false => engine,
        }
    }
}

impl AggregateUDFImpl for Extreme {
    fn name(&self) -> &str {
        self.engine.name()
    }

    fn signature(&self) -> &Signature {
        self.engine.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.engine.return_type(arg_types)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.engine.coerce_types(arg_types)
    }

    fn state_fields(&self, args: StateFieldsArgs<'_>) -> Result<Vec<arrow::datatypes::FieldRef>> {
        self.engine.state_fields(args)
    }

    fn accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let data_type = args.return_field.data_type().clone();
        Ok(Self::of_batches(self.engine.accumulator(args)?, &data_type))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn Accumulator>> {
        let data_type = args.return_field.data_type().clone();
        Ok(Self::of_batches(
            self.engine.create_sliding_accumulator(args)?,
            &data_type,
        ))
    }

    fn groups_accumulator_supported(&self, args: AccumulatorArgs<'_>) -> bool {
        self.engine.groups_accumulator_supported(args)
    }

    fn create_groups_accumulator(&self, args: AccumulatorArgs<'_>) -> Result<Box<dyn GroupsAccumulator>> {
        match args.return_field.data_type() {
            DataType::Float64 => Ok(Box::new(ExtremeGroups::<Float64Type>::new(self.wins))),
            DataType::Float32 => Ok(Box::new(ExtremeGroups::<Float32Type>::new(self.wins))),
            _ => self.engine.create_groups_accumulator(args),
        }
    }

    fn is_descending(&self) -> Option<bool> {
        self.engine.is_descending()
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.engine.order_sensitivity()
    }

    fn reverse_expr(&self) -> ReversedUDAF {
        ReversedUDAF::Identical
    }

    fn value_from_stats(&self, args: &StatisticsArgs<'_>) -> Option<ScalarValue> {
        self.engine.value_from_stats(args)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.engine.documentation()
    }

    fn set_monotonicity(&self, data_type: &DataType) -> SetMonotonicity {
        self.engine.inner().set_monotonicity(data_type)
    }
}

/// An accumulator that is given one NaN only, which its order puts over every number.
#[derive(Debug)]
struct OneNan(Box<dyn Accumulator>);

fn all(values: &[ArrayRef]) -> Vec<ArrayRef> {
    values.iter().map(one_nan_array).collect()
}

impl Accumulator for OneNan {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.update_batch(&all(values))
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.0.merge_batch(&all(states))
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.0.retract_batch(&all(values))
    }

    fn supports_retract_batch(&self) -> bool {
        self.0.supports_retract_batch()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.0.evaluate()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.0.state()
    }

    fn size(&self) -> usize {
        self.0.size() + size_of::<Self>()
    }
}
