//! Signed URLs: `PUT` or `GET` of one file, with the token in the path.

mod range;

use std::{io, path::PathBuf, sync::Arc};

use bytes::Bytes;
use data_encoding::BASE64;
use flyte_client::atomic_file::PartialFile;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use md5::{Digest, Md5};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
};

use self::range::RequestedRange;
use super::response::{Body, full, plain};
use crate::{
    Sandbox,
    blobs::{self, BlobPath},
    service_error::ServiceError,
    store::blob_grant::{self, BlobGrant},
};

/// The size of the parts in which a file is read and sent.
const CHUNK: usize = 64 * 1024;

/// Why a file is not stored or sent.
enum FileRefusal {
    Client(StatusCode, String),
    Sandbox(io::Error),
}

impl From<io::Error> for FileRefusal {
    fn from(error: io::Error) -> Self {
        Self::Sandbox(error)
    }
}

pub(super) async fn answer(
    sandbox: &Arc<Sandbox>,
    request: Request<Incoming>,
    token: String,
) -> Response<Body> {
    let grant = {
        let sandbox = Arc::clone(sandbox);
        let find = move || sandbox.store.read(|connection| blob_grant::find(connection, &token));
        tokio::task::spawn_blocking(find).await
    };
    let grant = match grant {
        Ok(Ok(Some(grant))) => grant,
        Ok(Ok(None)) => return plain(StatusCode::FORBIDDEN, "the signed URL is invalid or has expired\n"),
        Ok(Err(_)) | Err(_) => {
            return plain(StatusCode::INTERNAL_SERVER_ERROR, "the sandbox's database failed\n");
        }
    };
    let Some(path) = BlobPath::parse(&grant.path) else {
        return plain(StatusCode::INTERNAL_SERVER_ERROR, "the sandbox's database is damaged\n");
    };
    let answered = match (request.method(), grant.writes) {
        (&Method::PUT, true) => put(sandbox, request, &path, &grant).await,
        (&Method::GET | &Method::HEAD, false) => get(sandbox.blobs.file(&path), &request).await,
        (_, true) => Err(FileRefusal::Client(
            StatusCode::METHOD_NOT_ALLOWED,
            "the signed URL allows PUT only".to_owned(),
        )),
        (_, false) => Err(FileRefusal::Client(
            StatusCode::METHOD_NOT_ALLOWED,
            "the signed URL allows GET only".to_owned(),
        )),
    };
    answered.unwrap_or_else(|refusal| match refusal {
        FileRefusal::Client(status, text) => plain(status, &format!("{text}\n")),
        FileRefusal::Sandbox(error) => {
            let status = flyte_client::Status::from(ServiceError::Files(error));
            let code = match status.code {
                flyte_client::Code::ResourceExhausted => StatusCode::INSUFFICIENT_STORAGE,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            plain(code, &format!("{}\n", status.message))
        }
    })
}

/// Stores a body. The file appears with its whole content, or not at all.
async fn put(
    sandbox: &Sandbox,
    request: Request<Incoming>,
    path: &BlobPath,
    grant: &BlobGrant,
) -> Result<Response<Body>, FileRefusal> {
    let announced = announced_md5(request.headers())?;
    let file = sandbox.blobs.prepare(path)?;
    let mut partial = PartialFile::create(&file)?;
    let digest = store(request.into_body(), File::from_std(partial.file().try_clone()?)).await?;
    for expected in announced.iter().chain(&grant.content_md5) {
        if *expected != digest {
            let text = format!(
                "MD5 mismatch: the content has {}, expected {}; nothing was stored",
                BASE64.encode(&digest),
                BASE64.encode(expected)
            );
            return Err(FileRefusal::Client(StatusCode::BAD_REQUEST, text));
        }
    }
    partial.persist()?;
    Ok(plain(StatusCode::OK, ""))
}

fn announced_md5(headers: &HeaderMap) -> Result<Option<Vec<u8>>, FileRefusal> {
    let Some(text) = headers.get("content-md5") else { return Ok(None) };
    let bytes = BASE64.decode(text.as_bytes()).map_err(|_| {
        FileRefusal::Client(StatusCode::BAD_REQUEST, "the Content-MD5 header is not base64".to_owned())
    })?;
    Ok(Some(bytes))
}

/// Writes a body to a file, and returns its MD5.
async fn store(mut body: Incoming, mut file: File) -> Result<Vec<u8>, FileRefusal> {
    let mut digest = Md5::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            FileRefusal::Client(StatusCode::BAD_REQUEST, format!("the request body ended early: {error}"))
        })?;
        if let Ok(bytes) = frame.into_data() {
            digest.update(&bytes);
            file.write_all(&bytes).await?;
        }
    }
    file.flush().await?;
    file.sync_all().await?;
    Ok(digest.finalize().to_vec())
}

/// Sends a file, or the requested part of it.
async fn get(path: PathBuf, request: &Request<Incoming>) -> Result<Response<Body>, FileRefusal> {
    let mut file = match File::open(path).await {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(FileRefusal::Client(
                StatusCode::NOT_FOUND,
                "the file does not exist any more".to_owned(),
            ));
        }
        Err(error) => return Err(error.into()),
    };
    let metadata = file.metadata().await?;
    let (length, etag) = (metadata.len(), etag(&metadata));
    let (mut response, part) = match range::parse(request.headers(), length, &etag) {
        RequestedRange::All => (Response::new(()), 0..length),
        RequestedRange::Part(part) => {
            let mut response = Response::new(());
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let range = format!("bytes {}-{}/{length}", part.start, part.end - 1);
            response.headers_mut().extend(value(&range).map(|range| (header::CONTENT_RANGE, range)));
            (response, part)
        }
        RequestedRange::Beyond => {
            let mut refused = plain(StatusCode::RANGE_NOT_SATISFIABLE, "");
            let range = value(&format!("bytes */{length}"));
            refused.headers_mut().extend(range.map(|range| (header::CONTENT_RANGE, range)));
            return Ok(refused);
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(part.end - part.start));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.extend(value(&etag).map(|etag| (header::ETAG, etag)));
    if request.method() == Method::HEAD {
        return Ok(response.map(|()| full(Bytes::new())));
    }
    file.seek(io::SeekFrom::Start(part.start)).await?;
    let chunks = stream::try_unfold(file.take(part.end - part.start), |mut file| async move {
        let mut chunk = vec![0; CHUNK];
        let count = file.read(&mut chunk).await?;
        chunk.truncate(count);
        Ok::<_, io::Error>((count > 0).then(|| (Frame::data(Bytes::from(chunk)), file)))
    });
    Ok(response.map(|()| StreamBody::new(chunks).boxed_unsync()))
}

fn value(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}

fn etag(metadata: &std::fs::Metadata) -> String {
    format!("\"{}\"", blobs::etag(metadata))
}
