//! Every function of the language: argument types, how many of them, result type, and whether it is experimental.

use super::ast::ValueType;
use super::ast::ValueType::{Matrix as M, Scalar as S, String as T, Vector as V};

/// Signature of a function.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Name as written in a query.
    pub name: &'static str,
    /// Types of the arguments; the last one repeats in functions that take more.
    pub args: &'static [ValueType],
    /// How many arguments may be written.
    pub arity: Arity,
    /// What a call evaluates to.
    pub returns: ValueType,
    /// Refused unless experimental functions are switched on.
    pub experimental: bool,
}

/// How many arguments a function takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arity {
    /// Exactly as many as `args` lists.
    Exact,
    /// The last of `args` may be left out, or be written up to so many times.
    UpTo(usize),
    /// The last of `args` may be left out or repeated without limit.
    Unlimited,
}

/// The function called `name`; names are case-sensitive.
pub fn function(name: &str) -> Option<&'static Function> {
    let at = FUNCTIONS.binary_search_by(|f| f.name.cmp(name)).ok()?;
    Some(&FUNCTIONS[at])
}

const fn plain(name: &'static str, args: &'static [ValueType], returns: ValueType) -> Function {
    Function {
        name,
        args,
        arity: Arity::Exact,
        returns,
        experimental: false,
    }
}

impl Function {
    const fn arity(self, arity: Arity) -> Self {
        Self { arity, ..self }
    }

    const fn experimental(self) -> Self {
        Self {
            experimental: true,
            ..self
        }
    }
}

/// All functions, ascending by name.
pub const FUNCTIONS: &[Function] = &[
    plain("abs", &[V], V),
    plain("absent", &[V], V),
    plain("absent_over_time", &[M], V),
    plain("acos", &[V], V),
    plain("acosh", &[V], V),
    plain("asin", &[V], V),
    plain("asinh", &[V], V),
    plain("atan", &[V], V),
    plain("atanh", &[V], V),
    plain("avg_over_time", &[M], V),
    plain("ceil", &[V], V),
    plain("changes", &[M], V),
    plain("clamp", &[V, S, S], V),
    plain("clamp_max", &[V, S], V),
    plain("clamp_min", &[V, S], V),
    plain("cos", &[V], V),
    plain("cosh", &[V], V),
    plain("count_over_time", &[M], V),
    plain("day_of_month", &[V], V).arity(Arity::UpTo(1)),
    plain("day_of_week", &[V], V).arity(Arity::UpTo(1)),
    plain("day_of_year", &[V], V).arity(Arity::UpTo(1)),
    plain("days_in_month", &[V], V).arity(Arity::UpTo(1)),
    plain("deg", &[V], V),
    plain("delta", &[M], V),
    plain("deriv", &[M], V),
    plain("double_exponential_smoothing", &[M, S, S], V).experimental(),
    plain("end", &[], S).experimental(),
    plain("exp", &[V], V),
    plain("first_over_time", &[M], V),
    plain("floor", &[V], V),
    plain("histogram_avg", &[V], V),
    plain("histogram_count", &[V], V),
    plain("histogram_fraction", &[S, S, V], V),
    plain("histogram_quantile", &[S, V], V),
    plain("histogram_quantiles", &[V, T, S, S], V)
        .arity(Arity::UpTo(9))
        .experimental(),
    plain("histogram_stddev", &[V], V),
    plain("histogram_stdvar", &[V], V),
    plain("histogram_sum", &[V], V),
    plain("hour", &[V], V).arity(Arity::UpTo(1)),
    plain("idelta", &[M], V),
    plain("increase", &[M], V),
    plain("info", &[V, V], V).arity(Arity::UpTo(1)).experimental(),
    plain("irate", &[M], V),
    plain("label_join", &[V, T, T, T], V).arity(Arity::Unlimited),
    plain("label_replace", &[V, T, T, T, T], V),
    plain("last_over_time", &[M], V),
    plain("ln", &[V], V),
    plain("log10", &[V], V),
    plain("log2", &[V], V),
    plain("mad_over_time", &[M], V).experimental(),
    plain("max_of", &[S, S], S).experimental(),
    plain("max_over_time", &[M], V),
    plain("min_of", &[S, S], S).experimental(),
    plain("min_over_time", &[M], V),
    plain("minute", &[V], V).arity(Arity::UpTo(1)),
    plain("month", &[V], V).arity(Arity::UpTo(1)),
    plain("pi", &[], S),
    plain("predict_linear", &[M, S], V),
    plain("present_over_time", &[M], V),
    plain("quantile_over_time", &[S, M], V),
    plain("rad", &[V], V),
    plain("range", &[], S).experimental(),
    plain("rate", &[M], V),
    plain("resets", &[M], V),
    plain("round", &[V, S], V).arity(Arity::UpTo(1)),
    plain("scalar", &[V], S),
    plain("sgn", &[V], V),
    plain("sin", &[V], V),
    plain("sinh", &[V], V),
    plain("sort", &[V], V),
    plain("sort_by_label", &[V, T], V)
        .arity(Arity::Unlimited)
        .experimental(),
    plain("sort_by_label_desc", &[V, T], V)
        .arity(Arity::Unlimited)
        .experimental(),
    plain("sort_desc", &[V], V),
    plain("sqrt", &[V], V),
    plain("start", &[], S).experimental(),
    plain("start_timestamp", &[V], V).experimental(),
    plain("stddev_over_time", &[M], V),
    plain("stdvar_over_time", &[M], V),
    plain("step", &[], S).experimental(),
    plain("sum_over_time", &[M], V),
    plain("tan", &[V], V),
    plain("tanh", &[V], V),
    plain("time", &[], S),
    plain("timestamp", &[V], V),
    plain("ts_of_first_over_time", &[M], V).experimental(),
    plain("ts_of_last_over_time", &[M], V).experimental(),
    plain("ts_of_max_over_time", &[M], V).experimental(),
    plain("ts_of_min_over_time", &[M], V).experimental(),
    plain("vector", &[S], V),
    plain("year", &[V], V).arity(Arity::UpTo(1)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_found() {
        assert!(FUNCTIONS.is_sorted_by(|a, b| a.name < b.name));
        for listed in FUNCTIONS {
            assert_eq!(function(listed.name), Some(listed));
        }
        assert_eq!(function("Rate"), None);
        assert_eq!(function("time").map(|f| (f.args.len(), f.returns)), Some((0, S)));
    }
}
