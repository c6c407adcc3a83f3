//! `sockstat`: sockets by protocol and state from `/proc/net/sockstat` and `sockstat6`.

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::syscalls;
use crate::host::text::Text;

/// The states that node_exporter knows; `mem` counts pages, `memory` bytes.
const STATES: [&str; 6] = ["inuse", "orphan", "tw", "alloc", "mem", "memory"];

pub(super) struct Sockstat;

impl Collector for Sockstat {
    fn name(&self) -> &'static str {
        "sockstat"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        for file in ["net/sockstat", "net/sockstat6"] {
            // Either is missing where its protocol family is disabled.
            if let Some(text) = Text::read_if_present(roots.proc(file))? {
                add(&text, metrics)?;
            }
        }
        Ok(())
    }
}

/// `TCP: inuse 4 orphan 0 tw 4 alloc 17 mem 1`, a line a protocol.
fn add(text: &Text, metrics: &mut Metrics) -> Result<(), CollectError> {
    for line in text.lines() {
        let Some((protocol, pairs)) = line.split_once(':') else {
            return Err(text.malformed(format!("no protocol in {line:?}")));
        };
        let fields: Vec<&str> = pairs.split_whitespace().collect();
        if fields.is_empty() || !fields.len().is_multiple_of(2) {
            return Err(text.malformed(format!("expected pairs of name and number in {line:?}")));
        }
        for pair in fields.chunks_exact(2) {
            let (state, value) = (pair[0], text.number::<i64>(pair[1])? as f64);
            if protocol == "sockets" {
                if state == "used" {
                    let help = "Number of IPv4 sockets in use.";
                    metrics.gauge("node_sockstat_sockets_used", help, &[], value);
                }
                continue;
            }
            if STATES.contains(&state) {
                add_state(protocol, state, value, metrics);
            }
            if state == "mem" {
                add_state(
                    protocol,
                    "mem_bytes",
                    value * syscalls::page_bytes() as f64,
                    metrics,
                );
            }
        }
    }
    Ok(())
}

fn add_state(protocol: &str, state: &str, value: f64, metrics: &mut Metrics) {
    metrics.gauge(
        format!("node_sockstat_{protocol}_{state}"),
        format!("Number of {protocol} sockets in state {state}."),
        &[],
        value,
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::{Fixture, assert_has};

    #[test]
    fn protocols_and_states() {
        let fixture = Fixture::new();
        fixture.file(
            "proc/net/sockstat",
            "sockets: used 229\nTCP: inuse 4 orphan 0 tw 4 alloc 17 mem 2\nFRAG: inuse 0 memory 5\n",
        );
        fixture.file("proc/net/sockstat6", "TCP6: inuse 17\n");
        let samples = fixture.samples(&Sockstat);
        let mem_bytes = format!("node_sockstat_TCP_mem_bytes {}", 2 * syscalls::page_bytes());
        assert_has(
            &samples,
            &[
                "node_sockstat_sockets_used 229",
                "node_sockstat_TCP_alloc 17",
                "node_sockstat_TCP_mem 2",
                &mem_bytes,
                "node_sockstat_FRAG_memory 5",
                "node_sockstat_TCP6_inuse 17",
            ],
        );
        assert_eq!(samples.len(), 10);
    }

    #[test]
    fn both_files_may_be_missing_but_not_malformed() {
        let fixture = Fixture::new();
        fixture.run(&Sockstat).1.unwrap();
        for content in ["TCP: inuse\n", "TCP inuse 1\n", "TCP: inuse x\n", "TCP:\n"] {
            fixture.file("proc/net/sockstat", content);
            assert!(
                matches!(fixture.run(&Sockstat).1, Err(CollectError::Malformed { .. })),
                "{content:?}"
            );
        }
    }
}
