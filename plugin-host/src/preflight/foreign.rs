//! Mach-O and PE files: their system, their CPU, and their exported constants.
//!
//! Untested: no such file was at hand when this was written. What is tested is that a Linux host refuses
//! them with the right sentence, and that broken ones do not panic. What they are linked with is not checked.

use std::path::Path;

use object::read::macho::{FatArch, MachOFatFile32, MachOFatFile64};
use object::read::{ExportTarget, File, FileKind, NameOrOrdinal};
use object::{Architecture, Object, ObjectKind, ObjectSegment};

use super::contract::{Export, Exports};
use super::error::{ExportError, PreflightError};
use super::looks_like::LooksLike;
use super::malformed::Malformed;
use super::system::System;

const UNREADABLE: Malformed = Malformed::Damaged("its headers contradict each other");

/// The system that loads libraries of this format; `None` where this is neither Mach-O nor PE.
pub(super) fn system(bytes: &[u8]) -> Option<System> {
    match FileKind::parse(bytes).ok()? {
        FileKind::MachO32 | FileKind::MachO64 | FileKind::MachOFat32 | FileKind::MachOFat64 => {
            Some(System::MacOs)
        }
        FileKind::Pe32 | FileKind::Pe64 => Some(System::Windows),
        _ => None,
    }
}

/// A library of a format that is not ELF.
pub(super) struct Foreign<'d> {
    file: File<'d>,
}

impl<'d> Foreign<'d> {
    /// Opens a library, of several in one file the one for `cpu`, or else the first.
    pub(super) fn open(bytes: &'d [u8], path: &Path, cpu: &str) -> Result<Self, PreflightError> {
        let damaged = || UNREADABLE.at(path);
        let bytes = match FileKind::parse(bytes) {
            Ok(FileKind::MachOFat32) => {
                MachOFatFile32::parse(bytes).ok().and_then(|fat| slice(fat.arches(), bytes, cpu))
            }
            Ok(FileKind::MachOFat64) => {
                MachOFatFile64::parse(bytes).ok().and_then(|fat| slice(fat.arches(), bytes, cpu))
            }
            _ => Some(bytes),
        };
        let file = File::parse(bytes.ok_or_else(damaged)?).map_err(|_| damaged())?;
        let looks = match file.kind() {
            ObjectKind::Core => LooksLike::CoreDump,
            ObjectKind::Executable => LooksLike::Program,
            ObjectKind::Relocatable => LooksLike::ObjectFile,
            _ => return Ok(Self { file }),
        };
        Err(PreflightError::NotALibrary { path: path.to_owned(), looks })
    }

    /// The name that Rust gives to the CPU.
    pub(super) fn cpu(&self) -> &'static str {
        cpu_name(self.file.architecture())
    }
}

fn slice<'d, A: FatArch>(arches: &[A], bytes: &'d [u8], cpu: &str) -> Option<&'d [u8]> {
    let matching = arches.iter().find(|arch| cpu_name(arch.architecture()) == cpu);
    matching.or(arches.first())?.data(bytes).ok()
}

fn cpu_name(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "x86_64",
        Architecture::I386 => "x86",
        Architecture::Aarch64 => "aarch64",
        Architecture::Arm => "arm",
        _ => "another CPU",
    }
}

impl Exports for Foreign<'_> {
    fn export(&self, symbol: &str, limit: u64) -> Result<Option<Export<'_>>, ExportError> {
        let is_wanted = |name: &[u8]| match name.strip_prefix(symbol.as_bytes()) {
            Some(rest) => rest.is_empty(),
            // Mach-O puts an underscore in front of every name.
            None => name.strip_prefix(b"_") == Some(symbol.as_bytes()),
        };
        let exports = self.file.exports().into_iter().flatten().flatten();
        let mut found =
            exports.filter(|export| matches!(export.name(), NameOrOrdinal::Name(name) if is_wanted(name)));
        let Some(export) = found.next() else { return Ok(None) };
        let ExportTarget::Address { address } = export.target() else { return Err(ExportError::NotData) };
        let backed = self.file.segments().find_map(|segment| {
            let into = usize::try_from(address.checked_sub(segment.address())?).ok()?;
            segment.data().ok()?.get(into..).filter(|rest| !rest.is_empty())
        });
        let bytes = backed.ok_or(ExportError::Outside)?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let bytes = usize::try_from(limit).ok().and_then(|limit| bytes.get(..limit)).unwrap_or(bytes);
        Ok(Some(Export { bytes: bytes.into(), size }))
    }

    fn big_endian(&self) -> bool {
        !self.file.is_little_endian()
    }
}
