//! `conntrack`: the connection tracking table and its statistics, where netfilter has it loaded.

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::text::Text;

/// Columns of `/proc/net/stat/nf_conntrack` (a line a CPU): name, column, help.
const STATISTICS: [(&str, usize, &str); 8] = [
    (
        "node_nf_conntrack_stat_found",
        2,
        "Number of searched entries which were successful.",
    ),
    (
        "node_nf_conntrack_stat_invalid",
        4,
        "Number of packets seen which can not be tracked.",
    ),
    (
        "node_nf_conntrack_stat_ignore",
        5,
        "Number of packets seen which are already connected to a conntrack entry.",
    ),
    (
        "node_nf_conntrack_stat_insert",
        8,
        "Number of entries inserted into the list.",
    ),
    (
        "node_nf_conntrack_stat_insert_failed",
        9,
        "Number of entries for which list insertion was attempted but failed.",
    ),
    (
        "node_nf_conntrack_stat_drop",
        10,
        "Number of packets dropped due to conntrack failure.",
    ),
    (
        "node_nf_conntrack_stat_early_drop",
        11,
        "Number of dropped conntrack entries to make room for new ones, if maximum table size was reached.",
    ),
    (
        "node_nf_conntrack_stat_search_restart",
        16,
        "Number of conntrack table lookups which had to be restarted due to hashtable resizes.",
    ),
];

/// Kernels before 2.6.35 have no `search_restart`, the last of 17 columns.
const COLUMNS_MIN: usize = 16;

pub(super) struct Conntrack;

impl Collector for Conntrack {
    fn name(&self) -> &'static str {
        "conntrack"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        let loaded = |path| {
            Text::read_if_present(path)?.ok_or(CollectError::NoData("connection tracking is not loaded"))
        };
        let count = loaded(roots.proc("sys/net/netfilter/nf_conntrack_count"))?;
        metrics.gauge(
            "node_nf_conntrack_entries",
            "Number of currently allocated flow entries for connection tracking.",
            &[],
            count.number(count.trimmed())?,
        );
        let max = loaded(roots.proc("sys/net/netfilter/nf_conntrack_max"))?;
        metrics.gauge(
            "node_nf_conntrack_entries_limit",
            "Maximum size of connection tracking table.",
            &[],
            max.number(max.trimmed())?,
        );
        let statistics = loaded(roots.proc("net/stat/nf_conntrack"))?;
        let mut sums = [0u64; STATISTICS.len()];
        for line in statistics.lines().skip(1) {
            let columns: Vec<&str> = line.split_whitespace().collect();
            if columns.len() < COLUMNS_MIN {
                let what = format!("expected {COLUMNS_MIN} columns, found {}", columns.len());
                return Err(statistics.malformed(what));
            }
            for (sum, (_, column, _)) in sums.iter_mut().zip(STATISTICS) {
                if let Some(field) = columns.get(column) {
                    *sum = sum.wrapping_add(statistics.hexadecimal(field)?);
                }
            }
        }
        for (sum, (name, _, help)) in sums.into_iter().zip(STATISTICS) {
            metrics.gauge(name, help, &[], sum as f64);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::{Fixture, assert_has};

    #[test]
    fn statistics_are_summed_over_cpus() {
        let fixture = Fixture::new();
        fixture.file("proc/sys/net/netfilter/nf_conntrack_count", "123\n");
        fixture.file("proc/sys/net/netfilter/nf_conntrack_max", "65536\n");
        fixture.file(
            "proc/net/stat/nf_conntrack",
            "entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop \
             icmp_error  expect_new expect_create expect_delete search_restart\n\
             0000004f 00000000 0000000a 00000000 00000003 0000b2ad 00000000 00000000 00000000 00000001 00000002 \
             00000000 00000000  00000000 00000000 00000000 00000004\n\
             0000004f 00000000 0000000b 00000000 00000002 000053e0 00000000 00000000 00000000 00000000 00000000 \
             00000000 00000000  00000000 00000000 00000000 00000000\n",
        );
        let samples = fixture.samples(&Conntrack);
        assert_has(
            &samples,
            &[
                "node_nf_conntrack_entries 123",
                "node_nf_conntrack_entries_limit 65536",
                "node_nf_conntrack_stat_found 21",
                "node_nf_conntrack_stat_invalid 5",
                "node_nf_conntrack_stat_ignore 67213",
                "node_nf_conntrack_stat_insert_failed 1",
                "node_nf_conntrack_stat_drop 2",
                "node_nf_conntrack_stat_search_restart 4",
            ],
        );
    }

    #[test]
    fn a_kernel_without_it_has_no_data() {
        assert!(matches!(
            Fixture::new().run(&Conntrack).1,
            Err(CollectError::NoData(_))
        ));
    }
}
