//! The built binary as a black box, beside real peers. A test whose peer is missing is reported as skipped.

mod alertmanager;
mod api_differential;
mod clients;
mod command;
mod console;
mod crash;
mod differential;
mod duckdb;
mod errors;
mod exporter;
mod flood;
mod http;
mod import;
mod metric_family;
mod new_counters;
mod own_state;
mod peers;
mod postgres_clients;
mod process;
mod push;
mod query_limits;
mod query_statistics;
mod read_by_prometheus;
mod real_peers;
mod reload;
mod remote_senders;
mod scrape_differential;
mod start_synthesis;
mod start_timestamps;
mod suite;
mod type_and_unit_labels;
mod upstream;
mod walk;
mod webhook;
mod weir;
mod weir_process;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    rustls::crypto::ring::default_provider()
        .install_default()
        .expect("no provider was installed before");
    let mut suite = suite::Suite::default();
    real_peers::add(&mut suite);
    weir_process::add(&mut suite);
    alertmanager::add(&mut suite);
    errors::add(&mut suite);
    walk::add(&mut suite);
    remote_senders::add(&mut suite);
    reload::add(&mut suite);
    flood::add(&mut suite);
    new_counters::add(&mut suite);
    scrape_differential::add(&mut suite);
    start_synthesis::add(&mut suite);
    start_timestamps::add(&mut suite);
    type_and_unit_labels::add(&mut suite);
    crash::add(&mut suite);
    differential::add(&mut suite);
    api_differential::add(&mut suite);
    clients::add(&mut suite);
    postgres_clients::add(&mut suite);
    query_limits::add(&mut suite);
    query_statistics::add(&mut suite);
    own_state::add(&mut suite);
    read_by_prometheus::add(&mut suite);
    duckdb::add(&mut suite);
    import::add(&mut suite);
    upstream::add(&mut suite);
    console::add(&mut suite);
    suite.run(&arguments)
}
