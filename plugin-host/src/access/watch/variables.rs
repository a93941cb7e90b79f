//! This program's `getenv`, which loaded libraries find before that of the C library.
//!
//! It does what the C library's does. Code that walks `environ` itself is not seen here.

#![expect(unsafe_code, reason = "a function of the C library is replaced")]

use std::ffi::{CStr, c_char};

use super::log::{self, AccessKind};

unsafe extern "C" {
    static environ: *const *const c_char;
}

/// The value of an environment variable, as in the C library.
///
/// # Safety
///
/// As in the C library: `name` is a string, and no other thread changes the environment.
// SAFETY: the C library's own function of this name has the same signature and meaning, so code that is bound
// to this one gets what it expects.
#[unsafe(no_mangle)]
#[expect(unreachable_pub, reason = "it is reached by its symbol")]
pub unsafe extern "C" fn getenv(name: *const c_char) -> *mut c_char {
    if name.is_null() {
        return std::ptr::null_mut();
    }
    // SAFETY: the caller passes a string.
    let name = unsafe { CStr::from_ptr(name) }.to_bytes();
    log::note(AccessKind::Variable, name.iter().copied());
    // SAFETY: the C library keeps `environ` null or a list of strings that ends with a null pointer.
    unsafe { find(name) }
}

/// # Safety
///
/// No other thread changes the environment.
unsafe fn find(name: &[u8]) -> *mut c_char {
    // SAFETY: reading the pointer; see the caller.
    let mut entry = unsafe { environ };
    if entry.is_null() || name.is_empty() {
        return std::ptr::null_mut();
    }
    loop {
        // SAFETY: `entry` is at or before the null pointer that ends the list.
        let text = unsafe { *entry };
        if text.is_null() {
            return std::ptr::null_mut();
        }
        // SAFETY: every entry of the list is a string.
        let bytes = unsafe { CStr::from_ptr(text) }.to_bytes();
        if bytes.strip_prefix(name).is_some_and(|rest| rest.first() == Some(&b'=')) {
            // SAFETY: the value begins behind the name and the sign, at most at the string's end.
            return unsafe { text.add(name.len() + 1) }.cast_mut();
        }
        // SAFETY: this entry is not the null pointer at the end.
        entry = unsafe { entry.add(1) };
    }
}

/// Whether libraries that are loaded now find [`getenv`] and not that of the C library.
pub(super) fn are_watched() -> bool {
    // SAFETY: a look-up by name; the symbol is only compared.
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, c"getenv".as_ptr()) };
    std::ptr::eq(found, getenv as *const libc::c_void)
}
