//! What a search asks for, read and refused in Prometheus's words.

use engine_model::Matcher;
use engine_model::labels::Quoted;

use super::scoring::{Algorithm, Terms};
use crate::envelope::ApiError;
use crate::parameters::{Parameters, go_bool, integer};

/// Results without `limit`, and results of a line without `batch_size`: Prometheus's.
const LIMIT: usize = 100;
const BATCH_SIZE: usize = 100;
/// Terms of one search: each costs a look at each name, and people type one or two.
const TERMS_MAX: usize = 32;
/// How far back names are searched for without `start`, ms.
const RANGE_MS: i64 = 3_600_000;

/// The order of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Ascending,
    Descending,
    /// The best first; equally good ones by name.
    Score,
}

/// What a search asks for.
#[derive(Debug)]
pub(super) struct Search {
    /// A series counts when one of these selects it; all do when there are none.
    pub(super) selectors: Vec<Vec<Matcher>>,
    pub(super) terms: Terms,
    pub(super) order: Order,
    pub(super) with_score: bool,
    /// Both in ms since the epoch.
    pub(super) range_ms: (i64, i64),
    pub(super) limit: usize,
    pub(super) batch_size: usize,
}

impl Search {
    /// Reads the parameters that all searches have; `limit_max` is 0 when there is no limit.
    pub(super) fn read(parameters: &Parameters, limit_max: usize, now_ms: i64) -> Result<Self, ApiError> {
        let start_ms = parameters.time_ms_plain("start", now_ms - RANGE_MS)?;
        let end_ms = parameters.time_ms_plain("end", now_ms)?;
        if end_ms < start_ms {
            return Err(ApiError::bad_data(
                "end timestamp must not be before start timestamp",
            ));
        }
        let selectors = parameters.selectors().map_err(ApiError::bad_data)?;
        let terms = parameters.all("search[]").count();
        if terms > TERMS_MAX {
            return Err(ApiError::bad_data(format!(
                "too many search[] terms: got {terms}, maximum is {TERMS_MAX}"
            )));
        }
        let (algorithm, threshold) = (algorithm(parameters)?, threshold(parameters)?);
        let case_sensitive = boolean(parameters, "case_sensitive", true)?;
        let with_score = boolean(parameters, "include_score", false)?;
        let order = order(parameters, terms)?;
        let limit = limit(parameters, limit_max)?;
        let batch_size = match parameters.get("batch_size") {
            "" => BATCH_SIZE,
            text => positive(text).ok_or_else(|| {
                ApiError::bad_data(format!(
                    "invalid batch_size {}: must be a positive integer",
                    Quoted(text)
                ))
            })?,
        };
        Ok(Self {
            selectors,
            terms: Terms::new(parameters.all("search[]"), algorithm, threshold, case_sensitive),
            order,
            with_score,
            range_ms: (start_ms, end_ms),
            limit,
            batch_size,
        })
    }
}

fn algorithm(parameters: &Parameters) -> Result<Algorithm, ApiError> {
    let word = match parameters.get("fuzz_alg") {
        "" => return Ok(Algorithm::Subsequence),
        word => word,
    };
    let found = Algorithm::ALL.iter().find(|(name, _)| *name == word);
    found.map(|(_, algorithm)| *algorithm).ok_or_else(|| {
        let names = Algorithm::ALL.map(|(name, _)| name).join(" ");
        ApiError::bad_data(format!(
            "unsupported fuzz_alg {}: must be one of [{names}]",
            Quoted(word)
        ))
    })
}

/// From percent to a share.
fn threshold(parameters: &Parameters) -> Result<f64, ApiError> {
    let text = match parameters.get("fuzz_threshold") {
        "" => return Ok(0.0),
        text => text,
    };
    match integer(text, "strconv.Atoi") {
        Ok(percent @ 0..=100) => Ok(percent as f64 / 100.0),
        _ => Err(ApiError::bad_data(format!(
            "invalid fuzz_threshold {}: must be 0-100",
            Quoted(text)
        ))),
    }
}

fn order(parameters: &Parameters, terms: usize) -> Result<Order, ApiError> {
    let (by, direction) = (parameters.get("sort_by"), parameters.get("sort_dir"));
    let refuse = |why: &str| Err(ApiError::bad_data(why));
    match (by, direction) {
        ("", direction) if !direction.is_empty() => {
            return refuse("sort_dir is only valid when sort_by is set");
        }
        ("score", direction) if !direction.is_empty() => {
            return refuse("sort_dir is not supported for sort_by=score");
        }
        (_, "" | "asc" | "dsc") => {}
        (_, other) => {
            return Err(ApiError::bad_data(format!(
                "invalid sort_dir {}: must be \"asc\" or \"dsc\"",
                Quoted(other)
            )));
        }
    }
    match by {
        "score" if terms == 0 => refuse("sort_by=score requires search[] to be set"),
        "score" => Ok(Order::Score),
        "alpha" if direction == "dsc" => Ok(Order::Descending),
        // Others are refused where it is known what is searched for.
        _ => Ok(Order::Ascending),
    }
}

/// Refuses an unknown order in the words of a search for `what`.
pub(super) fn check_order(parameters: &Parameters, what: &str) -> Result<(), ApiError> {
    match parameters.get("sort_by") {
        "" | "alpha" | "score" => Ok(()),
        other => Err(ApiError::bad_data(format!(
            "invalid sort_by {} for {what}: must be \"alpha\" or \"score\"",
            Quoted(other)
        ))),
    }
}

fn limit(parameters: &Parameters, limit_max: usize) -> Result<usize, ApiError> {
    let text = match parameters.get("limit") {
        "" if limit_max > 0 => return Ok(LIMIT.min(limit_max)),
        "" => return Ok(LIMIT),
        text => text,
    };
    match positive(text) {
        None => Err(ApiError::bad_data(format!(
            "invalid limit {}: must be a positive integer",
            Quoted(text)
        ))),
        Some(limit) if limit_max > 0 && limit > limit_max => Err(ApiError::bad_data(format!(
            "limit {limit} exceeds the configured maximum ({limit_max}, see --web.search.max-limit)"
        ))),
        Some(limit) => Ok(limit),
    }
}

fn positive(text: &str) -> Option<usize> {
    let number = integer(text, "strconv.Atoi").ok()?;
    usize::try_from(number).ok().filter(|number| *number > 0)
}

/// A word that Go takes for a boolean.
pub(super) fn boolean(parameters: &Parameters, name: &str, absent: bool) -> Result<bool, ApiError> {
    match parameters.get(name) {
        "" => Ok(absent),
        text => go_bool(text)
            .ok_or_else(|| ApiError::bad_data(format!("invalid {name} {}: must be boolean", Quoted(text)))),
    }
}
