//! Notes the compiler and the target: a plugin is built by the same compiler as this crate, and its
//! passport names both.

use std::{env, process::Command};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=RUSTC");
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().ok().filter(|output| output.status.success());
    let version = version
        .map_or_else(|| "unknown".into(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    println!("cargo:rustc-env=PLUGIN_ABI_RUSTC={version}");
    println!("cargo:rustc-env=PLUGIN_ABI_TARGET={}", env::var("TARGET").unwrap_or_default());
}
