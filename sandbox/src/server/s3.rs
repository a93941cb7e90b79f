//! The S3 of a sandbox: what `s3s` reads of requests, answered from the files of `objects`.
//!
//! Requests are signed (AWS signature version 4, URLs also version 2) with keys that tasks get in their
//! environment: `FLYTE_AWS_ACCESS_KEY_ID` and `FLYTE_AWS_SECRET_ACCESS_KEY`.

mod content;

use std::{sync::Arc, time::SystemTime};

use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use s3s::{
    S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result,
    auth::SimpleAuth,
    dto::{self, Timestamp},
    service::{S3Service, S3ServiceBuilder},
};

use self::content::{Checksums, receive, send};
use super::response::{Body, plain};
use crate::objects::{ListedItem, ObjectError, ObjectInfo, Objects};

/// The access key; also that of Flyte's own sandbox.
const ACCESS_KEY: &str = "minio";
/// The secret key where the user of each connection is known; also that of Flyte's own sandbox.
pub(super) const SECRET_KEY: &str = "miniostorage";

/// The most keys of one page of a list.
const PAGE: i32 = 1000;

/// The variables that flytekit reads.
pub(crate) fn variables(endpoint: String, secret: String) -> [(&'static str, String); 3] {
    [
        ("FLYTE_AWS_ENDPOINT", endpoint),
        ("FLYTE_AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
        ("FLYTE_AWS_SECRET_ACCESS_KEY", secret),
    ]
}

/// Whether a request is signed as those to S3 are, in a header or in the URL.
pub(super) fn is_signed<B>(request: &Request<B>) -> bool {
    let signature = request.headers().get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let query = request.uri().query().unwrap_or_default();
    signature.is_some_and(|value| value.starts_with(b"AWS4-HMAC-SHA256") || value.starts_with(b"AWS "))
        || query.contains("X-Amz-Algorithm=")
        || query.contains("AWSAccessKeyId=")
}

/// The service for the buckets of a sandbox.
pub(super) fn service(objects: Objects, secret: &str) -> S3Service {
    let mut builder = S3ServiceBuilder::new(Buckets(Arc::new(objects)));
    builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, secret));
    builder.build()
}

/// Answers a request.
pub(super) async fn answer(service: &S3Service, request: Request<Incoming>) -> Response<Body> {
    match service.call(request.map(s3s::Body::from)).await {
        Ok(response) => response.map(|body| body.map_err(std::io::Error::other).boxed_unsync()),
        Err(error) => {
            log::warn!("could not answer a request for an object: {error:?}");
            plain(StatusCode::INTERNAL_SERVER_ERROR, "the sandbox's object store failed\n")
        }
    }
}

impl From<ObjectError> for S3Error {
    fn from(error: ObjectError) -> Self {
        let code = match &error {
            ObjectError::NoBucket => S3ErrorCode::NoSuchBucket,
            ObjectError::BucketExists => S3ErrorCode::BucketAlreadyOwnedByYou,
            ObjectError::NotEmpty => S3ErrorCode::BucketNotEmpty,
            ObjectError::NoKey => S3ErrorCode::NoSuchKey,
            ObjectError::KeyExists => S3ErrorCode::PreconditionFailed,
            ObjectError::Key => S3ErrorCode::InvalidArgument,
            ObjectError::Conflict => S3ErrorCode::OperationAborted,
            ObjectError::Immutable => S3ErrorCode::AccessDenied,
            ObjectError::NoUpload => S3ErrorCode::NoSuchUpload,
            ObjectError::Part => S3ErrorCode::InvalidPart,
            ObjectError::Files(_) => S3ErrorCode::InternalError,
        };
        Self::with_message(code, error.to_string())
    }
}

struct Buckets(Arc<Objects>);

