//! Dynamic symbols and their versions.
//!
//! Look-ups go through the hash table, as `dlsym` does; what a hash table does not reach does not exist.

use std::borrow::Cow;

use object::elf;

use super::elf::Mapping;
use super::malformed::Malformed;
use super::source::Shape;

/// More versions than any library has; a longer list is a loop.
const MAX_VERSIONS: usize = 4096;

/// The dynamic symbol table with what is needed to search it.
#[derive(Debug, Default)]
pub(super) struct Symbols<'d> {
    shape: Option<Shape>,
    strings: Cow<'d, [u8]>,
    symbols: Cow<'d, [u8]>,
    hash: Hash<'d>,
    /// One number per symbol: which version it has.
    versions: Cow<'d, [u8]>,
    pub(super) defined: Vec<Version>,
    pub(super) needed: Vec<Version>,
}

/// A version that a library defines or needs, such as `GLIBC_2.34`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Version {
    index: u16,
    /// The library that should define it; empty in a definition.
    pub(super) library: Vec<u8>,
    pub(super) name: Vec<u8>,
    /// The loader continues without it.
    pub(super) optional: bool,
}

#[derive(Debug, Default)]
enum Hash<'d> {
    Gnu(Cow<'d, [u8]>),
    #[default]
    Missing,
    SysV(Cow<'d, [u8]>),
}

/// One entry of the dynamic symbol table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Symbol {
    index: u32,
    name: u32,
    info: u8,
    section: u16,
    pub(super) address: u64,
    pub(super) size: u64,
}

impl Symbol {
    pub(super) fn is_data(&self) -> bool {
        self.info & 0xf == elf::STT_OBJECT.0
    }

    fn is_defined(&self) -> bool {
        self.section != 0 && self.info >> 4 != elf::STB_LOCAL.0
    }

    /// Without the names of versions, which are absolute symbols.
    fn is_exported(&self) -> bool {
        self.is_defined() && self.section != elf::SHN_ABS.0
    }

    fn must_resolve(&self) -> bool {
        self.section == 0 && self.info >> 4 == elf::STB_GLOBAL.0 && self.name != 0
    }
}

impl<'d> Symbols<'d> {
    /// Reads the tables that the dynamic section of `image` names.
    pub(super) fn read(shape: Shape, image: &Mapping<'d>) -> Result<Self, Malformed> {
        let address = |tag| image.dynamic(tag).next();
        let table = |tag| address(tag).and_then(|at| image.table(at));
        let strings = address(elf::DT_STRTAB).zip(address(elf::DT_STRSZ));
        let strings = strings.and_then(|(at, size)| image.at(at, size));
        let (Some(strings), Some(symbols)) = (strings, table(elf::DT_SYMTAB)) else {
            return Err(Malformed::Damaged("its symbol table lies outside the file"));
        };
        let hash = match (table(elf::DT_GNU_HASH), table(elf::DT_HASH)) {
            (Some(gnu), _) => Hash::Gnu(gnu),
            (None, Some(plain)) => Hash::SysV(plain),
            (None, None) => Hash::Missing,
        };
        let versions = table(elf::DT_VERSYM).unwrap_or_default();
        let mut read = Self { shape: Some(shape), strings, symbols, hash, versions, ..Self::default() };
        if let Some(definitions) = table(elf::DT_VERDEF) {
            read.defined = read.definitions(shape, &definitions);
        }
        if let Some(needs) = table(elf::DT_VERNEED) {
            read.needed = read.needs(shape, &needs);
        }
        Ok(read)
    }

    /// The text at this offset of the string table.
    pub(super) fn text(&self, at: u64) -> Option<&[u8]> {
        let tail = self.strings.get(usize::try_from(at).ok()?..)?;
        tail.get(..tail.iter().position(|&byte| byte == 0)?)
    }

    pub(super) fn name(&self, symbol: &Symbol) -> &[u8] {
        self.text(symbol.name.into()).unwrap_or_default()
    }

    /// Finds the exported symbol that a reference to `name` in `version` is bound to.
    ///
    /// Without a version, any definition does. So does one without a version of its own.
    pub(super) fn find(&self, name: &[u8], version: Option<&[u8]>) -> Option<Symbol> {
        self.candidates(name).into_iter().find(|symbol| {
            let Some(wanted) = version else { return true };
            match self.version_index(symbol) {
                None | Some(0 | 1) => true,
                Some(index) => {
                    self.defined.iter().any(|defined| defined.index == index && defined.name == wanted)
                }
            }
        })
    }

