//! What was built, and whether it is ready, as metrics.

use super::exposition::Exposition;
use crate::gate::StoreGate;
use crate::status::{BuildInfo, PROMETHEUS_VERSION};

/// Appends the build under Weir's name and under Prometheus's, and readiness.
pub fn build_metrics(build: &BuildInfo, gate: &StoreGate, out: &mut Exposition) {
    out.gauge(
        "weir_build_info",
        "Version, revision, branch and Rust version from which Weir was built; the value is 1.",
        &[
            ("version", &build.version),
            ("revision", &build.revision),
            ("branch", &build.branch),
            ("rustversion", &build.rust_version),
        ],
        1.0,
    );
    out.gauge(
        "prometheus_build_info",
        "Version of the Prometheus whose API is spoken; the value is 1.",
        &[
            ("version", PROMETHEUS_VERSION),
            ("revision", &build.revision),
            ("branch", &build.branch),
            ("goversion", ""),
        ],
        1.0,
    );
    out.gauge(
        "prometheus_ready",
        "Whether the server is ready to serve queries.",
        &[],
        f64::from(u8::from(gate.is_ready())),
    );
}
