//! The built binary as a black box, beside real peers. A test whose peer is missing is reported as skipped.

mod http;
mod peers;
mod process;
mod real_peers;
mod suite;
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
    suite.run(&arguments)
}