    /// The symbols that some other library has to provide.
    pub(super) fn undefined(&self) -> impl Iterator<Item = Symbol> + '_ {
        let shape = self.shape;
        let end = match (&self.hash, shape) {
            // The hash table begins behind the last undefined symbol.
            (Hash::Gnu(table), Some(shape)) => shape.u32(table, 4),
            (Hash::SysV(table), Some(shape)) => shape.u32(table, 4),
            _ => None,
        };
        (1..end.unwrap_or(0)).map_while(|index| self.symbol(index)).filter(Symbol::must_resolve)
    }

    /// The names of the symbols that other libraries may use, without those that linkers make.
    pub(super) fn exported(&self) -> Vec<&[u8]> {
        const MADE_BY_LINKERS: [&[u8]; 5] = [b"_init", b"_fini", b"__bss_start", b"_edata", b"_end"];
        let range = match (&self.hash, self.shape) {
            (Hash::Gnu(table), Some(shape)) => gnu_range(shape, table),
            (Hash::SysV(table), Some(shape)) => shape.u32(table, 4).map(|count| (1, count)),
            _ => None,
        };
        let (first, end) = range.unwrap_or_default();
        let symbols = (first..end).map_while(|index| self.symbol(index)).filter(Symbol::is_exported);
        symbols
            .map(|symbol| self.text(symbol.name.into()).unwrap_or_default())
            .filter(|name| !MADE_BY_LINKERS.contains(name))
            .collect()
    }

    /// The version in which `symbol`, an undefined one, is needed.
    pub(super) fn needed_version(&self, symbol: &Symbol) -> Option<&Version> {
        let index = self.version_index(symbol)?;
        self.needed.iter().find(|needed| needed.index == index)
    }

    fn version_index(&self, symbol: &Symbol) -> Option<u16> {
        let at = usize::try_from(symbol.index).ok()?.checked_mul(2)?;
        self.shape?.u16(&self.versions, at).map(|index| index & 0x7fff)
    }

    fn symbol(&self, index: u32) -> Option<Symbol> {
        let shape = self.shape?;
        let size = if shape.is_64 { 24 } else { 16 };
        let start = usize::try_from(index).ok()?.checked_mul(size)?;
        let entry = self.symbols.get(start..start.checked_add(size)?)?;
        let (info, section, address, length) = if shape.is_64 { (4, 6, 8, 16) } else { (12, 14, 4, 8) };
        Some(Symbol {
            index,
            name: shape.u32(entry, 0)?,
            info: *entry.get(info)?,
            section: shape.u16(entry, section)?,
            address: shape.word(entry, address)?,
            size: shape.word(entry, length)?,
        })
    }

    fn candidates(&self, name: &[u8]) -> Vec<Symbol> {
        let mut found = Vec::new();
        let mut consider = |index| match self.symbol(index) {
            Some(symbol) if symbol.is_defined() && self.name(&symbol) == name => found.push(symbol),
            _ => {}
        };
        match (&self.hash, self.shape) {
            (Hash::Gnu(table), Some(shape)) => each_gnu(shape, table, name, &mut consider),
            (Hash::SysV(table), Some(shape)) => each_sysv(shape, table, name, &mut consider),
            _ => None,
        };
        found
    }

    fn definitions(&self, shape: Shape, table: &[u8]) -> Vec<Version> {
        let entry = |at| {
            let name = shape.u32(table, step(at, shape.u32(table, at + 12)?)?)?;
            let version = Version {
                index: shape.u16(table, at + 4)?,
                library: Vec::new(),
                name: self.text(name.into())?.to_vec(),
                optional: false,
            };
            let is_file_name = shape.u16(table, at + 2)? & 1 != 0;
            Some(((!is_file_name).then_some(version), shape.u32(table, at + 16)?))
        };
        linked(entry).flatten().collect()
    }

    fn needs(&self, shape: Shape, table: &[u8]) -> Vec<Version> {
        let library = |at| {
            let library = self.text(shape.u32(table, at + 4)?.into())?;
            let first = step(at, shape.u32(table, at + 8)?)?;
            Some(((library, first), shape.u32(table, at + 12)?))
        };
        let mut needed = Vec::new();
        for (library, first) in linked(library) {
            let version = |at: usize| {
                let at = at.checked_add(first)?;
                let version = Version {
                    index: shape.u16(table, at.checked_add(6)?)? & 0x7fff,
                    library: library.to_vec(),
                    name: self.text(shape.u32(table, at.checked_add(8)?)?.into())?.to_vec(),
                    optional: shape.u16(table, at.checked_add(4)?)? & 2 != 0,
                };
                Some((version, shape.u32(table, at.checked_add(12)?)?))
            };
            needed.extend(linked(version));
            if needed.len() > MAX_VERSIONS {
                break;
            }
        }
        needed
    }
}

