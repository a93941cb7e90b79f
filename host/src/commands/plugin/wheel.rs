//! `plugin wheel`: a plugin file as a Python wheel, for containers and for `pip install`.
//!
//! The bridge `flyte_host` finds the plugin by the wheel's entry point in the group `flyte_host.plugins`.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use clap::Args;
use data_encoding::BASE64URL_NOPAD;
use plugin_host::{
    LoadError,
    preflight::{self, Findings, HostTarget, Passport},
};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use zip::{CompressionMethod, ZipWriter, result::ZipError, write::SimpleFileOptions};

use crate::{
    context::Context,
    ui::{error::CommandError, exit_code::Exit, output::Format},
};

/// The oldest glibc that wheels name: pip installs no wheels on older systems.
const OLDEST_GLIBC: (u32, u32) = (2, 17);

/// Package a plugin as a Python wheel for `pyflyte`
#[derive(Args, Debug)]
pub(super) struct WheelArgs {
    /// Names or paths of plugins, for any Linux target
    #[arg(required = true)]
    names: Vec<String>,
    /// Folder to write the wheels to
    #[arg(long, value_name = "DIR", default_value = ".")]
    out_dir: PathBuf,
}

pub(super) fn run(args: &WheelArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let mut written = Vec::new();
    for name in &args.names {
        let library =
            context.loader.directories().find(&context.plugin_spec(name)).map_err(LoadError::from)?;
        let wheel = Wheel::new(&library)?;
        let path = wheel.write(&args.out_dir)?;
        match context.ui.format() {
            Format::Table | Format::Name => context.ui.print(format_args!("{}\n", path.display()))?,
            Format::Json | Format::Yaml => written.push(json!({
                "plugin": wheel.passport.name(),
                "version": wheel.version,
                "tag": wheel.tag,
                "path": path.display().to_string(),
            })),
        }
    }
    match context.ui.format() {
        Format::Table | Format::Name => Ok(()),
        Format::Json | Format::Yaml => context.ui.structured(&written.into()),
    }
}

/// A wheel with one plugin.
struct Wheel {
    library: PathBuf,
    passport: Passport,
    /// As Python writes versions.
    version: String,
    tag: String,
    /// The package in which the library is.
    module: String,
}

impl Wheel {
    /// Checks a plugin's file for the system that it was built for.
    fn new(library: &Path) -> Result<Self, CommandError> {
        let target = preflight::read_passport(library).map_err(LoadError::from)?.target().to_owned();
        let host = host_target(&target).ok_or_else(|| no_platform(library, &target))?;
        let findings = preflight::inspect(library, &host).map_err(LoadError::from)?;
        let platform = platform(&target, &findings).ok_or_else(|| no_platform(library, &target))?;
        let passport = findings.passport;
        Ok(Self {
            library: library.to_owned(),
            version: python_version(passport.version()),
            tag: format!("py3-none-{platform}"),
            module: format!("flyte_plugin_{}", identifier(passport.name())),
            passport,
        })
    }

    /// Name and version of the distribution, as they begin the names of files.
    fn stem(&self) -> String {
        format!("{}-{}", self.module, self.version)
    }

    fn write(&self, folder: &Path) -> Result<PathBuf, CommandError> {
        let path = folder.join(format!("{}-{}.whl", self.stem(), self.tag));
        let write = || {
            fs::create_dir_all(folder)?;
            self.write_to(File::create(&path)?)
        };
        write().map_err(|error| {
            let message = format!("could not write `{}`", path.display());
            CommandError::new(Exit::Failed, message).caused_by(error)
        })?;
        Ok(path)
    }

    fn write_to(&self, file: File) -> io::Result<()> {
        let (module, info) = (&self.module, format!("{}.dist-info", self.stem()));
        let library = self.library.file_name().unwrap_or_default().to_string_lossy();
        let mut archive = Archive { zip: ZipWriter::new(file), record: String::new() };
        archive.add(&format!("{module}/__init__.py"), self.init().as_bytes())?;
        archive.add(&format!("{module}/{library}"), &fs::read(&self.library)?)?;
        archive.add(&format!("{info}/METADATA"), self.metadata().as_bytes())?;
        archive.add(&format!("{info}/WHEEL"), self.wheel_file().as_bytes())?;
        archive.add(&format!("{info}/entry_points.txt"), self.entry_points().as_bytes())?;
        archive.finish(&format!("{info}/RECORD"))
    }

    fn init(&self) -> String {
        format!("\"\"\"The compiled Flyte plugin `{}`, which flyte_host loads.\"\"\"\n", self.passport.name())
    }

    fn metadata(&self) -> String {
        let name = self.module.replace('_', "-");
        let mut text = format!("Metadata-Version: 2.4\nName: {name}\nVersion: {}\n", self.version);
        let fields = [
            ("Summary", self.passport.description().map(one_line)),
            ("License-Expression", self.passport.license().map(one_line)),
            (
                "Project-URL",
                self.passport.homepage().map(|homepage| format!("Homepage, {}", one_line(homepage))),
            ),
        ];
        for (key, value) in fields {
            text.extend(value.map(|value| format!("{key}: {value}\n")));
        }
        text + "Requires-Python: >=3.9\nRequires-Dist: flyte-host\n"
    }

