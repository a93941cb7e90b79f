//! Packages of `pyflyte package`: serialized messages, alone or in a `.tgz`.
//!
//! Each file is called `<index>_<name>_<n>.pb`, and `<n>` tells the message: 1 a task, 2 a workflow, 3 a
//! launch plan (`flytekit.tools.serialize_helpers`). A package made with `--copy` also holds the code, as
//! `fast<digest>.tar.gz`; it is kept with the entities of its package, whose tasks fetch it.
//!
//! A package is untrusted input: names that point outside of it, links, devices and members of absurd size
//! are refused, and so is anything that a package has no reason to hold. Nothing is ever unpacked to disk.

use std::{
    io::{self, Read},
    path::{Component, Path},
    sync::Arc,
};

use flate2::read::MultiGzDecoder;
use tar::EntryType;

use super::error::{Part, ReadError, ReadErrorCause, Source};
use crate::register::{
    entity::{Entity, EntityKind},
    item::{FastArchive, ItemOrigin, RegisterItem},
};

/// The largest entity that is read, in bytes. Servers take 4 MiB in a message, or as much as their operator
/// says.
pub const MAX_MEMBER_BYTES: u64 = 64 << 20;
/// The largest code archive that is read, in bytes.
pub const MAX_ARCHIVE_BYTES: u64 = 1 << 30;

/// Tells whether a file is the code archive of a package, by its name.
pub(crate) fn is_fast_archive(name: &str) -> bool {
    name.starts_with("fast") && name.ends_with(".tar.gz")
}

/// What the name of a `.pb` file says: its place in the package, and what it holds.
pub(crate) fn parse_name(name: &str) -> Option<(u64, EntityKind)> {
    let (index, rest) = name.strip_suffix(".pb")?.split_once('_')?;
    let (_, number) = rest.rsplit_once('_')?;
    let kind = [EntityKind::Task, EntityKind::Workflow, EntityKind::LaunchPlan]
        .into_iter()
        .find(|kind| kind.file_number().to_string() == number)?;
    Some((index.parse().ok()?, kind))
}

/// Reads one `.pb` file; `name` is its name without folders.
pub(crate) fn entity(name: &str, bytes: &[u8]) -> Result<Entity, ReadErrorCause> {
    let (_, kind) = parse_name(name).ok_or(ReadErrorCause::FileName)?;
    Entity::decode(kind, bytes)
}

/// Reads all of `reader`, but not more than `limit` bytes.
pub(crate) fn read_limited(reader: impl Read, limit: u64) -> Result<Vec<u8>, ReadErrorCause> {
    let mut bytes = Vec::new();
    reader.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit { Err(ReadErrorCause::TooLarge { limit }) } else { Ok(bytes) }
}

/// Reads a compressed package. Entities come in the order of their indices.
pub(crate) fn read_tgz(file: &Path, reader: impl Read) -> Result<Vec<RegisterItem>, ReadError> {
    let whole = |cause| ReadError::new(Source::whole(file), cause);
    let mut tar = tar::Archive::new(MultiGzDecoder::new(reader));
    let mut members = Vec::new();
    let mut foreign = Vec::new();
    let mut archive: Option<Arc<FastArchive>> = None;
    for member in tar.entries().map_err(|error| whole(error.into()))? {
        let member = member.map_err(|error| whole(error.into()))?;
        let (source, piece) = read_member(file, member)?;
        match piece {
            Piece::Entity(index, entity) => members.push((index, source, entity)),
            Piece::Archive(found) => {
                if let Some(first) = &archive {
                    return Err(whole(ReadErrorCause::ArchiveTwice(first.name.clone(), found.name)));
                }
                archive = Some(Arc::new(found));
            }
            Piece::Folder | Piece::Junk => {}
            Piece::Foreign => foreign.push(source),
        }
    }
    check_end(tar.into_inner()).map_err(whole)?;
    tell_foreign(file, &foreign);
    if members.is_empty() {
        return Err(whole(ReadErrorCause::Empty));
    }
    members.sort_by(|(index, source, _), (other, place, _)| (index, source).cmp(&(other, place)));
    let entry = |(_, source, entity)| RegisterItem {
        source,
        entity,
        origin: ItemOrigin::Package,
        archive: archive.clone(),
    };
    Ok(members.into_iter().map(entry).collect())
}

