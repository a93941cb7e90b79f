//! Locations for uploads and downloads.
//!
//! A server returns signed URLs of its own, for PUT and GET; a sandbox without a server returns the path of
//! the file.

mod data;

use std::collections::BTreeMap;

use data_encoding::{BASE32, BASE64};
use flyte_client::{
    Code, Status,
    proto::service::{
        ArtifactType, CreateDownloadLinkRequest, CreateDownloadLinkResponse, CreateDownloadLocationRequest,
        CreateDownloadLocationResponse, CreateUploadLocationRequest, CreateUploadLocationResponse,
        PreSignedUrLs, create_download_link_request::Source,
    },
};
use jiff::{SignedDuration, Timestamp};

pub(crate) use self::data::get as get_data;
use super::node_execution;
use crate::{
    Sandbox,
    blobs::{self, BlobPath},
    runner::go_format,
    service_error::{ServiceError, invalid},
    store::{
        blob_grant::{self, BlobGrant},
        time,
    },
};

/// How long a signed URL is valid, by default and at most.
const LONGEST: SignedDuration = SignedDuration::from_hours(1);
const RANDOM_NAME: usize = 20;
/// The S3 header for the MD5 of a file; flytekit sends the headers of the response.
const MD5_HEADER: &str = "x-amz-meta-flyteContentMD5";

pub(crate) fn create_upload_location(
    sandbox: &Sandbox,
    request: CreateUploadLocationRequest,
) -> Result<CreateUploadLocationResponse, ServiceError> {
    if request.project.is_empty() || request.domain.is_empty() {
        return Err(invalid("project and domain are required parameters"));
    }
    let md5 = &request.content_md5;
    if request.filename_root.is_empty() && md5.is_empty() {
        return Err(invalid("content_md5 or filename_root is a required parameter"));
    }
    let lifetime = lifetime(request.expires_in.as_ref())?;
    let root =
        if request.filename_root.is_empty() { BASE32.encode(md5) } else { request.filename_root.clone() };
    let name = match request.filename.as_str() {
        "" => random_name(),
        name => name.to_owned(),
    };
    let text = [request.project.as_str(), &request.domain, &root, &name].join("/");
    let below = format!("{}/{}/", request.project, request.domain);
    let path = BlobPath::from_reference(&text).filter(|path| path.as_str().starts_with(&below));
    let path = path.ok_or_else(|| {
        invalid(format!("invalid upload location [{text}]: not a file below its project and domain"))
    })?;
    if !request.filename.is_empty() && !request.filename_root.is_empty() {
        check_free(sandbox, &path, md5)?;
    }
    let file = sandbox.blobs.prepare(&path)?;
    if file.is_dir() {
        return Err(invalid(format!("invalid upload location [{text}]: it is a folder")));
    }
    let content_md5 = (!md5.is_empty()).then(|| md5.clone());
    let (signed_url, expires_at) = sign(sandbox, &path, true, content_md5, lifetime)?;
    let mut response = CreateUploadLocationResponse {
        signed_url,
        native_url: sandbox.blobs.native_uri(&path),
        expires_at: Some(expires_at),
        ..Default::default()
    };
    response.headers = headers(md5, request.add_content_md5_metadata);
    Ok(response)
}

/// The headers that Flyte 1.16.8 returns. Its `Content-Length` is not the file's, but that of the MD5's text.
fn headers(md5: &[u8], with_metadata: bool) -> BTreeMap<String, String> {
    let md5 = BASE64.encode(md5);
    let length = md5.len().to_string();
    let mut headers = BTreeMap::from([("Content-Length".to_owned(), length)]);
    if with_metadata && !md5.is_empty() {
        headers.insert(MD5_HEADER.to_owned(), md5.clone());
    }
    headers.insert("Content-MD5".to_owned(), md5);
    headers
}

pub(crate) fn create_download_location(
    sandbox: &Sandbox,
    request: CreateDownloadLocationRequest,
) -> Result<CreateDownloadLocationResponse, ServiceError> {
    if request.native_url.is_empty() {
        return Err(invalid("Invalid native URL"));
    }
    let lifetime = lifetime(request.expires_in.as_ref())?;
    let path = sandbox
        .blobs
        .path_from_uri(&request.native_url)
        .ok_or_else(|| invalid(format!("`{}` is not a file of the sandbox", request.native_url)))?;
    if !sandbox.blobs.file(&path).is_file() {
        return Err(Status::new(Code::NotFound, format!("no file at [{}]", request.native_url)).into());
    }
    let (signed_url, expires_at) = sign(sandbox, &path, false, None, lifetime)?;
    Ok(CreateDownloadLocationResponse { signed_url, expires_at: Some(expires_at) })
}

