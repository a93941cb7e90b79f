//! Texts of C: bytes that end with zero.

#![expect(unsafe_code, reason = "the length of a text of C is known only by reading it")]

use std::ffi::{CStr, CString, c_char};

use plugin_abi::PluginError;

/// The text at an address; `None` for null.
///
/// # Errors
///
/// If it is not UTF-8.
///
/// # Safety
///
/// The address is null, or that of bytes which end with zero and stay as they are during the call.
pub(crate) unsafe fn optional(text: *const c_char) -> Result<Option<String>, PluginError> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: it is not null, so it is such an address.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map(|text| Some(text.to_owned())).map_err(|_| PluginError::new("a text is not UTF-8"))
}

/// As [`optional`]; null is an error, which says `what` the text is.
///
/// # Errors
///
/// If it is null, or not UTF-8.
///
/// # Safety
///
/// As for [`optional`].
pub(crate) unsafe fn required(text: *const c_char, what: &str) -> Result<String, PluginError> {
    // SAFETY: as for this function.
    let text = unsafe { optional(text) }?;
    text.ok_or_else(|| PluginError::new(format_args!("{what} is null")))
}

/// The text for C.
///
/// # Errors
///
/// If it has a zero byte, at which C would cut it.
pub(crate) fn to_c(text: &str) -> Result<CString, PluginError> {
    CString::new(text).map_err(|_| PluginError::new("a text has a zero byte, which C cannot read"))
}

/// The address of an optional text.
pub(crate) fn address(text: Option<&CString>) -> *const c_char {
    text.map_or(std::ptr::null(), |text| text.as_ptr())
}
