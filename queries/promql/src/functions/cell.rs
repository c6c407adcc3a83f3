//! Functions of one sample: their shape and their list.

use super::{go_math, math, time};

/// A function of one sample.
#[derive(Debug)]
pub struct CellFunction {
    /// Name in the language.
    pub name: &'static str,
    /// The value of one sample with the scalar parameters of its step; `None` gives no sample.
    pub evaluate: fn(f64, &[f64]) -> Option<f64>,
}

const fn cell(name: &'static str, evaluate: fn(f64, &[f64]) -> Option<f64>) -> CellFunction {
    CellFunction { name, evaluate }
}

/// All functions of one sample.
static FUNCTIONS: &[CellFunction] = &[
    cell("abs", |v, _| Some(v.abs())),
    cell("ceil", |v, _| Some(v.ceil())),
    cell("floor", |v, _| Some(v.floor())),
    cell("exp", |v, _| Some(go_math::exp(v))),
    cell("sqrt", |v, _| Some(v.sqrt())),
    cell("ln", |v, _| Some(go_math::ln(v))),
    cell("log2", |v, _| Some(go_math::log2(v))),
    cell("log10", |v, _| Some(go_math::log10(v))),
    cell("sgn", |v, _| Some(math::sign(v))),
    cell("round", math::round),
    cell("clamp", math::clamp),
    cell("clamp_min", |v, p| Some(math::max(p[0], v))),
    cell("clamp_max", |v, p| Some(math::min(p[0], v))),
    cell("sin", |v, _| Some(v.sin())),
    cell("cos", |v, _| Some(v.cos())),
    cell("tan", |v, _| Some(v.tan())),
    cell("asin", |v, _| Some(v.asin())),
    cell("acos", |v, _| Some(v.acos())),
    cell("atan", |v, _| Some(v.atan())),
    cell("sinh", |v, _| Some(v.sinh())),
    cell("cosh", |v, _| Some(v.cosh())),
    cell("tanh", |v, _| Some(v.tanh())),
    cell("asinh", |v, _| Some(math::asinh(v))),
    cell("acosh", |v, _| Some(math::acosh(v))),
    cell("atanh", |v, _| Some(v.atanh())),
    cell("rad", |v, _| Some(v * std::f64::consts::PI / 180.0)),
    cell("deg", |v, _| Some(v * 180.0 / std::f64::consts::PI)),
    cell("minute", |v, _| Some(time::minute(v))),
    cell("hour", |v, _| Some(time::hour(v))),
    cell("day_of_month", |v, _| Some(time::day_of_month(v))),
    cell("day_of_week", |v, _| Some(time::day_of_week(v))),
    cell("day_of_year", |v, _| Some(time::day_of_year(v))),
    cell("days_in_month", |v, _| Some(time::days_in_month(v))),
    cell("month", |v, _| Some(time::month(v))),
    cell("year", |v, _| Some(time::year(v))),
    cell(FLOATS, |v, _| Some(v)),
];

/// No function of the language: what sorting does at many steps, where all but native histograms stay as they are.
pub(crate) const FLOATS: &str = "floats";

/// The function called `name`.
pub fn cell_function(name: &str) -> Option<&'static CellFunction> {
    FUNCTIONS.iter().find(|function| function.name == name)
}
