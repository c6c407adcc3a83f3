//! The inputs of one node: any number of edges read in turn, to which a running graph can add.

use std::future::poll_fn;
use std::task::{Context, Poll};

use tokio::sync::mpsc;

use crate::edge::EdgeReceiver;
use crate::message::{Delivery, Message};

/// Edges that may wait to be joined while their reader is busy: a reload adds sources one at a time
/// and waits for room, so this only has to be more than one.
const ADDED_EDGES_MAX: usize = 16;

/// Adds edges to a running node. Once the last clone is dropped the node ends when its edges do.
pub(crate) type EdgeAdder = mpsc::Sender<EdgeReceiver>;

/// All edges into one node.
#[derive(Debug)]
pub(crate) struct Inputs {
    edges: Vec<EdgeReceiver>,
    added: mpsc::Receiver<EdgeReceiver>,
    may_grow: bool,
    /// Edge to ask first, so that a busy one cannot starve the others.
    turn: usize,
}

impl Inputs {
    pub(crate) fn new() -> (Self, EdgeAdder) {
        let (adder, added) = mpsc::channel(ADDED_EDGES_MAX);
        let inputs = Self {
            edges: Vec::new(),
            added,
            may_grow: true,
            turn: 0,
        };
        (inputs, adder)
    }

    /// Joins an edge before the node runs.
    pub(crate) fn join(&mut self, edge: EdgeReceiver) {
        self.edges.push(edge);
    }

    /// The next delivery of any edge, in turn. Safe to cancel.
    pub(crate) async fn recv(&mut self) -> Message {
        poll_fn(|context| self.poll_recv(context)).await
    }

    /// Waits for a delivery, then takes what else is queued, up to `max`; empty means the end.
    pub(crate) async fn recv_group(&mut self, max: usize) -> Vec<Delivery> {
        let mut group = Vec::new();
        poll_fn(|context| {
            while group.len() < max {
                match self.poll_recv(context) {
                    Poll::Ready(Message::Batch(delivery)) => group.push(delivery),
                    Poll::Pending if group.is_empty() => return Poll::Pending,
                    Poll::Ready(Message::End) | Poll::Pending => break,
                }
            }
            Poll::Ready(())
        })
        .await;
        group
    }

    fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Message> {
        while self.may_grow {
            match self.added.poll_recv(context) {
                Poll::Ready(Some(edge)) => self.edges.push(edge),
                Poll::Ready(None) => self.may_grow = false,
                Poll::Pending => break,
            }
        }
        let mut left = self.edges.len();
        while left > 0 {
            left -= 1;
            let index = self.turn % self.edges.len();
            match self.edges[index].poll_recv(context) {
                Poll::Ready(Some(delivery)) => {
                    self.turn = index + 1;
                    return Poll::Ready(Message::Batch(delivery));
                }
                // The next edge moves into its place.
                Poll::Ready(None) => drop(self.edges.remove(index)),
                Poll::Pending => self.turn = index + 1,
            }
        }
        if self.edges.is_empty() && !self.may_grow {
            Poll::Ready(Message::End)
        } else {
            Poll::Pending
        }
    }
}