enum Piece {
    Archive(FastArchive),
    Entity(u64, Entity),
    Folder,
    /// A file that is of no package.
    Foreign,
    /// What a system leaves beside files, such as the `.DS_Store` and `._*` of macOS.
    Junk,
}

/// How many of the members that were left out a warning names.
const NAMED: usize = 5;

/// Names the members that are left out, as they are in a folder.
fn tell_foreign(file: &Path, foreign: &[Source]) {
    let name = |source: &Source| match &source.part {
        Part::Member(name) => format!("`{name}`"),
        Part::Document(_) | Part::Whole => source.to_string(),
    };
    let names: Vec<_> = foreign.iter().take(NAMED).map(name).collect();
    match foreign.len().checked_sub(NAMED) {
        _ if foreign.is_empty() => {}
        Some(more @ 1..) => {
            log::warn!(
                "`{}`: left out {} and {more} more, which are not `.pb` files",
                file.display(),
                names.join(", ")
            );
        }
        _ => log::warn!("`{}`: left out {}, not a `.pb` file", file.display(), names.join(", ")),
    }
}

/// Whether a member is hidden, or of the folder that macOS puts beside what it packs.
fn is_junk(path: &str) -> bool {
    let mut parts = path.trim_end_matches('/').split('/').filter(|part| *part != "." && !part.is_empty());
    parts.any(|part| part.starts_with('.') || part == "__MACOSX" || part == "Thumbs.db")
}

fn read_member(file: &Path, member: tar::Entry<'_, impl Read>) -> Result<(Source, Piece), ReadError> {
    let path = String::from_utf8_lossy(&member.path_bytes()).into_owned();
    let source = Source { file: file.to_owned(), part: Part::Member(path.clone()) };
    let piece = read_piece(&path, &source, member);
    piece.map(|piece| (source.clone(), piece)).map_err(|cause| ReadError::new(source, cause))
}

fn read_piece(
    path: &str,
    source: &Source,
    member: tar::Entry<'_, impl Read>,
) -> Result<Piece, ReadErrorCause> {
    let name = file_name(path)?;
    match member.header().entry_type() {
        EntryType::Regular => {}
        EntryType::Directory => return Ok(Piece::Folder),
        EntryType::Symlink => return Err(ReadErrorCause::MemberType("a symbolic link")),
        EntryType::Link => return Err(ReadErrorCause::MemberType("a hard link")),
        EntryType::Char | EntryType::Block => return Err(ReadErrorCause::MemberType("a device")),
        EntryType::Fifo => return Err(ReadErrorCause::MemberType("a pipe")),
        _ => return Err(ReadErrorCause::MemberType("of an unusual kind")),
    }
    if is_fast_archive(name) && !is_junk(path) {
        let bytes = read_limited(member, MAX_ARCHIVE_BYTES)?;
        return Ok(Piece::Archive(FastArchive { name: name.to_owned(), source: source.clone(), bytes }));
    }
    if is_junk(path) {
        return Ok(Piece::Junk);
    }
    if !name.ends_with(".pb") {
        return Ok(Piece::Foreign);
    }
    let (index, kind) = parse_name(name).ok_or(ReadErrorCause::FileName)?;
    let bytes = read_limited(member, MAX_MEMBER_BYTES)?;
    Ok(Piece::Entity(index, Entity::decode(kind, &bytes)?))
}

/// Returns the last part of a member's path, if the path stays in the package on every system.
fn file_name(path: &str) -> Result<&str, ReadErrorCause> {
    let inside =
        Path::new(path).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !inside || path.contains(['\\', ':', '\0']) {
        return Err(ReadErrorCause::MemberPath);
    }
    Ok(path.trim_end_matches('/').rsplit('/').next().unwrap_or_default())
}

/// Reads what follows the archive's end: padding only. This also makes the decompressor check its checksum.
fn check_end(rest: impl Read) -> Result<(), ReadErrorCause> {
    let mut rest = io::BufReader::new(rest);
    loop {
        let buffer = io::BufRead::fill_buf(&mut rest)?;
        if buffer.iter().any(|byte| *byte != 0) {
            return Err(ReadErrorCause::Trailing);
        }
        let length = buffer.len();
        if length == 0 {
            return Ok(());
        }
        io::BufRead::consume(&mut rest, length);
    }
}
