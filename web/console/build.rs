//! Chooses what is embedded: the built application in `dist/`, or a placeholder page where it was
//! not built. Never runs node, so that a clone without Node compiles.

use std::path::{Path, PathBuf};
use std::{env, fs};

const PLACEHOLDER: &str = include_str!("placeholder.html");

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let dist = root.join("dist");
    // Cargo reruns this script on every build while a watched path is missing, so the ignored
    // folder is made at once. On a read-only checkout that fails and costs only those reruns.
    drop(fs::create_dir_all(&dist));
    println!("cargo:rerun-if-changed={}", dist.display());
    println!("cargo:rerun-if-changed=placeholder.html");
    println!("cargo:rerun-if-env-changed=REQUIRE_WEB");
    println!("cargo:rustc-check-cfg=cfg(console_placeholder)");

    let folder = if dist.join("index.html").is_file() {
        dist
    } else {
        assert!(
            env::var("REQUIRE_WEB").as_deref() != Ok("1"),
            "REQUIRE_WEB=1, but {} has no index.html: build the console first with `npm ci && npm run build` in {}",
            dist.display(),
            root.display()
        );
        println!(
            "cargo:warning=the console is not built: embedding a placeholder page (`make build` builds it)"
        );
        println!("cargo:rustc-cfg=console_placeholder");
        write_placeholder()
    };
    println!("cargo:rustc-env=WEB_ASSETS_DIR={}", folder.display());
}

/// Writes the placeholder where rust-embed can read it and returns the folder.
fn write_placeholder() -> PathBuf {
    let out = env::var_os("OUT_DIR").expect("cargo sets it");
    let folder = Path::new(&out).join("placeholder");
    fs::create_dir_all(&folder).expect("OUT_DIR is writable");
    fs::write(folder.join("index.html"), PLACEHOLDER).expect("OUT_DIR is writable");
    folder
}
