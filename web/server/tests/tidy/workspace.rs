//! What cargo knows of this workspace: read once, without network, for the platform we are on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// The folder of the root manifest.
pub(crate) fn root() -> &'static Path {
    let server = Path::new(env!("CARGO_MANIFEST_DIR"));
    server
        .ancestors()
        .nth(2)
        .expect("web/server lies two below the root")
}

/// One of our crates.
pub(crate) struct Member {
    pub(crate) name: String,
    /// Folder below the root, as `engine/model`.
    pub(crate) folder: String,
    /// Names of our own crates that it depends on, in any way: normal, build or dev.
    pub(crate) uses: BTreeSet<String>,
    pub(crate) feature_count: usize,
}

/// Every crate of the workspace, by name.
pub(crate) fn members() -> Vec<Member> {
    let metadata = metadata();
    let ids: BTreeSet<&str> = strings(&metadata["workspace_members"]).collect();
    let packages = array(&metadata["packages"]).filter(|package| ids.contains(text(&package["id"])));
    let names: BTreeSet<&str> = packages.clone().map(|package| text(&package["name"])).collect();
    packages
        .map(|package| {
            let manifest = PathBuf::from(text(&package["manifest_path"]));
            let folder = manifest
                .parent()
                .and_then(|folder| folder.strip_prefix(root()).ok());
            let uses = array(&package["dependencies"]).map(|dependency| text(&dependency["name"]));
            Member {
                name: text(&package["name"]).to_owned(),
                folder: folder.expect("members lie below the root").display().to_string(),
                uses: uses
                    .filter(|name| names.contains(name))
                    .map(str::to_owned)
                    .collect(),
                feature_count: package["features"].as_object().map_or(0, serde_json::Map::len),
            }
        })
        .collect()
}

/// The table `[workspace.metadata.arrows]`: what each crate is permitted to use.
pub(crate) fn permitted_arrows() -> BTreeMap<String, BTreeSet<String>> {
    let table = metadata()["metadata"]["arrows"].as_object();
    let table = table.expect("the root manifest has [workspace.metadata.arrows]");
    table
        .iter()
        .map(|(from, to)| (from.clone(), strings(to).map(str::to_owned).collect()))
        .collect()
}

/// A package of the resolved graph, ours or another's.
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) licence: Option<String>,
    /// Indices into the slice that holds this package; every kind of dependency.
    pub(crate) uses: Vec<usize>,
}

/// Everything that a build or a test of this workspace compiles on this platform.
pub(crate) fn resolved() -> Vec<Package> {
    let nodes: Vec<&Value> = array(&metadata()["resolve"]["nodes"]).collect();
    let index: BTreeMap<&str, usize> = nodes
        .iter()
        .enumerate()
        .map(|(index, node)| (text(&node["id"]), index))
        .collect();
    let packages: BTreeMap<&str, &Value> = array(&metadata()["packages"])
        .map(|package| (text(&package["id"]), package))
        .collect();
    nodes
        .iter()
        .map(|node| {
            let package = packages[text(&node["id"])];
            Package {
                name: text(&package["name"]).to_owned(),
                version: text(&package["version"]).to_owned(),
                licence: package["license"].as_str().map(str::to_owned),
                uses: strings(&node["dependencies"]).map(|id| index[id]).collect(),
            }
        })
        .collect()
}

fn metadata() -> &'static Value {
    static METADATA: OnceLock<Value> = OnceLock::new();
    METADATA.get_or_init(|| {
        let rustc = run(Command::new("rustc").arg("-vV"));
        let rustc = String::from_utf8(rustc).expect("rustc prints text");
        let host = rustc
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .expect("rustc names its host");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = run(Command::new(cargo).current_dir(root()).args([
            "metadata",
            "--format-version=1",
            "--offline",
            "--locked",
            "--filter-platform",
            host,
        ]));
        serde_json::from_slice(&output).expect("cargo prints JSON")
    })
}

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().expect("the program of the toolchain starts");
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

fn array(value: &Value) -> impl Iterator<Item = &Value> + Clone {
    value.as_array().expect("an array").iter()
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    array(value).map(text)
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a string")
}
