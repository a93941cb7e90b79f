//! Changes an ELF file where no compiler can be asked for it. Of this machine's width and byte order.

use std::{fs, path::Path};

/// `PT_DYNAMIC` and `PT_GNU_STACK`.
const DYNAMIC: u32 = 2;
pub(super) const STACK: u32 = 0x6474_e551;
pub(super) const LOAD: u32 = 1;
/// An entry that loaders need only for speed.
const RELATIVE_COUNT: u64 = 0x6fff_fff9;
const STRINGS: u64 = 5;

pub(super) const EXECUTABLE: u32 = 1;
pub(super) const WRITABLE: u32 = 2;

pub(super) const TEXT_RELOCATIONS: u64 = 22;
pub(super) const RPATH: u64 = 15;
pub(super) const RUNPATH: u64 = 29;

/// A file that is changed in memory, and written by [`ElfFile::write`].
pub(super) struct ElfFile {
    pub(super) bytes: Vec<u8>,
}

impl ElfFile {
    pub(super) fn read(path: &Path) -> Self {
        Self { bytes: fs::read(path).unwrap() }
    }

    pub(super) fn write(&self, path: &Path) {
        fs::write(path, &self.bytes).unwrap();
    }

    fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.bytes[at..at + 8].try_into().unwrap())
    }

    fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes[at..at + 4].try_into().unwrap())
    }

    fn segments(&self) -> Vec<usize> {
        let count = usize::from(u16::from_le_bytes([self.bytes[56], self.bytes[57]]));
        let start = usize::try_from(self.u64(32)).unwrap();
        (0..count).map(|number| start + number * 56).collect()
    }

    /// Adds flags to the first segment of a kind that has others.
    pub(super) fn add_flags(&mut self, kind: u32, with: u32, flags: u32) {
        let has = |at: &usize| self.u32(*at) == kind && self.u32(at + 4) & with == with;
        let at = self.segments().into_iter().find(has).expect("a segment of this kind");
        let changed = self.u32(at + 4) | flags;
        self.bytes[at + 4..at + 8].copy_from_slice(&changed.to_le_bytes());
    }

    /// The offset of the first dynamic entry with a tag.
    fn entry(&self, tag: u64) -> usize {
        let segment = self.segments().into_iter().find(|&at| self.u32(at) == DYNAMIC).unwrap();
        let start = usize::try_from(self.u64(segment + 8)).unwrap();
        let entries = (0..).map(|number| start + number * 16).take_while(|&at| self.u64(at) != 0);
        entries.into_iter().find(|&at| self.u64(at) == tag).expect("a dynamic entry with this tag")
    }

    /// Turns an entry that is not needed into another one.
    pub(super) fn set_entry(&mut self, tag: u64, value: u64) {
        let at = self.entry(RELATIVE_COUNT);
        self.bytes[at..at + 8].copy_from_slice(&tag.to_le_bytes());
        self.bytes[at + 8..at + 16].copy_from_slice(&value.to_le_bytes());
    }

    /// Sets a search path, whose text takes the place of a weak symbol's name.
    pub(super) fn set_search_path(&mut self, tag: u64, path: &str) {
        let name = b"_ITM_deregisterTMCloneTable\0";
        let address = self.u64(self.entry(STRINGS) + 8);
        let start = self.offset(address);
        let at = self.bytes[start..].windows(name.len()).position(|window| window == name);
        let at = start + at.expect("a weak symbol of every library");
        assert!(path.len() < name.len(), "no room for `{path}`");
        self.bytes[at..at + path.len()].copy_from_slice(path.as_bytes());
        self.bytes[at + path.len()] = 0;
        self.set_entry(tag, u64::try_from(at - start).unwrap());
    }

    /// Where an address is in the file.
    fn offset(&self, address: u64) -> usize {
        let is_in = |at: &usize| {
            let (start, size) = (self.u64(at + 16), self.u64(at + 32));
            self.u32(*at) == LOAD && (start..start + size).contains(&address)
        };
        let at = self.segments().into_iter().find(is_in).expect("a segment with this address");
        usize::try_from(address - self.u64(at + 16) + self.u64(at + 8)).unwrap()
    }
}
