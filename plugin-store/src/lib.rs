//! Plugins as they are published and installed: repositories, signatures, the lock file and the store.
//!
//! No network here: a program fetches the files of a [`repository`], and gives them to this crate.
//!
//! | step | module |
//! |---|---|
//! | a secret key, and signatures by it | [`sign`] |
//! | files of plugins to a folder with a signed index | [`publish`] |
//! | the index: plugins, releases, platforms | [`index`] |
//! | whose index, whether it is newer than the last one | [`repository`] |
//! | which release fits this host | [`choose`] |
//! | what is installed, and what it must contain | [`lock`] |
//! | files by content, and the links by which they are found | [`store`] |
//!
//! # What is safe from what
//!
//! A mirror can hold files back, and nothing else: an index has a signature, and every file the signature of
//! its publisher and the hash in the index. An older index than the last one is refused ([`repository`]).
//! Which key is a publisher's is decided once: by the settings, or at the first use.
//!
//! The lock file is replaced in one step, and says what is installed. A link to a file that is not in it is
//! not loaded: `plugin_host::admission`.

#![deny(missing_docs)]

pub mod choose;
pub mod error;
pub mod index;
pub mod lock;
pub mod publish;
pub mod repository;
pub mod sign;
pub mod store;

pub use error::StoreError;
pub use index::{Index, IndexedPlugin, PlatformFile, Release};
pub use lock::{LockFile, LockedPlugin, LockedRelease, LockedRepository};
pub use repository::RepositoryAddress;
pub use store::Store;
