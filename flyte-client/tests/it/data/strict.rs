//! A store that is as strict as S3: a body must have the announced length and MD5.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use data_encoding::BASE64;
use flyte_client::{data::Fingerprint, proto::service::CreateUploadLocationResponse};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use md5::{Digest, Md5};
use tokio::net::TcpListener;

/// Lengths and MD5s by path.
pub(super) type Objects = Arc<Mutex<BTreeMap<String, Fingerprint>>>;

/// Starts a store; returns its address and what is in it.
pub(super) async fn store() -> (String, Objects) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let objects = Objects::default();
    let kept = Arc::clone(&objects);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let objects = Arc::clone(&kept);
            let service = service_fn(move |request| {
                let objects = Arc::clone(&objects);
                async move { Ok::<_, Infallible>(put(request, &objects).await) }
            });
            let server = hyper::server::conn::http1::Builder::new();
            tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
        }
    });
    (address, objects)
}

async fn put(request: Request<Incoming>, objects: &Objects) -> Response<Full<Bytes>> {
    let (head, mut body) = request.into_parts();
    let header =
        |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Ok(announced) = header("content-length").parse::<u64>() else {
        return says(411, "MissingContentLength");
    };
    let (mut length, mut md5) = (0, Md5::new());
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return says(400, "IncompleteBody") };
        let data = frame.into_data().unwrap_or_default();
        length += u64::try_from(data.len()).unwrap();
        md5.update(&data);
    }
    let md5: [u8; 16] = md5.finalize().into();
    if length != announced {
        return says(400, "IncompleteBody");
    }
    if header("content-md5") != BASE64.encode(&md5) {
        return says(400, "BadDigest");
    }
    objects.lock().unwrap().insert(head.uri.path().to_owned(), Fingerprint { length, md5 });
    says(200, "")
}

fn says(status: u16, code: &'static str) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(Full::from(code)).unwrap()
}

/// What Flyte 1.16.8 answers to `CreateUploadLocation`: `data.upload.md5-metadata` of
/// `tests/recordings/api.jsonl`.
pub(super) fn location(signed_url: String, fingerprint: &Fingerprint) -> CreateUploadLocationResponse {
    let md5 = BASE64.encode(&fingerprint.md5);
    let headers = [
        ("Content-Length", md5.len().to_string()),
        ("Content-MD5", md5.clone()),
        ("x-amz-meta-flyteContentMD5", md5),
    ];
    CreateUploadLocationResponse {
        signed_url,
        native_url: "s3://bucket/x".to_owned(),
        headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        ..Default::default()
    }
}
