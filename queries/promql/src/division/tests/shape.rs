//! What is divided, and what is left whole.

use std::sync::{Arc, LazyLock};

use queries_tables::{MemorySnapshot, SampleBudget, Snapshot, explain};

use super::data::snapshot;
use crate::annotations::Annotations;
use crate::codec::Surroundings;
use crate::division::{Distinct, Division, divide};
use crate::grid::Grid;
use crate::nodes::looks::Ledger;
use crate::parser::{ParseOptions, parse_expr};
use crate::plan::{Plan, Planner, ToldResets};

/// Series of all plans here: building them takes longer than planning.
static SERIES: LazyLock<MemorySnapshot> = LazyLock::new(|| snapshot(7));

/// A planner over random series, and what its plans are decoded into.
pub(crate) fn planner(query: &str, grid: Grid, delayed_name_removal: bool) -> (Planner, Surroundings) {
    let snapshot: Arc<dyn Snapshot> = Arc::new(SERIES.clone());
    let budget = Arc::new(SampleBudget::new(50_000_000));
    let planner = Planner {
        snapshot: Arc::clone(&snapshot),
        budget: Arc::clone(&budget),
        annotations: Arc::new(Annotations::new(query)),
        lookback_ms: 300_000,
        default_step_ms: 60_000,
        delayed_name_removal,
        type_and_unit_labels: false,
        resets: ToldResets::No,
        collision: Some(Arc::default()),
        ledger: Ledger::default(),
        query_grid: grid,
    };
    let around = Surroundings {
        snapshot,
        budget,
        annotations: Arc::new(Annotations::new(query)),
        ledger: planner.ledger.clone(),
        collision: Arc::default(),
    };
    (planner, around)
}

/// Names of the nodes from the root on, a task as `Task`; parts that are all alike as one.
fn outline(plan: &Plan) -> String {
    let mut inputs: Vec<String> = plan.children().into_iter().map(outline).collect();
    inputs.dedup();
    match inputs.len() {
        0 => plan.name().to_owned(),
        _ => format!("{}({})", plan.name(), inputs.join(", ")),
    }
}

fn divided(query: &str, shards: usize, step_ranges: usize, delayed: bool) -> String {
    let grid = Grid::range(300_000, 3_000_000, 135_000);
    let (planner, around) = planner(query, grid, delayed);
    let expr = parse_expr(query, &ParseOptions::ALL).unwrap();
    let plan = planner.plan(&expr, grid).unwrap();
    let distinct = Distinct::look(&plan).unwrap();
    let division = Division { shards, step_ranges };
    outline(&divide(&plan, division, &distinct, &around).unwrap())
}

#[test]
fn shards() {
    for (query, whole, outline) in [
        ("temp", false, "Gather(Task)"),
        ("sum(rate(requests_total[5m]))", false, "FinalAggregate(Task)"),
        ("max by (job) (abs(temp) * 2)", true, "FinalAggregate(Task)"),
        ("stddev(temp)", true, "Aggregate(Gather(Task))"),
        (
            "topk(2, rate(requests_total[5m]))",
            true,
            "TopK(Gather(Task), Constant)",
        ),
        (
            "max_over_time(sum(temp)[5m:1m])",
            true,
            "Window(Subquery(FinalAggregate(Task)))",
        ),
        (
            "sum(max_over_time(rate(temp[2m])[5m:1m]))",
            true,
            "FinalAggregate(Task)",
        ),
        ("temp + on (job, instance) other", true, "Match(Gather(Task))"),
        // Twins become one without their names, so somebody must see them all.
        (
            "sum(rate({__name__=~\"twin_.\"}[5m]))",
            false,
            "Aggregate(Unique(Gather(Task)))",
        ),
        (
            "sum(rate({__name__=~\"twin_.\"}[5m]))",
            true,
            "FinalAggregate(Task)",
        ),
        (
            "sum(label_join(temp, \"a\", \"\", \"b\"))",
            true,
            "Aggregate(Unique(Gather(Task)))",
        ),
        // The parameter is a query of its own.
        (
            "clamp_max(temp, scalar(capacity))",
            true,
            "Map(Gather(Task), Scalar(Gather(Task)))",
        ),
        ("vector(1)", true, "LabelsMap(Constant)"),
    ] {
        assert_eq!(divided(query, 3, 1, whole), outline, "{query}");
    }
}

#[test]
fn step_ranges() {
    for (query, delayed, outline) in [
        ("sum(rate(requests_total[5m]))", false, "StepsMerge(Task)"),
        ("stddev_over_time(temp[5m])", false, "StepsMerge(Task)"),
        ("quantile(0.5, temp)", true, "StepsMerge(Task)"),
        (
            "histogram_quantile(0.9, rate(latency_bucket[5m]))",
            true,
            "StepsMerge(Task)",
        ),
        ("max_over_time(sum(temp)[5m:1m])", true, "StepsMerge(Task)"),
        ("vector(1)", true, "LabelsMap(Constant)"),
        // Which of equal elements counts is a matter of their order.
        ("topk(2, temp)", true, "TopK(Window(SeriesScan), Constant)"),
        (
            "sum(topk(2, temp))",
            true,
            "Aggregate(TopK(Window(SeriesScan), Constant))",
        ),
        ("info(temp)", true, "Info(StepsMerge(Task))"),
        // Parameters are judged together.
        (
            "quantile(time() / 2000, temp)",
            true,
            "Aggregate(Window(SeriesScan), Scalar(Constant))",
        ),
        (
            "rate({__name__=~\"twin_.\"}[5m])",
            false,
            "Unique(StepsMerge(Task))",
        ),
    ] {
        assert_eq!(divided(query, 1, 3, delayed), outline, "{query}");
    }
}

#[test]
fn both() {
    for (query, outline) in [
        (
            "sum(rate(requests_total[5m]))",
            "StepsMerge(FinalAggregate(Task))",
        ),
        (
            "temp / on (job, instance) other",
            "StepsMerge(Match(Gather(Task)))",
        ),
        ("topk(2, temp)", "TopK(Gather(Task), Constant)"),
    ] {
        assert_eq!(divided(query, 2, 3, false), outline, "{query}");
    }
}

#[test]
fn tasks_say_what_they_are_about() {
    let grid = Grid::range(300_000, 3_000_000, 135_000);
    let (planner, around) = planner("sum(temp)", grid, false);
    let plan = planner
        .plan(&parse_expr("sum(temp)", &ParseOptions::ALL).unwrap(), grid)
        .unwrap();
    let division = Division {
        shards: 2,
        step_ranges: 2,
    };
    let divided = divide(&plan, division, &Distinct::default(), &around).unwrap();
    let merge = explain(&divided);
    let tasks: Vec<&str> = merge
        .inputs
        .iter()
        .flat_map(|range| range.inputs.iter().map(|task| task.description.as_str()))
        .collect();
    assert_eq!(
        tasks,
        [
            "shard 1 of 2, steps 0 to 10 of 21",
            "shard 2 of 2, steps 0 to 10 of 21",
            "shard 1 of 2, steps 10 to 21 of 21",
            "shard 2 of 2, steps 10 to 21 of 21",
        ]
    );
}
