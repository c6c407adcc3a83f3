//! Small `/proc`, `/sys` and `/` trees for tests, and one collector run over them.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::collector::{CollectError, Collector};
use super::exposition::Metrics;
use super::roots::Roots;

/// A temporary folder with `proc`, `sys` and `root` in it.
pub(super) struct Fixture {
    folder: TempDir,
}

impl Fixture {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["proc", "sys", "root"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    /// Writes one file, with the folders above it.
    pub(super) fn file(&self, path: &str, content: &str) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(super) fn roots(&self) -> Roots {
        Roots {
            procfs: self.path("proc"),
            sysfs: self.path("sys"),
            rootfs: self.path("root"),
        }
    }

    /// The whole text that one collector makes of this tree, and how it ended.
    pub(super) fn run(&self, collector: &dyn Collector) -> (String, Result<(), CollectError>) {
        let mut metrics = Metrics::default();
        let result = collector.collect(&self.roots(), &mut metrics);
        let mut out = String::new();
        metrics.write(&mut out);
        (out, result)
    }

    /// The sample lines that one successful collector makes of this tree.
    pub(super) fn samples(&self, collector: &dyn Collector) -> Vec<String> {
        let (out, result) = self.run(collector);
        result.unwrap();
        out.lines()
            .filter(|line| !line.starts_with('#'))
            .map(ToOwned::to_owned)
            .collect()
    }
}

/// Asserts that each of `expected` is among `samples`, and prints all when one is not.
pub(super) fn assert_has(samples: &[String], expected: &[&str]) {
    for line in expected {
        assert!(
            samples.iter().any(|sample| sample == line),
            "no {line:?} in\n{}",
            samples.join("\n")
        );
    }
}
