//! The content of objects: received with its checksums, and sent in parts.

use std::{fs, io, ops::Range};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use md5::{Digest as _, Md5};
use s3s::{
    S3Error, S3ErrorCode, S3Result, TrailingHeaders,
    checksum::ChecksumHasher,
    crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256},
    dto::{self, StreamingBlob},
};
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _},
};

/// The size of the parts in which a file is read and sent.
const CHUNK: usize = 256 * 1024;

/// The checksums that a client announces, in base64.
#[derive(Default)]
pub(super) struct Checksums {
    pub(super) md5: Option<String>,
    pub(super) crc32: Option<String>,
    pub(super) crc32c: Option<String>,
    pub(super) crc64nvme: Option<String>,
    pub(super) sha1: Option<String>,
    pub(super) sha256: Option<String>,
}

fn failed(error: io::Error) -> S3Error {
    S3Error::from(crate::objects::ObjectError::Files(error))
}

/// Writes a body to a file, and returns its MD5.
///
/// # Errors
///
/// A body that ends early, or has another checksum than announced, before it or behind it.
pub(super) async fn receive(
    body: Option<StreamingBlob>,
    file: &fs::File,
    announced: Checksums,
    trailer: Option<TrailingHeaders>,
) -> S3Result<Vec<u8>> {
    let mut file = File::from_std(file.try_clone().map_err(failed)?);
    let mut digest = Md5::new();
    let mut hasher = ChecksumHasher {
        crc32: Some(Crc32::new()),
        crc32c: Some(Crc32c::new()),
        crc64nvme: Some(Crc64Nvme::new()),
        // Rarely sent, and slow.
        sha1: announced.sha1.as_ref().map(|_| Sha1::new()),
        sha256: announced.sha256.as_ref().map(|_| Sha256::new()),
    };
    if let Some(mut body) = body {
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| {
                S3Error::with_message(S3ErrorCode::IncompleteBody, format!("the body ended early: {error}"))
            })?;
            digest.update(&chunk);
            hasher.update(&chunk);
            file.write_all(&chunk).await.map_err(failed)?;
        }
    }
    file.flush().await.map_err(failed)?;
    let digest = digest.finalize().to_vec();
    let found = hasher.finalize();
    let in_trailer = |name: &str| {
        let value = trailer.as_ref()?.read(|headers| headers.get(name).cloned())??;
        value.to_str().ok().map(str::to_owned)
    };
    let md5 = Some(data_encoding::BASE64.encode(&digest));
    for (name, announced, found) in [
        ("content-md5", announced.md5, md5),
        ("x-amz-checksum-crc32", announced.crc32, found.checksum_crc32),
        ("x-amz-checksum-crc32c", announced.crc32c, found.checksum_crc32c),
        ("x-amz-checksum-crc64nvme", announced.crc64nvme, found.checksum_crc64nvme),
        ("x-amz-checksum-sha1", announced.sha1, found.checksum_sha1),
        ("x-amz-checksum-sha256", announced.sha256, found.checksum_sha256),
    ] {
        let Some(announced) = announced.or_else(|| in_trailer(name)) else { continue };
        if found.is_some_and(|found| found != announced) {
            let text = format!("the content does not have the checksum in `{name}`; nothing was stored");
            return Err(S3Error::with_message(S3ErrorCode::BadDigest, text));
        }
    }
    Ok(digest)
}

/// The requested part of an object, and its header.
pub(super) fn part(range: Option<dto::Range>, size: u64) -> S3Result<(Range<u64>, Option<String>)> {
    let Some(range) = range else { return Ok((0..size, None)) };
    let part = range.check(size)?;
    // The end of an empty object.
    if part.is_empty() {
        return Err(S3ErrorCode::InvalidRange.into());
    }
    let header = format!("bytes {}-{}/{size}", part.start, part.end - 1);
    Ok((part, Some(header)))
}

/// Sends a part of a file.
pub(super) async fn send(file: fs::File, part: Range<u64>) -> S3Result<StreamingBlob> {
    let mut file = File::from_std(file);
    file.seek(io::SeekFrom::Start(part.start)).await.map_err(failed)?;
    let chunks = stream::try_unfold(file.take(part.end - part.start), |mut file| async move {
        let mut chunk = vec![0; CHUNK];
        let count = file.read(&mut chunk).await?;
        chunk.truncate(count);
        Ok::<_, io::Error>((count > 0).then(|| (Bytes::from(chunk), file)))
    });
    Ok(StreamingBlob::wrap(chunks))
}
