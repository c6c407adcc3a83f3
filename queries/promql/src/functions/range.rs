//! Functions over the samples of a window: their shape and their list.

use super::{over_time, predict, rate};

/// The float samples of one series in one window, staleness markers left out, never empty.
#[derive(Debug, Clone, Copy)]
pub struct Samples<'a> {
    /// Milliseconds since the epoch, ascending.
    pub timestamps: &'a [i64],
    /// Values, one a timestamp.
    pub values: &'a [f64],
    /// Left edge of the window, ms, exclusive.
    pub start_ms: i64,
    /// Right edge of the window, ms, inclusive.
    pub end_ms: i64,
    /// Instant of the query's step, ms; differs from `end_ms` by offset and `@`.
    pub time_ms: i64,
}

impl Samples<'_> {
    /// Number of samples.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none; windows without samples are never handed to a function.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Width of the window in seconds, as Go's `Duration.Seconds` computes it.
    pub fn range_seconds(&self) -> f64 {
        let range_ms = self.end_ms - self.start_ms;
        (range_ms / 1000) as f64 + ((range_ms % 1000) * 1_000_000) as f64 / 1e9
    }
}

/// A function over windows.
#[derive(Debug)]
pub struct RangeFunction {
    /// Name in the language.
    pub name: &'static str,
    /// The value of one window with the scalar parameters of its step; `None` gives no sample.
    pub evaluate: fn(&Samples<'_>, &[f64]) -> Option<f64>,
    /// Whether the metric name stays.
    pub keeps_name: bool,
    /// Whether Prometheus hints that the metric should be a counter.
    pub wants_counter: bool,
}

const fn drops_name(name: &'static str, evaluate: fn(&Samples<'_>, &[f64]) -> Option<f64>) -> RangeFunction {
    RangeFunction {
        name,
        evaluate,
        keeps_name: false,
        wants_counter: false,
    }
}

const fn keeps_name(name: &'static str, evaluate: fn(&Samples<'_>, &[f64]) -> Option<f64>) -> RangeFunction {
    RangeFunction {
        name,
        evaluate,
        keeps_name: true,
        wants_counter: false,
    }
}

const fn of_counter(name: &'static str, evaluate: fn(&Samples<'_>, &[f64]) -> Option<f64>) -> RangeFunction {
    RangeFunction {
        name,
        evaluate,
        keeps_name: false,
        wants_counter: true,
    }
}

/// All functions over windows.
static FUNCTIONS: &[RangeFunction] = &[
    of_counter("rate", rate::rate),
    of_counter("increase", rate::increase),
    drops_name("delta", rate::delta),
    drops_name("irate", rate::irate),
    drops_name("idelta", rate::idelta),
    drops_name("changes", rate::changes),
    drops_name("resets", rate::resets),
    drops_name("sum_over_time", over_time::sum),
    drops_name("avg_over_time", over_time::avg),
    drops_name("count_over_time", over_time::count),
    drops_name("min_over_time", over_time::min),
    drops_name("max_over_time", over_time::max),
    keeps_name("last_over_time", over_time::last),
    keeps_name("first_over_time", over_time::first),
    drops_name("present_over_time", over_time::present),
    drops_name("stddev_over_time", over_time::stddev),
    drops_name("stdvar_over_time", over_time::stdvar),
    drops_name("quantile_over_time", over_time::quantile_of),
    drops_name("mad_over_time", over_time::mad),
    drops_name("ts_of_first_over_time", over_time::ts_of_first),
    drops_name("ts_of_last_over_time", over_time::ts_of_last),
    drops_name("ts_of_min_over_time", over_time::ts_of_min),
    drops_name("ts_of_max_over_time", over_time::ts_of_max),
    drops_name("deriv", predict::deriv),
    drops_name("predict_linear", predict::predict_linear),
    drops_name(
        "double_exponential_smoothing",
        predict::double_exponential_smoothing,
    ),
];

/// The function called `name`.
pub fn range_function(name: &str) -> Option<&'static RangeFunction> {
    FUNCTIONS.iter().find(|function| function.name == name)
}
