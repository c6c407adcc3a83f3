//! Rule groups as metrics, under Prometheus's names.

use queries_rules::metrics::{DURATION_BUCKETS, Durations, GroupMetrics, RuleMetrics};

use super::exposition::Exposition;

/// Appends the numbers of rule groups.
pub fn rule_metrics(metrics: &RuleMetrics, out: &mut Exposition) {
    for group in &metrics.groups {
        group_metrics(group, out);
        last_evaluation(group, out);
    }
    let (evaluations, groups) = (&metrics.evaluation_durations, &metrics.group_durations);
    for (summary, histogram, help, durations) in [
        (
            "prometheus_rule_evaluation_duration_seconds",
            "prometheus_rule_evaluation_duration_histogram_seconds",
            "The duration for a rule to execute.",
            evaluations,
        ),
        (
            "prometheus_rule_group_duration_seconds",
            "prometheus_rule_group_duration_histogram_seconds",
            "The duration of rule group evaluations.",
            groups,
        ),
    ] {
        out.summary(summary, help, &[], &[], durations.sum_seconds, durations.count);
        out.buckets(histogram, help, &[], buckets(durations), durations.sum_seconds);
    }
}

fn buckets(durations: &Durations) -> impl Iterator<Item = (f64, u64)> {
    let bounded = DURATION_BUCKETS.into_iter().zip(durations.buckets);
    bounded.chain([(f64::INFINITY, durations.count)])
}

fn group_metrics(group: &GroupMetrics, out: &mut Exposition) {
    let labels = [("rule_group", group.rule_group.as_str())];
    for (name, help, value) in [
        (
            "prometheus_rule_evaluations_total",
            "The total number of rule evaluations.",
            group.evaluations,
        ),
        (
            "prometheus_rule_evaluation_failures_total",
            "The total number of rule evaluation failures.",
            group.evaluation_failures,
        ),
        (
            "prometheus_rule_group_iterations_total",
            "The total number of scheduled rule group evaluations, whether executed or missed.",
            group.iterations,
        ),
        (
            "prometheus_rule_group_iterations_missed_total",
            "The total number of rule group evaluations missed due to slow rule group evaluation.",
            group.iterations_missed,
        ),
    ] {
        out.counter(name, help, &labels, value as f64);
    }
    for (reason, count) in [
        ("out_of_order", group.rejected.out_of_order),
        ("duplicate", group.rejected.duplicate),
        ("out_of_bounds", group.rejected.out_of_bounds),
        ("too_old", group.rejected.too_old),
    ] {
        out.counter(
            "weir_rule_samples_rejected_total",
            "Total number of rule results that the store refused.",
            &[("rule_group", &group.rule_group), ("reason", reason)],
            count as f64,
        );
    }
}

/// What the last evaluation of a group was like.
fn last_evaluation(group: &GroupMetrics, out: &mut Exposition) {
    let labels = [("rule_group", group.rule_group.as_str())];
    for (name, help, value) in [
        (
            "prometheus_rule_group_interval_seconds",
            "The interval of a rule group.",
            group.interval.as_secs_f64(),
        ),
        (
            "prometheus_rule_group_last_evaluation_timestamp_seconds",
            "The timestamp of the last rule group evaluation in seconds.",
            group.last_evaluation_ms as f64 / 1000.0,
        ),
        (
            "prometheus_rule_group_last_duration_seconds",
            "The duration of the last rule group evaluation.",
            group.last_duration.as_secs_f64(),
        ),
        (
            "prometheus_rule_group_last_rule_duration_sum_seconds",
            "The sum of time in seconds it took to evaluate each rule in the group.",
            group.last_rule_duration_sum.as_secs_f64(),
        ),
        (
            "prometheus_rule_group_last_restore_duration_seconds",
            "The duration of the last alert rules alerts restoration.",
            group.last_restore_duration.as_secs_f64(),
        ),
        (
            "prometheus_rule_group_rules",
            "The number of rules.",
            group.rules as f64,
        ),
        (
            "prometheus_rule_group_last_evaluation_samples",
            "The number of samples returned during the last rule group evaluation.",
            group.last_evaluation_samples as f64,
        ),
    ] {
        out.gauge(name, help, &labels, value);
    }
}
