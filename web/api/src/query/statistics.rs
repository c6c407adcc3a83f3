//! What a query took, in JSON: `stats` as Prometheus shapes it, and `explain`, the plan with what each node did.

use std::time::Duration;

use engine_model::number::write_json_value;
use queries_promql::QueryStatistics;
use queries_promql::nodes::looks::StepLooks;
use queries_promql::sample_counts::SampleCounts;
use queries_tables::ExplainedNode;

use crate::json::{write_list, write_text};

/// What a query took, with its wait for a place.
#[derive(Debug, Clone, Default)]
pub struct Timings {
    /// Its wait for a place.
    pub queued: Duration,
    /// From the place to the value.
    pub executed: Duration,
    /// What the engine tells; nothing of a query that failed.
    pub statistics: QueryStatistics,
}

/// Appends `{"timings":…,"samples":…}`, times in seconds.
pub(super) fn write_statistics(out: &mut String, timings: &Timings) {
    let statistics = &timings.statistics;
    let inner = statistics.evaluation;
    let evaluated = statistics.planning + inner;
    let total = timings.queued + timings.executed.max(evaluated);
    out.push_str("{\"timings\":{");
    for (i, (name, duration)) in [
        ("evalTotalTime", evaluated),
        // Results are in order as they come.
        ("resultSortTime", Duration::ZERO),
        ("queryPreparationTime", statistics.planning),
        ("innerEvalTime", inner),
        ("execQueueTime", timings.queued),
        ("execTotalTime", total),
    ]
    .into_iter()
    .enumerate()
    {
        if i > 0 {
            out.push(',');
        }
        write_seconds(out, name, duration);
    }
    out.push_str("},\"samples\":{");
    let counts = statistics.steps.as_ref();
    if let Some(counts) = counts {
        write_steps(out, "totalQueryableSamplesPerStep", counts, |step| step.looked_at);
    }
    out.push_str(&format!(
        "\"totalQueryableSamples\":{},",
        statistics.samples_looked_at
    ));
    if let Some(counts) = counts {
        write_steps(out, "samplesReadPerStep", counts, |step| step.read);
    }
    out.push_str(&format!(
        "\"samplesRead\":{},\"peakSamples\":{}}}}}",
        statistics.samples_read, statistics.samples_peak
    ));
}

/// Appends `"name":[[t,n],…],`, times in seconds.
fn write_steps(out: &mut String, name: &str, counts: &SampleCounts, of: impl Fn(&StepLooks) -> u64) {
    out.push_str(&format!("\"{name}\":"));
    write_list(out, counts.steps.iter().enumerate(), |out, (at, step)| {
        let at_ms = counts.start_ms + at as i64 * counts.step_ms;
        out.push('[');
        write_json_value(out, at_ms as f64 / 1000.0);
        out.push_str(&format!(",{}]", of(step)));
    });
    out.push(',');
}

/// Appends the plan and its times in seconds.
pub(super) fn write_explain(out: &mut String, statistics: &QueryStatistics) {
    out.push('{');
    write_seconds(out, "planningTime", statistics.planning);
    out.push(',');
    write_seconds(out, "evaluationTime", statistics.evaluation);
    out.push_str(",\"plan\":");
    match &statistics.plan {
        Some(plan) => write_node(out, plan),
        None => out.push_str("null"),
    }
    out.push('}');
}

fn write_node(out: &mut String, node: &ExplainedNode) {
    out.push_str("{\"operation\":");
    write_text(out, &node.name);
    out.push_str(",\"description\":");
    write_text(out, &node.description);
    out.push_str(&format!(",\"rows\":{},\"bytes\":{},", node.rows, node.bytes));
    write_seconds(out, "time", node.elapsed);
    for (name, number) in &node.details {
        out.push(',');
        write_text(out, name);
        out.push_str(&format!(":{number}"));
    }
    out.push_str(",\"inputs\":");
    write_list(out, &node.inputs, write_node);
    out.push('}');
}

fn write_seconds(out: &mut String, name: &str, duration: Duration) {
    write_text(out, name);
    out.push_str(&format!(":{}", duration.as_secs_f64()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        let statistics = QueryStatistics {
            planning: Duration::from_millis(1),
            evaluation: Duration::from_millis(2),
            samples_looked_at: 7,
            samples_read: 6,
            samples_peak: 5,
            steps: None,
            plan: Some(ExplainedNode {
                name: "SeriesScan".to_owned(),
                description: "{a=\"b\"}".to_owned(),
                rows: 3,
                bytes: 100,
                elapsed: Duration::from_micros(500),
                details: vec![("segments_touched".to_owned(), 2)],
                inputs: Vec::new(),
            }),
        };
        let mut out = String::new();
        write_explain(&mut out, &statistics);
        assert_eq!(
            out,
            r#"{"planningTime":0.001,"evaluationTime":0.002,"plan":{"operation":"SeriesScan","description":"{a=\"b\"}","rows":3,"bytes":100,"time":0.0005,"segments_touched":2,"inputs":[]}}"#
        );
        let timings = Timings {
            queued: Duration::from_millis(4),
            executed: Duration::from_millis(3),
            statistics,
        };
        out.clear();
        write_statistics(&mut out, &timings);
        assert_eq!(
            out,
            r#"{"timings":{"evalTotalTime":0.003,"resultSortTime":0,"queryPreparationTime":0.001,"innerEvalTime":0.002,"execQueueTime":0.004,"execTotalTime":0.007},"samples":{"totalQueryableSamples":7,"samplesRead":6,"peakSamples":5}}"#
        );
        let step = |looked_at, read| StepLooks { looked_at, read };
        let mut timings = timings;
        timings.statistics.steps = Some(SampleCounts {
            start_ms: 1500,
            step_ms: 500,
            steps: vec![step(4, 4), step(3, 2)],
        });
        out.clear();
        write_statistics(&mut out, &timings);
        let by_step = r#""samples":{"totalQueryableSamplesPerStep":[[1.5,4],[2,3]],"totalQueryableSamples":7,"samplesReadPerStep":[[1.5,4],[2,2]],"samplesRead":6,"peakSamples":5}}"#;
        assert!(out.ends_with(by_step), "{out}");
    }
}
