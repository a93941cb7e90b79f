//! Facts about a plugin's file that do not decide whether it loads: for `plugin check`.

use std::{
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
};

use object::{Object as _, ObjectSection as _, elf};

use super::{linking, read_image, text::escaped_bytes};

/// What an ELF file says about itself.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct FileFacts {
    /// Its length in bytes.
    pub size: u64,
    /// Bytes of its debug information.
    pub debug_size: u64,
    /// The oldest glibc that has what it needs; `None` if it names none.
    pub glibc: Option<(u32, u32)>,
    /// The symbols that it exports, escaped and sorted.
    pub exports: Vec<String>,
    /// Where the loader searches for its libraries, as in the file, escaped.
    pub search_paths: Vec<String>,
}

/// Reads the facts of an open file; `None` where its format is not ELF, or where it cannot be read.
pub(crate) fn facts(content: &File) -> Option<FileFacts> {
    let (_, image) = read_image(content)?;
    let mut exports: Vec<String> = image.symbols.exported().into_iter().map(escaped_bytes).collect();
    exports.sort_unstable();
    let texts = image.dynamic_texts(elf::DT_RPATH).chain(image.dynamic_texts(elf::DT_RUNPATH));
    let search_paths = texts.flat_map(|text| text.split(|&byte| byte == b':')).map(escaped_bytes).collect();
    let mut bytes = Vec::new();
    let mut file = content;
    file.seek(SeekFrom::Start(0)).ok()?;
    file.read_to_end(&mut bytes).ok()?;
    Some(FileFacts {
        size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        debug_size: debug_size(&bytes),
        glibc: linking::needed_glibc(&image),
        exports,
        search_paths,
    })
}

/// Section headers may be missing, or lie: then there is no debug information that a debugger would find.
fn debug_size(bytes: &[u8]) -> u64 {
    let Ok(file) = object::File::parse(bytes) else { return 0 };
    let is_debug = |name: &str| name.starts_with(".debug_") || name.starts_with(".zdebug_");
    let sections = file.sections().filter(|section| section.name().is_ok_and(is_debug));
    sections.filter_map(|section| section.file_range()).map(|(_, size)| size).sum()
}
