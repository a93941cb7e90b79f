//! Pre-flight: the checks of a plugin file before dlopen.
//!
//! A library's constructors run inside `dlopen`, before anything can be checked; a truncated file ends the
//! process there with SIGBUS; and the loader's own messages are often misleading. So the file is read
//! first, as data. [`inspect`] returns a [`Passport`] or one error with one hint. It checks, in this order:
//! a readable file (`file`); a library for this machine (`elf`, `foreign`, `looks_like`); a plugin of this
//! host's protocol (`contract`, `passport`); the libraries and symbols that it needs (`linking`).
//!
//! Not checked: whether to trust the file, and what its code does. The handshake checks that the passport
//! is that of the loaded code.

mod contain;
mod contract;
mod elf;
mod error;
mod file;
mod foreign;
mod hint;
mod image;
mod linking;
mod looks_like;
mod malformed;
mod passport;
mod search;
mod source;
mod symbols;
mod system;
mod target;
mod text;
mod warning;

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::path::Path;

use object::elf as constants;

pub(crate) use contain::contain;
pub use contain::is_panic_contained;
pub use error::{ExportError, NotRegular, PreflightError};
pub use linking::Library;
pub use looks_like::LooksLike;
pub use passport::{Passport, PassportError};
pub use system::System;
pub use target::{ExpectedHeader, HostTarget};
pub use warning::{Warning, WarningKind};

use contract::ElfExports;
use elf::Header;
use foreign::Foreign;
use image::Image;
use source::Source;

/// Why a file is damaged that a check could not cope with.
const UNREADABLE: &str = "its tables cannot be read";

/// The result of the checks.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Findings {
    /// The plugin's passport.
    pub passport: Passport,
    /// The libraries that will be loaded with it; empty where that is not checked.
    pub libraries: Vec<Library>,
    /// Unusual facts that do not prevent loading.
    pub warnings: Vec<Warning>,
    /// It looks for files beside itself, by `$ORIGIN` or in its code, so a copy elsewhere may not work.
    pub depends_on_location: bool,
}

/// Checks the plugin at `path`, without running any of it.
///
/// # Errors
///
/// The first check that failed; [`PreflightError::hint`] has the remedy.
pub fn inspect(path: &Path, host: &HostTarget) -> Result<Findings, PreflightError> {
    let file = open(path)?;
    inspect_file(&file, &file, path, host)
}

/// Opens a plugin file: a regular file, not empty, not absurdly large.
///
/// # Errors
///
/// If there is no such file at `path`.
pub fn open(path: &Path) -> Result<File, PreflightError> {
    file::open(path)
}

/// Checks an open plugin file by its mount and mode, and its content, which may be a copy.
///
/// `path` only gives the name and the folder of its private libraries. Of an ELF file only the parts that matter are
/// read.
///
/// # Errors
///
/// As [`inspect`].
pub fn inspect_file(
    file: &File,
    content: &File,
    path: &Path,
    host: &HostTarget,
) -> Result<Findings, PreflightError> {
    contain(path, UNREADABLE, || check_file(file, content, path, host))
}

fn check_file(
    file: &File,
    content: &File,
    path: &Path,
    host: &HostTarget,
) -> Result<Findings, PreflightError> {
    file::check_mount(path, file)?;
    let source = Source::of_file(content).map_err(|source| unreadable(path, source))?;
    let mut findings = if source.is_elf() {
        inspect_elf(source, path, host)?
    } else {
        inspect_bytes(&whole(source, path)?, path, host)?
    };
    if file::is_world_writable(file) {
        findings.warnings.push(warning(path, &findings.passport, WarningKind::WorldWritable));
    }
    Ok(findings)
}

/// Checks a plugin's content, for which `path` only gives the name and the folder of its private libraries.
///
/// # Errors
///
/// As [`inspect`], but for the file system.
pub fn inspect_bytes(bytes: &[u8], path: &Path, host: &HostTarget) -> Result<Findings, PreflightError> {
    if bytes.starts_with(&constants::ELFMAG) {
        return inspect_elf(Source::Bytes(bytes), path, host);
    }
    let Some(found) = foreign::system(bytes) else { return Err(not_a_library(bytes, path)) };
    if found != host.system {
        return Err(PreflightError::OtherSystem { path: path.to_owned(), found, host: host.system });
    }
    let library = Foreign::open(bytes, path, host.cpu)?;
    if library.cpu() != host.cpu {
        return Err(PreflightError::OtherCpu {
            path: path.to_owned(),
            found: library.cpu().to_owned(),
            host: host.cpu.to_owned(),
        });
    }
    let passport = contract::passport(&library, path)?;
    contract::check(&library, path, &passport, host)?;
    Ok(Findings { passport, libraries: Vec::new(), warnings: Vec::new(), depends_on_location: false })
}

