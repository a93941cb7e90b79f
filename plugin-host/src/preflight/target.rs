//! The machine and the host that a plugin has to fit.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use abi_stable::library::AbiHeader;
use object::elf as constants;
use plugin_abi::{PROTOCOL, ProtocolVersion};

use super::elf::Header;
use super::error::PreflightError;
use super::image::Image;
use super::passport::Passport;
use super::source::{Shape, Source};
use super::system::System;
use crate::library;

/// What the header that `abi_stable` puts in front of a plugin has to say.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ExpectedHeader {
    /// The first 32 bytes.
    pub magic: [u8; 32],
    /// The major version of abi_stable's interface.
    pub major: u32,
    /// Its minor version, which has to be equal as long as the major is 0.
    pub minor: u32,
}

impl ExpectedHeader {
    /// What the `abi_stable` in this host expects.
    pub fn current() -> Self {
        let AbiHeader { magic_string, abi_major, abi_minor, .. } = AbiHeader::VALUE;
        Self { magic: magic_string, major: abi_major, minor: abi_minor }
    }
}

/// Everything about the host process and its machine that decides whether a plugin can be loaded.
///
/// Plain data, so that a test can describe another machine.
#[derive(Clone, Debug)]
pub struct HostTarget {
    /// The operating system.
    pub system: System,
    /// The CPU, by the name Rust gives it, such as `x86_64`.
    pub cpu: &'static str,
    /// Whether the process has 64-bit addresses.
    pub is_64: bool,
    /// Whether numbers have their high byte first.
    pub big_endian: bool,
    /// The plugin protocol that this host speaks.
    pub protocol: ProtocolVersion,
    /// What the plugin's header has to say.
    pub header: ExpectedHeader,
    /// The C library, by the name Rust gives it, such as `gnu`; empty where the system has only one.
    pub c_library: &'static str,
    /// The version of the C library, where it is glibc.
    pub glibc: Option<(u32, u32)>,
}

/// What decides which libraries the system's loader finds.
///
/// Plain data, as [`HostTarget`].
#[derive(Clone, Debug)]
pub struct LoaderState {
    /// The folders in `LD_LIBRARY_PATH`, which the loader searches before its own.
    pub library_path: Vec<PathBuf>,
    /// The loader's index of installed libraries.
    pub library_cache: PathBuf,
    /// The folders that the loader searches last.
    pub library_folders: Vec<PathBuf>,
    /// The libraries that this process has loaded.
    pub loaded: Vec<PathBuf>,
    /// The program itself, whose exported symbols a plugin may use.
    pub executable: Option<PathBuf>,
}

impl HostTarget {
    /// Describes the running process.
    ///
    /// What cannot be found out stays unknown, and is then not checked.
    pub fn current() -> Self {
        Self {
            system: match env::consts::OS {
                "macos" => System::MacOs,
                "windows" => System::Windows,
                "linux" | "android" => System::Linux,
                _ => System::Bsd,
            },
            cpu: env::consts::ARCH,
            is_64: cfg!(target_pointer_width = "64"),
            big_endian: cfg!(target_endian = "big"),
            protocol: PROTOCOL,
            header: ExpectedHeader::current(),
            c_library: match () {
                () if cfg!(all(target_os = "linux", target_env = "gnu")) => "gnu",
                () if cfg!(all(target_os = "linux", target_env = "musl")) => "musl",
                () => "",
            },
            glibc: library::glibc_version().and_then(|version| version_number(&version)),
        }
    }
}

impl LoaderState {
    /// Describes the running process as it is now.
    pub fn current() -> Self {
        let loaded = mapped_libraries();
        Self {
            library_path: library_path(),
            library_cache: PathBuf::from("/etc/ld.so.cache"),
            library_folders: library_folders(&loaded),
            loaded,
            executable: env::current_exe().ok(),
        }
    }
}

/// The folders in `LD_LIBRARY_PATH`, where an empty one is the working directory.
fn library_path() -> Vec<PathBuf> {
    let folders = env::var_os("LD_LIBRARY_PATH").filter(|folders| !folders.is_empty());
    let folders = folders.map(|folders| folders.to_string_lossy().into_owned()).unwrap_or_default();
    let folders = folders.split([':', ';']).take(if folders.is_empty() { 0 } else { usize::MAX });
    folders.map(|folder| PathBuf::from(if folder.is_empty() { "." } else { folder })).collect()
}

/// The target triple to build a plugin for.
pub(super) fn triple() -> String {
    let arch = env::consts::ARCH;
    let c_library = if cfg!(target_env = "musl") { "musl" } else { "gnu" };
    match env::consts::OS {
        "macos" => format!("{arch}-apple-darwin"),
        "windows" if cfg!(target_env = "gnu") => format!("{arch}-pc-windows-gnu"),
        "windows" => format!("{arch}-pc-windows-msvc"),
        "linux" => format!("{arch}-unknown-linux-{c_library}"),
        other => format!("{arch}-unknown-{other}"),
    }
}

