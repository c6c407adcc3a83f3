//! `netstat`: protocol counters from `/proc/net/{netstat,snmp,snmp6}` that node_exporter's filter keeps.

use crate::host::collector::{CollectError, Collector};
use crate::host::exposition::Metrics;
use crate::host::roots::Roots;
use crate::host::text::Text;

pub(super) struct Netstat;

/// node_exporter's default filter: `.*_(InErrors|InErrs)`, `Ip_Forwarding`, `Ip(6|Ext)_(InOctets|OutOctets)`,
/// `Icmp6?_(InMsgs|OutMsgs)`, `TcpExt_(Listen.*|Syncookies.*|…)`, `Tcp_(…)`, `Udp6?_(…)`.
fn wanted(protocol: &str, name: &str) -> bool {
    if matches!(name, "InErrors" | "InErrs") {
        return true;
    }
    match protocol {
        "Ip" => name == "Forwarding",
        "Ip6" | "IpExt" => matches!(name, "InOctets" | "OutOctets"),
        "Icmp" | "Icmp6" => matches!(name, "InMsgs" | "OutMsgs"),
        "TcpExt" => {
            name.starts_with("Listen")
                || name.starts_with("Syncookies")
                || matches!(
                    name,
                    "TCPSynRetrans" | "TCPTimeouts" | "TCPOFOQueue" | "TCPRcvQDrop"
                )
        }
        "Tcp" => matches!(
            name,
            "ActiveOpens" | "InSegs" | "OutSegs" | "OutRsts" | "PassiveOpens" | "RetransSegs" | "CurrEstab"
        ),
        "Udp" | "Udp6" => {
            matches!(
                name,
                "InDatagrams" | "OutDatagrams" | "NoPorts" | "RcvbufErrors" | "SndbufErrors"
            )
        }
        _ => false,
    }
}

impl Collector for Netstat {
    fn name(&self) -> &'static str {
        "netstat"
    }

    fn collect(&self, roots: &Roots, metrics: &mut Metrics) -> Result<(), CollectError> {
        line_pairs(&Text::read(roots.proc("net/netstat"))?, metrics)?;
        line_pairs(&Text::read(roots.proc("net/snmp"))?, metrics)?;
        // Missing where IPv6 is disabled.
        if let Some(text) = Text::read_if_present(roots.proc("net/snmp6"))? {
            snmp6(&text, metrics)?;
        }
        Ok(())
    }
}

/// `Tcp: Name Name …` and under it `Tcp: 1 2 …`.
fn line_pairs(text: &Text, metrics: &mut Metrics) -> Result<(), CollectError> {
    let mut lines = text.lines();
    while let Some(names) = lines.next() {
        let (Some((protocol, names)), Some((_, values))) = (
            names.split_once(':'),
            lines.next().and_then(|values| values.split_once(':')),
        ) else {
            return Err(text.malformed("expected a line of names and a line of values"));
        };
        let names: Vec<&str> = names.split_whitespace().collect();
        let values: Vec<&str> = values.split_whitespace().collect();
        if names.len() != values.len() {
            return Err(text.malformed(format!("as many values as names expected for {protocol}")));
        }
        for (name, value) in names.into_iter().zip(values) {
            add(text, protocol, name, value, metrics)?;
        }
    }
    Ok(())
}

/// `Ip6InOctets 1`, a line a counter; the protocol ends with the 6.
fn snmp6(text: &Text, metrics: &mut Metrics) -> Result<(), CollectError> {
    for line in text.lines() {
        let mut fields = line.split_whitespace();
        let (Some(field), Some(value)) = (fields.next(), fields.next()) else {
            continue;
        };
        if let Some(six) = field.find('6') {
            let (protocol, name) = field.split_at(six + 1);
            add(text, protocol, name, value, metrics)?;
        }
    }
    Ok(())
}

fn add(
    text: &Text,
    protocol: &str,
    name: &str,
    value: &str,
    metrics: &mut Metrics,
) -> Result<(), CollectError> {
    let value = text.number(value)?;
    if wanted(protocol, name) {
        metrics.untyped(
            format!("node_netstat_{protocol}_{name}"),
            format!("Statistic {protocol}{name}."),
            &[],
            value,
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::fixture::{Fixture, assert_has};

    #[test]
    fn the_default_fields_of_three_files() {
        let fixture = Fixture::new();
        fixture.file(
            "proc/net/netstat",
            "TcpExt: SyncookiesSent EmbryonicRsts ListenOverflows TCPTimeouts\nTcpExt: 1 2 3 115\n\
             IpExt: InNoRoutes InOctets\nIpExt: 4 6286396970\n",
        );
        fixture.file(
            "proc/net/snmp",
            "Ip: Forwarding DefaultTTL\nIp: 1 64\nTcp: MaxConn CurrEstab InErrs\nTcp: -1 24 5\n\
             UdpLite: InDatagrams InErrors\nUdpLite: 0 7\n",
        );
        fixture.file(
            "proc/net/snmp6",
            "Ip6InOctets 460\nIp6InDelivers 4\nUdpLite6InErrors 0\nIcmp6InMsgs 8\n",
        );
        let samples = fixture.samples(&Netstat);
        assert_has(
            &samples,
            &[
                "node_netstat_TcpExt_SyncookiesSent 1",
                "node_netstat_TcpExt_ListenOverflows 3",
                "node_netstat_TcpExt_TCPTimeouts 115",
                "node_netstat_IpExt_InOctets 6.28639697e+09",
                "node_netstat_Ip_Forwarding 1",
                "node_netstat_Tcp_CurrEstab 24",
                "node_netstat_Tcp_InErrs 5",
                "node_netstat_UdpLite_InErrors 7",
                "node_netstat_Ip6_InOctets 460",
                "node_netstat_UdpLite6_InErrors 0",
                "node_netstat_Icmp6_InMsgs 8",
            ],
        );
        assert_eq!(samples.len(), 11, "{samples:?}");
        let (out, _) = fixture.run(&Netstat);
        assert!(out.contains("# HELP node_netstat_Tcp_InErrs Statistic TcpInErrs.\n"));
        assert!(out.contains("# TYPE node_netstat_Tcp_InErrs untyped\n"));
    }

    #[test]
    fn lines_that_do_not_pair_are_errors() {
        for content in [
            "Tcp: A B\n",
            "Tcp: A B\nTcp: 1\n",
            "Tcp A\nTcp 1\n",
            "Tcp: A\nTcp: x\n",
        ] {
            let fixture = Fixture::new();
            fixture
                .file("proc/net/netstat", content)
                .file("proc/net/snmp", "");
            assert!(
                matches!(fixture.run(&Netstat).1, Err(CollectError::Malformed { .. })),
                "{content:?}"
            );
        }
    }
}