fn inspect_elf(source: Source<'_>, path: &Path, host: &HostTarget) -> Result<Findings, PreflightError> {
    let header = Header::read(&source).map_err(|fault| fault.at(path))?;
    target::check(&header, path, host)?;
    let image = open_elf(&header, source, path)?;
    let exports = ElfExports(&image, header.shape.big_endian);
    let passport = contract::passport(&exports, path).map_err(|error| name_program(error, &image))?;
    contract::check(&exports, path, &passport, host)?;
    let libraries = linking::check(path, &passport, &header, &image, host)?;
    let found = warning::find(&header, &image).into_iter();
    let warnings = found.map(|kind| warning(path, &passport, kind)).collect();
    let depends_on_location = linking::depends_on_location(&image);
    Ok(Findings { passport, libraries, warnings, depends_on_location })
}

/// Reads only the passport, of a plugin for any machine: enough for a list of plugins.
///
/// Of an ELF file only the tables that lead there are read.
///
/// # Errors
///
/// The first check that failed.
pub fn read_passport(path: &Path) -> Result<Passport, PreflightError> {
    contain(path, UNREADABLE, || find_passport(path))
}

fn find_passport(path: &Path) -> Result<Passport, PreflightError> {
    let source = Source::of_file(&open(path)?).map_err(|source| unreadable(path, source))?;
    if source.is_elf() {
        let header = Header::read(&source).map_err(|fault| fault.at(path))?;
        let image = open_elf(&header, source, path)?;
        let exports = ElfExports(&image, header.shape.big_endian);
        return contract::passport(&exports, path).map_err(|error| name_program(error, &image));
    }
    let bytes = whole(source, path)?;
    if foreign::system(&bytes).is_none() {
        return Err(not_a_library(&bytes, path));
    }
    contract::passport(&Foreign::open(&bytes, path, std::env::consts::ARCH)?, path)
}

/// Reads all of a file that is not ELF.
fn whole<'d>(source: Source<'d>, path: &Path) -> Result<Cow<'d, [u8]>, PreflightError> {
    match source.len() {
        size if size > error::MAX_SIZE => Err(PreflightError::TooLarge { path: path.to_owned(), size }),
        size => source.read(0, size).ok_or_else(|| unreadable(path, io::ErrorKind::UnexpectedEof.into())),
    }
}

fn unreadable(path: &Path, source: io::Error) -> PreflightError {
    PreflightError::Unreadable { path: path.to_owned(), source }
}

/// Opens a shared object; names what else an ELF file may be.
fn open_elf<'d>(header: &Header, source: Source<'d>, path: &Path) -> Result<Image<'d>, PreflightError> {
    let looks = match constants::FileType(header.kind) {
        constants::ET_DYN => None,
        constants::ET_EXEC => Some(LooksLike::Program),
        constants::ET_REL => Some(LooksLike::ObjectFile),
        constants::ET_CORE => Some(LooksLike::CoreDump),
        _ => return Err(malformed::Malformed::Damaged("its header names no known kind of file").at(path)),
    };
    if let Some(looks) = looks {
        return Err(PreflightError::NotALibrary { path: path.to_owned(), looks });
    }
    let image = Image::read(header, source).map_err(|fault| fault.at(path))?;
    if image.dynamic_flag(constants::DT_FLAGS_1, constants::DF_1_PIE.0) {
        return Err(PreflightError::NotALibrary { path: path.to_owned(), looks: LooksLike::Program });
    }
    Ok(image)
}

/// Old linkers do not mark a program; but a file with an interpreter that is not a plugin is one.
fn name_program(error: PreflightError, image: &Image<'_>) -> PreflightError {
    match error {
        PreflightError::NotAPlugin { path } if has_interpreter(image) => {
            PreflightError::NotALibrary { path, looks: LooksLike::Program }
        }
        error => error,
    }
}

fn has_interpreter(image: &Image<'_>) -> bool {
    image.segments.iter().any(|segment| segment.is(constants::PT_INTERP))
}

fn not_a_library(bytes: &[u8], path: &Path) -> PreflightError {
    PreflightError::NotALibrary { path: path.to_owned(), looks: LooksLike::guess(bytes) }
}

fn warning(path: &Path, passport: &Passport, kind: WarningKind) -> Warning {
    Warning { plugin: passport.name().to_owned(), path: path.to_owned(), kind }
}
