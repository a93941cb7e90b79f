//! The parts of an ELF file that the system's loader acts on.
//!
//! Everything is found the way the loader finds it: program headers, then the dynamic section, then the
//! tables it names. Section headers are not consulted, except to notice that a file was cut short: they may
//! be stripped, and they may lie. A wrong offset ends in a [`Malformed`], not in a panic.

use std::borrow::Cow;

use object::elf;

use super::error::MAX_SIZE;
use super::malformed::Malformed;
use super::source::{Shape, Source};

/// More program headers than any linker writes.
const MAX_SEGMENTS: u16 = 256;
/// Larger than any dynamic section that a linker writes.
const MAX_DYNAMIC: u64 = 1 << 20;
/// More address space than a plugin can mean to ask for.
const MAX_MEMORY: u64 = 1 << 36;

/// The file header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) shape: Shape,
    pub(super) system: u8,
    pub(super) kind: u16,
    pub(super) machine: u16,
    program_headers: (u64, u16, u16),
    section_headers: (u64, u16, u16),
}

impl Header {
    /// Reads the header of a file that begins with ELF's magic number.
    pub(super) fn read(source: &Source<'_>) -> Result<Self, Malformed> {
        let has = source.len();
        let cut = |needs| move || Malformed::CutShort { needs, has };
        let ident = source.read(0, 16).ok_or_else(cut(64))?;
        let is_64 = match ident[4] {
            1 => false,
            2 => true,
            _ => return Err(Malformed::Damaged("its header claims neither 32 nor 64 bits")),
        };
        let big_endian = match ident[5] {
            1 => false,
            2 => true,
            _ => return Err(Malformed::Damaged("its header names no byte order")),
        };
        let shape = Shape { is_64, big_endian };
        let size = if is_64 { 64 } else { 52 };
        let bytes = source.read(0, size).ok_or_else(cut(size))?;
        let word = shape.word_size();
        let fields = || {
            Some(Self {
                shape,
                system: ident[7],
                kind: shape.u16(&bytes, 16)?,
                machine: shape.u16(&bytes, 18)?,
                program_headers: (
                    shape.word(&bytes, 24 + word)?,
                    shape.u16(&bytes, 30 + 3 * word)?,
                    shape.u16(&bytes, 32 + 3 * word)?,
                ),
                section_headers: (
                    shape.word(&bytes, 24 + 2 * word)?,
                    shape.u16(&bytes, 34 + 3 * word)?,
                    shape.u16(&bytes, 36 + 3 * word)?,
                ),
            })
        };
        fields().ok_or_else(cut(size))
    }
}

/// One program header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment {
    kind: u32,
    flags: u32,
    offset: u64,
    address: u64,
    file_size: u64,
    memory_size: u64,
    alignment: u64,
}

impl Segment {
    fn read(shape: Shape, bytes: &[u8]) -> Option<Self> {
        let flags_at = if shape.is_64 { 4 } else { 24 };
        let word = shape.word_size();
        let field = |number: usize| shape.word(bytes, if shape.is_64 { 8 } else { 4 } + number * word);
        Some(Self {
            kind: shape.u32(bytes, 0)?,
            flags: shape.u32(bytes, flags_at)?,
            offset: field(0)?,
            address: field(1)?,
            file_size: field(3)?,
            memory_size: field(4)?,
            alignment: shape.word(bytes, if shape.is_64 { 48 } else { 28 })?,
        })
    }

    fn is_loaded(&self) -> bool {
        self.kind == elf::PT_LOAD.0
    }

    pub(super) fn is(&self, kind: elf::ProgramType) -> bool {
        self.kind == kind.0
    }

    pub(super) fn has(&self, flags: elf::ProgramFlags) -> bool {
        self.flags & flags.0 == flags.0
    }

    /// The file offset and the number of bytes from `address` to the end of what the file backs.
    fn backed(&self, address: u64) -> Option<(u64, u64)> {
        let into = address.checked_sub(self.address)?;
        let left = self.file_size.checked_sub(into).filter(|&left| left > 0)?;
        Some((self.offset.checked_add(into)?, left))
    }
}

/// What the loader maps of a file, and its dynamic section.
#[derive(Debug)]
pub(super) struct Mapping<'d> {
    source: Source<'d>,
    pub(super) segments: Vec<Segment>,
    dynamic: Vec<(u64, u64)>,
}

impl<'d> Mapping<'d> {
    /// Reads program headers and dynamic section.
    pub(super) fn read(header: &Header, source: Source<'d>) -> Result<Self, Malformed> {
        let segments = segments(header, &source)?;
        check_extent(header, &segments, source.len())?;
        check_memory(&segments)?;
        let mut mapping = Self { source, segments, dynamic: Vec::new() };
        mapping.dynamic = mapping.read_dynamic(header.shape)?;
        Ok(mapping)
    }

    fn read_dynamic(&self, shape: Shape) -> Result<Vec<(u64, u64)>, Malformed> {
        let Some(segment) = self.segments.iter().find(|segment| segment.is(elf::PT_DYNAMIC)) else {
            return Err(Malformed::Damaged("it has no dynamic section"));
        };
        let size = segment.file_size;
        let bytes = Some(size)
            .filter(|&size| size <= MAX_DYNAMIC)
            .and_then(|size| self.at(segment.address, size))
            .ok_or(Malformed::Damaged("its dynamic section lies outside the file"))?;
        let word = shape.word_size();
        Ok(bytes
            .chunks_exact(2 * word)
            .map_while(|entry| Some((shape.word(entry, 0)?, shape.word(entry, word)?)))
            .take_while(|&(tag, _)| tag != 0)
            .collect())
    }

