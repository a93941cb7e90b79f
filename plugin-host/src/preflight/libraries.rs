//! The libraries that the system's loader takes for a plugin, found as glibc's loader finds them.
//!
//! The loader itself is the judge. This only explains its refusal ([`super::linking`]), and notices two
//! libraries of one name, of which the loader would silently take the first for both plugins.

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};

use object::elf;

use super::elf::Header;
use super::image::Image;
use super::search::{Found, Search};
use super::target::{LoaderState, open_library};

/// How many libraries are followed.
pub(super) const MAX_LIBRARIES: usize = 64;

/// A library that a plugin needs, itself or through another one.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Library {
    /// The name by which it is needed, such as `libz.so.1`.
    pub name: String,
    /// Where it was found.
    pub path: PathBuf,
    /// It was found by the search path in the plugin, or in a library that needs it, and not by the system's.
    pub is_private: bool,
}

impl Library {
    /// Whether this is another library than `other` of the same name, and one of them is private to a plugin.
    #[must_use]
    pub fn conflicts_with(&self, other: &Self) -> bool {
        self.name == other.name
            && (self.is_private || other.is_private)
            && has_other_content(&self.path, &other.path).unwrap_or(false)
    }
}

/// Whether two files differ; `None` where that cannot be found out.
fn has_other_content(first: &Path, second: &Path) -> Option<bool> {
    if first.canonicalize().ok()? == second.canonicalize().ok()? {
        return Some(false);
    }
    Some(
        first.metadata().ok()?.len() != second.metadata().ok()?.len()
            || fs::read(first).ok()? != fs::read(second).ok()?,
    )
}

/// The libraries that this process has loaded, by their own names.
pub(super) fn loaded(state: &LoaderState) -> Vec<Library> {
    let library = |path: &PathBuf| Library { name: own_name(path), path: path.clone(), is_private: false };
    state.loaded.iter().map(library).collect()
}

/// The name by which others need a library: its SONAME, or else that of its file.
fn own_name(path: &Path) -> String {
    let name = open_library(path).and_then(|(_, image)| {
        let name = image.dynamic_texts(elf::DT_SONAME).next()?;
        Some(String::from_utf8_lossy(name).into_owned())
    });
    name.unwrap_or_else(|| path.file_name().unwrap_or_default().to_string_lossy().into_owned())
}

/// One library in the order of the loader, and its symbols once they are needed.
pub(super) struct Provider {
    pub(super) library: Library,
    image: OnceCell<Option<Image<'static>>>,
    /// It was not in memory before.
    is_new: bool,
    /// The folders that it inherits from the libraries that need it.
    inherited: Vec<PathBuf>,
}

impl Provider {
    pub(super) fn from_loaded(library: Library) -> Self {
        Self { library, image: OnceCell::new(), is_new: false, inherited: Vec::new() }
    }

    fn from_found(name: &str, found: Found, inherited: Vec<PathBuf>) -> Self {
        let library = Library { name: name.to_owned(), path: found.path, is_private: found.is_private };
        Self { library, image: OnceCell::from(Some(found.image)), is_new: true, inherited }
    }

    pub(super) fn image(&self) -> Option<&Image<'static>> {
        self.image.get_or_init(|| Some(open_library(&self.library.path)?.1)).as_ref()
    }

    pub(super) fn provides(&self, name: &[u8], version: Option<&[u8]>) -> bool {
        self.image().is_none_or(|image| image.symbols.find(name, version).is_some())
    }
}

/// What a plugin needs, in the order in which the loader searches for it.
pub(super) struct Needed {
    pub(super) providers: Vec<Provider>,
    /// The first library that was not found, and the one that needs it if that is not the plugin.
    pub(super) missing: Option<(String, Option<String>)>,
}

/// A library whose needs are looked up.
struct Needing<'a> {
    path: &'a Path,
    /// `None` for the plugin.
    name: Option<&'a str>,
    image: &'a Image<'a>,
    inherited: &'a [PathBuf],
}

impl Needed {
    /// Follows what is needed, breadth first. `loaded` are the libraries that need not be searched for.
    pub(super) fn find(
        path: &Path,
        header: &Header,
        image: &Image<'_>,
        state: &LoaderState,
        loaded: &[Library],
    ) -> Self {
        let search = Search::new(state, header);
        let mut needed = Self { providers: Vec::new(), missing: None };
        needed.add(&search, &Needing { path, name: None, image, inherited: &[] }, loaded);
        let mut next = 0;
        while let Some(provider) = needed.providers.get_mut(next).filter(|_| next < MAX_LIBRARIES) {
            // Taken out, so that the list may grow meanwhile.
            let (image, library) = (provider.image.take().flatten(), provider.library.clone());
            let inherited = std::mem::take(&mut provider.inherited);
            // What is in memory already has found its own libraries.
            if let Some(image) = image.as_ref().filter(|_| provider.is_new) {
                let Library { path, name, .. } = &library;
                needed.add(
                    &search,
                    &Needing { path, name: Some(name), image, inherited: &inherited },
                    loaded,
                );
            }
            if let (Some(provider), Some(image)) = (needed.providers.get_mut(next), image) {
                provider.image = OnceCell::from(Some(image));
            }
            next += 1;
        }
        needed
    }

    fn add(&mut self, search: &Search<'_>, needing: &Needing<'_>, loaded: &[Library]) {
        let folders = search.folders(needing.path, needing.image, needing.inherited);
        for name in needing.image.dynamic_texts(elf::DT_NEEDED) {
            let name = String::from_utf8_lossy(name);
            let is_known = self.providers.iter().any(|known| known.library.name == name);
            if is_known || self.providers.len() >= MAX_LIBRARIES {
                continue;
            }
            if let Some(library) = loaded.iter().find(|library| library.name == name) {
                self.providers.push(Provider::from_loaded(library.clone()));
            } else if let Some(found) = search.find(&name, &folders) {
                self.providers.push(Provider::from_found(&name, found, folders.rpath.clone()));
            } else if self.missing.is_none() {
                self.missing = Some((name.into_owned(), needing.name.map(str::to_owned)));
            }
        }
    }
}
