//! Functions over the samples of a window: their shape and their list.

use super::extended::EdgeRule;
use super::sweep::Sweep;
use super::{extended, extreme_sweep, over_time, predict, rate, rate_sweep};

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

    /// The values before each fall, in order: what a counter had counted when it was reset.
    pub fn before_falls(&self, mut take: impl FnMut(f64)) {
        let falls = self.values.windows(2).filter(|pair| pair[1] < pair[0]);
        falls.for_each(|pair| take(pair[0]));
    }

    /// Width of the window in seconds, as Go's `Duration.Seconds` computes it.
    pub fn range_seconds(&self) -> f64 {
        seconds_of(self.end_ms - self.start_ms)
    }
}

/// A duration in seconds, as Go's `Duration.Seconds` computes it.
pub(super) fn seconds_of(ms: i64) -> f64 {
    (ms / 1000) as f64 + ((ms % 1000) * 1_000_000) as f64 / 1e9
}

/// The value of one window with the scalar parameters of its step; `None` gives no sample.
pub type Evaluate = fn(&Samples<'_>, &[f64]) -> Option<f64>;

/// What a function demands of its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterRule {
    /// Nothing.
    Any,
    /// A quantile; another number gives a warning.
    Quantile,
    /// Two factors between 0 and 1, both exclusive; another number is an error.
    SmoothingFactors,
}

/// A function over windows.
#[derive(Debug)]
pub struct RangeFunction {
    /// Name in the language.
    pub name: &'static str,
    /// How it is computed.
    pub evaluate: Evaluate,
    /// How it is computed over all windows of a series, if there is a faster way than one after the other.
    pub(crate) sweep: Option<Sweep>,
    /// How it is computed over an `anchored` selector, if it can be.
    pub anchored: Option<Evaluate>,
    /// How it is computed over a `smoothed` selector, if it can be.
    pub smoothed: Option<Evaluate>,
    /// Whether the metric name stays.
    pub keeps_name: bool,
    /// Whether Prometheus hints that the metric should be a counter.
    pub wants_counter: bool,
    /// What it demands of its parameters.
    pub parameters: ParameterRule,
}

/// A function as it is computed over a selector: which samples it sees, and how.
#[derive(Debug, Clone, Copy)]
pub struct RangeEvaluation {
    /// How it is computed.
    pub evaluate: Evaluate,
    /// How values at the edges of the window come about, if it is not a plain one.
    pub edges: Option<EdgeRule>,
    /// How far before the window it sees samples, ms.
    pub before_ms: i64,
    /// How far behind the window it sees samples, ms.
    pub after_ms: i64,
}

const fn drops_name(name: &'static str, evaluate: Evaluate) -> RangeFunction {
    RangeFunction {
        name,
        evaluate,
        sweep: None,
        anchored: None,
        smoothed: None,
        keeps_name: false,
        wants_counter: false,
        parameters: ParameterRule::Any,
    }
}

const fn keeps_name(name: &'static str, evaluate: Evaluate) -> RangeFunction {
    RangeFunction {
        keeps_name: true,
        ..drops_name(name, evaluate)
    }
}

impl RangeFunction {
    const fn of_counter(self) -> Self {
        Self {
            wants_counter: true,
            ..self
        }
    }

    const fn swept(self, sweep: Sweep) -> Self {
        Self {
            sweep: Some(sweep),
            ..self
        }
    }

    const fn anchored(self, evaluate: Evaluate) -> Self {
        Self {
            anchored: Some(evaluate),
            ..self
        }
    }

    const fn smoothed(self, evaluate: Evaluate) -> Self {
        Self {
            smoothed: Some(evaluate),
            ..self
        }
    }

    const fn demands(self, parameters: ParameterRule) -> Self {
        Self { parameters, ..self }
    }
}

/// All functions over windows.
static FUNCTIONS: &[RangeFunction] = &[
    drops_name("rate", rate::rate)
        .of_counter()
        .swept(rate_sweep::rate)
        .anchored(extended::anchored_rate)
        .smoothed(extended::smoothed_rate),
    drops_name("increase", rate::increase)
        .of_counter()
        .swept(rate_sweep::increase)
        .anchored(extended::anchored_increase)
        .smoothed(extended::smoothed_increase),
    drops_name("delta", rate::delta)
        .swept(rate_sweep::delta)
        .anchored(extended::anchored_delta)
        .smoothed(extended::smoothed_delta),
    drops_name("irate", rate::irate),
    drops_name("idelta", rate::idelta),
    drops_name("changes", rate::changes).anchored(extended::anchored_changes),
    drops_name("resets", rate::resets).anchored(extended::anchored_resets),
    drops_name("sum_over_time", over_time::sum),
    drops_name("avg_over_time", over_time::avg),
    drops_name("count_over_time", over_time::count),
    drops_name("min_over_time", over_time::min).swept(extreme_sweep::min),
    drops_name("max_over_time", over_time::max).swept(extreme_sweep::max),
    keeps_name("last_over_time", over_time::last),
    keeps_name("first_over_time", over_time::first),
    drops_name("present_over_time", over_time::present),
    drops_name("stddev_over_time", over_time::stddev),
    drops_name("stdvar_over_time", over_time::stdvar),
    drops_name("quantile_over_time", over_time::quantile_of).demands(ParameterRule::Quantile),
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
    )
    .demands(ParameterRule::SmoothingFactors),
];

/// The function called `name`.
pub fn range_function(name: &str) -> Option<&'static RangeFunction> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// Names of the functions over windows for which `holds` is true, ascending.
pub fn range_functions_where(holds: impl Fn(&RangeFunction) -> bool) -> Vec<&'static str> {
    let mut names: Vec<&str> = FUNCTIONS.iter().filter(|f| holds(f)).map(|f| f.name).collect();
    names.sort_unstable();
    names
}
