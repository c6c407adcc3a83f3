//! Names of the labels that say what a metric is where `type-and-unit-labels` asks for them, beside its name.

/// Holds the type, such as `counter`.
pub const METRIC_TYPE: &str = "__type__";
/// Holds the unit.
pub const METRIC_UNIT: &str = "__unit__";
