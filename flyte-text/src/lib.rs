//! How flyte-host writes for people, the same in every crate: [`suggest`] a name that was meant, write a
//! [`duration`](mod@duration) or a [`size`](mod@size), [`sanitize`](mod@sanitize) text that comes from
//! outside, redact secrets in it (feature `redact`), and join a [`list`](mod@list).
//!
//! A leaf: it depends on no other crate of the workspace.

pub mod duration;
pub mod list;
#[cfg(feature = "redact")]
pub mod redact;
pub mod sanitize;
pub mod size;
pub mod suggest;

#[cfg(feature = "redact")]
pub use self::redact::Redactor;
pub use self::{
    duration::duration,
    list::Listed,
    sanitize::{excerpt, sanitize, sanitize_json, sanitize_line, sanitize_styled},
    size::size,
    suggest::{closest, similar},
};
