//! What the server tells of its features: everything that can be switched and every word that clients may use, from the
//! command line, the feature flags and the lists of the crates that have them.

use connectors_peers::discovery::MECHANISMS;
use queries_promql::parser::vocabulary;
use queries_rules::template_functions;
use web_api::FeatureRegistry;

use super::features::Features;
use crate::cli::RunOptions;

/// The registry of a server with these options.
pub(super) fn of(options: &RunOptions, features: &Features) -> FeatureRegistry {
    let mut registry = FeatureRegistry::of_the_api();
    for (name, is_on) in [
        ("lifecycle", options.enable_lifecycle),
        ("admin", options.enable_admin_api),
        ("remote_write_receiver", options.receives_remote_write()),
        ("otlp_write_receiver", false),
        ("search", features.search),
    ] {
        registry.set_api(name, is_on);
    }
    let ingest = &features.ingest;
    for (category, name, is_on) in [
        ("otlp_receiver", "delta_conversion", false),
        ("otlp_receiver", "native_delta_ingestion", false),
        ("prometheus", "agent_mode", false),
        ("prometheus", "server_mode", true),
        ("prometheus", "auto_reload_config", options.auto_reload),
        ("promql", "at_modifier", true),
        ("promql", "negative_offset", true),
        ("promql", "per_query_lookback_delta", true),
        ("promql", "subqueries", true),
        ("promql", "per_step_stats", features.per_step_stats),
        ("promql", "delayed_name_removal", features.delayed_name_removal),
        ("promql", "type_and_unit_labels", ingest.type_and_unit_labels),
        ("promql", "duration_expr", features.parse.duration_expressions),
        ("rules", "concurrent_rule_eval", false),
        ("rules", "query_offset", true),
        ("rules", "keep_firing_for", true),
        ("scrape", "extra_scrape_metrics", true),
        (
            "scrape",
            "start_timestamp_zero_ingestion",
            ingest.start_timestamp_zeros,
        ),
        ("scrape", "type_and_unit_labels", ingest.type_and_unit_labels),
        // Prometheus's console is not what stands at `/`.
        ("ui", "ui_v2", false),
        ("ui", "ui_v3", false),
        ("tsdb", "exemplar_storage", true),
        ("tsdb", "isolation", true),
        ("tsdb", "native_histograms", true),
        ("tsdb", "st_storage", ingest.start_timestamps),
        // What is about the files of Prometheus.
        ("tsdb", "delayed_compaction", false),
        ("tsdb", "use_uncached_io", false),
        ("tsdb", "xor2_encoding", false),
        ("tsdb", "histograms_st_encoding", false),
    ] {
        registry.set(category, name, is_on);
    }
    // Prometheus tells of this one only where it is on, under the flag's own name.
    if ingest.synthesized_starts {
        registry.set("scrape", "st-synthesis", true);
    }
    add_words(&mut registry, features);
    registry
}

/// Every word of the query language, of service discovery and of templates.
fn add_words(registry: &mut FeatureRegistry, features: &Features) {
    for (word, is_on) in vocabulary::keywords(&features.parse) {
        registry.set("promql", word, is_on);
    }
    for (operator, is_on) in vocabulary::operators(&features.parse) {
        registry.set("promql_operators", operator, is_on);
    }
    for (function, is_on) in vocabulary::functions(&features.parse) {
        registry.set("promql_functions", function, is_on);
    }
    for mechanism in MECHANISMS {
        registry.set("service_discovery_providers", mechanism, true);
    }
    for function in template_functions() {
        registry.set("templating_functions", function, true);
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn registry(arguments: &[&str]) -> FeatureRegistry {
        let all = ["weir", "run"].iter().chain(arguments);
        let Command::Run(options) = Cli::parse_from(all).command else {
            panic!("run is a command");
        };
        of(&options, &Features::of(&options.features))
    }

    #[test]
    fn switches_and_words() {
        let plain = registry(&[]);
        for (category, name) in [
            ("api", "remote_write_receiver"),
            ("api", "exclude_alerts"),
            ("promql", "by"),
            ("promql", "duration_expr"),
            ("promql_operators", ">="),
            ("promql_functions", "rate"),
            ("service_discovery_providers", "file"),
            ("templating_functions", "humanize"),
            ("prometheus", "server_mode"),
        ] {
            assert!(plain.is_on(category, name), "{category} {name}");
        }
        let switched = [
            ("api", "admin"),
            ("api", "search"),
            ("promql", "per_step_stats"),
            ("promql", "fill"),
            ("promql_functions", "info"),
            ("promql_operators", "limitk"),
            ("prometheus", "auto_reload_config"),
        ];
        let full = registry(&[
            "--web.enable-admin-api",
            "--config.file=weir.yml",
            "--config.auto-reload",
            "--no-web.enable-remote-write-receiver",
            "--enable-feature=search-api,promql-per-step-stats,promql-experimental-functions",
            "--enable-feature=promql-binop-fill-modifiers",
        ]);
        for (category, name) in switched {
            assert!(!plain.is_on(category, name), "{category} {name}");
            assert!(full.is_on(category, name), "{category} {name}");
        }
        assert!(!full.is_on("api", "remote_write_receiver"));
        let synthesis = registry(&["--enable-feature=st-synthesis"]);
        assert!(synthesis.is_on("scrape", "st-synthesis") && !synthesis.is_on("tsdb", "st_storage"));
        // Go's own functions are no feature.
        assert!(!full.is_on("templating_functions", "printf"));
    }
}
