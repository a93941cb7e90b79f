//! Which code is whose: the plugin of an address, noted when its library is loaded.

#![expect(unsafe_code, reason = "the loader and the stack of a thread are read through pointers")]

use std::{
    ffi::{c_int, c_void},
    ops::Range,
    sync::OnceLock,
};

use super::record::CallRecord;

/// How many plugins are recognized outside of their calls.
const LIBRARIES: usize = 32;

/// The code of the program and, behind it, that of each plugin, with the record of its threads.
static PROGRAM: OnceLock<Range<usize>> = OnceLock::new();
static PLUGINS: [OnceLock<(Range<usize>, &'static CallRecord)>; LIBRARIES] =
    [const { OnceLock::new() }; LIBRARIES];

/// Notes the code of the program.
pub(super) fn note_program() {
    let here: fn() = note_program;
    if let Some(code) = code_around(here as usize) {
        // The same each time.
        let _ = PROGRAM.set(code);
    }
}

/// Notes the code of a plugin; `address` is any in its library.
pub(super) fn note_plugin(address: usize, threads: &'static CallRecord) {
    let known = PLUGINS.iter().filter_map(OnceLock::get).any(|(code, _)| code.contains(&address));
    let Some(code) = (!known).then(|| code_around(address)).flatten() else { return };
    // Taken by another thread in between: the next one.
    let _ = PLUGINS.iter().find(|free| free.set((code.clone(), threads)).is_ok());
}

/// The plugin whose code runs at an address or was called from there, given the stack pointer of its thread.
///
/// The nearest address of the program or a plugin on the stack decides. Safe to call in a signal handler.
pub(super) fn plugin_at(address: usize, stack: usize) -> Option<&'static CallRecord> {
    // Few: the stack of a signal handler has little room.
    let mut words = [0_usize; 64];
    let mut at = stack & !(size_of::<usize>() - 1);
    if let Some(owner) = owner(address) {
        return owner;
    }
    for _ in 0..256 {
        let read = read_memory(at, &mut words);
        if let Some(owner) = words[..read].iter().find_map(|word| owner(*word)) {
            return owner;
        }
        if read < words.len() {
            break;
        }
        at += size_of_val(&words);
    }
    None
}

/// The plugin on the stack below the caller, whatever else is on it; the only plugin there is, if it is not
/// found.
pub(super) fn plugin_among_callers() -> Option<&'static CallRecord> {
    let mut words = [0_usize; 4096];
    let here = std::ptr::from_ref(&words).addr();
    let read = read_memory(here + size_of_val(&words), &mut words);
    let found = words[..read].iter().find_map(|word| owner(*word).flatten());
    found.or_else(|| {
        let mut plugins = PLUGINS.iter().filter_map(OnceLock::get);
        let (_, only) = plugins.next()?;
        plugins.next().is_none().then_some(*only)
    })
}

/// The plugin that has the code at an address; `Some(None)`: the program.
pub(super) fn owner(address: usize) -> Option<Option<&'static CallRecord>> {
    if PROGRAM.get().is_some_and(|program| program.contains(&address)) {
        return Some(None);
    }
    let mut plugins = PLUGINS.iter().map_while(OnceLock::get);
    plugins.find(|(code, _)| code.contains(&address)).map(|(_, threads)| Some(*threads))
}

/// Copies memory of this process, as many whole words as are readable in one piece; returns how many.
#[cfg(target_os = "linux")]
fn read_memory(from: usize, to: &mut [usize]) -> usize {
    let local = libc::iovec { iov_base: to.as_mut_ptr().cast(), iov_len: size_of_val(to) };
    let remote =
        libc::iovec { iov_base: std::ptr::with_exposed_provenance_mut(from), iov_len: size_of_val(to) };
    let process = std::process::id().cast_signed();
    // SAFETY: the kernel writes to `to` alone, which is borrowed for the call, and reports addresses that
    // cannot be read as an error. No lock and no allocation.
    let read = unsafe { libc::process_vm_readv(process, &raw const local, 1, &raw const remote, 1, 0) };
    usize::try_from(read).unwrap_or(0) / size_of::<usize>()
}

#[cfg(not(target_os = "linux"))]
fn read_memory(_from: usize, _to: &mut [usize]) -> usize {
    0
}

/// The executable memory of the library or program that contains an address.
#[cfg(target_os = "linux")]
fn code_around(address: usize) -> Option<Range<usize>> {
    struct Search {
        address: usize,
        found: Option<Range<usize>>,
    }
    extern "C" fn look(info: *mut libc::dl_phdr_info, _size: usize, search: *mut c_void) -> c_int {
        // SAFETY: `search` is the pointer that was given to `dl_iterate_phdr` below; nothing else uses it
        // meanwhile.
        let search = unsafe { &mut *search.cast::<Search>() };
        // SAFETY: the loader passes a description that is valid during this call.
        let info = unsafe { &*info };
        // SAFETY: the loader's table of segments has `dlpi_phnum` entries, and stays while the library is
        // loaded, which the loader's lock ensures during this call.
        let segments = unsafe { std::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
        let memory = |segment: &libc::Elf64_Phdr| -> Option<Range<usize>> {
            let start = usize::try_from(info.dlpi_addr.wrapping_add(segment.p_vaddr)).ok()?;
            Some(start..start.checked_add(usize::try_from(segment.p_memsz).ok()?)?)
        };
        let loaded = || segments.iter().filter(|segment| segment.p_type == libc::PT_LOAD);
        if !loaded().filter_map(memory).any(|memory| memory.contains(&search.address)) {
            return 0;
        }
        let code = loaded().filter(|segment| segment.p_flags & libc::PF_X != 0).filter_map(memory);
        search.found = code.reduce(|all, next| all.start.min(next.start)..all.end.max(next.end));
        1
    }
    let mut search = Search { address, found: None };
    // SAFETY: the function keeps neither of the pointers, and `search` outlives the call.
    unsafe { libc::dl_iterate_phdr(Some(look), std::ptr::from_mut(&mut search).cast()) };
    search.found
}

#[cfg(not(target_os = "linux"))]
fn code_around(_address: usize) -> Option<Range<usize>> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn code_is_found_by_any_address_of_its_library() {
        let test: fn() = code_is_found_by_any_address_of_its_library;
        let code = code_around(test as usize).unwrap();
        assert!(code.contains(&(test as usize)));
        assert!(!code.contains(&(libc::getpid as *const () as usize)));
        assert_eq!(code_around(std::ptr::from_ref(&PLUGINS).addr()), Some(code));
        assert_eq!(code_around(16), None);
    }

    #[test]
    fn memory_that_cannot_be_read_is_not() {
        let (known, mut read) = ([1_usize, 2, 3], [0; 3]);
        assert_eq!(read_memory(std::ptr::from_ref(&known).expose_provenance(), &mut read), 3);
        assert_eq!(read, known);
        assert_eq!(read_memory(16, &mut read), 0);
    }
}
