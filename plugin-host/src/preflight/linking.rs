//! Whether the system's loader will find everything that a plugin is linked with.
//!
//! This follows the loader of glibc; elsewhere nothing is checked. A plugin is refused only where it is
//! certain that loading would fail: a library that cannot be read counts as having whatever is wanted.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use object::elf;

use super::elf::Header;
use super::error::PreflightError;
use super::image::Image;
use super::passport::Passport;
use super::search::{Found, Search};
use super::symbols::Version;
use super::target::{HostTarget, glibc_number, is_called, open_library};
use super::text::{escaped, escaped_bytes};

/// How many libraries are followed.
const MAX_LIBRARIES: usize = 64;

/// Functions by which code finds out where it lies, or loads libraries from there.
const LOCATION_FUNCTIONS: [&[u8]; 5] = [b"dladdr", b"dladdr1", b"dlinfo", b"dlmopen", b"dlopen"];

/// Whether a library finds files by its own place.
pub(super) fn depends_on_location(image: &Image<'_>) -> bool {
    let is_relative = |folder: &[u8]| !folder.starts_with(b"/") || folder.contains(&b'$');
    let mut search_paths = image.dynamic_texts(elf::DT_RPATH).chain(image.dynamic_texts(elf::DT_RUNPATH));
    search_paths.any(|folders| folders.split(|&byte| byte == b':').any(is_relative))
        || image.dynamic_texts(elf::DT_NEEDED).any(|name| name.contains(&b'/'))
        || image.symbols.undefined().any(|symbol| LOCATION_FUNCTIONS.contains(&image.symbols.name(&symbol)))
}

/// A library that will be loaded with the plugin.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Library {
    /// The name by which it is needed, such as `libz.so.1`.
    pub name: String,
    /// Where it was found.
    pub path: PathBuf,
    /// It was found relative to the plugin's own place (`$ORIGIN`).
    ///
    /// A copy of the plugin elsewhere does not find it, unless it is loaded beforehand.
    pub beside: bool,
}

/// One library in the order of the loader, and its symbols once they are needed.
struct Provider {
    library: Library,
    image: OnceCell<Option<Image<'static>>>,
}

impl Provider {
    fn new(name: &str, path: PathBuf) -> Self {
        let library = Library { name: name.to_owned(), path, beside: false };
        Self { library, image: OnceCell::new() }
    }

    fn found(name: &str, found: Found) -> Self {
        let library = Library { name: name.to_owned(), path: found.path, beside: found.beside };
        Self { library, image: OnceCell::from(Some(found.image)) }
    }

    fn image(&self) -> Option<&Image<'static>> {
        self.image.get_or_init(|| Some(open_library(&self.library.path)?.1)).as_ref()
    }

    fn provides(&self, name: &[u8], version: Option<&[u8]>) -> bool {
        self.image().is_none_or(|image| image.symbols.find(name, version).is_some())
    }
}

/// The plugin, for the messages.
struct Plugin<'a> {
    path: &'a Path,
    name: &'a str,
}

/// Checks libraries, versions and symbols; returns the libraries that will be loaded with the plugin.
pub(super) fn check(
    path: &Path,
    passport: &Passport,
    header: &Header,
    image: &Image<'_>,
    host: &HostTarget,
) -> Result<Vec<Library>, PreflightError> {
    let Some(glibc) = host.glibc else { return Ok(Vec::new()) };
    let plugin = Plugin { path, name: passport.name() };
    check_glibc(&plugin, image, glibc)?;
    let providers = find_libraries(&plugin, header, image, host)?;
    check_versions(&plugin, image, &providers)?;
    if providers.len() < MAX_LIBRARIES {
        check_symbols(&plugin, image, &providers, host)?;
    }
    Ok(providers.into_iter().map(|provider| provider.library).collect())
}

fn check_glibc(plugin: &Plugin<'_>, image: &Image<'_>, has: (u32, u32)) -> Result<(), PreflightError> {
    let needed = image.symbols.needed.iter().filter(|version| !version.optional);
    match needed.filter_map(|version| glibc_number(&version.name)).max() {
        Some(needs) if needs > has => Err(PreflightError::GlibcTooOld {
            path: plugin.path.to_owned(),
            plugin: plugin.name.to_owned(),
            needs,
            has,
        }),
        _ => Ok(()),
    }
}