impl Buckets {
    /// Does blocking I/O on a thread for it.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Objects) -> Result<T, ObjectError> + Send + 'static,
    ) -> S3Result<T> {
        let objects = Arc::clone(&self.0);
        match tokio::task::spawn_blocking(move || work(&objects)).await {
            Ok(done) => Ok(done?),
            Err(error) => Err(S3Error::with_message(S3ErrorCode::InternalError, error.to_string())),
        }
    }

    async fn list(&self, request: ListRequest) -> S3Result<ListAnswer> {
        let ListRequest { bucket, prefix, delimiter, after, limit } = request;
        let limit = limit.unwrap_or(PAGE).clamp(0, PAGE);
        let size = usize::try_from(limit).unwrap_or(0);
        let page = self
            .on_disk(move |objects| {
                objects.list(&bucket, &prefix, delimiter.as_deref(), after.as_deref(), size)
            })
            .await?;
        let last = page.items.last().map(|(key, _)| key.clone());
        let mut answer = ListAnswer { limit, next: last.filter(|_| page.is_truncated), ..Default::default() };
        for (key, item) in page.items {
            match item {
                ListedItem::Prefix => answer.prefixes.push(dto::CommonPrefix { prefix: Some(key) }),
                ListedItem::Object(info) => answer.objects.push(dto::Object {
                    key: Some(key),
                    size: Some(length(info.size)),
                    last_modified: Some(info.modified.into()),
                    e_tag: Some(dto::ETag::Strong(info.etag)),
                    ..Default::default()
                }),
            }
        }
        Ok(answer)
    }
}

struct ListRequest {
    bucket: String,
    prefix: String,
    delimiter: Option<String>,
    after: Option<String>,
    limit: Option<i32>,
}

#[derive(Default)]
struct ListAnswer {
    objects: Vec<dto::Object>,
    prefixes: Vec<dto::CommonPrefix>,
    limit: i32,
    /// Where the next page begins.
    next: Option<String>,
}

