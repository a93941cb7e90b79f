//! Where the system's loader looks for a library that another one needs.

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};

use object::elf;

use super::elf::Header;
use super::image::Image;
use super::target::{LoaderState, open_library};

/// What a current `/etc/ld.so.cache` begins with; an older one has it further on.
const CACHE_MARK: &[u8] = b"glibc-ld.so.cache1.1";
const CACHE_HEADER: usize = 48;
const CACHE_ENTRY: usize = 24;

/// A library that was found, and its symbols.
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) image: Image<'static>,
    /// It was found by a search path in the libraries that need it.
    pub(super) is_private: bool,
}

/// The folders in which the needs of one library are searched.
pub(super) struct Folders {
    /// `DT_RPATH` of the library and of those that led to it; empty if it has a `DT_RUNPATH`.
    pub(super) rpath: Vec<PathBuf>,
    runpath: Vec<PathBuf>,
}

/// The loader's search, for libraries that fit `header`.
pub(super) struct Search<'h> {
    state: &'h LoaderState,
    header: &'h Header,
    cache: OnceCell<Vec<u8>>,
}

impl<'h> Search<'h> {
    pub(super) fn new(state: &'h LoaderState, header: &'h Header) -> Self {
        Self { state, header, cache: OnceCell::new() }
    }

    /// Where the needs of the library at `path` are searched, which inherits the folders of those that need
    /// it.
    pub(super) fn folders(&self, path: &Path, image: &Image<'_>, inherited: &[PathBuf]) -> Folders {
        let runpath = self.own_folders(elf::DT_RUNPATH, path, image);
        let rpath = if runpath.is_empty() {
            [self.own_folders(elf::DT_RPATH, path, image), inherited.to_vec()].concat()
        } else {
            Vec::new()
        };
        Folders { rpath, runpath }
    }

    /// Finds `name` for a library that searches in these folders.
    pub(super) fn find(&self, name: &str, folders: &Folders) -> Option<Found> {
        if name.contains('/') {
            return self.try_file(PathBuf::from(name), false);
        }
        let in_folders = |folders: &[PathBuf], is_private| {
            folders.iter().find_map(|folder| self.try_file(folder.join(name), is_private))
        };
        in_folders(&folders.rpath, true)
            .or_else(|| in_folders(&self.state.library_path, false))
            .or_else(|| in_folders(&folders.runpath, true))
            .or_else(|| self.in_cache(name).into_iter().find_map(|path| self.try_file(path, false)))
            .or_else(|| in_folders(&self.state.library_folders, false))
    }

    /// A file counts only if it fits; the loader passes over others, too.
    fn try_file(&self, path: PathBuf, is_private: bool) -> Option<Found> {
        let (header, image) = open_library(&path)?;
        let fits = header.shape == self.header.shape && header.machine == self.header.machine;
        fits.then_some(Found { path, image, is_private })
    }

    /// The folders of `DT_RPATH` or `DT_RUNPATH`.
    fn own_folders(&self, tag: elf::DynamicTag, path: &Path, image: &Image<'_>) -> Vec<PathBuf> {
        let origin = path.parent().map(|folder| folder.to_string_lossy().into_owned()).unwrap_or_default();
        let origin = if origin.is_empty() { ".".to_owned() } else { origin };
        let mut folders = Vec::new();
        for text in image.dynamic_texts(tag) {
            for folder in String::from_utf8_lossy(text).split(':') {
                let expanded =
                    replace(&replace(folder, "ORIGIN", &origin), "PLATFORM", std::env::consts::ARCH);
                for lib in ["lib64", "lib"] {
                    let candidate = PathBuf::from(replace(&expanded, "LIB", lib));
                    if !folders.contains(&candidate) {
                        folders.push(candidate);
                    }
                }
            }
        }
        folders
    }

    /// The paths that the loader's index has for a name.
    fn in_cache(&self, name: &str) -> Vec<PathBuf> {
        let cache = self.cache.get_or_init(|| fs::read(&self.state.library_cache).unwrap_or_default());
        let start = cache.windows(CACHE_MARK.len()).position(|window| window == CACHE_MARK);
        let Some(cache) = start.and_then(|start| cache.get(start..)) else { return Vec::new() };
        let shape = self.header.shape;
        let text = |at: u32| {
            let tail = cache.get(usize::try_from(at).ok()?..)?;
            tail.get(..tail.iter().position(|&byte| byte == 0)?)
        };
        let count = shape.u32(cache, 20).and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
        let entries = cache.get(CACHE_HEADER..).unwrap_or_default().chunks_exact(CACHE_ENTRY).take(count);
        entries
            .filter(|entry| shape.u32(entry, 4).and_then(text) == Some(name.as_bytes()))
            .filter_map(|entry| text(shape.u32(entry, 8)?))
            .map(|path| PathBuf::from(String::from_utf8_lossy(path).into_owned()))
            .collect()
    }
}

/// Replaces `$NAME` and `${NAME}`.
fn replace(text: &str, name: &str, by: &str) -> String {
    text.replace(&format!("${{{name}}}"), by).replace(&format!("${name}"), by)
}
