//! A shared object as its loader sees it: what is mapped, and the symbols in it.

use std::ops::Deref;

use object::elf;

use super::elf::{Header, Mapping};
use super::malformed::Malformed;
use super::source::Source;
use super::symbols::Symbols;

/// A shared object: its [`Mapping`] with its dynamic symbols.
#[derive(Debug)]
pub(super) struct Image<'d> {
    mapping: Mapping<'d>,
    pub(super) symbols: Symbols<'d>,
}

impl<'d> Image<'d> {
    /// Reads headers, dynamic section and symbol tables.
    pub(super) fn read(header: &Header, source: Source<'d>) -> Result<Self, Malformed> {
        let mapping = Mapping::read(header, source)?;
        let symbols = Symbols::read(header.shape, &mapping)?;
        Ok(Self { mapping, symbols })
    }

    /// The texts that the dynamic entries with this tag point at.
    pub(super) fn dynamic_texts(&self, tag: elf::DynamicTag) -> impl Iterator<Item = &[u8]> {
        self.dynamic(tag).filter_map(|at| self.symbols.text(at))
    }
}

impl<'d> Deref for Image<'d> {
    type Target = Mapping<'d>;

    fn deref(&self) -> &Mapping<'d> {
        &self.mapping
    }
}
