//! `file_sd_configs`: lists of targets in files, read when they change and every five minutes.

mod watch;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use engine_settings::{Error, Field};

use super::config::refresh_interval_ms;
use super::discoverer::{Discoverer, Updates};
use super::group::{TargetGroup, parse_target_list};
use watch::Watch;

/// Files are read again after this long even if nothing was said of them: some file systems tell nothing.
const REFRESH_MS: i64 = 5 * 60_000;
/// A writer that replaces several files has this long before they are read.
const SETTLE: Duration = Duration::from_millis(100);

/// One entry of `file_sd_configs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileConfig {
    /// Paths, each with at most one `*` in its last segment.
    pub files: Vec<PathBuf>,
    /// Longest time between two readings, ms.
    pub refresh_interval_ms: i64,
}

impl FileConfig {
    pub(super) fn decode(field: Field<'_>) -> Result<Self, Error> {
        let mapping = field.mapping()?;
        let files = mapping.get_or("files", |list| list.list(file_pattern), Vec::new())?;
        if files.is_empty() {
            return Err(mapping.error("file service discovery config must contain at least one path name"));
        }
        let config = Self {
            files,
            refresh_interval_ms: refresh_interval_ms(&mapping, REFRESH_MS)?,
        };
        mapping.finish()?;
        Ok(config)
    }
}

fn file_pattern(field: Field<'_>) -> Result<PathBuf, Error> {
    let text = field.clone().string()?;
    let ending = text.rsplit_once('.').map(|(_, ending)| ending);
    let is_known = matches!(ending, Some("json" | "yml" | "yaml" | "JSON" | "YML" | "YAML"));
    let star = text.find('*');
    let is_last = star.is_none_or(|at| text.matches('*').count() == 1 && !text[at..].contains('/'));
    if !is_known || !is_last {
        return Err(field.error(format!(
            "path name {text:?} is not valid for file discovery; end it with .json, .yml or .yaml and write at \
             most one * in its last segment"
        )));
    }
    field.path_of_file()
}

/// Reads the files.
pub(super) struct FileDiscoverer {
    config: FileConfig,
    /// What each file said last when it could be read.
    known: BTreeMap<PathBuf, Vec<TargetGroup>>,
}

impl FileDiscoverer {
    pub(super) fn new(config: FileConfig) -> Self {
        Self {
            config,
            known: BTreeMap::new(),
        }
    }

    fn refresh(&mut self, updates: &Updates) {
        let mut files = Vec::new();
        for pattern in &self.config.files {
            // A pattern is checked when the configuration is read; what cannot be listed is not there.
            let found = glob::glob(&pattern.to_string_lossy()).into_iter().flatten();
            files.extend(found.filter_map(Result::ok));
        }
        let gone = |path: &PathBuf| !files.contains(path);
        for path in self.known.keys().filter(|path| gone(path)) {
            updates.metrics().file_gone(&path.to_string_lossy());
        }
        self.known.retain(|path, _| files.contains(path));
        let mut failed = false;
        for path in files {
            match read(&path) {
                Ok((groups, mtime_seconds)) => {
                    updates
                        .metrics()
                        .file_read(&path.to_string_lossy(), mtime_seconds);
                    self.known.insert(path, groups);
                }
                Err(error) => {
                    failed = true;
                    updates.metrics().file_read_errors.add(1);
                    tracing::error!(
                        path = %path.display(), error,
                        "a file of targets cannot be used; its last good content stays"
                    );
                }
            }
        }
        if failed {
            updates.failed();
        }
        updates.publish(self.known.values().flatten().cloned().collect());
    }
}

/// The groups of a file, and when it was changed, in seconds since the epoch.
fn read(path: &Path) -> Result<(Vec<TargetGroup>, f64), String> {
    let text = std::fs::read(path).map_err(|error| error.to_string())?;
    let modified = std::fs::metadata(path).and_then(|metadata| metadata.modified());
    let mtime = modified
        .ok()
        .and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let name = path.to_string_lossy();
    let list = parse_target_list(&name, &text)?;
    let group = |(index, (addresses, mut labels)): (usize, (Vec<String>, BTreeMap<String, String>))| {
        labels.insert("__meta_filepath".to_owned(), name.clone().into_owned());
        TargetGroup::new(format!("{name}:{index}"), addresses, labels)
    };
    let groups = list.into_iter().enumerate().map(group).collect();
    Ok((groups, mtime.map_or(0.0, |since| since.as_secs_f64())))
}

#[async_trait]
impl Discoverer for FileDiscoverer {
    async fn run(&mut self, updates: Updates) {
        let folders: Vec<PathBuf> = self
            .config
            .files
            .iter()
            .filter_map(|file| folder_of(file))
            .collect();
        let watch = Watch::new().inspect_err(|error| {
            updates.metrics().file_watcher_errors.add(1);
            tracing::error!(%error, "files of targets cannot be watched; they are read at intervals");
        });
        let mut watch = watch.ok();
        let interval = Duration::from_millis(self.config.refresh_interval_ms.unsigned_abs());
        loop {
            // Watched before they are read, so that no change falls in between; a folder may be new.
            if let Some(watch) = &watch {
                folders.iter().for_each(|folder| watch.add(folder));
            }
            updates.timed(async { self.refresh(&updates) }).await;
            let told = async {
                match &mut watch {
                    Some(watch) => watch.changed().await,
                    None => std::future::pending().await,
                }
            };
            if tokio::time::timeout(interval, told).await.is_ok() {
                tokio::time::sleep(SETTLE).await;
            }
        }
    }
}

fn folder_of(file: &Path) -> Option<PathBuf> {
    match file.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Some(PathBuf::from(".")),
        folder => folder.map(Path::to_owned),
    }
}
