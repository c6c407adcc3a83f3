//! Functions over the samples of a window: their shape and their list.

use std::cell::Cell;

use super::extended::EdgeRule;
pub use super::rate::LastFactor;
use super::{extended, over_time, predict, rate};

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
    /// What is known from the windows before, where one slides over a counter.
    pub sliding: Option<Sliding<'a>>,
}

/// What a window that slides over a counter knows.
#[derive(Debug, Clone, Copy)]
pub struct Sliding<'a> {
    /// Places in the series at which the value is below the one before it, ascending, each with its predecessor
    /// in the window: found once for the series.
    pub falls: &'a [usize],
    /// Place in the series of the window's first sample.
    pub first: usize,
    /// How the last window was extrapolated.
    pub(super) last: &'a Cell<LastFactor>,
}

impl<'a> Sliding<'a> {
    /// A window from place `first` of the series on.
    pub fn new(falls: &'a [usize], first: usize, last: &'a Cell<LastFactor>) -> Self {
        Self { falls, first, last }
    }
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
        match self.sliding {
            Some(Sliding { falls, first, .. }) => falls
                .iter()
                .for_each(|place| take(self.values[place - first - 1])),
            None => {
                let falls = self.values.windows(2).filter(|pair| pair[1] < pair[0]);
                falls.for_each(|pair| take(pair[0]));
            }
        }
    }

    /// Width of the window in seconds, as Go's `Duration.Seconds` computes it.
    pub fn range_seconds(&self) -> f64 {
        let range_ms = self.end_ms - self.start_ms;
        (range_ms / 1000) as f64 + ((range_ms % 1000) * 1_000_000) as f64 / 1e9
    }
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
        .anchored(extended::anchored_rate)
        .smoothed(extended::smoothed_rate),
    drops_name("increase", rate::increase)
        .of_counter()
        .anchored(extended::anchored_increase)
        .smoothed(extended::smoothed_increase),
    drops_name("delta", rate::delta)
        .anchored(extended::anchored_delta)
        .smoothed(extended::smoothed_delta),
    drops_name("irate", rate::irate),
    drops_name("idelta", rate::idelta),
    drops_name("changes", rate::changes).anchored(extended::anchored_changes),
    drops_name("resets", rate::resets).anchored(extended::anchored_resets),
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
