//! The two symbols that make a library a plugin: its passport, and the header of `abi_stable`.
//!
//! Both are constants, so the file has them as the process will see them, and reading them runs nothing.

use std::borrow::Cow;
use std::path::Path;

use abi_stable::library::LibHeader;
use plugin_abi::{
    PROTOCOL,
    passport::{HEADER_SYMBOL, MAX_LEN, SYMBOL, UNNUMBERED_HEADER_SYMBOL, UNNUMBERED_SYMBOL},
};

use super::error::{ExportError, PreflightError};
use super::image::Image;
use super::passport::{Passport, PassportError};
use super::target::HostTarget;

/// The header that abi_stable reads after its beginning, the mark and its version, was checked.
const HEADER_SIZE: u64 = size_of::<LibHeader>() as u64;
const PASSPORT_SIZE: u64 = MAX_LEN as u64;
/// The highest major number of a protocol that is looked for in a library without symbols of this host's.
const MAX_MAJOR: u16 = 99;

/// An exported constant.
pub(super) struct Export<'d> {
    /// Its first bytes, as many as were asked for, or all.
    pub(super) bytes: Cow<'d, [u8]>,
    /// How many bytes it has, where the format tells.
    pub(super) size: u64,
}

/// A library whose exported constants can be read from its file.
pub(super) trait Exports {
    /// Reads at most `limit` bytes of an exported constant; `None` where there is no such symbol.
    fn export(&self, symbol: &str, limit: u64) -> Result<Option<Export<'_>>, ExportError>;

    /// Whether numbers have their high byte first.
    fn big_endian(&self) -> bool;
}

/// An ELF image and its byte order.
pub(super) struct ElfExports<'i, 'd>(pub(super) &'i Image<'d>, pub(super) bool);

impl Exports for ElfExports<'_, '_> {
    fn export(&self, symbol: &str, limit: u64) -> Result<Option<Export<'_>>, ExportError> {
        let Some(found) = self.0.symbols.find(symbol.as_bytes(), None) else { return Ok(None) };
        if !found.is_data() {
            return Err(ExportError::NotData);
        }
        let bytes = self.0.at(found.address, found.size.min(limit)).ok_or(ExportError::Outside)?;
        Ok(Some(Export { bytes, size: found.size }))
    }

    fn big_endian(&self) -> bool {
        self.1
    }
}

/// Reads the passport, which is all that a list of plugins needs.
pub(super) fn passport(library: &dyn Exports, path: &Path) -> Result<Passport, PreflightError> {
    let found = library.export(SYMBOL, PASSPORT_SIZE).map_err(|fault| PreflightError::Export {
        path: path.to_owned(),
        symbol: SYMBOL,
        fault,
    })?;
    let Some(export) = found else {
        return Err(match library.export(HEADER_SYMBOL, HEADER_SIZE) {
            Ok(None) => return passport_of_other_protocol(library, path),
            _ => half(path, HEADER_SYMBOL, SYMBOL),
        });
    };
    Passport::parse(&export.bytes).map_err(|source| match source {
        PassportError::Format { found } => PreflightError::PassportFormat { path: path.to_owned(), found },
        PassportError::NoEnd if export.size > PASSPORT_SIZE => {
            PreflightError::Passport { path: path.to_owned(), source: PassportError::TooLong }
        }
        source => PreflightError::Passport { path: path.to_owned(), source },
    })
}

/// Reads the passport of a library whose symbols have another major number, or none.
fn passport_of_other_protocol(library: &dyn Exports, path: &Path) -> Result<Passport, PreflightError> {
    let exports = |symbol: &str| !matches!(library.export(symbol, HEADER_SIZE), Ok(None));
    let passport = |symbol: &str| {
        let export = library.export(symbol, PASSPORT_SIZE).ok().flatten()?;
        Passport::parse(&export.bytes).ok()
    };
    for found in (1..=MAX_MAJOR).filter(|&major| major != PROTOCOL.major) {
        let numbered = |symbol: &str| format!("{symbol}_{found}");
        let symbol = numbered(UNNUMBERED_SYMBOL);
        if !exports(&symbol) && !exports(&numbered(UNNUMBERED_HEADER_SYMBOL)) {
            continue;
        }
        // The passport knows the minor number as well, and the plugin's name; its protocol may have changed
        // its format.
        return passport(&symbol)
            .filter(|passport| passport.protocol().major == found)
            .ok_or_else(|| PreflightError::OtherMajor { path: path.to_owned(), found, host: PROTOCOL });
    }
    if exports(UNNUMBERED_SYMBOL) || exports(UNNUMBERED_HEADER_SYMBOL) {
        let passport = passport(UNNUMBERED_SYMBOL);
        let plugin = passport.map(|passport| (passport.name().to_owned(), passport.version().to_owned()));
        return Err(PreflightError::Unnumbered { path: path.to_owned(), plugin, host: PROTOCOL });
    }
    Err(PreflightError::NotAPlugin { path: path.to_owned() })
}

/// Checks protocol and header against what this host speaks.
pub(super) fn check(
    library: &dyn Exports,
    path: &Path,
    passport: &Passport,
    host: &HostTarget,
) -> Result<(), PreflightError> {
    if passport.protocol().major != host.protocol.major {
        return Err(PreflightError::Protocol {
            path: path.to_owned(),
            plugin: passport.name().to_owned(),
            version: passport.version().to_owned(),
            found: passport.protocol(),
            host: host.protocol,
        });
    }
    let wrong = |fault| PreflightError::Export { path: path.to_owned(), symbol: HEADER_SYMBOL, fault };
    let Some(header) = library.export(HEADER_SYMBOL, HEADER_SIZE).map_err(wrong)? else {
        return Err(half(path, SYMBOL, HEADER_SYMBOL));
    };
    if header.size < HEADER_SIZE {
        return Err(wrong(ExportError::TooSmall { has: header.size, needs: HEADER_SIZE }));
    }
    let too_small = || wrong(ExportError::TooSmall { has: header.size, needs: HEADER_SIZE });
    let (mark, versions) = header.bytes.split_first_chunk::<32>().ok_or_else(too_small)?;
    let (major, rest) = versions.split_first_chunk().ok_or_else(too_small)?;
    let minor = rest.first_chunk().ok_or_else(too_small)?;
    if *mark != host.header.magic {
        return Err(wrong(ExportError::Unmarked));
    }
    let number = |raw: &[u8; 4]| {
        if library.big_endian() { u32::from_be_bytes(*raw) } else { u32::from_le_bytes(*raw) }
    };
    let (major, minor) = (number(major), number(minor));
    if major != host.header.major || (major == 0 && minor != host.header.minor) {
        return Err(PreflightError::AbiStable {
            path: path.to_owned(),
            plugin: passport.name().to_owned(),
            version: passport.version().to_owned(),
            found: (major, minor),
            host: (host.header.major, host.header.minor),
            protocol: host.protocol,
        });
    }
    Ok(())
}

fn half(path: &Path, found: &'static str, missing: &'static str) -> PreflightError {
    PreflightError::HalfPlugin { path: path.to_owned(), found, missing }
}
