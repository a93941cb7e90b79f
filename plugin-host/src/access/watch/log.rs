//! A log that a signal handler can write: fixed memory, no lock, no allocation.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};

/// Bytes of all entries; more make the record opaque.
const SIZE: usize = 256 << 10;

static BYTES: [AtomicU8; SIZE] = [const { AtomicU8::new(0) }; SIZE];
static USED: AtomicUsize = AtomicUsize::new(0);
static ACTIVE: AtomicBool = AtomicBool::new(false);

/// What an entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum AccessKind {
    /// A variable was read.
    Variable = 1,
    /// A path was looked at.
    Path,
    /// The current directory was read.
    Directory,
    /// Something that cannot be watched; the text is a verb phrase.
    Opaque,
}

/// One access.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) kind: AccessKind,
    pub(super) text: Vec<u8>,
}

pub(super) fn start() {
    USED.store(0, Ordering::SeqCst);
    ACTIVE.store(true, Ordering::SeqCst);
}

/// Adds an entry. Async-signal-safe. `text` ends before its first NUL.
pub(super) fn note(kind: AccessKind, text: impl Iterator<Item = u8> + Clone) {
    if !ACTIVE.load(Ordering::Relaxed) {
        return;
    }
    let length = text.clone().count();
    // The kind first, so that an entry that is being written is seen as one.
    let at = USED.fetch_add(length + 2, Ordering::SeqCst);
    if at + length + 2 > SIZE {
        return;
    }
    for (slot, byte) in BYTES[at + 1..].iter().zip(text.chain([0])) {
        slot.store(byte, Ordering::Relaxed);
    }
    BYTES[at].store(kind as u8, Ordering::Release);
}

/// Ends the recording; `None` if the entries did not fit.
pub(super) fn stop() -> Option<Vec<Entry>> {
    ACTIVE.store(false, Ordering::SeqCst);
    let used = USED.load(Ordering::SeqCst);
    let bytes: Vec<u8> = BYTES.get(..used)?.iter().map(|byte| byte.load(Ordering::Acquire)).collect();
    for slot in &BYTES[..used] {
        slot.store(0, Ordering::Relaxed);
    }
    Some(bytes.split_inclusive(|&byte| byte == 0).filter_map(entry).collect())
}

fn entry(bytes: &[u8]) -> Option<Entry> {
    let (&kind, text) = bytes.split_first()?;
    let kind = match kind {
        1 => AccessKind::Variable,
        2 => AccessKind::Path,
        3 => AccessKind::Directory,
        4 => AccessKind::Opaque,
        _ => return None,
    };
    Some(Entry { kind, text: text.strip_suffix(&[0])?.to_vec() })
}
