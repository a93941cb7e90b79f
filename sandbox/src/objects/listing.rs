//! Lists of objects, in the order of their keys.

use std::{collections::BTreeMap, fs, io, path::Path};

use super::{ObjectError, ObjectInfo, Objects, entries};

/// One line of a list.
#[derive(Debug)]
pub(crate) enum ListedItem {
    Object(ObjectInfo),
    /// The part that several keys begin with.
    Prefix,
}

/// A page of a list, by keys and prefixes.
#[derive(Debug)]
pub(crate) struct ListingPage {
    pub(crate) items: Vec<(String, ListedItem)>,
    /// Whether there are more.
    pub(crate) is_truncated: bool,
}

impl Objects {
    /// The keys that begin with `prefix`, after `after`; those with the delimiter behind the prefix as one.
    pub(crate) fn list(
        &self,
        bucket: &str,
        prefix: &str,
        delimiter: Option<&str>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<ListingPage, ObjectError> {
        let root = self.bucket(bucket)?;
        let above = prefix.rfind('/').map_or("", |slash| &prefix[..=slash]);
        let mut walk = Walk { prefix, is_flat: delimiter == Some("/"), found: BTreeMap::new() };
        // Such a prefix leads out of the bucket, or has no keys.
        if above.split_terminator('/').all(super::is_segment) {
            walk.folder(&root.join(above), above)?;
        }
        let mut items = BTreeMap::new();
        for (key, item) in walk.found {
            let end = delimiter.filter(|delimiter| !delimiter.is_empty()).and_then(|delimiter| {
                let rest = key.get(prefix.len()..)?;
                rest.find(delimiter).map(|at| prefix.len() + at + delimiter.len())
            });
            match end {
                Some(end) => drop(items.insert(key[..end].to_owned(), ListedItem::Prefix)),
                None => drop(items.insert(key, item)),
            }
        }
        let mut left = items.into_iter().filter(|(key, _)| after.is_none_or(|after| key.as_str() > after));
        let items: Vec<_> = left.by_ref().take(limit).collect();
        Ok(ListingPage { items, is_truncated: left.next().is_some() })
    }
}

struct Walk<'a> {
    prefix: &'a str,
    /// Whether a folder is listed as a prefix.
    is_flat: bool,
    found: BTreeMap<String, ListedItem>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, key: &str) -> io::Result<()> {
        for entry in known_entries(folder)? {
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| super::is_segment(name)) else { continue };
            let key = format!("{key}{name}");
            let Ok(metadata) = fs::metadata(entry.path()) else { continue };
            if !metadata.is_dir() {
                if key.starts_with(self.prefix) {
                    self.found.insert(key, ListedItem::Object(ObjectInfo::new(&metadata)));
                }
                continue;
            }
            let key = format!("{key}/");
            if self.is_flat && key.starts_with(self.prefix) {
                if has_files(&entry.path())? {
                    self.found.insert(key, ListedItem::Prefix);
                }
            } else if key.starts_with(self.prefix) || self.prefix.starts_with(&key) {
                self.folder(&entry.path(), &key)?;
            }
        }
        Ok(())
    }
}

/// The entries of a folder; none if it does not exist, or is a file.
fn known_entries(folder: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match entries(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Ok(Vec::new()),
        listed => listed,
    }
}

fn has_files(folder: &Path) -> io::Result<bool> {
    for entry in known_entries(folder)? {
        // A process that was killed leaves partial files, which are not objects.
        let is_object = entry.file_name().to_str().is_some_and(super::is_segment);
        if is_object && (!entry.file_type()?.is_dir() || has_files(&entry.path())?) {
            return Ok(true);
        }
    }
    Ok(false)
}
