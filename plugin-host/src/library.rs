//! dlopen: from a checked file to its exported header.

#![expect(unsafe_code, reason = "loading a library runs its constructors, and a symbol has no type")]

use std::path::Path;

use abi_stable::library::AbiHeaderRef;
use libloading::Library;
use plugin_abi::passport::HEADER_SYMBOL;

/// Loads a library, which is never unloaded, and finds the header in it.
///
/// The library is never unloaded: its threads, thread-locals and `&'static str`s may outlive every
/// value that we know of. A second call for the same file gives the same library.
///
/// The path must be absolute, so that the system does not search for it, and the pre-flight must have
/// said that the header is data of the right size and kind: [`super::preflight`].
pub(super) fn header(path: &Path) -> Result<AbiHeaderRef, libloading::Error> {
    debug_assert!(path.is_absolute(), "the system's loader searches for relative paths");
    let library = open(path)?;
    // SAFETY: the pre-flight found the symbol to be data that begins with abi_stable's header, and
    // an `AbiHeaderRef` is a pointer to just that; the header is constant, and stays mapped because
    // the library is leaked below before anybody can use the copy.
    let header = *unsafe { library.get::<AbiHeaderRef>(HEADER_SYMBOL) }?;
    std::mem::forget(library);
    Ok(header)
}

/// What the loader says about a library, which libloading keeps apart from its own text.
pub(super) fn loader_text(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// The version of glibc, such as `2.36`; `None` where the process has another C library.
#[cfg(unix)]
pub(super) fn glibc_version() -> Option<String> {
    use std::ffi::{CStr, c_char};

    use libloading::os::unix::Library;

    // SAFETY: glibc declares the function of this name as `const char *gnu_get_libc_version (void)`, and no
    // other library of the process has a reason to define it.
    let function =
        unsafe { Library::this().get::<extern "C" fn() -> *const c_char>(b"gnu_get_libc_version\0") }.ok()?;
    let version = function();
    // SAFETY: the function returns a constant string of the C library, which is never unloaded.
    let version = unsafe { CStr::from_ptr(version) };
    version.to_str().ok().map(str::to_owned)
}

#[cfg(not(unix))]
pub(super) fn glibc_version() -> Option<String> {
    None
}

/// An address in the library.
pub(super) fn address(header: AbiHeaderRef) -> usize {
    std::ptr::from_ref(&*header).addr()
}

#[cfg(unix)]
fn open(path: &Path) -> Result<Library, libloading::Error> {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

    // NOW: a symbol that is missing is found here and not in the middle of a call. LOCAL: the plugin's
    // symbols do not get mixed up with ours, or with another plugin's. Libraries of one name still would:
    // `preflight::libraries`. SAFETY: constructors of the library run here. They are the plugin's code, which
    // the user asked for; that it may do anything at all is what "trust" in the documentation is about.
    unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }.map(Into::into)
}

#[cfg(not(unix))]
fn open(path: &Path) -> Result<Library, libloading::Error> {
    // SAFETY: as above: the library's initialisers are the plugin's code, which the user asked for.
    unsafe { Library::new(path) }
}
