//! Files to and from signed URLs, over real sockets.

mod download;
mod strict;
mod upload;

use std::{
    collections::BTreeMap,
    convert::Infallible,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use flyte_client::{
    client::Policy,
    config::{Configuration, Sources},
    data::{FileUrls, Fingerprint, TransferError, Transfers},
    net::{Network, Proxies},
    proto::service::CreateUploadLocationResponse,
};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Serves HTTP/1.1, as object stores do; returns its address and what it was sent.
async fn store(
    answer: impl Fn(usize) -> Response<Full<Bytes>> + Clone + Send + Sync + 'static,
) -> (String, Arc<Mutex<Vec<Request<Bytes>>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let ear = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (answer, ear) = (answer.clone(), Arc::clone(&ear));
            let service = service_fn(move |request: Request<Incoming>| {
                let (answer, ear) = (answer.clone(), Arc::clone(&ear));
                async move {
                    let (head, body) = request.into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    let mut heard = ear.lock().unwrap();
                    heard.push(Request::from_parts(head, body));
                    Ok::<_, Infallible>(answer(heard.len()))
                }
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
            );
        }
    });
    (address, heard)
}

fn says(status: u16, text: &'static str) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(Full::from(text)).unwrap()
}

fn transfers(files: FileUrls) -> Transfers {
    let env = BTreeMap::from([("FLYTE_PLATFORM_URL".to_owned(), "flyte.example".to_owned())]);
    let sources = Sources { env, cwd: PathBuf::from("/nonexistent"), ..Sources::default() };
    let connection = Configuration::load(&sources).unwrap().connection;
    let network = Network::new(&connection, Proxies::default()).unwrap();
    let retry = Policy { pause: Duration::ZERO, ..Policy::default() };
    Transfers::new(&network, files).unwrap().retry(retry)
}

fn location(url: String) -> CreateUploadLocationResponse {
    CreateUploadLocationResponse {
        signed_url: url,
        native_url: "abfs://container/x".to_owned(),
        headers: BTreeMap::from([("x-amz-meta-flyteContentMD5".to_owned(), "abc".to_owned())]),
        ..Default::default()
    }
}

/// Puts a file, and returns the result, with the port of the address replaced.
async fn put(file: &Path, address: &str, url: String) -> Result<u64, String> {
    let done = AtomicU64::new(0);
    let progress = |bytes| done.store(bytes, Ordering::Relaxed);
    let fingerprint = Fingerprint::from_file(file, &progress).await.unwrap();
    let put = transfers(FileUrls::Refuse).put(file, &fingerprint, &location(url), &progress).await;
    let text = |error: TransferError| error.to_string().replace(address, "HOST:PORT");
    put.map(|()| done.load(Ordering::Relaxed)).map_err(text)
}

#[tokio::test]
async fn a_file_arrives_whole_and_with_its_headers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("big");
    let content: Vec<u8> = (0_u8..=250).cycle().take(3_000_000).collect();
    fs::write(&file, &content).unwrap();
    let (address, heard) = store(|_| says(201, "")).await;
    let sent = put(&file, &address, format!("http://{address}/bucket/big?signature=s3cret")).await;
    assert_eq!(sent, Ok(3_000_000));

    let heard = heard.lock().unwrap();
    assert_eq!(heard[0].method(), "PUT");
    assert_eq!(heard[0].uri().path_and_query().unwrap(), "/bucket/big?signature=s3cret");
    assert!(heard[0].body() == &content);
    let value = |name: &str| heard[0].headers()[name].to_str().unwrap();
    assert_eq!(value("content-length"), "3000000");
    // Python: base64.b64encode(hashlib.md5(content).digest())
    assert_eq!(value("content-md5"), "2FvCMljPTsIHlj+fLwLDjQ==");
    assert_eq!(value("x-amz-meta-flytecontentmd5"), "abc");
    assert_eq!(value("x-ms-blob-type"), "BlockBlob");
}

#[tokio::test]
async fn refusals() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x");
    fs::write(&file, "x").unwrap();
    for (status, text, expected) in [
        (
            403,
            "<Error>\n<Code>x</Code>\n<Message>no</Message>",
            "`HOST:PORT` refused the file: 403 Forbidden: x: no",
        ),
        (
            502,
            "<!DOCTYPE html><title>Bad day</title>",
            "`HOST:PORT` refused the file: 502 Bad Gateway: Bad day",
        ),
        (400, "", "`HOST:PORT` refused the file: 400 Bad Request"),
    ] {
        let (address, heard) = store(move |_| says(status, text)).await;
        assert_eq!(put(&file, &address, format!("http://{address}/?s3cret")).await.unwrap_err(), expected);
        assert_eq!(heard.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_busy_store_is_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x");
    fs::write(&file, "content").unwrap();
    let (address, heard) = store(|asked| says(if asked < 3 { 503 } else { 200 }, "")).await;
    assert_eq!(put(&file, &address, format!("http://{address}/")).await, Ok(7));
    let heard = heard.lock().unwrap();
    assert!(heard.len() == 3 && heard.iter().all(|request| request.body() == "content"));
}

#[tokio::test]
async fn nothing_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x");
    fs::write(&file, "x").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let error = put(&file, &address, format!("http://{address}/?s3cret")).await.unwrap_err();
    assert_eq!(error, "nothing listens at `HOST:PORT`");
    for url in ["ftp://a/b", "no url", "file:///etc/passwd"] {
        assert!(put(&file, "-", url.to_owned()).await.unwrap_err().starts_with("Flyte returned "), "{url}");
    }
}

#[tokio::test]
async fn a_file_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deep/down");
    let (address, _) = store(|_| says(200, "content")).await;
    let length =
        transfers(FileUrls::Refuse).get(&format!("http://{address}/a"), &file, &|_| ()).await.unwrap();
    assert_eq!((length, fs::read_to_string(&file).unwrap().as_str()), (7, "content"));
}

#[tokio::test]
async fn files_of_this_machine_are_copied() {
    let folder = tempfile::tempdir().unwrap();
    let (from, blob, back) =
        (folder.path().join("from"), folder.path().join("blobs/a b%41"), folder.path().join("back"));
    fs::write(&from, "content").unwrap();
    let transfers = transfers(FileUrls::Copy);
    let url = format!("file://{}", blob.display());
    let fingerprint = Fingerprint::from_file(&from, &|_| ()).await.unwrap();
    transfers.put(&from, &fingerprint, &location(url.clone()), &|_| ()).await.unwrap();
    assert_eq!(fs::read_to_string(&blob).unwrap(), "content");
    assert_eq!(transfers.get(&url, &back, &|_| ()).await.unwrap(), 7);
    assert_eq!(fs::read_to_string(&back).unwrap(), "content");
}