fn length(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn etag(info: &ObjectInfo) -> Option<dto::ETag> {
    Some(dto::ETag::Strong(info.etag.clone()))
}

/// Refuses what would be dropped silently.
fn refuse_metadata(metadata: Option<&dto::Metadata>) -> S3Result<()> {
    match metadata {
        Some(metadata) if !metadata.is_empty() => {
            let text = "the sandbox stores no metadata of objects; omit `x-amz-meta-…`";
            Err(S3Error::with_message(S3ErrorCode::NotImplemented, text))
        }
        _ => Ok(()),
    }
}

/// Refuses to overwrite without the comparison that was asked for.
fn refuse_comparison(condition: Option<&dto::IfMatch>) -> S3Result<()> {
    match condition {
        Some(_) => {
            let text = "the sandbox compares no ETag when it stores an object; omit `If-Match`";
            Err(S3Error::with_message(S3ErrorCode::NotImplemented, text))
        }
        None => Ok(()),
    }
}

/// Whether an object may be written only if there is none.
fn only_if_new(condition: Option<&dto::IfNoneMatch>) -> bool {
    condition.is_some()
}

#[async_trait::async_trait]
impl S3 for Buckets {
    async fn list_buckets(
        &self,
        _: S3Request<dto::ListBucketsInput>,
    ) -> S3Result<S3Response<dto::ListBucketsOutput>> {
        let buckets = self.on_disk(Objects::buckets).await?;
        let bucket = |(name, created): (String, SystemTime)| dto::Bucket {
            name: Some(name),
            creation_date: Some(Timestamp::from(created)),
            ..Default::default()
        };
        let buckets = Some(buckets.into_iter().map(bucket).collect());
        Ok(S3Response::new(dto::ListBucketsOutput { buckets, ..Default::default() }))
    }

    async fn create_bucket(
        &self,
        request: S3Request<dto::CreateBucketInput>,
    ) -> S3Result<S3Response<dto::CreateBucketOutput>> {
        let bucket = request.input.bucket;
        let location = Some(format!("/{bucket}"));
        self.on_disk(move |objects| objects.create_bucket(&bucket)).await?;
        Ok(S3Response::new(dto::CreateBucketOutput { location }))
    }

    async fn delete_bucket(
        &self,
        request: S3Request<dto::DeleteBucketInput>,
    ) -> S3Result<S3Response<dto::DeleteBucketOutput>> {
        self.on_disk(move |objects| objects.remove_bucket(&request.input.bucket)).await?;
        Ok(S3Response::with_status(dto::DeleteBucketOutput::default(), StatusCode::NO_CONTENT))
    }

    async fn head_bucket(
        &self,
        request: S3Request<dto::HeadBucketInput>,
    ) -> S3Result<S3Response<dto::HeadBucketOutput>> {
        self.on_disk(move |objects| objects.check_bucket(&request.input.bucket)).await?;
        Ok(S3Response::new(dto::HeadBucketOutput::default()))
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<dto::GetBucketLocationInput>,
    ) -> S3Result<S3Response<dto::GetBucketLocationOutput>> {
        self.on_disk(move |objects| objects.check_bucket(&request.input.bucket)).await?;
        Ok(S3Response::new(dto::GetBucketLocationOutput::default()))
    }

    async fn list_objects(
        &self,
        request: S3Request<dto::ListObjectsInput>,
    ) -> S3Result<S3Response<dto::ListObjectsOutput>> {
        let input = request.input;
        let list = ListRequest {
            bucket: input.bucket.clone(),
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone(),
            after: input.marker.clone(),
            limit: input.max_keys,
        };
        let answer = self.list(list).await?;
        Ok(S3Response::new(dto::ListObjectsOutput {
            name: Some(input.bucket),
            prefix: input.prefix,
            marker: input.marker,
            delimiter: input.delimiter,
            max_keys: Some(answer.limit),
            is_truncated: Some(answer.next.is_some()),
            next_marker: answer.next,
            contents: Some(answer.objects),
            common_prefixes: Some(answer.prefixes),
            ..Default::default()
        }))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<dto::ListObjectsV2Input>,
    ) -> S3Result<S3Response<dto::ListObjectsV2Output>> {
        let input = request.input;
        let token = match &input.continuation_token {
            Some(token) => Some(key_of_token(token)?),
            None => input.start_after.clone(),
        };
        let list = ListRequest {
            bucket: input.bucket.clone(),
            prefix: input.prefix.clone().unwrap_or_default(),
            delimiter: input.delimiter.clone(),
            after: token,
            limit: input.max_keys,
        };
        let answer = self.list(list).await?;
        let count = answer.objects.len() + answer.prefixes.len();
        Ok(S3Response::new(dto::ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: input.prefix,
            delimiter: input.delimiter,
            start_after: input.start_after,
            continuation_token: input.continuation_token,
            max_keys: Some(answer.limit),
            key_count: i32::try_from(count).ok(),
            is_truncated: Some(answer.next.is_some()),
            next_continuation_token: answer.next.map(|key| data_encoding::BASE64URL.encode(key.as_bytes())),
            contents: Some(answer.objects),
            common_prefixes: Some(answer.prefixes),
            ..Default::default()
        }))
    }

    async fn head_object(
        &self,
        request: S3Request<dto::HeadObjectInput>,
    ) -> S3Result<S3Response<dto::HeadObjectOutput>> {
        let dto::HeadObjectInput { bucket, key, range, .. } = request.input;
        let info = self.on_disk(move |objects| Ok(objects.open(&bucket, &key)?.info)).await?;
        let (part, content_range) = content::part(range, info.size)?;
        Ok(S3Response::new(dto::HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(length(part.end - part.start)),
            content_range,
            e_tag: etag(&info),
            last_modified: Some(info.modified.into()),
            ..Default::default()
        }))
    }

    async fn get_object(
        &self,
        request: S3Request<dto::GetObjectInput>,
    ) -> S3Result<S3Response<dto::GetObjectOutput>> {
        let dto::GetObjectInput { bucket, key, range, if_match, .. } = request.input;
        let object = self.on_disk(move |objects| objects.open(&bucket, &key)).await?;
        let info = object.info;
        let has_changed = matches!(if_match, Some(dto::ETagCondition::ETag(tag)) if tag.value() != info.etag);
        if has_changed {
            return Err(S3ErrorCode::PreconditionFailed.into());
        }
        let (part, content_range) = content::part(range, info.size)?;
        let output = dto::GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(length(part.end - part.start)),
            content_range: content_range.clone(),
            e_tag: etag(&info),
            last_modified: Some(info.modified.into()),
            body: Some(send(object.file, part).await?),
            ..Default::default()
        };
        let status = content_range.map_or(StatusCode::OK, |_| StatusCode::PARTIAL_CONTENT);
        Ok(S3Response::with_status(output, status))
    }

    async fn put_object(
        &self,
        request: S3Request<dto::PutObjectInput>,
    ) -> S3Result<S3Response<dto::PutObjectOutput>> {
        let checksums = Checksums {
            md5: request.input.content_md5,
            crc32: request.input.checksum_crc32,
            crc32c: request.input.checksum_crc32c,
            crc64nvme: request.input.checksum_crc64nvme,
            sha1: request.input.checksum_sha1,
            sha256: request.input.checksum_sha256,
        };
        refuse_metadata(request.input.metadata.as_ref())?;
        refuse_comparison(request.input.if_match.as_ref())?;
        let (bucket, key) = (request.input.bucket, request.input.key);
        let is_new_only = only_if_new(request.input.if_none_match.as_ref());
        let body = request.input.body;
        if key.ends_with('/') {
            let empty = request.input.content_length.unwrap_or(0) == 0;
            let info = self
                .on_disk(move |objects| match empty {
                    true => objects.mark_folder(&bucket, &key),
                    false => Err(ObjectError::Key),
                })
                .await?;
            return Ok(S3Response::new(dto::PutObjectOutput { e_tag: etag(&info), ..Default::default() }));
        }
        let (in_bucket, at_key) = (bucket.clone(), key.clone());
        let mut content = self
            .on_disk(move |objects| {
                // Before its content is read.
                if is_new_only && objects.open(&in_bucket, &at_key).is_ok() {
                    return Err(ObjectError::KeyExists);
                }
                objects.prepare(&in_bucket, &at_key)
            })
            .await?;
        receive(body, content.file(), checksums, request.trailing_headers).await?;
        let info = self
            .on_disk(move |objects| match is_new_only {
                true => objects.store_new(&bucket, &key, content),
                false => objects.store(&bucket, &key, content),
            })
            .await?;
        Ok(S3Response::new(dto::PutObjectOutput { e_tag: etag(&info), ..Default::default() }))
    }

    async fn copy_object(
        &self,
        request: S3Request<dto::CopyObjectInput>,
    ) -> S3Result<S3Response<dto::CopyObjectOutput>> {
        let input = request.input;
        refuse_metadata(input.metadata.as_ref())?;
        let dto::CopySource::Bucket { bucket, key, .. } = input.copy_source else {
            return Err(S3ErrorCode::NotImplemented.into());
        };
        let info =
            self.on_disk(move |objects| objects.copy((&bucket, &key), (&input.bucket, &input.key))).await?;
        let result = dto::CopyObjectResult {
            e_tag: etag(&info),
            last_modified: Some(info.modified.into()),
            ..Default::default()
        };
        Ok(S3Response::new(dto::CopyObjectOutput { copy_object_result: Some(result), ..Default::default() }))
    }

    async fn delete_object(
        &self,
        request: S3Request<dto::DeleteObjectInput>,
    ) -> S3Result<S3Response<dto::DeleteObjectOutput>> {
        let dto::DeleteObjectInput { bucket, key, .. } = request.input;
        self.on_disk(move |objects| objects.remove(&bucket, &key)).await?;
        Ok(S3Response::with_status(dto::DeleteObjectOutput::default(), StatusCode::NO_CONTENT))
    }

    async fn delete_objects(
        &self,
        request: S3Request<dto::DeleteObjectsInput>,
    ) -> S3Result<S3Response<dto::DeleteObjectsOutput>> {
        let dto::DeleteObjectsInput { bucket, delete, .. } = request.input;
        let is_quiet = delete.quiet.unwrap_or(false);
        let done = self
            .on_disk(move |objects| {
                objects.check_bucket(&bucket)?;
                let remove = |object: dto::ObjectIdentifier| {
                    let removed = objects.remove(&bucket, &object.key);
                    (object.key, removed)
                };
                Ok(delete.objects.into_iter().map(remove).collect::<Vec<_>>())
            })
            .await?;
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for (key, removed) in done {
            match removed {
                Ok(()) if is_quiet => {}
                Ok(()) => deleted.push(dto::DeletedObject { key: Some(key), ..Default::default() }),
                Err(error) => {
                    let error = S3Error::from(error);
                    errors.push(dto::Error {
                        key: Some(key),
                        code: Some(error.code().as_str().to_owned()),
                        message: error.message().map(str::to_owned),
                        ..Default::default()
                    });
                }
            }
        }
        Ok(S3Response::new(dto::DeleteObjectsOutput {
            deleted: Some(deleted),
            errors: Some(errors),
            ..Default::default()
        }))
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<dto::CreateMultipartUploadInput>,
    ) -> S3Result<S3Response<dto::CreateMultipartUploadOutput>> {
        refuse_metadata(request.input.metadata.as_ref())?;
        let (bucket, key) = (request.input.bucket, request.input.key);
        let output = dto::CreateMultipartUploadOutput {
            bucket: Some(bucket.clone()),
            key: Some(key.clone()),
            ..Default::default()
        };
        let id = self.on_disk(move |objects| objects.begin_upload(&bucket, &key)).await?;
        Ok(S3Response::new(dto::CreateMultipartUploadOutput { upload_id: Some(id), ..output }))
    }

    async fn upload_part(
        &self,
        request: S3Request<dto::UploadPartInput>,
    ) -> S3Result<S3Response<dto::UploadPartOutput>> {
        let input = request.input;
        let checksums = Checksums {
            md5: input.content_md5,
            crc32: input.checksum_crc32,
            crc32c: input.checksum_crc32c,
            crc64nvme: input.checksum_crc64nvme,
            sha1: input.checksum_sha1,
            sha256: input.checksum_sha256,
        };
        let (bucket, key, id, number) = (input.bucket, input.key, input.upload_id, input.part_number);
        let mut content =
            self.on_disk(move |objects| objects.prepare_part(&bucket, &key, &id, number)).await?;
        let digest = receive(input.body, content.file(), checksums, request.trailing_headers).await?;
        self.on_disk(move |_| Ok(content.persist()?)).await?;
        let e_tag = Some(dto::ETag::Strong(data_encoding::HEXLOWER.encode(&digest)));
        Ok(S3Response::new(dto::UploadPartOutput { e_tag, ..Default::default() }))
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<dto::CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<dto::CompleteMultipartUploadOutput>> {
        let dto::CompleteMultipartUploadInput {
            bucket,
            key,
            upload_id,
            multipart_upload,
            if_match,
            if_none_match,
            ..
        } = request.input;
        refuse_comparison(if_match.as_ref())?;
        let parts = multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
        let parts: Option<Vec<i32>> = parts.into_iter().map(|part| part.part_number).collect();
        let parts = parts.ok_or(S3ErrorCode::MalformedXML)?;
        let is_new_only = only_if_new(if_none_match.as_ref());
        let output = dto::CompleteMultipartUploadOutput {
            bucket: Some(bucket.clone()),
            key: Some(key.clone()),
            location: Some(format!("/{bucket}/{key}")),
            ..Default::default()
        };
        let info = self
            .on_disk(move |objects| objects.complete_upload(&bucket, &key, &upload_id, &parts, is_new_only))
            .await?;
        Ok(S3Response::new(dto::CompleteMultipartUploadOutput { e_tag: etag(&info), ..output }))
    }

    async fn abort_multipart_upload(
        &self,
        request: S3Request<dto::AbortMultipartUploadInput>,
    ) -> S3Result<S3Response<dto::AbortMultipartUploadOutput>> {
        let dto::AbortMultipartUploadInput { bucket, key, upload_id, .. } = request.input;
        self.on_disk(move |objects| objects.abort_upload(&bucket, &key, &upload_id)).await?;
        Ok(S3Response::with_status(dto::AbortMultipartUploadOutput::default(), StatusCode::NO_CONTENT))
    }
}

/// The key after which a page of a list begins.
fn key_of_token(token: &str) -> S3Result<String> {
    let bytes = data_encoding::BASE64URL.decode(token.as_bytes()).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| S3Error::with_message(S3ErrorCode::InvalidArgument, "invalid continuation token"))
}
