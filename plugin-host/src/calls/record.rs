//! The functions of plugins that the host calls, with the texts that say so when the process ends inside one.

use std::{
    fmt,
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
};

use crate::{Identity, identity};

/// How many functions have a number of their own, 0 (code of the host) included. Further ones share the last
/// number.
pub(super) const RECORDS: usize = 256;

/// How many calls are compared for what they change in the process: a cache policy has two functions and one
/// record.
const WATCHED_CALLS: u32 = 2;

static ALL: [OnceLock<CallRecord>; RECORDS] = [const { OnceLock::new() }; RECORDS];

/// The number of the next record.
static NEXT: Mutex<usize> = Mutex::new(1);

/// How long a function may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallLimit {
    /// That of opening the library and of `create`.
    Create,
    /// That of hooks, callbacks, lazy defaults and cache policies.
    Hook,
    /// The caller's own, after which it continues without an answer. The user reads what is waited for.
    OfCaller,
    /// None: a command of a plugin, or a transport, whose calls have timeouts of their own.
    Unlimited,
}

/// A function of a plugin that the host calls.
///
/// It is never freed, since a signal handler may read it at any time. There is one of each plugin, version
/// and call site.
pub struct CallRecord {
    index: usize,
    identity: Identity,
    site: String,
    pub(super) limit: CallLimit,
    pub(super) text: RecordText,
    /// As `text`, escaped for a JSON string.
    pub(super) json: RecordText,
    /// Whether a call of it came back.
    pub(super) returned: AtomicBool,
    /// How many calls were compared for what they change in the process.
    watched: AtomicU32,
}

/// Texts of a record, made before they are needed: a signal handler cannot allocate.
pub(super) struct RecordText {
    /// ``plugin `acme` 1.0.0``.
    pub(super) plugin: String,
    /// ``in `get_remote` ``.
    pub(super) site: String,
    /// Where to report, and how to continue.
    pub(super) hint: String,
}

impl CallRecord {
    fn numbered(index: usize, identity: &Identity, site: &str, limit: CallLimit) -> Self {
        let plain = |text: &str| flyte_text::sanitize_line(text).into_owned();
        let hint = format!("{}; {} to continue without it", identity.report_hint(), identity::bypass());
        let text = RecordText { plugin: plain(&identity.to_string()), site: plain(site), hint: plain(&hint) };
        Self {
            index,
            identity: identity.clone(),
            site: site.to_owned(),
            limit,
            json: text.escaped(),
            text,
            returned: AtomicBool::new(false),
            watched: AtomicU32::new(0),
        }
    }

    /// Its number; 0 is that of the host.
    pub(super) fn index(&self) -> usize {
        self.index
    }

    /// Whether the next call is one of the first; never for code of the host.
    #[inline]
    pub(super) fn is_new(&self) -> bool {
        self.watched.load(Relaxed) < WATCHED_CALLS && self.index != 0
    }

    /// Counts a call as one of the first.
    pub(super) fn count_watched(&self) {
        self.watched.fetch_add(1, Relaxed);
    }

    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(super) fn name(&self) -> &str {
        &self.identity.name
    }

    pub(super) fn version(&self) -> &str {
        &self.identity.version
    }

    pub(super) fn site(&self) -> &str {
        &self.site
    }
}

impl RecordText {
    fn escaped(&self) -> Self {
        let escape = |text: &str| {
            let quoted = serde_json::Value::from(text).to_string();
            quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default().to_owned()
        };
        Self { plugin: escape(&self.plugin), site: escape(&self.site), hint: escape(&self.hint) }
    }
}

impl fmt::Debug for CallRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.text.plugin, self.text.site)
    }
}

/// The record of a function, which `on_new` gets if there was none; one at a time.
pub(super) fn intern(
    identity: &Identity,
    site: &str,
    limit: CallLimit,
    on_new: impl FnOnce(&CallRecord),
) -> &'static CallRecord {
    let mut next = NEXT.lock().unwrap_or_else(PoisonError::into_inner);
    let is_same =
        |known: &&CallRecord| known.site == site && known.limit == limit && known.identity == *identity;
    if let Some(known) = all().find(is_same) {
        return known;
    }
    let index = (*next).min(RECORDS - 1);
    let record = ALL[index].get_or_init(|| CallRecord::numbered(index, identity, site, limit));
    if index == *next {
        *next += 1;
        on_new(record);
    }
    record
}

/// The record of a number; `None` for 0 and numbers that were not given.
pub(super) fn numbered(index: usize) -> Option<&'static CallRecord> {
    ALL.get(index).filter(|_| index != 0)?.get()
}

/// Every record so far, without that of the host.
pub(super) fn all() -> impl Iterator<Item = &'static CallRecord> {
    ALL[1..].iter().filter_map(OnceLock::get)
}

/// Stands for code of the host where a plugin may be called.
pub(super) fn of_host() -> &'static CallRecord {
    let identity = || Identity { name: String::new(), version: String::new(), homepage: None };
    ALL[0].get_or_init(|| CallRecord::numbered(0, &identity(), "", CallLimit::Unlimited))
}

/// Marks that a call came back.
#[inline]
pub(super) fn mark_returned(record: &CallRecord) {
    record.returned.store(true, Relaxed);
}
