//! The memory in which every thread notes the plugin call that it is in, and its layout.
//!
//! It is the content of the journal's file, mapped, so that what was stored last survives the process;
//! without a journal it is memory of this process. All fields are atomics: threads and signal handlers share
//! them.

use std::sync::{
    OnceLock,
    atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed},
};

use super::record::{self, CallRecord, RECORDS};

/// How many threads are seen at once; calls of further threads are named by the signal handlers only.
pub(super) const SLOTS: usize = 64;
const COMMAND: usize = 128;
const TEXT: usize = 14 * 1024;

/// The first bytes of a journal; another layout needs another number.
pub(super) const MAGIC: [u8; 8] = *b"calls 1\n";

/// The process ended inside a plugin, and the user has read it.
pub(super) const REPORTED: u32 = 1;

/// Which plugin calls the threads of a process are in.
#[repr(C)]
pub(super) struct Shared {
    magic: [AtomicU8; MAGIC.len()],
    /// 0 or [`REPORTED`].
    pub(super) state: AtomicU32,
    text_length: AtomicU32,
    /// UTF-8, ended by a zero unless it is full.
    command: [AtomicU8; COMMAND],
    pub(super) slots: [Slot; SLOTS],
    /// Where the text of each record begins, plus 1; 0: it has none.
    starts: [AtomicU32; RECORDS],
    text: [AtomicU8; TEXT],
}

/// The call that a thread is in: the number of a [`CallRecord`] in the low half, 0 for code of the host; the
/// high half counts the changes.
#[repr(transparent)]
pub(super) struct Slot(pub(super) AtomicU64);

/// Bytes of a journal's file.
pub(super) const SIZE: usize = size_of::<Shared>();

static SHARED: OnceLock<&'static Shared> = OnceLock::new();

/// The memory of this process; that of its own unless [`install`] was called before.
pub(super) fn shared() -> &'static Shared {
    SHARED.get_or_init(|| Box::leak(Box::new(Shared::new())))
}

/// The memory, if any thread or record has used it; for signal handlers.
pub(super) fn existing() -> Option<&'static Shared> {
    SHARED.get().copied()
}

/// Uses a journal's memory, which is all zeros. Returns whether it came first: once calls are noted, their
/// memory stays.
pub(super) fn install(mapped: &'static Shared) -> bool {
    for (to, from) in mapped.magic.iter().zip(MAGIC) {
        to.store(from, Relaxed);
    }
    SHARED.set(mapped).is_ok()
}

impl Shared {
    fn new() -> Self {
        Self {
            magic: [const { AtomicU8::new(0) }; MAGIC.len()],
            state: AtomicU32::new(0),
            text_length: AtomicU32::new(0),
            command: [const { AtomicU8::new(0) }; COMMAND],
            slots: [const { Slot(AtomicU64::new(0)) }; SLOTS],
            starts: [const { AtomicU32::new(0) }; RECORDS],
            text: [const { AtomicU8::new(0) }; TEXT],
        }
    }

    /// Notes the command that runs, for the next start.
    pub(super) fn set_command(&self, command: &str) {
        let end = command.floor_char_boundary(COMMAND);
        let bytes = command.bytes().take(end).chain(std::iter::repeat(0));
        self.command.iter().zip(bytes).for_each(|(to, byte)| to.store(byte, Relaxed));
    }

    /// Notes the texts of a record under its number. Calls must not overlap. Texts beyond the room are left
    /// out.
    pub(super) fn note(&self, record: &CallRecord) {
        let text = [record.name(), record.version(), record.site()].join("\0") + "\0";
        let start = self.text_length.load(Relaxed);
        let at = start as usize;
        let Some(room) = self.text.get(at..at + text.len()) else { return };
        room.iter().zip(text.bytes()).for_each(|(to, byte)| to.store(byte, Relaxed));
        self.text_length.store(start + u32::try_from(text.len()).unwrap_or(0), Relaxed);
        self.starts[record.index()].store(start + 1, Relaxed);
    }
}

