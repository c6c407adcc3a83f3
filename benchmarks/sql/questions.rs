//! What is asked in SQL: aggregates over everything, groups by labels and by time, one series, joins, windows.

/// A question to both.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    /// As the table names it.
    pub(super) name: &'static str,
    /// The statement; `{end-N}` is the time N hours before the end of the data.
    pub(super) sql: &'static str,
    /// What DuckDB is asked instead.
    pub(super) duckdb: Option<&'static str>,
}

const fn same(name: &'static str, sql: &'static str) -> Question {
    Question {
        name,
        sql,
        duckdb: None,
    }
}

/// The questions.
pub(super) const QUESTIONS: [Question; 10] = [
    same(
        "count, mean and extremes of all rows",
        "SELECT count(*), avg(value), min(value), max(value) FROM node_cpu_seconds_total",
    ),
    same(
        "by mode, a day",
        "SELECT mode, avg(value), max(value) FROM node_cpu_seconds_total GROUP BY mode ORDER BY mode",
    ),
    same(
        "by host, six hours",
        "SELECT instance, avg(value) FROM node_cpu_seconds_total WHERE timestamp >= '{end-6}' \
         GROUP BY instance ORDER BY instance",
    ),
    Question {
        name: "by hour and mode",
        sql: "SELECT date_trunc('hour', timestamp) AS hour, mode, sum(value) FROM node_cpu_seconds_total \
              GROUP BY 1, 2 ORDER BY 1, 2",
        duckdb: Some(
            "SELECT time_bucket(INTERVAL 1 HOUR, timestamp) AS hour, mode, sum(value) FROM node_cpu_seconds_total \
             GROUP BY 1, 2 ORDER BY 1, 2",
        ),
    },
    same(
        "the samples of one series, a day",
        "SELECT timestamp, value FROM node_cpu_seconds_total \
         WHERE instance = 'host-7.example.org:9100' AND mode = 'user' ORDER BY timestamp",
    ),
    same(
        "ten largest hosts",
        "SELECT instance, max(value) AS largest FROM node_cpu_seconds_total WHERE mode <> 'idle' \
         GROUP BY instance ORDER BY largest DESC, instance LIMIT 10",
    ),
    same(
        "rows over a value",
        "SELECT count(*), avg(value) FROM node_cpu_seconds_total WHERE value > 1000",
    ),
    same(
        "two modes beside each other, an hour",
        "SELECT i.instance, avg(u.value / (i.value + u.value)) FROM node_cpu_seconds_total i \
         JOIN node_cpu_seconds_total u ON u.instance = i.instance AND u.timestamp = i.timestamp \
         WHERE i.mode = 'idle' AND u.mode = 'user' AND i.timestamp >= '{end-1}' AND u.timestamp >= '{end-1}' \
         GROUP BY 1 ORDER BY 1",
    ),
    same(
        "growth between neighbours, two hours",
        "SELECT instance, sum(grown) FROM (SELECT instance, greatest(value - lag(value) OVER \
         (PARTITION BY instance ORDER BY timestamp), 0) AS grown FROM node_cpu_seconds_total \
         WHERE mode = 'user' AND timestamp >= '{end-2}') AS neighbours GROUP BY 1 ORDER BY 1",
    ),
    same(
        "100,000 containers by rack",
        "SELECT rack, count(*), max(value) FROM container_memory_working_set_bytes GROUP BY rack ORDER BY rack",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_questions_of_different_names() {
        let names: std::collections::BTreeSet<_> = QUESTIONS.iter().map(|question| question.name).collect();
        assert_eq!(names.len(), 10);
    }
}
