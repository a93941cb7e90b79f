//! Registering: from files to entities, from entities to a server.
//!
//! An [`Entity`] is Flyte's own message, complete; an input with a field that Flyte does not have is refused
//! with the path to it. The steps of a registration:
//!
//! 1. [`read()`] or [`Documents`] read files, see [`mod@read`].
//! 2. [`defaults`] fills in images and cache versions and checks secrets, as the caller's rules say.
//! 3. [`Identity`] fills in project, domain and version; [`version`] makes a version of the content.
//! 4. [`order`] finds out what needs what, and [`send()`](send::send) sends each entity after what it needs.
//!
//! [`render`] writes entities as text and as files that can be read again. Only [`mod@send`] talks to a
//! server.

pub mod cache;
pub mod defaults;
mod digest;
mod entity;
mod identity;
mod item;
pub mod order;
pub mod read;
mod references;
pub mod registered;
pub mod render;
pub mod send;
mod topology;
pub mod version;

pub use self::{
    entity::{Entity, EntityKind},
    identity::{DOMAIN, Identity, PROJECT, VERSION, lacks_version},
    item::{FastArchive, ItemOrigin, RegisterItem},
    read::{
        Documents,
        error::{Part, ReadError, ReadErrorCause, Source},
        has_known_ending, read,
    },
    registered::{Registered, Wanted},
};