/// Follows what is needed, breadth first, as the loader does.
fn find_libraries(
    plugin: &Plugin<'_>,
    header: &Header,
    image: &Image<'_>,
    host: &HostTarget,
) -> Result<Vec<Provider>, PreflightError> {
    let search = Search::new(host, header);
    let mut providers: Vec<Provider> = Vec::new();
    add_needed(plugin, &search, (plugin.path, None, image), host, &mut providers)?;
    let mut next = 0;
    while let Some(provider) = providers.get(next).filter(|_| next < MAX_LIBRARIES) {
        // What is in memory already has found its own libraries.
        let is_new = !host.loaded.contains(&provider.library.path);
        let Library { name, path, .. } = provider.library.clone();
        // Taken out, so that the list may grow meanwhile.
        if let Some(image) =
            providers.get_mut(next).filter(|_| is_new).and_then(|new| new.image.take()).flatten()
        {
            add_needed(plugin, &search, (&path, Some(&name), &image), host, &mut providers)?;
            if let Some(provider) = providers.get_mut(next) {
                provider.image = OnceCell::from(Some(image));
            }
        }
        next += 1;
    }
    Ok(providers)
}

fn add_needed(
    plugin: &Plugin<'_>,
    search: &Search<'_>,
    (path, needed_by, image): (&Path, Option<&str>, &Image<'_>),
    host: &HostTarget,
    providers: &mut Vec<Provider>,
) -> Result<(), PreflightError> {
    for name in image.dynamic_texts(elf::DT_NEEDED) {
        let name = String::from_utf8_lossy(name);
        if providers.len() >= MAX_LIBRARIES || providers.iter().any(|known| known.library.name == name) {
            continue;
        }
        let provider = match host.loaded.iter().find(|path| is_called(path, &name)) {
            Some(loaded) => Provider::new(&name, loaded.clone()),
            None => match search.find(&name, path, image) {
                Some(found) => Provider::found(&name, found),
                None => {
                    return Err(PreflightError::MissingLibrary {
                        path: plugin.path.to_owned(),
                        plugin: plugin.name.to_owned(),
                        library: escaped(&name),
                        needed_by: needed_by.map(escaped),
                    });
                }
            },
        };
        providers.push(provider);
    }
    Ok(())
}

fn check_versions(
    plugin: &Plugin<'_>,
    image: &Image<'_>,
    providers: &[Provider],
) -> Result<(), PreflightError> {
    for version in image.symbols.needed.iter().filter(|version| !version.optional) {
        let Some(provider) = provider_of(version, providers) else { continue };
        let Some(found) = provider.image() else { continue };
        let defined = &found.symbols.defined;
        if defined.is_empty() || defined.iter().any(|defined| defined.name == version.name) {
            continue;
        }
        return Err(PreflightError::MissingVersion {
            path: plugin.path.to_owned(),
            plugin: plugin.name.to_owned(),
            version: escaped_bytes(&version.name).into(),
            library: escaped_bytes(&version.library).into(),
            found: provider.library.path.clone().into(),
            newest: newest_of_kind(&version.name, defined),
        });
    }
    Ok(())
}

fn provider_of<'p>(version: &Version, providers: &'p [Provider]) -> Option<&'p Provider> {
    providers.iter().find(|provider| provider.library.name.as_bytes() == version.library)
}

/// The highest of the versions that have the same word before the number, as `GLIBCXX_3.4.30` has.
fn newest_of_kind(wanted: &[u8], defined: &[Version]) -> Option<Box<str>> {
    let kind = wanted.split(|&byte| byte == b'_').next()?;
    let numbers = |version: &Version| {
        let number = version.name.strip_prefix(kind)?.strip_prefix(b"_")?;
        let numbers = str::from_utf8(number).ok()?.split('.').map(|number| number.parse::<u32>().ok());
        Some((numbers.collect::<Option<Vec<_>>>()?, escaped_bytes(&version.name)))
    };
    defined.iter().filter_map(numbers).max().map(|(_, name)| name.into())
}

fn check_symbols(
    plugin: &Plugin<'_>,
    image: &Image<'_>,
    providers: &[Provider],
    host: &HostTarget,
) -> Result<(), PreflightError> {
    let others = host.loaded.iter().chain(&host.executable);
    let others: Vec<_> = others.map(|path| Provider::new("", path.clone())).collect();
    let mut unresolved = Vec::new();
    for symbol in image.symbols.undefined() {
        let name = image.symbols.name(&symbol);
        let version = image.symbols.needed_version(&symbol);
        let expected = version.and_then(|version| provider_of(version, providers));
        let version = version.map(|version| version.name.as_slice());
        let mut all = expected.into_iter().chain(providers).chain(&others);
        if !all.any(|provider| provider.provides(name, version)) {
            unresolved.push(escaped_bytes(name));
        }
    }
    unresolved.sort_unstable();
    if unresolved.is_empty() {
        Ok(())
    } else {
        Err(PreflightError::Unresolved {
            path: plugin.path.to_owned(),
            plugin: plugin.name.to_owned(),
            symbols: unresolved,
        })
    }
}
