//! A whole job against real HTTP: scraped, shown, reloaded, retired.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use engine_dataflow::harness::{SourceRun, run_source};
use engine_model::staleness::is_stale;
use engine_settings::Document;
use tokio::net::{TcpListener, UnixListener};
use tokio::time::sleep;

use super::*;
use crate::scrape::config::GlobalScrape;
use crate::scrape::status::Health;

/// A target that counts its scrapes in its only metric; returns its port.
async fn target() -> u16 {
    let scrapes = Arc::new(AtomicUsize::new(0));
    let metrics = move || async move { format!("scrapes {}\n", scrapes.fetch_add(1, Ordering::Relaxed)) };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let router = Router::new().route("/metrics", get(metrics));
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

fn job(addresses: &[String], more: &str) -> ScrapeConfig {
    let list = addresses.join(", ");
    // Short, because this is real time.
    let text =
        format!("- job_name: j\n  scrape_interval: 100ms\n  static_configs: [{{targets: [{list}]}}]\n{more}");
    let document = Document::parse("f", &text).expect("valid YAML");
    let configs = document.decode(|root| ScrapeConfig::decode_list(root, &GlobalScrape::default()));
    configs.expect("valid configuration").remove(0)
}

fn shared() -> Arc<ScrapeShared> {
    Arc::new(ScrapeShared {
        discoveries: Discoveries::new("Weir/test".into()),
        table: Arc::default(),
        status: Arc::default(),
        metrics: Arc::default(),
        clock: WallClock::system(),
        offset_seed: AtomicU64::new(0),
        features: IngestFeatures::default(),
        user_agent: "Weir/test".into(),
    })
}

/// Batches of the target at `port`, as the values of its metric: `n`, or `!` for a marker.
fn values(run: &SourceRun, port: u16) -> Vec<String> {
    let mut out = Vec::new();
    for (_, batch, _) in &run.batches {
        for (series, _, value) in batch.iter() {
            let labels = batch.series_table().labels(series).expect("named");
            let ours = labels.value("instance") == format!("127.0.0.1:{port}");
            if ours && labels.metric_name() == "scrapes" {
                out.push(if is_stale(value) {
                    "!".to_owned()
                } else {
                    value.to_string()
                });
            }
        }
    }
    out
}

#[tokio::test]
async fn a_job_scrapes_and_shows_its_targets() {
    let shared = shared();
    let port = target().await;
    let addresses = [format!("'127.0.0.1:{port}'"), "'127.0.0.1:1'".to_owned()];
    let more = "  relabel_configs: [{source_labels: [__address__], regex: dropped, action: drop}]\n";
    let mut config = job(&addresses, more);
    config.static_groups[0].targets.push("dropped".to_owned());
    let (source, handle) = ScrapeSource::new(config, Arc::clone(&shared));
    let run = run_source(Box::new(source), Duration::from_millis(650)).await;
    run.result.as_ref().expect("ends well");
    let values = values(&run, port);
    assert!(values.len() >= 2, "{values:?}");
    assert!(!values.contains(&"!".to_owned()), "a shutdown writes no markers");
    let pools = shared.status.pools();
    let pool = &pools["j"];
    let shown: Vec<_> = pool
        .active
        .iter()
        .map(|active| (active.target().url.text().to_owned(), active.last().health))
        .collect();
    assert_eq!(
        shown,
        [
            (format!("http://127.0.0.1:{port}/metrics"), Health::Up),
            ("http://127.0.0.1:1/metrics".to_owned(), Health::Down),
        ]
    );
    assert!(pool.active[1].last().error.contains("Connection refused"));
    assert_eq!((pool.dropped.len(), pool.dropped_count), (1, 1));
    assert!(shared.metrics.samples_appended.get() > 0);
    drop(handle);
}

/// Two targets of one address at sockets of their own: connections that are kept go to the right one.
#[tokio::test]
async fn targets_at_unix_sockets_are_scraped_each_at_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["a", "b"] {
        let listener = UnixListener::bind(folder.path().join(name)).expect("a socket");
        let router = Router::new().route("/metrics", get(move || async move { format!("at_{name} 1\n") }));
        tokio::spawn(async move { axum::serve(listener, router).await });
    }
    let sockets = folder.path().display();
    let more = format!(
        "  relabel_configs:\n  - {{source_labels: [name], target_label: __unix_socket__, replacement: '{sockets}/$1'}}\n"
    );
    let mut config = job(&["same".to_owned()], &more);
    let mut other = config.static_groups[0].clone();
    for (group, name) in [(&mut config.static_groups[0], "a"), (&mut other, "b")] {
        group.labels.insert("name".to_owned(), name.to_owned());
    }
    config.static_groups.push(other);
    let shared = shared();
    let (source, handle) = ScrapeSource::new(config, Arc::clone(&shared));
    let run = run_source(Box::new(source), Duration::from_millis(650)).await;
    let mut seen = std::collections::BTreeSet::new();
    for (_, batch, _) in &run.batches {
        for (series, _, value) in batch.iter() {
            let labels = batch.series_table().labels(series).expect("named");
            if labels.metric_name().starts_with("at_") && !is_stale(value) {
                seen.insert((labels.metric_name().to_owned(), labels.value("name").to_owned()));
            }
        }
    }
    let pair = |metric: &str, name: &str| (metric.to_owned(), name.to_owned());
    assert_eq!(Vec::from_iter(seen), [pair("at_a", "a"), pair("at_b", "b")]);
    drop(handle);
}

