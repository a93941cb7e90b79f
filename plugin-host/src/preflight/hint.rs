//! The remedy for each [`PreflightError`].

use super::error::ExportError;
use super::error::PreflightError;
use super::looks_like::LooksLike;
use super::target::triple;
use super::text::{quoted, shown};

const BUILD_A_CDYLIB: &str = "in the plugin's `Cargo.toml` set `crate-type = [\"cdylib\"]` under `[lib]`";
const EXPORT: &str = "put `#[plugin_abi::export]` on its `impl Plugin` block";

impl PreflightError {
    /// Returns what the reader can do about it: one command or action.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::AbiStable { plugin, protocol, .. } => {
                Some(format!("rebuild `{plugin}` with the `plugin-abi` crate of protocol {protocol}"))
            }
            Self::Changed { .. } => Some("run the command again".to_owned()),
            Self::CutShort { .. } | Self::Empty { .. } => {
                Some("copy or download the file again, to its end".to_owned())
            }
            Self::Damaged { .. } => Some("build the plugin again, or download it again".to_owned()),
            Self::DanglingLink { path, .. } | Self::LinkLoop { path } => {
                Some(format!("make the link lead to the plugin: `ln -sfn <file> {}`", shown(path)))
            }
            Self::Directory { inside: Some(inside), .. } => {
                Some(format!("name a file in it, such as {}", quoted(inside)))
            }
            Self::Directory { inside: None, .. } | Self::NotRegular { .. } => {
                Some("give the path of the compiled library, such as `lib<name>.so`".to_owned())
            }
            Self::Export { fault: ExportError::Unmarked, .. } => {
                Some("build the plugin with a `plugin-abi` crate of this host's protocol".to_owned())
            }
            Self::Export { symbol, .. } => {
                Some(format!("leave the definition of `{symbol}` to `#[plugin_abi::export]`"))
            }
            Self::GlibcTooOld { has: (major, minor), .. } => Some(format!(
                "build the plugin on a system with glibc {major}.{minor} or older, \
                 or with `cargo zigbuild --target <triple>.{major}.{minor}`"
            )),
            Self::HalfPlugin { missing, .. } => Some(format!(
                "build the plugin with `#[plugin_abi::export]`, and let nothing strip `{missing}`"
            )),
            Self::LibraryConflict { .. } => Some(
                "build the plugin without a library of its own, or link that library statically".to_owned(),
            ),
            Self::Missing { near, .. } => match near.as_slice() {
                [] => Some("run `flyte-host plugin list` to see what is installed".to_owned()),
                near => {
                    let near: Vec<_> = near.iter().map(|path| quoted(path)).collect();
                    Some(format!("did you mean {}?", near.join(" or ")))
                }
            },
            Self::MissingFolder { .. } => {
                Some("run `flyte-host plugin list` to see what is installed".to_owned())
            }
            Self::MissingLibrary { library, .. } if is_musl(library) => {
                Some(format!("the plugin was built for musl; build it for this host: `{}`", build_command()))
            }
            Self::MissingLibrary { library, .. } => Some(format!(
                "install the package that has `{library}`, or add its folder to `LD_LIBRARY_PATH`"
            )),
            Self::MissingVersion { library, .. } => Some(format!(
                "install a newer `{library}`, or build the plugin on a system as old as this one"
            )),
            Self::NameTooLong { .. } => Some("move the plugin to a shorter path".to_owned()),
            Self::NoExec { .. } => {
                Some("copy it to another file system, or mount that one with `exec`".to_owned())
            }
            Self::NoPermission { .. } => {
                Some("ask its owner to run `chmod a+r`, and `chmod a+x` on the folders above it".to_owned())
            }
            Self::NotALibrary { looks, .. } => Some(for_kind(looks)),
            Self::NotAPlugin { .. } => Some(format!("{BUILD_A_CDYLIB}, and {EXPORT}")),
            Self::OtherCLibrary { .. } | Self::OtherCpu { .. } | Self::OtherSystem { .. } => {
                Some(format!("build the plugin for this host: `{}`", build_command()))
            }
            Self::OtherMajor { found, host, .. } => Some(format!(
                "install a flyte-host that speaks protocol {found}, or a version of the plugin for protocol {}",
                host.major
            )),
            Self::Passport { .. } => {
                Some("build the plugin with `#[plugin_abi::export]`, which writes the passport".to_owned())
            }
            Self::PassportFormat { .. } => {
                Some("install a newer flyte-host: the plugin was built for a later one".to_owned())
            }
            Self::Protocol { plugin, found, host, .. } if found.major > host.major => Some(format!(
                "install a flyte-host that speaks protocol {}, or a version of `{plugin}` for protocol {}",
                found.major, host.major
            )),
            Self::Protocol { plugin, found, host, .. } => Some(format!(
                "install a version of `{plugin}` for protocol {}, or a flyte-host that speaks protocol {}",
                host.major, found.major
            )),
            Self::TooLarge { .. } => {
                Some("strip the plugin: set `strip = true` in its release profile".to_owned())
            }
            Self::Unnumbered { host, .. } => Some(format!(
                "rebuild the plugin with `plugin-abi = \"{host}\"`, or ask its author for a newer version"
            )),
            Self::Unreadable { .. } => None,
            Self::Unresolved { .. } => Some(
                "link the plugin with the library that has it: `cargo::rustc-link-lib=<name>` in `build.rs`"
                    .to_owned(),
            ),
        }
    }
}

fn build_command() -> String {
    // musl's target builds no dynamic libraries otherwise.
    let flags = if cfg!(target_env = "musl") { "RUSTFLAGS='-C target-feature=-crt-static' " } else { "" };
    format!("{flags}cargo build --release --target {}", triple())
}

fn is_musl(library: &str) -> bool {
    library.starts_with("libc.musl-") || library.starts_with("ld-musl-")
}

fn for_kind(looks: &LooksLike) -> String {
    match looks {
        LooksLike::Archive | LooksLike::ObjectFile | LooksLike::Program | LooksLike::Rlib => {
            format!("{BUILD_A_CDYLIB}, and build again")
        }
        LooksLike::GitLfsPointer => "run `git lfs pull` in the repository".to_owned(),
        LooksLike::Html | LooksLike::Json | LooksLike::Xml => {
            "download the plugin again; `curl --fail --location` does not save error pages".to_owned()
        }
        LooksLike::LinkerScript => "give the path of the library that it names".to_owned(),
        LooksLike::Packed(_) => "unpack it, and give the path of the library inside".to_owned(),
        LooksLike::Rmeta => format!("{BUILD_A_CDYLIB}, and run `cargo build`, not `cargo check`"),
        LooksLike::Wasm => format!("build the plugin for this host: `{}`", build_command()),
        LooksLike::CoreDump
        | LooksLike::Script
        | LooksLike::Stub(_)
        | LooksLike::Text
        | LooksLike::Unknown => "give the path of the compiled library, such as `lib<name>.so`".to_owned(),
    }
}
