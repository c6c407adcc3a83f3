//! A whole plan to bytes and back.

use prost::Message;

use super::coded::{decode_node, encode_node};
use super::message::{NodeMessage, PlanMessage, VERSION};
use super::{CodecError, Surroundings};
use crate::plan::Plan;

/// The bytes of `plan`.
pub fn encode(plan: &Plan) -> Result<Vec<u8>, CodecError> {
    let mut nodes = Vec::new();
    push(plan, &mut nodes)?;
    Ok(PlanMessage {
        version: VERSION,
        nodes,
    }
    .encode_to_vec())
}

fn push(plan: &Plan, nodes: &mut Vec<NodeMessage>) -> Result<(), CodecError> {
    let inputs = plan.children();
    for input in &inputs {
        push(input, nodes)?;
    }
    nodes.push(NodeMessage {
        inputs: inputs.len() as u32,
        kind: Some(encode_node(plan.as_ref())?),
    });
    Ok(())
}

/// The plan of `bytes`, to run in `around`. Nothing is read or computed yet.
pub fn decode(bytes: &[u8], around: &Surroundings) -> Result<Plan, CodecError> {
    let mut built: Vec<Plan> = Vec::new();
    for node in read(bytes)? {
        let inputs = node.inputs as usize;
        let Some(first) = built.len().checked_sub(inputs) else {
            let what = format!("a node has {inputs} inputs, but {} are left", built.len());
            return Err(CodecError::NotATree(what));
        };
        let inputs = built.split_off(first);
        built.push(decode_one(node, inputs, around)?);
    }
    match (built.pop(), built.len()) {
        (Some(root), 0) => Ok(root),
        (_, others) => Err(CodecError::NotATree(format!(
            "it has no single root, {others} nodes are beside it"
        ))),
    }
}

/// The bytes of the node `plan` alone.
pub(super) fn encode_alone(plan: &Plan, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
    let node = NodeMessage {
        inputs: plan.children().len() as u32,
        kind: Some(encode_node(plan.as_ref())?),
    };
    let message = PlanMessage {
        version: VERSION,
        nodes: vec![node],
    };
    bytes.extend(message.encode_to_vec());
    Ok(())
}

/// The node of `bytes` over `inputs`.
pub(super) fn decode_alone(
    bytes: &[u8],
    inputs: Vec<Plan>,
    around: &Surroundings,
) -> Result<Plan, CodecError> {
    let mut nodes = read(bytes)?;
    match (nodes.pop(), nodes.len()) {
        (Some(node), 0) => decode_one(node, inputs, around),
        (_, others) => Err(CodecError::NotATree(format!(
            "one node is expected, {others} are beside it"
        ))),
    }
}

fn read(bytes: &[u8]) -> Result<Vec<NodeMessage>, CodecError> {
    let message = PlanMessage::decode(bytes)?;
    if message.version != VERSION {
        return Err(CodecError::Version(message.version));
    }
    Ok(message.nodes)
}

fn decode_one(node: NodeMessage, inputs: Vec<Plan>, around: &Surroundings) -> Result<Plan, CodecError> {
    let Some(kind) = node.kind else {
        return Err(CodecError::NotATree(
            "a node is of no kind that is known".to_owned(),
        ));
    };
    decode_node(kind, inputs, around)
}