    /// The values of all dynamic entries with this tag.
    pub(super) fn dynamic(&self, tag: elf::DynamicTag) -> impl Iterator<Item = u64> + '_ {
        let wanted = u64::try_from(tag.0).unwrap_or(u64::MAX);
        self.dynamic.iter().filter(move |(tag, _)| *tag == wanted).map(|&(_, value)| value)
    }

    /// Whether any dynamic entry with this tag has one of the bits set.
    pub(super) fn dynamic_flag(&self, tag: elf::DynamicTag, bits: u64) -> bool {
        self.dynamic(tag).any(|value| value & bits != 0)
    }

    /// Reads `size` bytes that will be mapped at `address`; `None` where the file does not back them.
    pub(super) fn at(&self, address: u64, size: u64) -> Option<Cow<'d, [u8]>> {
        let (offset, left) = self.backed(address)?;
        if size > left {
            return None;
        }
        self.source.read(offset, size)
    }

    /// Reads the table at `address`, up to the next thing that the dynamic section names.
    ///
    /// ELF does not store the length of most tables; linkers put them one behind the other.
    pub(super) fn table(&self, address: u64) -> Option<Cow<'d, [u8]>> {
        let (_, left) = self.backed(address)?;
        let next = TABLES.iter().flat_map(|&tag| self.dynamic(tag)).filter(|&other| other > address).min();
        self.at(address, next.map_or(left, |next| left.min(next - address)))
    }

    fn backed(&self, address: u64) -> Option<(u64, u64)> {
        self.segments.iter().filter(|segment| segment.is_loaded()).find_map(|segment| segment.backed(address))
    }
}

/// Dynamic entries whose value is the address of a table.
const TABLES: [elf::DynamicTag; 15] = [
    elf::DT_HASH,
    elf::DT_GNU_HASH,
    elf::DT_STRTAB,
    elf::DT_SYMTAB,
    elf::DT_VERSYM,
    elf::DT_VERDEF,
    elf::DT_VERNEED,
    elf::DT_RELA,
    elf::DT_REL,
    elf::DT_RELR,
    elf::DT_JMPREL,
    elf::DT_INIT,
    elf::DT_INIT_ARRAY,
    elf::DT_FINI_ARRAY,
    elf::DT_PLTGOT,
];

fn segments(header: &Header, source: &Source<'_>) -> Result<Vec<Segment>, Malformed> {
    let (offset, entry_size, count) = header.program_headers;
    let expected = if header.shape.is_64 { 56 } else { 32 };
    if count == 0 || count > MAX_SEGMENTS {
        return Err(Malformed::Damaged("its header counts an impossible number of segments"));
    }
    if entry_size != expected {
        return Err(Malformed::Damaged("its header gives an impossible size of a segment header"));
    }
    let size = u64::from(count) * u64::from(entry_size);
    let bytes = source.read(offset, size).ok_or_else(|| {
        extent(offset, size, source.len()).err().unwrap_or(Malformed::Damaged("its segments cannot be read"))
    })?;
    bytes
        .chunks_exact(usize::from(entry_size))
        .map(|entry| Segment::read(header.shape, entry))
        .collect::<Option<_>>()
        .ok_or(Malformed::Damaged("its segments cannot be read"))
}

/// Refuses a file that ends before what its headers describe: mapping it would end in SIGBUS.
fn check_extent(header: &Header, segments: &[Segment], has: u64) -> Result<(), Malformed> {
    let (offset, entry_size, count) = header.section_headers;
    let sections = (offset, if offset == 0 { 0 } else { u64::from(entry_size) * u64::from(count) });
    let parts = segments.iter().filter(|segment| segment.file_size > 0);
    parts
        .map(|segment| (segment.offset, segment.file_size))
        .chain([sections])
        .max_by_key(|&(offset, size)| offset.saturating_add(size))
        .map_or(Ok(()), |(offset, size)| extent(offset, size, has))
}

fn extent(offset: u64, size: u64, has: u64) -> Result<(), Malformed> {
    match offset.checked_add(size) {
        Some(needs) if needs <= has => Ok(()),
        // A number that no file reaches was not caused by a broken download.
        Some(needs) if needs <= MAX_SIZE => Err(Malformed::CutShort { needs, has }),
        _ => Err(Malformed::Damaged("its headers point far outside the file")),
    }
}

/// Refuses segments that the loader would map on top of each other, or not at all.
fn check_memory(segments: &[Segment]) -> Result<(), Malformed> {
    let mut end = 0;
    let mut loaded = segments.iter().filter(|segment| segment.is_loaded()).peekable();
    if loaded.peek().is_none() {
        return Err(Malformed::Damaged("it has nothing to load"));
    }
    for segment in loaded {
        if segment.file_size > segment.memory_size {
            return Err(Malformed::Damaged("a segment is larger in the file than in memory"));
        }
        if segment.address < end {
            return Err(Malformed::Damaged("its segments overlap"));
        }
        if segment.alignment > 1
            && (!segment.alignment.is_power_of_two()
                || segment.address.wrapping_sub(segment.offset) & (segment.alignment - 1) != 0)
        {
            return Err(Malformed::Damaged("a segment is not aligned"));
        }
        end = segment
            .address
            .checked_add(segment.memory_size)
            .filter(|&end| end <= MAX_MEMORY)
            .ok_or(Malformed::Damaged("it asks for an impossible amount of memory"))?;
    }
    Ok(())
}
