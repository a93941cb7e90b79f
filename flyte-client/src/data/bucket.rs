//! Buckets of S3, Google Cloud Storage and Azure, with the user's own keys: for what no signed URL brings,
//! such as folders, whose files Flyte does not list.

mod connector;
mod error;
mod keys;
mod profile;
mod uri;

use std::{path::Path, sync::Arc};

use futures_util::TryStreamExt as _;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload, WriteMultipart, path::Path as Key};
use tokio::io::AsyncWriteExt as _;

pub use self::error::BucketError;
use self::{connector::Connector, uri::BucketUri};
use super::{CHUNK, Progress, TransferError, as_u64, reader::Reader};
use crate::{
    atomic_file::PartialFile,
    config::{Sources, Storage},
    net::{Network, TrustError},
};

/// Larger files are sent in parts.
const LARGEST_SINGLE: u64 = 64 << 20;
/// The least size of a part; S3 takes up to 10,000 of them.
const PART: u64 = 16 << 20;
const MOST_PARTS: u64 = 9_000;
/// How many parts are under way at once.
const PARTS_AT_ONCE: usize = 4;

/// Opens buckets.
pub struct Buckets {
    connector: Connector,
    storage: Storage,
    sources: Sources,
}

/// Something in a bucket: an object, or what its key is the beginning of.
pub struct Location {
    store: Arc<dyn ObjectStore>,
    uri: BucketUri,
    key: Key,
}

/// An object below a location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name below the location, with `/` between segments.
    pub name: String,
    /// In bytes.
    pub length: u64,
    key: Key,
}

impl Buckets {
    /// Over the same network as the calls. Nothing is opened before the first bucket.
    ///
    /// # Errors
    ///
    /// When the certificates to trust cannot be used.
    pub fn new(network: &Network, storage: &Storage, sources: &Sources) -> Result<Self, TrustError> {
        let connector = Connector::new(network)?;
        Ok(Self { connector, storage: storage.clone(), sources: sources.clone() })
    }

    /// Whether a URI names something in a bucket.
    #[must_use]
    pub fn knows(uri: &str) -> bool {
        BucketUri::parse(uri).is_some()
    }

    /// Finds a location, with the keys that the user has for it; `None` if there are none.
    ///
    /// # Errors
    ///
    /// When the URI or the keys cannot be used.
    pub fn open(&self, uri: &str) -> Result<Option<Location>, BucketError> {
        let uri = BucketUri::parse(uri).ok_or_else(|| BucketError::uri(uri))?;
        let key = Key::parse(&uri.key).map_err(|_| BucketError::uri(&uri.text))?;
        let store = keys::open(&uri, &self.storage, &self.sources, &self.connector)?;
        Ok(store.map(|store| Location { store, uri, key }))
    }
}

impl Location {
    /// All objects below the location, in the order of their names; the object itself if it is one, under its
    /// last segment.
    ///
    /// # Errors
    ///
    /// When the store does not list them.
    pub async fn members(&self) -> Result<Vec<Member>, BucketError> {
        let listed = self.store.list(Some(&self.key)).try_collect::<Vec<_>>().await;
        let listed = listed.map_err(|source| self.failed("list", source))?;
        let mut members: Vec<_> = listed
            .into_iter()
            .filter_map(|object| {
                let name = object.location.as_ref().strip_prefix(self.key.as_ref())?.trim_start_matches('/');
                // An object of that name marks a folder.
                let name = (!name.is_empty()).then(|| name.to_owned())?;
                Some(Member { name, length: object.size, key: object.location })
            })
            .collect();
        members.sort_by(|a, b| a.name.cmp(&b.name));
        if members.is_empty() {
            members.push(self.itself().await?);
        }
        Ok(members)
    }

    /// The object of this very key.
    ///
    /// # Errors
    ///
    /// When there is none, or the store does not say.
    pub async fn itself(&self) -> Result<Member, BucketError> {
        let object = self.store.head(&self.key).await.map_err(|source| self.failed("read", source))?;
        let name = self.key.filename().unwrap_or_default().to_owned();
        Ok(Member { name, length: object.size, key: object.location })
    }

    /// Gets an object into a file, which is there only when all of it is.
    ///
    /// # Errors
    ///
    /// When the store does not give it, or the file cannot be written.
    pub async fn get(&self, member: &Member, file: &Path, progress: Progress<'_>) -> Result<(), BucketError> {
        let failed = |source| self.failed("read", source);
        let unwritable = |source| BucketError::File(TransferError::Write { path: file.to_owned(), source });
        let part = PartialFile::create(file).map_err(unwritable)?;
        let mut out = tokio::fs::File::create(part.path()).await.map_err(unwritable)?;
        out.set_max_buf_size(CHUNK);
        let mut chunks = self.store.get(&member.key).await.map_err(failed)?.into_stream();
        let mut arrived = 0;
        while let Some(chunk) = chunks.try_next().await.map_err(failed)? {
            out.write_all(&chunk).await.map_err(unwritable)?;
            arrived += as_u64(chunk.len());
            progress(arrived);
        }
        out.flush().await.map_err(unwritable)?;
        out.sync_all().await.map_err(unwritable)?;
        if arrived != member.length {
            return Err(BucketError::Length { uri: self.uri.text.clone(), arrived, length: member.length });
        }
        part.persist().map_err(unwritable)
    }

    /// Puts a file below the location, and returns its URI.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or the store does not take it.
    pub async fn put(&self, file: &Path, name: &str, progress: Progress<'_>) -> Result<String, BucketError> {
        let uri = self.uri.below(name);
        let key = Key::parse(&uri.key).map_err(|_| BucketError::uri(&uri.text))?;
        let unreadable = |source| BucketError::File(TransferError::Read { path: file.to_owned(), source });
        let length = tokio::fs::metadata(file).await.map_err(unreadable)?.len();
        let mut reader = Reader::open(file).await.map_err(BucketError::File)?;
        let failed = |source| BucketError::store("write", &uri, source);
        let mut sent = 0;
        if length <= LARGEST_SINGLE {
            let mut chunks = Vec::new();
            while let Some(chunk) = reader.next().await {
                chunks.push(chunk.map_err(unreadable)?);
            }
            self.store.put(&key, PutPayload::from_iter(chunks)).await.map_err(failed)?;
            progress(length);
            return Ok(uri.text);
        }
        let upload = self.store.put_multipart(&key).await.map_err(failed)?;
        let part = usize::try_from(PART.max(length.div_ceil(MOST_PARTS))).unwrap_or(usize::MAX);
        let mut upload = WriteMultipart::new_with_chunk_size(upload, part);
        while let Some(chunk) = reader.next().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => {
                    // Parts left behind would cost money. Best effort: the first error is the one to report.
                    let _ = upload.abort().await;
                    return Err(unreadable(error));
                }
            };
            sent += as_u64(chunk.len());
            upload.wait_for_capacity(PARTS_AT_ONCE).await.map_err(failed)?;
            upload.put(chunk);
            progress(sent);
        }
        upload.finish().await.map_err(failed)?;
        Ok(uri.text)
    }

    fn failed(&self, verb: &'static str, source: object_store::Error) -> BucketError {
        BucketError::store(verb, &self.uri, source)
    }
}
