//! A plan that was sent shows and answers as the one that was not.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::displayable;
use datafusion_proto::bytes::{
    physical_plan_from_bytes_with_extension_codec, physical_plan_to_bytes_with_extension_codec,
};
use futures::StreamExt;

use crate::annotations::Annotations;
use crate::codec::tests::every_node::nodes_of;
use crate::codec::{NODES, PlanCodec, Surroundings, decode, encode};
use crate::division::tests::expressions::expressions;
use crate::division::tests::shape::planner;
use crate::division::{Distinct, Division, divide};
use crate::grid::Grid;
use crate::nodes::labels_map::{LabelsKind, LabelsMap};
use crate::parser::{DurationContext, ParseOptions, parse_expr, resolve_durations};
use crate::plan::Plan;
use queries_tables::PlanNode;

/// What came out of a plan: its batches, or the text of its error.
async fn rows(plan: &Plan) -> Result<Vec<RecordBatch>, String> {
    let mut batches = Vec::new();
    let mut stream = plan
        .execute(0, Arc::new(TaskContext::default()))
        .map_err(|e| e.to_string())?;
    while let Some(batch) = stream.next().await {
        batches.push(batch.map_err(|e| e.to_string())?);
    }
    Ok(batches)
}

/// Batches as bits: floats that are not numbers are equal only to themselves.
fn bits(rows: &Result<Vec<RecordBatch>, String>) -> String {
    match rows {
        Err(text) => text.clone(),
        Ok(batches) => {
            let columns = batches.iter().flat_map(RecordBatch::columns);
            let bytes = columns.map(|column| {
                let data = column.to_data();
                let mut parts = vec![data.len().to_string()];
                buffers(&data, &mut parts);
                parts.join("/")
            });
            bytes.collect::<Vec<String>>().join("\n")
        }
    }
}

fn buffers(data: &arrow::array::ArrayData, parts: &mut Vec<String>) {
    let hash = |bytes: &[u8]| {
        let mut hash = 0xcbf2_9ce4_8422_2325u64;
        for byte in bytes {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        hash.to_string()
    };
    parts.extend(data.buffers().iter().map(|buffer| hash(buffer.as_slice())));
    parts.extend(
        data.nulls()
            .map(|nulls| format!("{:?}", nulls.iter().collect::<Vec<bool>>())),
    );
    for child in data.child_data() {
        buffers(child, parts);
    }
}

fn show(plan: &Plan) -> String {
    displayable(plan.as_ref()).indent(true).to_string()
}

fn notes(around: &Surroundings) -> Vec<String> {
    [around.annotations.warnings(), around.annotations.infos()].concat()
}

/// The plan of `query` with its end of the query, whole and divided, and what it lives in.
fn plans(query: &str, grid: Grid, delayed: bool) -> Option<(Vec<Plan>, Surroundings)> {
    let mut expr = parse_expr(query, &ParseOptions::ALL).unwrap();
    let durations = DurationContext {
        step_ms: grid.step_ms,
        range_ms: grid.end_ms - grid.start_ms,
    };
    resolve_durations(&mut expr, durations).ok()?;
    let (planner, around) = planner(query, grid, delayed);
    let mut plan = planner.plan(&expr, grid).ok()?;
    if delayed {
        let drop_names = LabelsMap {
            kind: LabelsKind::DropMarkedNames,
            steps: grid.steps(),
            budget: Arc::clone(&planner.budget),
        };
        plan = planner.unique(PlanNode::plan(drop_names, vec![plan]), grid);
    }
    let own = Surroundings {
        annotations: Arc::clone(&planner.annotations),
        ..around.clone()
    };
    let distinct = Distinct::look(&plan).unwrap();
    let division = Division {
        shards: 2,
        step_ranges: 2,
    };
    let divided = divide(&plan, division, &distinct, &own).unwrap();
    Some((vec![plan, divided], own))
}

/// Other surroundings that know what was told while planning.
fn fresh(around: &Surroundings, query: &str) -> Surroundings {
    let annotations = Arc::new(Annotations::new(query));
    annotations.absorb(&around.annotations);
    Surroundings {
        annotations,
        ..around.clone()
    }
}

async fn there_and_back(grid: Grid, delayed: bool) -> BTreeSet<String> {
    let mut met = BTreeSet::new();
    let mut queries = expressions();
    queries.retain(|query| !query.starts_with('"'));
    for query in &queries {
        let Some((plans, own)) = plans(query, grid, delayed) else {
            continue;
        };
        for (plan, divided) in plans.iter().zip([false, true]) {
            let bytes = encode(plan).unwrap_or_else(|error| panic!("{query}: {error}"));
            let around = fresh(&own, query);
            let decoded = decode(&bytes, &around).unwrap_or_else(|error| panic!("{query}: {error}"));
            assert_eq!(show(&decoded), show(plan), "{query}");
            assert_eq!(encode(&decoded).unwrap(), bytes, "{query}");
            nodes_of(plan, &own, &mut met);
            if divided {
                continue;
            }
            let expected = rows(plan).await;
            assert_eq!(bits(&rows(&decoded).await), bits(&expected), "{query}");
            assert_eq!(notes(&around), notes(&own), "{query}");
        }
        let around = fresh(&own, query);
        let codec = PlanCodec::new(around);
        let bytes = physical_plan_to_bytes_with_extension_codec(Plan::clone(&plans[1]), &codec).unwrap();
        let decoded =
            physical_plan_from_bytes_with_extension_codec(&bytes, &TaskContext::default(), &codec).unwrap();
        assert_eq!(show(&decoded), show(&plans[1]), "{query}");
    }
    met
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_node_travels() {
    let range = Grid::range(300_000, 3_000_000, 150_000);
    let mut met = there_and_back(range, true).await;
    met.extend(there_and_back(Grid::instant(1_500_000), false).await);
    let listed: BTreeSet<String> = NODES.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(met, listed);
}

#[test]
fn deep_plans_travel() {
    let query = vec!["temp"; 300].join(" + on (job, instance) ");
    let (plans, own) = plans(&query, Grid::instant(0), true).unwrap();
    let decoded = decode(&encode(&plans[0]).unwrap(), &own).unwrap();
    assert_eq!(show(&decoded), show(&plans[0]));
}
