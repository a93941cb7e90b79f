//! Pre-flight: the checks of a plugin file before dlopen.
//!
//! A library's constructors run inside `dlopen`, before anything can be checked; a truncated file ends the
//! process there with SIGBUS; and the loader's own messages are often misleading. So the file is read
//! first, as data. [`inspect`] returns a [`Passport`] or one error with one hint. It checks, in this order:
//! a readable file (`file`); a library for this machine (`elf`, `foreign`, `looks_like`); a plugin of this
//! host's protocol (`contract`, `passport`), for its C library (`target`, `linking`).
//!
//! Whether the libraries and symbols that it needs are there, the system's loader decides. [`explain`] finds
//! out why it refused. Only a plugin that brings a library of its own of which another one is loaded
//! ([`Library::conflicts_with`]) is refused before: the loader would mix them up in silence.
//!
//! Not checked: who wrote the file (only who can change it, `trust`), and what its code does. The handshake
//! checks that the passport is that of the loaded code.

mod contain;
mod contract;
mod elf;
mod error;
mod facts;
mod file;
mod foreign;
mod hint;
mod image;
mod libraries;
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
mod trust;
mod warning;

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::path::Path;

use object::elf as constants;

pub(crate) use contain::contain;
pub use contain::is_panic_contained;
pub use error::{ExportError, NotRegular, PreflightError};
pub use facts::FileFacts;
pub(crate) use facts::facts;
pub use libraries::Library;
pub use looks_like::LooksLike;
pub use passport::{Passport, PassportError};
pub use system::System;
pub use target::{ExpectedHeader, HostTarget, LoaderState};
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
    /// Unusual facts that do not prevent loading.
    pub warnings: Vec<Warning>,
    /// It looks for files beside itself, by `$ORIGIN` or in its code, so a copy elsewhere may not work.
    pub depends_on_location: bool,
    /// It has a search path of its own for the libraries that it needs.
    pub has_search_path: bool,
    /// The oldest glibc that has what it needs; `None` if it names none.
    pub glibc: Option<(u32, u32)>,
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
/// `path` only gives the name and the folder of its private libraries. Of an ELF file only the parts that
/// matter are read.
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
    if let Some((path, kind)) = trust::untrusted(file, path) {
        findings.warnings.push(warning(&path, &findings.passport, kind));
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
    Ok(Findings {
        passport,
        warnings: Vec::new(),
        depends_on_location: false,
        has_search_path: false,
        glibc: None,
    })
}

fn inspect_elf(source: Source<'_>, path: &Path, host: &HostTarget) -> Result<Findings, PreflightError> {
    let header = Header::read(&source).map_err(|fault| fault.at(path))?;
    target::check(&header, path, host)?;
    let image = open_elf(&header, source, path)?;
    let exports = ElfExports(&image, header.shape.big_endian);
    let passport = contract::passport(&exports, path).map_err(|error| name_program(error, &image))?;
    contract::check(&exports, path, &passport, host)?;
    target::check_c_library(path, &passport, host)?;
    linking::check_glibc(path, &passport, &image, host)?;
    let found = warning::find(&header, &image).into_iter();
    let warnings = found.map(|kind| warning(path, &passport, kind)).collect();
    let depends_on_location = linking::depends_on_location(&image);
    Ok(Findings {
        passport,
        warnings,
        depends_on_location,
        has_search_path: linking::has_search_path(&image),
        glibc: linking::needed_glibc(&image),
    })
}

/// Why the system's loader refused a plugin that passed the checks; `None` if that is not found out.
///
/// [`PreflightError::is_confirmed_by`] compares the answer with the loader's own.
#[must_use]
pub fn explain(
    content: &File,
    path: &Path,
    passport: &Passport,
    state: &LoaderState,
) -> Option<PreflightError> {
    let (header, image) = read_image(content)?;
    linking::explain(path, passport, &header, &image, state)
}

/// The libraries that a plugin means, in the loader's order; none where its format is not ELF.
#[must_use]
pub fn libraries(content: &File, path: &Path, state: &LoaderState) -> Vec<Library> {
    let image = read_image(content);
    image.map(|(header, image)| linking::libraries(path, &header, &image, state)).unwrap_or_default()
}

/// Refuses a plugin that has a library of its own of which this process has loaded another one.
///
/// The system's loader would take the loaded one in silence.
///
/// # Errors
///
/// [`PreflightError::LibraryConflict`].
pub fn check_conflicts(
    path: &Path,
    passport: &Passport,
    needed: &[Library],
    state: &LoaderState,
) -> Result<(), PreflightError> {
    let loaded = libraries::loaded(state);
    let conflict = needed.iter().find_map(|needs| {
        let loaded = loaded.iter().find(|loaded| needs.conflicts_with(loaded))?;
        Some((needs.path.clone(), loaded.path.clone()))
    });
    conflict.map_or(Ok(()), |(needs, loaded)| {
        let (path, plugin) = (path.to_owned(), passport.name().to_owned());
        Err(PreflightError::LibraryConflict { path, plugin, needs, loaded })
    })
}

fn read_image(content: &File) -> Option<(Header, Image<'static>)> {
    let source = Source::of_file(content).ok().filter(Source::is_elf)?;
    let header = Header::read(&source).ok()?;
    let image = Image::read(&header, source).ok()?;
    Some((header, image))
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
