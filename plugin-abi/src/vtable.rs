//! The interfaces between host and plugin: the ABI. Authors do not need this module.
//!
//! Only two kinds of types cross the ABI: *interfaces* (trait objects of `abi_stable`, whose method tables
//! may grow) and *leaves* (`RStr`, `RString`, `RVec`, `ROption`, `RResult`, integers, `bool`).
//! Nothing with named fields crosses by value, because a record cannot grow.
//!
//! # Rules of growth
//!
//! 1. Within a major version nothing is removed, renamed, reordered, or given another type.
//! 2. A new method goes behind the last one of its interface and has a default body, which returns what
//!    the older side would have returned. `#[sabi(last_prefix_field)]` stays where it was in 1.0.
//! 3. A new hook is a method of [`Hooks`] whose default passes on to [`Context`].
//! 4. [`crate::version::MINOR`] is raised, with a line about the addition, and the versions of this
//!    crate and of its macros with it. The crate keeps its name.
//! 5. An interface has at most 64 members, of which abi_stable takes 2: 62 methods. Its derive refuses
//!    more, and the test `border` fails when fewer than 16 are left: further methods go into a new
//!    interface, which an old one returns. There are at most 64 hooks ([`HookSet`](crate::HookSet)).
//!
//! `protocol-1.txt` in the folder of this crate has every interface with its methods in order, as the
//! layout check sees them. The test `border` holds rules 1 and 2: lines of a protocol that is in
//! `tests/museum` never change, and what was appended is written there by
//! `SNAPSHOTS=overwrite cargo test -p plugin-abi --test border`.
//!
//! | plugin | host | what happens |
//! |---|---|---|
//! | 1.0 | 1.0 | the usual layout check |
//! | 1.1 | 1.0 | the usual layout check: the plugin may have more |
//! | 1.0 | 1.1 | the layout check with the sides exchanged: the *host* has more, and defaults fill in |
//! | 2.0 | 1.x | refused by its symbols, which end in the major number, before the file is loaded |
//!
//! Either way every method of one side that the other lacks runs its default body, in the process
//! and with the objects of the side that calls. That holds for both directions of every interface,
//! since a pair of versions is ordered: one side has all that the other has.

#![expect(
    unsafe_code,
    reason = "the derives of abi_stable expand to unsafe code; nothing here is written by hand"
)]
#![expect(missing_docs, reason = "the derives of abi_stable make undocumented items beside each interface")]
#![expect(non_local_definitions, reason = "abi_stable's derives put their impls into anonymous constants")]
#![cfg_attr(
    next_protocol,
    expect(unused_braces, reason = "abi_stable's derive wraps default bodies a second time")
)]
#![cfg_attr(
    next_protocol,
    expect(clippy::cast_ptr_alignment, reason = "abi_stable's derive finds a newer method by its offset")
)]

/// Defines an interface twice: as it is, and as the growth tests see it one minor version ahead.
///
/// The bodies are pasted before `sabi_trait` reads them, because it would not understand a `#[cfg]`
/// on a method.
macro_rules! interface {
    (
        $(#[$($attribute:tt)*])*
        pub trait $name:ident : [$($bound:tt)*] { $($body:tt)* }
        next { $($next:tt)* }
    ) => {
        $(#[$($attribute)*])*
        #[cfg(not(next_protocol))]
        #[abi_stable::sabi_trait]
        pub trait $name: $($bound)* { $($body)* }

        $(#[$($attribute)*])*
        #[cfg(next_protocol)]
        #[abi_stable::sabi_trait]
        pub trait $name: $($bound)* { $($body)* $($next)* }
    };
}

mod cache;
mod cli;
mod fault;
mod hooks;
mod host;
mod module;
mod remote;
mod transport;

pub use cache::*;
pub use cli::*;
pub use fault::*;
pub use hooks::*;
pub use host::*;
pub use module::*;
pub use remote::*;
pub use transport::*;