/// The call in a slot's value.
pub(super) fn record_in(value: u64) -> Option<&'static CallRecord> {
    record::numbered(usize::try_from(value & u64::from(u32::MAX)).unwrap_or(0))
}

/// What a journal says about a process that is dead.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LastCalls {
    pub(super) command: String,
    pub(super) reported: bool,
    /// Name and version of the plugin, and the call, of each thread that was in one.
    pub(super) calls: Vec<[String; 3]>,
}

impl LastCalls {
    /// Reads a journal; `None` if it is not one of this layout.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?));
        let text = |at: usize, length: usize| {
            let bytes = bytes.get(at..at + length)?.split(|byte| *byte == 0).next()?;
            Some(String::from_utf8_lossy(bytes).into_owned())
        };
        if bytes.len() != SIZE || !bytes.starts_with(&MAGIC) {
            return None;
        }
        let call = |slot: usize| {
            let value = *bytes.get(std::mem::offset_of!(Shared, slots) + 8 * slot..)?.first_chunk()?;
            let record = usize::try_from(u64::from_ne_bytes(value) & u64::from(u32::MAX)).ok()?;
            let starts =
                bytes.get(std::mem::offset_of!(Shared, starts)..std::mem::offset_of!(Shared, text))?;
            let start = u32::from_ne_bytes(*starts.get(4 * record..)?.first_chunk()?).checked_sub(1)?;
            let texts = bytes.get(std::mem::offset_of!(Shared, text) + start as usize..)?;
            let mut texts =
                texts.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned());
            (record != 0).then_some([texts.next()?, texts.next()?, texts.next()?])
        };
        Some(Self {
            command: text(std::mem::offset_of!(Shared, command), COMMAND)?,
            reported: word(std::mem::offset_of!(Shared, state))? == REPORTED,
            calls: (0..SLOTS).filter_map(call).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use proptest::prelude::*;

    use super::*;

    /// A journal in which two threads are in calls, of records 1 and 3; nothing is known of record 3.
    fn journal() -> Vec<u8> {
        let mut bytes = vec![0; SIZE];
        let mut put = |at: usize, text: &[u8]| bytes[at..at + text.len()].copy_from_slice(text);
        put(0, &MAGIC);
        put(offset_of!(Shared, command), b"flyte-host register");
        put(offset_of!(Shared, slots) + 8, &(7_u64 << 32 | 1).to_ne_bytes());
        put(offset_of!(Shared, slots) + 16, &3_u64.to_ne_bytes());
        put(offset_of!(Shared, starts) + 4, &3_u32.to_ne_bytes());
        put(offset_of!(Shared, text), b"x\0acme\x001.0.0\0in `get_remote`\0");
        bytes
    }

    #[test]
    fn a_journal_has_the_calls_of_all_threads() {
        let mut bytes = journal();
        let calls = vec![["acme", "1.0.0", "in `get_remote`"].map(str::to_owned)];
        let last = LastCalls { command: "flyte-host register".to_owned(), reported: false, calls };
        assert_eq!(LastCalls::parse(&bytes), Some(last));
        bytes[offset_of!(Shared, state)..][..4].copy_from_slice(&REPORTED.to_ne_bytes());
        assert!(LastCalls::parse(&bytes).unwrap().reported);
        assert_eq!(LastCalls::parse(&bytes[..SIZE - 1]), None);
        assert_eq!(LastCalls::parse(&vec![0; SIZE]), None);
    }

    proptest! {
        #[test]
        fn a_torn_journal_is_read_as_far_as_it_goes(at in 8..SIZE, noise in any::<[u8; 8]>()) {
            let mut bytes = journal();
            bytes.iter_mut().skip(at).zip(noise).for_each(|(byte, noise)| *byte = noise);
            prop_assert!(LastCalls::parse(&bytes).is_some());
        }
    }
}
