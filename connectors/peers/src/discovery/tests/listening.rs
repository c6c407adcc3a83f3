//! What a job hears: shared discoverers, a pace, no gap across a reload.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::super::{Discovered, Discoveries, SYNC_INTERVAL};
use super::decode;

fn addresses(discovered: &mut Discovered) -> Vec<String> {
    let groups = discovered.take();
    let targets = groups
        .iter()
        .flat_map(|groups| groups.iter())
        .flat_map(|group| group.targets.iter());
    targets.map(|target| target["__address__"].clone()).collect()
}

#[tokio::test]
async fn changes_come_at_a_pace_and_a_reload_leaves_no_gap() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, targets: &str| {
        std::fs::write(folder.path().join(name), format!("- targets: [{targets}]\n")).unwrap();
    };
    let path = folder.path().display();
    write("a.yml", "'a:1'");
    write("b.yml", "'b:1'");
    let configs = decode(&format!(
        "file_sd_configs: [{{files: ['{path}/a.yml']}}, {{files: ['{path}/b.yml']}}]"
    ));
    let configs = configs.unwrap();
    let discoveries = Discoveries::new(Arc::from("Weir/test"));
    let mut job = Discovered::default();
    job.listen(&discoveries, &configs[..1], "job");
    job.settled().await;
    assert_eq!(addresses(&mut job), ["a:1"]);
    let taken = Instant::now();

    // Two changes in a row are heard of once, and not before their time.
    write("a.yml", "'a:1', 'a:2'");
    assert!(
        timeout(Duration::from_secs(1), job.changed()).await.is_err(),
        "told too early"
    );
    write("a.yml", "'a:1', 'a:3'");
    timeout(Duration::from_secs(20), job.changed()).await.unwrap();
    assert!(taken.elapsed() >= SYNC_INTERVAL);
    assert_eq!(addresses(&mut job), ["a:1", "a:3"]);

    // A second job shares the discoverer and knows at once what it found.
    let mut other = Discovered::default();
    other.listen(&discoveries, &configs[..1], "other");
    assert_eq!(addresses(&mut other), ["a:1", "a:3"]);

    // The reload adds a discoverer: the old one keeps what it knows, the new one is waited for.
    job.listen(&discoveries, &configs, "job");
    job.settled().await;
    assert_eq!(addresses(&mut job), ["a:1", "a:3", "b:1"]);
}
