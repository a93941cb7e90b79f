//! Notes the compiler and the target: a plugin is built by the same compiler as this crate, and its passport
//! names both. Notes also a digest of the interfaces: a host built from the same ones need not compare them.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=RUSTC");
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().ok().filter(|output| output.status.success());
    let version = version
        .map_or_else(|| "unknown".into(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    println!("cargo:rustc-env=PLUGIN_ABI_RUSTC={version}");
    println!("cargo:rustc-env=PLUGIN_ABI_TARGET={}", env::var("TARGET").unwrap_or_default());
    let layout = layout_digest().unwrap_or_else(|error| panic!("cannot read the interfaces: {error}"));
    println!("cargo:rustc-env=PLUGIN_ABI_LAYOUT={layout:032x}");
}

/// A digest of what the layout check compares: the interfaces, the name and the major version of this crate,
/// and, in the committed shape, those of abi_stable. No feature of abi_stable changes the layout of a type.
///
/// The sources are part of it, because the shape is only as true as the test that wrote it. Comments are not,
/// so that releases with the same interfaces have the same digest.
fn layout_digest() -> io::Result<u128> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let mut texts = files(&root)?;
    texts.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("protocol-")));
    texts.push(root.join("src/vtable.rs"));
    texts.extend(files(&root.join("src/vtable"))?);
    texts.sort();
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let mut digest = fnv(FNV_OFFSET, &variable("CARGO_PKG_NAME"));
    digest = fnv(digest, &variable("CARGO_PKG_VERSION_MAJOR"));
    for path in texts {
        println!("cargo:rerun-if-changed={}", path.display());
        let text = fs::read_to_string(path)?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
        digest = lines.fold(digest, fnv);
    }
    Ok(digest)
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    Ok(paths.collect::<io::Result<Vec<_>>>()?.into_iter().filter(|path| path.is_file()).collect())
}

const FNV_OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const FNV_PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// FNV-1a of a line and its end: differences are found, forgeries need not be.
fn fnv(digest: u128, line: &str) -> u128 {
    let bytes = line.bytes().chain([b'\n']);
    bytes.fold(digest, |digest, byte| (digest ^ u128::from(byte)).wrapping_mul(FNV_PRIME))
}
