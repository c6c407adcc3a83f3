//! One step of a sum that keeps what its roundings lose: Kahan's compensation in Neumaier's form.

/// Adds `value` to `sum` and what is lost to `compensation`. An infinite sum has no compensation.
#[inline]
pub(super) fn add(value: f64, sum: &mut f64, compensation: &mut f64) {
    let total = *sum + value;
    if total.is_infinite() {
        *compensation = 0.0;
    } else if sum.abs() >= value.abs() {
        *compensation += (*sum - total) + value;
    } else {
        *compensation += (value - total) + *sum;
    }
    *sum = total;
}