/// A link to the deck of a node.
pub(crate) fn create_download_link(
    sandbox: &Sandbox,
    request: CreateDownloadLinkRequest,
) -> Result<CreateDownloadLinkResponse, ServiceError> {
    let refused = |reason: &str| invalid(format!("error while validating request. Error: {reason}"));
    if request.artifact_type == ArtifactType::Undefined as i32 {
        return Err(refused("invalid artifact type [ARTIFACT_TYPE_UNDEFINED]"));
    }
    let Some(Source::NodeExecutionId(id)) = request.source else {
        return Err(refused("source is required. Provided nil"));
    };
    let lifetime = lifetime(request.expires_in.as_ref())?;
    let shown = node_execution::shown(&id);
    let node = node_execution::stored(sandbox, Some(id)).map_err(|failure| match failure {
        ServiceError::Status(status) if status.code == Code::NotFound => {
            invalid(format!("failed to find node execution [{shown}]. Error: {}", status.message))
        }
        other => other,
    })?;
    let missing =
        || Status::new(Code::NotFound, format!("no deck found for node execution [{}]", node.node_id));
    let urls = deck_urls(sandbox, &node.closure.deck_uri, lifetime)?.ok_or_else(missing)?;
    #[expect(deprecated, reason = "FlyteAdmin fills them, too")]
    Ok(CreateDownloadLinkResponse {
        signed_url: urls.signed_url.clone(),
        expires_at: urls.expires_at,
        pre_signed_urls: Some(urls),
    })
}

/// The signed URL of a deck; `None` if there is none.
fn deck_urls(
    sandbox: &Sandbox,
    uri: &str,
    lifetime: SignedDuration,
) -> Result<Option<PreSignedUrLs>, ServiceError> {
    let path = sandbox.blobs.path_from_uri(uri);
    let Some(path) = path.filter(|path| sandbox.blobs.file(path).is_file()) else { return Ok(None) };
    let (url, expires_at) = sign(sandbox, &path, false, None, lifetime)?;
    Ok(Some(PreSignedUrLs { signed_url: vec![url], expires_at: Some(expires_at) }))
}

/// An existing file may be written again with the same content.
fn check_free(sandbox: &Sandbox, path: &BlobPath, md5: &[u8]) -> Result<(), ServiceError> {
    let Some(present) = blobs::file_md5(&sandbox.blobs.file(path))? else { return Ok(()) };
    if present == md5 {
        return Ok(());
    }
    let message = format!(
        "file already exists at location [{}], specify a matching hash if you wish to rewrite",
        sandbox.blobs.native_uri(path)
    );
    Err(Status::new(Code::AlreadyExists, message).into())
}

fn lifetime(asked: Option<&prost_types::Duration>) -> Result<SignedDuration, ServiceError> {
    let Some(message) = asked else { return Ok(LONGEST) };
    let asked = SignedDuration::new(message.seconds, message.nanos);
    if asked > LONGEST {
        let longest = prost_types::Duration { seconds: LONGEST.as_secs(), nanos: 0 };
        return Err(invalid(format!(
            "expiresIn [{}] cannot exceed max allowed expiration [{}]",
            go_format::duration(message),
            go_format::duration(&longest)
        )));
    }
    if !asked.is_positive() {
        let message = "failed to create a signed url. Error: InvalidPresignExpireError: presigned URL requires an \
                       expire duration greater than 0";
        return Err(Status::new(Code::Internal, message).into());
    }
    Ok(asked)
}

/// A signed URL for a file, and when it expires.
fn sign(
    sandbox: &Sandbox,
    path: &BlobPath,
    writes: bool,
    content_md5: Option<Vec<u8>>,
    lifetime: SignedDuration,
) -> Result<(String, prost_types::Timestamp), ServiceError> {
    let expires_at = Timestamp::now() + lifetime;
    let message =
        prost_types::Timestamp { seconds: expires_at.as_second(), nanos: expires_at.subsec_nanosecond() };
    let Some(address) = sandbox.blobs.address() else {
        return Ok((sandbox.blobs.file_url(path), message));
    };
    let token = blobs::token()?;
    let grant = BlobGrant { path: path.as_str().to_owned(), writes, content_md5 };
    sandbox
        .store
        .write(|transaction| blob_grant::insert(transaction, &token, &grant, &time::to_text(expires_at)))?;
    // The name is for the reader; the token decides.
    let name: String = path.file_name().bytes().map(url_byte).collect();
    Ok((format!("{address}{}{token}/{name}", blobs::URL_PATH), message))
}

/// Percent-encodes a byte for a URL.
fn url_byte(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

fn random_name() -> String {
    std::iter::repeat_with(fastrand::lowercase).take(RANDOM_NAME).collect()
}
