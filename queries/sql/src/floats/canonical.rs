//! One double for all that are equal, and the order of doubles.

use std::cmp::Ordering;
use std::sync::{Arc, LazyLock};

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use datafusion::common::{ScalarValue, exec_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// Name of the function in plans.
const NAME: &str = "canonical";

/// Floating-point numbers of columns.
pub(super) trait Float: Copy + Send + Sync + 'static {
    /// The one NaN, if this is any; else the number.
    fn one_nan(self) -> Self;
    /// The one of all that are equal.
    fn canonical(self) -> Self;
    /// Whether it is that one.
    fn is_canonical(self) -> bool;
    /// Order of numbers of which NaN is the one, below 0 comes −0.
    fn order(self, other: Self) -> Ordering;
}

macro_rules! float {
    ($float:ty) => {
        impl Float for $float {
            fn one_nan(self) -> Self {
                if self.is_nan() { Self::NAN } else { self }
            }

            fn canonical(self) -> Self {
                // Adding 0 turns −0 into 0 and nothing else.
                self.one_nan() + 0.0
            }

            fn is_canonical(self) -> bool {
                self.canonical().to_bits() == self.to_bits()
            }

            fn order(self, other: Self) -> Ordering {
                self.total_cmp(&other)
            }
        }
    };
}

float!(f32);
float!(f64);

/// `values` with `step` done to each, the same array where it changes none.
fn each<T: ArrowPrimitiveType<Native: Float>>(
    values: &ArrayRef,
    stays: impl Fn(T::Native) -> bool,
    step: impl Fn(T::Native) -> T::Native,
) -> ArrayRef {
    let typed: &PrimitiveArray<T> = values.as_primitive();
    match typed.values().iter().all(|&value| stays(value)) {
        true => Arc::clone(values),
        false => Arc::new(typed.unary::<_, T>(step)),
    }
}

/// `values`, where they are doubles, each as the one of all that are equal.
fn canonical_array(values: &ArrayRef) -> ArrayRef {
    match values.data_type() {
        DataType::Float64 => each::<Float64Type>(values, Float::is_canonical, Float::canonical),
        DataType::Float32 => each::<Float32Type>(values, Float::is_canonical, Float::canonical),
        _ => Arc::clone(values),
    }
}

/// `values`, where they are doubles, with one NaN.
pub(super) fn one_nan_array(values: &ArrayRef) -> ArrayRef {
    fn stays<F: Float + PartialEq>(value: F) -> bool {
        #[expect(clippy::eq_op, reason = "NaN alone is not equal to itself")]
        let number = value == value;
        number || value.is_canonical()
    }
    match values.data_type() {
        DataType::Float64 => each::<Float64Type>(values, stays, Float::one_nan),
        DataType::Float32 => each::<Float32Type>(values, stays, Float::one_nan),
        _ => Arc::clone(values),
    }
}

/// Whether values of a type need it.
pub(super) fn is_float(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Float64 | DataType::Float32)
}

/// `canonical(expr)`.
pub(super) fn canonical(expr: Expr) -> Expr {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
        Arc::new(ScalarUDF::from(Canonical {
            signature: Signature::any(1, Volatility::Immutable),
        }))
    });
    if is_canonical(&expr) {
        return expr;
    }
    FUNCTION.call(vec![expr])
}

/// Whether it is called already.
pub(super) fn is_canonical(expr: &Expr) -> bool {
    matches!(expr, Expr::ScalarFunction(call) if call.func.name() == NAME)
}

/// The function: of doubles the one of all that are equal, of all else what it is given.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Canonical {
    signature: Signature,
}

impl ScalarUDFImpl for Canonical {
    fn name(&self) -> &str {
        NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [one] => Ok(one.clone()),
            _ => exec_err!("{NAME} takes one argument"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.first() {
            Some(ColumnarValue::Array(array)) => Ok(ColumnarValue::Array(canonical_array(array))),
            Some(ColumnarValue::Scalar(scalar)) => {
                let made = canonical_array(&scalar.to_array()?);
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&made, 0)?))
            }
            None => exec_err!("{NAME} takes one argument"),
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Float64Array;

    use super::*;

    #[test]
    fn equal_doubles_become_one() {
        let odd = f64::from_bits(0xfff8_0000_0000_0123);
        let values: ArrayRef = Arc::new(Float64Array::from(vec![
            Some(-0.0),
            None,
            Some(odd),
            Some(-1.5),
            Some(f64::NEG_INFINITY),
        ]));
        let made = canonical_array(&values);
        let made = made.as_primitive::<Float64Type>();
        let bits: Vec<Option<u64>> = made.iter().map(|value| value.map(f64::to_bits)).collect();
        let expected = [
            Some(0.0),
            None,
            Some(f64::NAN),
            Some(-1.5),
            Some(f64::NEG_INFINITY),
        ];
        assert_eq!(bits, expected.map(|value| value.map(f64::to_bits)));
        let nan = one_nan_array(&values);
        let nan = nan.as_primitive::<Float64Type>();
        assert_eq!(nan.value(0).to_bits(), (-0.0_f64).to_bits());
        assert_eq!(nan.value(2).to_bits(), f64::NAN.to_bits());
        // What needs nothing is not copied.
        let plain: ArrayRef = Arc::new(Float64Array::from(vec![1.0, f64::NAN]));
        assert!(Arc::ptr_eq(&plain, &canonical_array(&plain)));
    }
}
