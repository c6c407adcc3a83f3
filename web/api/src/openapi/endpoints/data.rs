//! Endpoints that read and write data.

use super::super::parameters::{
    END, LIMIT, MATCH, MATCH_NEEDED, Parameter, QUERY, START, array, boolean, integer, required, string, text,
};
use super::Gives::{Data, Lines, Media, NoContent};
use super::Methods::{Body, Get, GetAndForm};
use super::{Endpoint, endpoint};

const TIMEOUT: Parameter = text(
    "timeout",
    "Longest that the query may take, up to --query.timeout.",
);
const LOOKBACK: Parameter = text("lookback_delta", "How far back a sample counts as current.");
const STATS: Parameter = string(
    "stats",
    "What the query took: `true`, or `all` for each step too.",
);
const EXPLAIN: Parameter = boolean("explain", "The plan with what each of its nodes did.");

const SEARCH: [Parameter; 12] = [
    MATCH,
    array(
        "search[]",
        "What is searched for; a name fits when one of the terms does.",
    ),
    integer(
        "fuzz_threshold",
        "Least score of a fuzzy match in percent, 0 to 100.",
    ),
    string("fuzz_alg", "`subsequence` or `jarowinkler`."),
    boolean(
        "case_sensitive",
        "Whether upper and lower case differ; they do by default.",
    ),
    string("sort_by", "`alpha` or `score`."),
    string("sort_dir", "`asc` or `dsc`, for sort_by=alpha."),
    boolean("include_score", "Whether each result says how well it fits."),
    START,
    END,
    integer("limit", "Most results; 100 by default."),
    integer("batch_size", "Results of a line; 100 by default."),
];
const SEARCH_METRICS: [Parameter; 13] = with(boolean(
    "include_metadata",
    "Whether each result says its type, help text and unit.",
));
const SEARCH_VALUES: [Parameter; 13] =
    with(required(string("label", "The label whose values are searched.")));

/// The parameters of all searches and one more.
const fn with(last: Parameter) -> [Parameter; 13] {
    let mut all = [last; 13];
    let mut at = 0;
    while at < SEARCH.len() {
        all[at] = SEARCH[at];
        at += 1;
    }
    all
}

/// The table.
pub(super) const ENDPOINTS: &[Endpoint] = &[
    endpoint(
        GetAndForm,
        "/query",
        "query",
        "Evaluates an expression at an instant.",
        &[
            QUERY,
            text("time", "The instant; now without it."),
            TIMEOUT,
            LIMIT,
            LOOKBACK,
            STATS,
            EXPLAIN,
        ],
        Data("QueryData"),
    ),
    endpoint(
        GetAndForm,
        "/query_range",
        "query",
        "Evaluates an expression over a range.",
        &[
            QUERY,
            required(START),
            required(END),
            required(text("step", "Time between two instants.")),
            TIMEOUT,
            LIMIT,
            LOOKBACK,
            STATS,
            EXPLAIN,
        ],
        Data("QueryData"),
    ),
    endpoint(
        GetAndForm,
        "/query_exemplars",
        "query",
        "Exemplars of the series of an expression.",
        &[QUERY, START, END],
        Data("Exemplars"),
    ),
    endpoint(
        GetAndForm,
        "/format_query",
        "query",
        "An expression in its pretty form.",
        &[QUERY],
        Data("Text"),
    ),
    endpoint(
        GetAndForm,
        "/parse_query",
        "query",
        "The syntax tree of an expression.",
        &[QUERY],
        Data("Object"),
    ),
    endpoint(
        GetAndForm,
        "/series",
        "series",
        "Label sets of series.",
        &[MATCH_NEEDED, START, END, LIMIT],
        Data("LabelSets"),
    ),
    endpoint(
        GetAndForm,
        "/labels",
        "series",
        "Names of labels.",
        &[MATCH, START, END, LIMIT],
        Data("Texts"),
    ),
    endpoint(
        Get,
        "/label/{name}/values",
        "series",
        "Values of a label.",
        &[MATCH, START, END, LIMIT],
        Data("Texts"),
    ),
    endpoint(
        GetAndForm,
        "/search/metric_names",
        "search",
        "Names of metrics that fit what is typed.",
        &SEARCH_METRICS,
        Lines("SearchLine"),
    ),
    endpoint(
        GetAndForm,
        "/search/label_names",
        "search",
        "Names of labels that fit what is typed.",
        &SEARCH,
        Lines("SearchLine"),
    ),
    endpoint(
        GetAndForm,
        "/search/label_values",
        "search",
        "Values of a label that fit what is typed.",
        &SEARCH_VALUES,
        Lines("SearchLine"),
    ),
    endpoint(
        Body("application/x-protobuf"),
        "/write",
        "write",
        "Receives remote write 1.0 and 2.0.",
        &[],
        NoContent,
    ),
    endpoint(
        Body("application/x-protobuf"),
        "/read",
        "read",
        "Answers remote read.",
        &[],
        Media("application/x-protobuf"),
    ),
    endpoint(
        Body("text/plain"),
        "/import/prometheus",
        "write",
        "Receives samples in Prometheus's text formats.",
        &[],
        NoContent,
    ),
    endpoint(
        Body("application/json"),
        "/sql",
        "query",
        "Answers a query in SQL.",
        &[string(
            "format",
            "`json`, `csv` or `arrow`; what the client accepts, else JSON, without it.",
        )],
        Media("application/json"),
    ),
];
