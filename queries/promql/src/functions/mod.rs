//! The functions of the language, one file a family, each with its list. A function sees one window or
//! one cell; labels, steps and missing samples are the nodes' business.

pub mod accumulator;
pub mod compensated;
pub mod extended;
pub mod range;

pub(crate) mod accumulator_state;
mod extreme_sweep;
pub(crate) mod histogram_edges;
mod histogram_rate;
pub(crate) mod histogram_sum;
pub(crate) mod mixed;
mod over_time;
mod predict;
mod rate;
mod rate_sweep;
pub(crate) mod starts;
pub(crate) mod sweep;

pub mod cell;
mod go_math;
pub(crate) mod histogram_operator;
pub(crate) mod math;
pub mod operator;
mod time;

pub mod classic_fraction;
pub mod classic_quantile;
pub mod heap;
pub mod label;
pub mod natural;