fn step(at: usize, by: u32) -> Option<usize> {
    at.checked_add(usize::try_from(by).ok()?)
}

/// Walks a list in which each entry tells how far away the next one is, 0 at the end.
fn linked<T>(entry: impl Fn(usize) -> Option<(T, u32)>) -> impl Iterator<Item = T> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let at = next?;
        let (value, by) = entry(at)?;
        next = if by == 0 { None } else { step(at, by) };
        Some(value)
    })
    .take(MAX_VERSIONS)
}

/// The number of the first symbol that GNU's hash table reaches, and the one behind the last.
fn gnu_range(shape: Shape, table: &[u8]) -> Option<(u32, u32)> {
    let buckets = usize::try_from(shape.u32(table, 0)?).ok()?;
    let first = shape.u32(table, 4)?;
    let filter = usize::try_from(shape.u32(table, 8)?).ok()?.checked_mul(shape.word_size())?;
    let buckets_at = filter.checked_add(16)?;
    let chains_at = buckets_at.checked_add(buckets.checked_mul(4)?)?;
    let starts = table.get(buckets_at..chains_at)?.chunks_exact(4);
    let last = starts.filter_map(|bucket| shape.u32(bucket, 0)).max()?;
    let mut end = last.max(first);
    loop {
        let link = usize::try_from(end.checked_sub(first)?).ok()?;
        let value = shape.u32(table, chains_at.checked_add(link.checked_mul(4)?)?)?;
        end = end.checked_add(1)?;
        if value & 1 != 0 {
            return Some((first, end));
        }
    }
}

fn each_gnu(shape: Shape, table: &[u8], name: &[u8], consider: &mut impl FnMut(u32)) -> Option<()> {
    let hash = name.iter().fold(5381_u32, |hash, &byte| hash.wrapping_mul(33).wrapping_add(byte.into()));
    let buckets = shape.u32(table, 0)?;
    let first_symbol = shape.u32(table, 4)?;
    let filter = usize::try_from(shape.u32(table, 8)?).ok()?.checked_mul(shape.word_size())?;
    let buckets_at = filter.checked_add(16)?;
    let chains_at = buckets_at.checked_add(usize::try_from(buckets).ok()?.checked_mul(4)?)?;
    let bucket = usize::try_from(hash.checked_rem(buckets)?).ok()?;
    let mut index = shape.u32(table, buckets_at.checked_add(bucket.checked_mul(4)?)?)?;
    loop {
        let link = usize::try_from(index.checked_sub(first_symbol)?).ok()?;
        let value = shape.u32(table, chains_at.checked_add(link.checked_mul(4)?)?)?;
        if value | 1 == hash | 1 {
            consider(index);
        }
        if value & 1 != 0 {
            return Some(());
        }
        index = index.checked_add(1)?;
    }
}

fn each_sysv(shape: Shape, table: &[u8], name: &[u8], consider: &mut impl FnMut(u32)) -> Option<()> {
    let hash = name.iter().fold(0_u32, |hash, &byte| {
        let hash = (hash << 4).wrapping_add(byte.into());
        (hash ^ ((hash >> 24) & 0xf0)) & 0x0fff_ffff
    });
    let buckets = shape.u32(table, 0)?;
    let links = shape.u32(table, 4)?;
    let at = |number: u32| shape.u32(table, usize::try_from(number).ok()?.checked_mul(4)?);
    let mut index = at(hash.checked_rem(buckets)?.checked_add(2)?)?;
    for _ in 0..links {
        if index == 0 {
            return Some(());
        }
        consider(index);
        index = at(buckets.checked_add(2)?.checked_add(index)?)?;
    }
    None
}
