//! Bytes that are no plan: an error says what is wrong, whatever they are.

use prost::Message;

use crate::codec::message::{Kind, NodeMessage, PlanMessage, VERSION};
use crate::codec::{CodecError, Surroundings, decode, encode};
use crate::division::tests::data::Random;
use crate::division::tests::expressions::SPECIAL;
use crate::division::tests::shape::planner;
use crate::grid::Grid;
use crate::parser::{DurationContext, ParseOptions, parse_expr, resolve_durations};

/// An encoded plan, and what it is decoded into.
fn encoded(query: &str) -> Option<(Vec<u8>, Surroundings)> {
    let grid = Grid::range(0, 600_000, 60_000);
    let mut expr = parse_expr(query, &ParseOptions::ALL).unwrap();
    let durations = DurationContext {
        step_ms: grid.step_ms,
        range_ms: grid.end_ms,
    };
    resolve_durations(&mut expr, durations).unwrap();
    let (planner, around) = planner(query, grid, true);
    let plan = planner.plan(&expr, grid).ok()?;
    Some((encode(&plan).unwrap(), around))
}

fn error(bytes: &[u8], around: &Surroundings) -> String {
    decode(bytes, around).unwrap_err().to_string()
}

#[test]
fn another_version_is_refused() {
    let (bytes, around) = encoded("temp").unwrap();
    let mut message = PlanMessage::decode(bytes.as_slice()).unwrap();
    for version in [0, VERSION + 1] {
        message.version = version;
        let refused = decode(&message.encode_to_vec(), &around);
        assert!(matches!(refused, Err(CodecError::Version(v)) if v == version));
    }
    assert_eq!(
        error(&message.encode_to_vec(), &around),
        "encoded plan is of version 2, this program reads version 1: run one version of it on all machines"
    );
    assert!(matches!(decode(b"", &around), Err(CodecError::Version(0))));
}

#[test]
fn what_makes_no_sense_is_told() {
    let (bytes, around) = encoded("rate(requests_total[5m]) > 1").unwrap();
    let good = PlanMessage::decode(bytes.as_slice()).unwrap();
    let changed = |change: &dyn Fn(&mut Vec<NodeMessage>)| {
        let mut message = good.clone();
        change(&mut message.nodes);
        error(&message.encode_to_vec(), &around)
    };
    for (told, expected) in [
        (
            changed(&|nodes| drop(nodes.remove(0))),
            "encoded plan is no tree: a node has 1 inputs, but 0 are left",
        ),
        (
            changed(&|nodes| drop(nodes.pop())),
            "encoded plan is no tree: it has no single root, 1 nodes are beside it",
        ),
        (
            changed(&|nodes| nodes.clear()),
            "encoded plan is no tree: it has no single root, 0 nodes are beside it",
        ),
        (
            changed(&|nodes| nodes[0].kind = None),
            "encoded plan is no tree: a node is of no kind that is known",
        ),
        (
            changed(&|nodes| nodes.swap(0, 1)),
            "encoded plan is no tree: a node has 1 inputs, but 0 are left",
        ),
        (
            changed(&|nodes| {
                let constant = nodes[2].clone();
                nodes[0] = constant;
            }),
            "node Window of an encoded plan: input Constant is not of the shape Folded",
        ),
        (
            changed(&|nodes| {
                nodes.remove(2);
                nodes[2].inputs = 1;
            }),
            "node Map of an encoded plan: it needs 2 to 2 inputs and has 1",
        ),
    ] {
        assert_eq!(told, expected);
    }
    // Words that nobody knows.
    let text = changed(&|nodes| {
        let Some(Kind::Window(window)) = &nodes[1].kind else {
            return;
        };
        let bytes = window.encode_to_vec();
        let at = bytes.windows(4).position(|word| word == b"rate").unwrap();
        let mut bytes = bytes;
        bytes[at..at + 4].copy_from_slice(b"tare");
        nodes[1].kind = Some(Kind::Window(Message::decode(bytes.as_slice()).unwrap()));
    });
    assert_eq!(text, "node Window of an encoded plan: tare() is unknown");
}

#[test]
fn damaged_bytes_never_panic() {
    let seed = 41;
    let mut random = Random::new(seed);
    let (mut refused, mut accepted) = (0, 0);
    for query in SPECIAL {
        let Some((bytes, around)) = encoded(query) else {
            continue;
        };
        for length in (0..bytes.len()).step_by(7) {
            refused += usize::from(decode(&bytes[..length], &around).is_err());
        }
        for _ in 0..200 {
            let mut damaged = bytes.clone();
            for _ in 0..=random.below(3) {
                let at = random.below(damaged.len() as u64) as usize;
                damaged[at] = random.below(256) as u8;
            }
            match decode(&damaged, &around) {
                Ok(_) => accepted += 1,
                Err(error) => {
                    assert!(!error.to_string().is_empty(), "seed {seed}");
                    refused += 1;
                }
            }
        }
    }
    // A changed number is still a plan.
    assert!(
        refused > 1000 && accepted > 100,
        "{refused} refused, {accepted} accepted"
    );
}
