//! Bytes and numbers of a file, whatever its width and byte order, in memory or on the disk.
//!
//! Numbers are read one by one from byte slices, so alignment never matters, and what lies outside is `None`.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use object::elf;

/// Where an image's bytes come from.
#[derive(Debug)]
pub(super) enum Source<'d> {
    /// The whole file, in memory.
    Bytes(&'d [u8]),
    /// A file of which only the wanted parts are read, and its length in bytes.
    File(File, u64),
}

impl<'d> Source<'d> {
    pub(super) fn of_file(file: &File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        Ok(Source::File(file.try_clone()?, len))
    }

    pub(super) fn is_elf(&self) -> bool {
        self.read(0, 4).is_some_and(|mark| *mark == elf::ELFMAG)
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Source::Bytes(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Source::File(_, len) => *len,
        }
    }

    /// Reads `size` bytes at `offset`; `None` where the file does not have them.
    pub(super) fn read(&self, offset: u64, size: u64) -> Option<Cow<'d, [u8]>> {
        let end = offset.checked_add(size).filter(|&end| end <= self.len())?;
        match self {
            Source::Bytes(bytes) => {
                bytes.get(usize::try_from(offset).ok()?..usize::try_from(end).ok()?).map(Cow::Borrowed)
            }
            Source::File(file, _) => {
                let mut file: &File = file;
                let mut buffer = vec![0; usize::try_from(size).ok()?];
                file.seek(SeekFrom::Start(offset)).ok()?;
                file.read_exact(&mut buffer).ok()?;
                Some(Cow::Owned(buffer))
            }
        }
    }
}

/// Width and order of the numbers in a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Shape {
    pub(super) is_64: bool,
    pub(super) big_endian: bool,
}

impl Shape {
    fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
        bytes.get(at..)?.first_chunk().copied()
    }

    pub(super) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let raw = Self::array(bytes, at)?;
        Some(if self.big_endian { u16::from_be_bytes(raw) } else { u16::from_le_bytes(raw) })
    }

    pub(super) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let raw = Self::array(bytes, at)?;
        Some(if self.big_endian { u32::from_be_bytes(raw) } else { u32::from_le_bytes(raw) })
    }

    /// Reads an address, an offset or a size: 8 bytes in a 64-bit file, else 4.
    pub(super) fn word(self, bytes: &[u8], at: usize) -> Option<u64> {
        if !self.is_64 {
            return self.u32(bytes, at).map(u64::from);
        }
        let raw = Self::array(bytes, at)?;
        Some(if self.big_endian { u64::from_be_bytes(raw) } else { u64::from_le_bytes(raw) })
    }

    /// The size of [`Self::word`].
    pub(super) fn word_size(self) -> usize {
        if self.is_64 { 8 } else { 4 }
    }
}
