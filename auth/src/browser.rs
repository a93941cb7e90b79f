//! Opening a browser, where there is one.

/// Whether a page could be seen here: a display, or a browser that the user named (`BROWSER`).
pub(crate) fn is_there() -> bool {
    todo!()
}

/// Opens a page; says whether that went well. Nothing of the browser gets onto the terminal.
pub(crate) fn open(url: &str) -> bool {
    let _ = url;
    todo!()
}