/// The libraries in the memory of this process; none where the system does not list them.
fn mapped_libraries() -> Vec<PathBuf> {
    let maps = fs::read("/proc/self/maps").unwrap_or_default();
    let mut libraries: Vec<PathBuf> = Vec::new();
    for line in String::from_utf8_lossy(&maps).lines() {
        let Some(path) = line.find('/').and_then(|start| line.get(start..)) else { continue };
        let is_library =
            path.contains(".so") && !path.ends_with(" (deleted)") && !path.starts_with("/memfd:");
        if is_library && libraries.iter().all(|known| known != Path::new(path)) {
            libraries.push(PathBuf::from(path));
        }
    }
    libraries
}

/// The loader's own folders: where the C library lies, and the usual ones.
fn library_folders(loaded: &[PathBuf]) -> Vec<PathBuf> {
    let is_c_library = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // Before glibc 2.34 `libc.so.6` was a link to `libc-2.31.so`.
        name == "libc.so.6" || name.starts_with("libc-2.") || name.starts_with("ld-musl")
    };
    let beside = loaded.iter().find(is_c_library).and_then(|path| path.parent()).map(Path::to_owned);
    let usual = ["/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib"].map(PathBuf::from);
    beside.into_iter().chain(usual).collect()
}

/// Reads the symbols of an ELF library, without the rest of its bytes.
pub(super) fn open_library(path: &Path) -> Option<(Header, Image<'static>)> {
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let source = Source::of_file(&File::open(path).ok()?).ok().filter(Source::is_elf)?;
    let header = Header::read(&source).ok()?;
    let image = Image::read(&header, source).ok()?;
    Some((header, image))
}

/// Reads `GLIBC_2.34` as (2, 34); a third number only marks a correction.
pub(super) fn glibc_number(version: &[u8]) -> Option<(u32, u32)> {
    version_number(str::from_utf8(version).ok()?.strip_prefix("GLIBC_")?)
}

fn version_number(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// The C libraries for which Rust builds on Linux, as target triples end in them.
const C_LIBRARIES: [&str; 5] = ["android", "gnu", "musl", "ohos", "uclibc"];

/// Refuses a plugin for another C library, by the target in its passport.
pub(super) fn check_c_library(
    path: &Path,
    passport: &Passport,
    host: &HostTarget,
) -> Result<(), PreflightError> {
    let ending = passport.target().rsplit('-').next().unwrap_or_default();
    let found = C_LIBRARIES.into_iter().find(|name| ending.starts_with(name));
    if host.c_library.is_empty() || found.is_none_or(|found| found == host.c_library) {
        return Ok(());
    }
    Err(PreflightError::OtherCLibrary {
        path: path.to_owned(),
        plugin: passport.name().to_owned(),
        found: passport.target().to_owned(),
        host: host.c_library,
    })
}

/// Refuses an ELF file of another system or CPU.
pub(super) fn check(header: &Header, path: &Path, host: &HostTarget) -> Result<(), PreflightError> {
    let found = match constants::OsAbi(header.system) {
        constants::ELFOSABI_FREEBSD | constants::ELFOSABI_NETBSD | constants::ELFOSABI_OPENBSD => System::Bsd,
        _ if host.system == System::Bsd => System::Bsd,
        _ => System::Linux,
    };
    if found != host.system {
        return Err(PreflightError::OtherSystem { path: path.to_owned(), found, host: host.system });
    }
    let cpu = cpu_name(header);
    let host_shape = Shape { is_64: host.is_64, big_endian: host.big_endian };
    if cpu == host.cpu && header.shape == host_shape {
        return Ok(());
    }
    let described = |cpu: &str, shape: Shape| {
        let order = match shape.big_endian {
            _ if header.shape.big_endian == host.big_endian => "",
            true => "big-endian ",
            false => "little-endian ",
        };
        let width = match shape.is_64 {
            _ if header.shape.is_64 == host.is_64 => "",
            true => "64-bit ",
            false => "32-bit ",
        };
        format!("{order}{width}{cpu}")
    };
    Err(PreflightError::OtherCpu {
        path: path.to_owned(),
        found: described(&cpu, header.shape),
        host: described(host.cpu, host_shape),
    })
}

/// The name that Rust gives to the CPU of an ELF file.
pub(super) fn cpu_name(header: &Header) -> String {
    let is_64 = header.shape.is_64;
    let name = match constants::Machine(header.machine) {
        constants::EM_X86_64 => "x86_64",
        constants::EM_386 => "x86",
        constants::EM_AARCH64 => "aarch64",
        constants::EM_ARM => "arm",
        constants::EM_RISCV => {
            if is_64 {
                "riscv64"
            } else {
                "riscv32"
            }
        }
        constants::EM_LOONGARCH => {
            if is_64 {
                "loongarch64"
            } else {
                "loongarch32"
            }
        }
        constants::EM_PPC64 => "powerpc64",
        constants::EM_PPC => "powerpc",
        constants::EM_S390 => "s390x",
        constants::EM_MIPS => {
            if is_64 {
                "mips64"
            } else {
                "mips"
            }
        }
        constants::EM_SPARCV9 => "sparc64",
        constants::Machine(other) => return format!("CPU type {other}"),
    };
    name.to_owned()
}