    fn wheel_file(&self) -> String {
        let generator = concat!("flyte-host ", env!("CARGO_PKG_VERSION"));
        let tag = &self.tag;
        format!("Wheel-Version: 1.0\nGenerator: {generator}\nRoot-Is-Purelib: false\nTag: {tag}\n")
    }

    fn entry_points(&self) -> String {
        format!("[flyte_host.plugins]\n{} = {}\n", self.passport.name(), self.module)
    }
}

/// A wheel that is being written.
struct Archive {
    zip: ZipWriter<File>,
    /// The list of the files, with their hashes.
    record: String,
}

impl Archive {
    fn add(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        let hash = BASE64URL_NOPAD.encode(&Sha256::digest(content));
        self.record.push_str(&format!("{name},sha256={hash},{}\n", content.len()));
        self.store(name, content)
    }

    /// Without dates, so that the same plugin gives the same wheel.
    fn store(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(zip::DateTime::default())
            .unix_permissions(if name.ends_with(".so") { 0o755 } else { 0o644 });
        self.zip.start_file(name, options).map_err(io_error)?;
        self.zip.write_all(content)
    }

    fn finish(mut self, record: &str) -> io::Result<()> {
        let content = format!("{}{record},,\n", self.record);
        self.store(record, content.as_bytes())?;
        self.zip.finish().map_err(io_error)?.sync_all()
    }
}

fn io_error(error: ZipError) -> io::Error {
    match error {
        ZipError::Io(error) => error,
        error => io::Error::other(error),
    }
}

/// A machine of a plugin's target, with any glibc; `None` if wheels do not name it.
fn host_target(triple: &str) -> Option<HostTarget> {
    let current = HostTarget::current();
    let cpu = ["x86_64", "aarch64"].into_iter().find(|cpu| triple.starts_with(&format!("{cpu}-")))?;
    let c_library = ["gnu", "musl"].into_iter().find(|name| triple.ends_with(&format!("-linux-{name}")))?;
    Some(HostTarget {
        system: preflight::System::Linux,
        cpu,
        is_64: true,
        big_endian: false,
        c_library,
        glibc: None,
        ..current
    })
}

/// The platform tag of a plugin: its C library, the oldest version of it, and its CPU.
fn platform(triple: &str, findings: &Findings) -> Option<String> {
    let (cpu, _) = triple.split_once('-')?;
    if triple.ends_with("-musl") {
        return Some(format!("musllinux_1_2_{cpu}"));
    }
    let (major, minor) = findings.glibc.unwrap_or(OLDEST_GLIBC).max(OLDEST_GLIBC);
    Some(format!("manylinux_{major}_{minor}_{cpu}"))
}

fn no_platform(library: &Path, target: &str) -> CommandError {
    let message = format!("could not make a wheel of `{}`: its target is `{target}`", library.display());
    CommandError::new(Exit::PluginUnusable, message)
        .hint("build the plugin for Linux on x86_64 or aarch64".to_owned())
}

/// A name as Python's modules have them.
fn identifier(name: &str) -> String {
    name.chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' })
        .collect()
}

/// A version as Python writes it: `1.2.0-rc.1` as `1.2.0rc1`, other suffixes as a local version.
fn python_version(version: &str) -> String {
    let (numbers, build) = version.split_once('+').unwrap_or((version, ""));
    let (numbers, before) = numbers.split_once('-').unwrap_or((numbers, ""));
    let local =
        |text: &str| text.replace(|letter: char| !letter.is_ascii_alphanumeric(), ".").to_ascii_lowercase();
    let known = [("alpha", "a"), ("beta", "b"), ("rc", "rc")].into_iter().find_map(|(name, short)| {
        let number = before.strip_prefix(name)?.trim_start_matches('.');
        let number = if number.is_empty() { "0" } else { number };
        number.bytes().all(|byte| byte.is_ascii_digit()).then(|| format!("{short}{number}"))
    });
    let (suffix, rest) = match known {
        Some(suffix) => (suffix, ""),
        None if before.is_empty() => (String::new(), ""),
        // Before the release, as Cargo orders it.
        None => (".dev0".to_owned(), before),
    };
    let local: Vec<String> = [rest, build].into_iter().filter(|part| !part.is_empty()).map(local).collect();
    let local = if local.is_empty() { String::new() } else { format!("+{}", local.join(".")) };
    format!("{numbers}{suffix}{local}")
}

/// A text of a passport for a line of metadata.
fn one_line(text: &str) -> String {
    flyte_text::sanitize_line(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_written_as_python_does() {
        let cases = [
            ("1.2.3", "1.2.3"),
            ("1.2.0-rc.1", "1.2.0rc1"),
            ("1.2.0-alpha", "1.2.0a0"),
            ("1.2.0-beta2", "1.2.0b2"),
            ("1.2.0+build-5", "1.2.0+build.5"),
            ("1.2.0-nightly.7+x", "1.2.0.dev0+nightly.7.x"),
        ];
        for (cargo, python) in cases {
            assert_eq!(python_version(cargo), python);
        }
    }

    #[test]
    fn only_targets_that_wheels_name_have_a_platform() {
        for target in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-musl"] {
            assert!(host_target(target).is_some(), "{target}");
        }
        for target in ["x86_64-pc-windows-gnu", "aarch64-apple-darwin", "riscv64gc-unknown-linux-gnu"] {
            assert!(host_target(target).is_none(), "{target}");
        }
    }
}