#[tokio::test]
async fn a_reload_keeps_replaces_and_removes() {
    let shared = shared();
    let (kept, removed) = (target().await, target().await);
    let both = [format!("'127.0.0.1:{kept}'"), format!("'127.0.0.1:{removed}'")];
    let (source, handle) = ScrapeSource::new(job(&both, ""), Arc::clone(&shared));
    let changes = async {
        sleep(Duration::from_millis(350)).await;
        handle.reload(job(&both[..1], ""));
        sleep(Duration::from_millis(600)).await;
        // Another way to scrape the same target: the series that it drops ends at once.
        let more = "  metric_relabel_configs: [{source_labels: [__name__], regex: scrapes, action: drop}]\n";
        handle.reload(job(&both[..1], more));
        sleep(Duration::from_millis(300)).await;
    };
    let (run, ()) = tokio::join!(run_source(Box::new(source), Duration::from_millis(1400)), changes);
    run.result.as_ref().expect("ends well");
    let gone = values(&run, removed);
    assert_eq!(gone.last().map(String::as_str), Some("!"), "{gone:?}");
    let kept = values(&run, kept);
    let (last, before) = kept.split_last().expect("scraped");
    assert_eq!(last, "!", "{kept:?}");
    // A loaded machine may miss a scrape, but none comes twice.
    let numbers: Vec<u64> = before.iter().filter_map(|value| value.parse().ok()).collect();
    assert!(
        numbers.len() > 3 && numbers.is_sorted_by(|a, b| a < b),
        "{numbers:?}"
    );
}

#[tokio::test]
async fn a_retired_job_ends_its_series_and_itself() {
    let shared = shared();
    let port = target().await;
    let (source, handle) = ScrapeSource::new(job(&[format!("'127.0.0.1:{port}'")], ""), Arc::clone(&shared));
    let retire = async {
        sleep(Duration::from_millis(350)).await;
        handle.retire();
    };
    let (run, ()) = tokio::join!(run_source(Box::new(source), Duration::from_secs(60)), retire);
    run.result.as_ref().expect("is exhausted long before the minute");
    assert_eq!(values(&run, port).last().map(String::as_str), Some("!"));
    assert!(shared.status.pools().is_empty());
}

#[tokio::test]
async fn too_many_targets_fail_all() {
    let shared = shared();
    let port = target().await;
    let addresses = [format!("'127.0.0.1:{port}'"), format!("'localhost:{port}'")];
    let (source, _handle) = ScrapeSource::new(job(&addresses, "  target_limit: 1\n"), Arc::clone(&shared));
    let run = run_source(Box::new(source), Duration::from_millis(250)).await;
    assert!(values(&run, port).is_empty());
    for active in &shared.status.pools()["j"].active {
        assert_eq!(
            active.last().error,
            "target_limit exceeded (number of targets: 2, limit: 1)"
        );
    }
    assert_eq!(shared.metrics.exceeded_target_limit.get(), 1);
}
