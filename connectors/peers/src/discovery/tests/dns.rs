//! A name server of the test's own: each kind of record, names without any, and a server that fails.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use tokio::net::UdpSocket;

use super::super::dns::{DnsConfig, DnsDiscoverer, RecordKind};
use super::{Listener, run};

/// A name on the wire.
fn wire(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.trim_end_matches('.').split('.') {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend_from_slice(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

/// The data of the records of a question: name and type number.
fn records(name: &str, kind: u16) -> Option<Vec<Vec<u8>>> {
    let srv = |port: u16, target: &str| [&[0, 1, 0, 1][..], &port.to_be_bytes(), &wire(target)].concat();
    Some(match (name, kind) {
        ("_m._tcp.example", 33) => vec![srv(9100, "a.example."), srv(9200, "b.example.")],
        ("host.example", 1) => vec![vec![10, 0, 0, 1], vec![10, 0, 0, 2]],
        ("host.example", 28) => vec![vec![0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]],
        ("example", 15) => vec![[&[0, 10][..], &wire("mail.example.")].concat()],
        ("example", 2) => vec![wire("ns.example.")],
        ("empty.example", _) => vec![],
        _ => return None,
    })
}

/// The answer to a question: the records, NXDOMAIN, or SERVFAIL while `fails`.
fn answer(question: &[u8], fails: bool) -> Vec<u8> {
    let (mut at, mut labels) = (12, Vec::new());
    while question[at] != 0 {
        let end = at + 1 + usize::from(question[at]);
        labels.push(String::from_utf8(question[at + 1..end].to_vec()).unwrap());
        at = end;
    }
    let kind = u16::from_be_bytes([question[at + 1], question[at + 2]]);
    let found = records(&labels.join(".").to_lowercase(), kind);
    let code = if fails { 2 } else { u8::from(found.is_none()) * 3 };
    let found = found.filter(|_| !fails).unwrap_or_default();
    let mut bytes = question[..2].to_vec();
    bytes.extend_from_slice(&[
        0x81,
        0x80 | code,
        0,
        1,
        0,
        u8::try_from(found.len()).unwrap(),
        0,
        0,
        0,
        0,
    ]);
    bytes.extend_from_slice(&question[12..at + 5]);
    for data in found {
        bytes.extend_from_slice(&[0xc0, 12]);
        bytes.extend_from_slice(&kind.to_be_bytes());
        bytes.extend_from_slice(&[0, 1, 0, 0, 0, 60]);
        bytes.extend_from_slice(&u16::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(&data);
    }
    bytes
}

/// Serves on a port of its own; the switch makes it fail.
async fn name_server() -> (u16, Arc<AtomicBool>) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    let fails = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&fails);
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let bytes = answer(&buffer[..length], switch.load(Ordering::Relaxed));
            socket.send_to(&bytes, from).await.unwrap();
        }
    });
    (port, fails)
}

fn ask(server: u16, names: &[&str], kind: RecordKind, port: u16) -> Listener {
    let config = DnsConfig {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        kind,
        port,
        refresh_interval_ms: 100,
    };
    let resolver = move || {
        let mut connection = ConnectionConfig::udp();
        connection.port = server;
        let mut name_server = NameServerConfig::udp(IpAddr::V4(Ipv4Addr::LOCALHOST));
        name_server.connections = vec![connection];
        let config = ResolverConfig::from_parts(None, vec![], vec![name_server]);
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        builder.options_mut().cache_size = 0;
        builder.build().map_err(|error| error.to_string())
    };
    run(Box::new(DnsDiscoverer::with_resolver(config, Arc::new(resolver))))
}

#[tokio::test]
async fn each_kind_of_record_is_a_target() {
    let (server, _) = name_server().await;
    let mut srv = ask(server, &["_m._tcp.example"], RecordKind::Srv, 0);
    let targets = [("a.example:9100", "a.example."), ("b.example:9200", "b.example.")];
    srv.expect("__meta_dns_srv_record_target", &targets).await;
    let ports = [("a.example:9100", "9100"), ("b.example:9200", "9200")];
    srv.expect("__meta_dns_srv_record_port", &ports).await;
    let mut a = ask(server, &["host.example"], RecordKind::A, 80);
    let name = "host.example";
    a.expect("__meta_dns_name", &[("10.0.0.1:80", name), ("10.0.0.2:80", name)])
        .await;
    let mut aaaa = ask(server, &["host.example"], RecordKind::Aaaa, 80);
    aaaa.expect("__meta_dns_name", &[("[fd00::1]:80", name)]).await;
    let mut mx = ask(server, &["example"], RecordKind::Mx, 25);
    mx.expect(
        "__meta_dns_mx_record_target",
        &[("mail.example:25", "mail.example.")],
    )
    .await;
    let mut ns = ask(server, &["example"], RecordKind::Ns, 53);
    ns.expect("__meta_dns_ns_record_target", &[("ns.example:53", "ns.example.")])
        .await;
}

#[tokio::test]
async fn a_name_without_records_has_no_targets_and_a_failure_keeps_the_last() {
    let (server, fails) = name_server().await;
    let names = ["empty.example", "nowhere.example", "host.example"];
    let mut running = ask(server, &names, RecordKind::A, 80);
    let found = [("10.0.0.1:80", "host.example"), ("10.0.0.2:80", "host.example")];
    running.expect("__meta_dns_name", &found).await;
    assert_eq!(running.count("prometheus_sd_dns_lookup_failures_total"), 0.0);
    fails.store(true, Ordering::Relaxed);
    while running.count("prometheus_sd_dns_lookup_failures_total") < 3.0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    running.expect("__meta_dns_name", &found).await;
}
