//! What a plugin is linked with: the checks before dlopen, and why dlopen failed.
//!
//! Before dlopen only glibc's version is compared, which no search can get wrong. Whether all libraries,
//! versions and symbols are there, the system's loader decides; this finds the reason for its refusal, with
//! both names in it.

use std::path::Path;

use object::elf;

use super::elf::Header;
use super::error::PreflightError;
use super::image::Image;
use super::libraries::{self, Library, MAX_LIBRARIES, Needed, Provider};
use super::passport::Passport;
use super::symbols::Version;
use super::target::{HostTarget, LoaderState, glibc_number};
use super::text::{escaped, escaped_bytes};

/// Functions by which code finds out where it lies, or loads libraries from there.
const LOCATION_FUNCTIONS: [&[u8]; 5] = [b"dladdr", b"dladdr1", b"dlinfo", b"dlmopen", b"dlopen"];

/// Whether a library has a search path of its own for the libraries that it needs.
pub(super) fn has_search_path(image: &Image<'_>) -> bool {
    image.dynamic_texts(elf::DT_RPATH).chain(image.dynamic_texts(elf::DT_RUNPATH)).next().is_some()
}

/// Whether a library finds files by its own place.
pub(super) fn depends_on_location(image: &Image<'_>) -> bool {
    let is_relative = |folder: &[u8]| !folder.starts_with(b"/") || folder.contains(&b'$');
    let mut search_paths = image.dynamic_texts(elf::DT_RPATH).chain(image.dynamic_texts(elf::DT_RUNPATH));
    search_paths.any(|folders| folders.split(|&byte| byte == b':').any(is_relative))
        || image.dynamic_texts(elf::DT_NEEDED).any(|name| name.contains(&b'/'))
        || image.symbols.undefined().any(|symbol| LOCATION_FUNCTIONS.contains(&image.symbols.name(&symbol)))
}

/// The plugin, for the messages.
struct Plugin<'a> {
    path: &'a Path,
    name: &'a str,
}

/// The libraries that the plugin means, whatever is in memory already.
pub(super) fn libraries(
    path: &Path,
    header: &Header,
    image: &Image<'_>,
    state: &LoaderState,
) -> Vec<Library> {
    let needed = Needed::find(path, header, image, state, &[]);
    needed.providers.into_iter().map(|provider| provider.library).collect()
}

/// The first thing that the plugin needs and the loader cannot find; `None` if this knows no reason for its
/// refusal.
pub(super) fn explain(
    path: &Path,
    passport: &Passport,
    header: &Header,
    image: &Image<'_>,
    state: &LoaderState,
) -> Option<PreflightError> {
    let plugin = Plugin { path, name: passport.name() };
    let loaded = libraries::loaded(state);
    let Needed { providers, missing } = Needed::find(path, header, image, state, &loaded);
    if let Some((library, needed_by)) = missing {
        return Some(PreflightError::MissingLibrary {
            path: path.to_owned(),
            plugin: plugin.name.to_owned(),
            library: escaped(&library),
            needed_by: needed_by.as_deref().map(escaped),
        });
    }
    check_versions(&plugin, image, &providers).err().or_else(|| {
        let is_complete = providers.len() < MAX_LIBRARIES;
        is_complete.then(|| check_symbols(&plugin, image, &providers, loaded, state).err()).flatten()
    })
}

/// Refuses a plugin that was linked with a newer glibc.
pub(super) fn check_glibc(
    path: &Path,
    passport: &Passport,
    image: &Image<'_>,
    host: &HostTarget,
) -> Result<(), PreflightError> {
    match (needed_glibc(image), host.glibc) {
        (Some(needs), Some(has)) if needs > has => Err(PreflightError::GlibcTooOld {
            path: path.to_owned(),
            plugin: passport.name().to_owned(),
            needs,
            has,
        }),
        _ => Ok(()),
    }
}

/// The oldest glibc that has what a plugin needs.
pub(super) fn needed_glibc(image: &Image<'_>) -> Option<(u32, u32)> {
    let needed = image.symbols.needed.iter().filter(|version| !version.optional);
    needed.filter_map(|version| glibc_number(&version.name)).max()
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
    loaded: Vec<Library>,
    state: &LoaderState,
) -> Result<(), PreflightError> {
    let program = state.executable.iter().map(|path| Library {
        name: String::new(),
        path: path.clone(),
        is_private: false,
    });
    let others: Vec<_> = loaded.into_iter().chain(program).map(Provider::from_loaded).collect();
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
