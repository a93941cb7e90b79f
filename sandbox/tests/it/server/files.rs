//! Uploads and downloads by signed URLs.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use data_encoding::BASE64;
use flyte_client::proto::service::{
    CreateDownloadLocationRequest, CreateDownloadLocationResponse, CreateUploadLocationRequest,
    CreateUploadLocationResponse, GetDataRequest,
};
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use prost::Message;
use sandbox::{EngineStart, Sandbox};

use super::{Received, Served};

/// The MD5 of `hello`.
const HELLO: [u8; 16] =
    [0x5d, 0x41, 0x40, 0x2a, 0xbc, 0x4b, 0x2a, 0x76, 0xb9, 0x71, 0x9d, 0x91, 0x10, 0x17, 0xc5, 0x92];

fn upload(name: &str, root: &str, md5: &[u8]) -> CreateUploadLocationRequest {
    CreateUploadLocationRequest {
        project: "flytesnacks".into(),
        domain: "development".into(),
        filename: name.into(),
        filename_root: root.into(),
        content_md5: md5.to_vec(),
        ..Default::default()
    }
}

/// Calls a method of the data proxy: `Err` is `CODE: text`.
fn call<R: Message + Default>(served: &Served, method: &str, request: &impl Message) -> Result<R, String> {
    let path = format!("http://{}/flyteidl.service.DataProxyService/{method}", served.address);
    let message = request.encode_to_vec();
    let mut body = vec![0];
    body.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    body.extend(message);
    let request =
        Request::post(path).header("content-type", "application/grpc").body(Full::from(body)).unwrap();
    let received = served.http2(request);
    match received.headers.get("grpc-message") {
        Some(text) => {
            Err(format!("{}: {}", received.headers["grpc-status"].to_str().unwrap(), text.to_str().unwrap()))
        }
        None => Ok(R::decode(&received.body[5..]).unwrap()),
    }
}

fn location(
    served: &Served,
    request: &CreateUploadLocationRequest,
) -> Result<CreateUploadLocationResponse, String> {
    call(served, "CreateUploadLocation", request)
}

fn send(served: &Served, method: Method, url: &str, md5: Option<&[u8]>, content: &'static str) -> Received {
    let path = url.strip_prefix(&format!("http://{}", served.address)).unwrap_or(url).to_owned();
    let mut request = Request::builder().method(method).uri(path).header("host", served.address.to_string());
    if let Some(md5) = md5 {
        request = request.header("content-md5", BASE64.encode(md5));
    }
    served.http1(request.body(Full::new(Bytes::from_static(content.as_bytes()))).unwrap())
}

fn file(root: &Path, native_url: &str) -> PathBuf {
    assert!(native_url.starts_with("s3://my-s3-bucket/flytesnacks/development/"), "{native_url}");
    sandbox::local_file(root, native_url).unwrap()
}

#[test]
fn a_file_goes_up_and_comes_down() {
    let served = Served::new();
    let up = location(&served, &upload("a b.txt", "", &HELLO)).unwrap();
    let expected =
        served.folder.path().join("blobs/flytesnacks/development/LVAUAKV4JMVHNOLRTWIRAF6FSI======/a b.txt");
    assert_eq!(file(served.folder.path(), &up.native_url), expected);
    assert!(up.signed_url.ends_with("/a%20b.txt"), "{}", up.signed_url);
    assert!(up.expires_at.is_some());
    assert_eq!(send(&served, Method::PUT, &up.signed_url, Some(&HELLO), "hello").status, StatusCode::OK);
    assert_eq!(std::fs::read(&expected).unwrap(), b"hello");

    let down = CreateDownloadLocationRequest { native_url: up.native_url, expires_in: None };
    let down: CreateDownloadLocationResponse = call(&served, "CreateDownloadLocation", &down).unwrap();
    let received = send(&served, Method::GET, &down.signed_url, None, "");
    assert_eq!((received.status, received.text()), (StatusCode::OK, "hello"));
    assert_eq!(received.headers["content-length"], "5");
}

/// `data.upload.all`, `data.upload.md5-metadata` and `data.upload.root-and-name` of
/// `tests/recordings/api.jsonl`.
#[test]
fn headers_are_those_of_flyte() {
    let served = Served::new();
    let headers = |request: CreateUploadLocationRequest| {
        let headers = location(&served, &request).unwrap().headers;
        headers.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>()
    };
    assert_eq!(
        headers(upload("f", "", &HELLO)),
        ["Content-Length: 24", "Content-MD5: XUFAKrxLKna5cZ2REBfFkg=="]
    );
    assert_eq!(
        headers(CreateUploadLocationRequest { add_content_md5_metadata: true, ..upload("f", "", &HELLO) }),
        [
            "Content-Length: 24",
            "Content-MD5: XUFAKrxLKna5cZ2REBfFkg==",
            "x-amz-meta-flyteContentMD5: XUFAKrxLKna5cZ2REBfFkg=="
        ]
    );
    assert_eq!(headers(upload("f", "root", &[])), ["Content-Length: 0", "Content-MD5: "]);
    assert_eq!(headers(upload("f", "", &[0; 3])), ["Content-Length: 4", "Content-MD5: AAAA"]);
}

/// `data.upload.name-…` and `data.upload.root-slashes` of the recordings, as far as a folder can hold them.
#[test]
fn names_are_read_as_flyte_reads_them() {
    let served = Served::new();
    let root = served.folder.path().join("blobs/flytesnacks/development");
    for (name, below, expected) in [
        ("../x", "root", "x"),
        ("/etc/x", "root", "root/etc/x"),
        ("a%2Fb", "root", "root/a/b"),
        ("50%25 off+\u{e4}.txt", "root", "root/50% off+\u{e4}.txt"),
        ("file.txt", "a//b/", "a/b/file.txt"),
    ] {
        let up = location(&served, &upload(name, below, &HELLO)).unwrap();
        assert_eq!(file(served.folder.path(), &up.native_url), root.join(expected), "{name}");
    }
}

#[test]
fn a_part_of_a_file_can_be_asked_for() {
    let served = Served::new();
    let up = location(&served, &upload("f", "", &HELLO)).unwrap();
    send(&served, Method::PUT, &up.signed_url, Some(&HELLO), "hello");
    let down = CreateDownloadLocationRequest { native_url: up.native_url, expires_in: None };
    let down: CreateDownloadLocationResponse = call(&served, "CreateDownloadLocation", &down).unwrap();
    let path = down.signed_url.strip_prefix(&format!("http://{}", served.address)).unwrap().to_owned();
    let part = |range: &str, if_range: Option<&http::HeaderValue>| {
        let mut request =
            Request::get(&path).header("host", served.address.to_string()).header("range", range);
        if let Some(etag) = if_range {
            request = request.header("if-range", etag);
        }
        served.http1(request.body(Full::default()).unwrap())
    };
    let rest = part("bytes=2-", None);
    assert_eq!((rest.status, rest.text()), (StatusCode::PARTIAL_CONTENT, "llo"));
    assert_eq!(
        (&rest.headers["content-range"], &rest.headers["content-length"]),
        (&"bytes 2-4/5".parse().unwrap(), &"3".parse().unwrap())
    );
    let etag = &rest.headers["etag"];
    assert_eq!(part("bytes=1-3", Some(etag)).text(), "ell");
    assert_eq!(part("bytes=1-", Some(&"\"other\"".parse().unwrap())).text(), "hello");
    let beyond = part("bytes=5-", None);
    assert_eq!(beyond.status, StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(beyond.headers["content-range"], "bytes */5");
    assert_eq!(part("lines=1-2", None).text(), "hello");
}

#[test]
fn what_does_not_have_the_announced_md5_is_not_stored() {
    let served = Served::new();
    let up = location(&served, &upload("f", "", &HELLO)).unwrap();
    let received = send(&served, Method::PUT, &up.signed_url, None, "other");
    assert_eq!(received.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        received.text(),
        "MD5 mismatch: the content has eV8yArF8trw9S3cdjGyerw==, expected XUFAKrxLKna5cZ2REBfFkg==; nothing was stored\n"
    );
    let up = location(&served, &upload("f", "root", &[])).unwrap();
    assert_eq!(
        send(&served, Method::PUT, &up.signed_url, Some(&HELLO), "other").status,
        StatusCode::BAD_REQUEST
    );
    let file = file(served.folder.path(), &up.native_url);
    assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 0);
}

#[test]
fn a_url_is_good_for_one_thing() {
    let served = Served::new();
    let up = location(&served, &upload("f", "root", &[])).unwrap();
    let get = send(&served, Method::GET, &up.signed_url, None, "");
    assert_eq!(
        (get.status, get.text()),
        (StatusCode::METHOD_NOT_ALLOWED, "the signed URL allows PUT only\n")
    );
    let guess = send(&served, Method::PUT, "/data/0123456789/f", None, "x");
    assert_eq!(
        (guess.status, guess.text()),
        (StatusCode::FORBIDDEN, "the signed URL is invalid or has expired\n")
    );
}

#[test]
fn a_url_survives_a_restart() {
    let served = Served::new();
    let up = location(&served, &upload("f", "root", &[])).unwrap();
    let path = up.signed_url.strip_prefix(&format!("http://{}", served.address)).unwrap().to_owned();
    let again = Served::within(served.stop());
    assert_eq!(send(&again, Method::PUT, &path, None, "hello").status, StatusCode::OK);
}

#[test]
fn a_url_expires() {
    let served = Served::new();
    let brief = prost_types::Duration { seconds: 0, nanos: 1 };
    let up = location(
        &served,
        &CreateUploadLocationRequest { expires_in: Some(brief), ..upload("f", "root", &[]) },
    );
    let received = send(&served, Method::PUT, &up.unwrap().signed_url, None, "x");
    assert_eq!(received.status, StatusCode::FORBIDDEN);
}

#[test]
fn an_existing_file_is_replaced_by_the_same_content_only() {
    let served = Served::new();
    let up = location(&served, &upload("f", "root", &[])).unwrap();
    send(&served, Method::PUT, &up.signed_url, None, "hello");
    assert!(location(&served, &upload("f", "root", &HELLO)).is_ok());
    let taken = format!(
        "6: file already exists at location [{}], specify a matching hash if you wish to rewrite",
        up.native_url
    );
    assert_eq!(location(&served, &upload("f", "root", &[])).unwrap_err(), taken);
    assert_eq!(location(&served, &upload("f", "root", &[1; 16])).unwrap_err(), taken);
}

#[test]
fn locations_are_below_their_project() {
    let served = Served::new();
    let refusal = |request: CreateUploadLocationRequest| location(&served, &request).unwrap_err();
    assert_eq!(
        refusal(CreateUploadLocationRequest::default()),
        "3: project and domain are required parameters"
    );
    assert_eq!(refusal(upload("f", "", &[])), "3: content_md5 or filename_root is a required parameter");
    let long = prost_types::Duration { seconds: 3601, nanos: 0 };
    assert_eq!(
        refusal(CreateUploadLocationRequest { expires_in: Some(long), ..upload("f", "root", &[]) }),
        "3: expiresIn [1h0m1s] cannot exceed max allowed expiration [1h0m0s]"
    );
    for (name, root) in [("f", ".."), ("../../f", "root"), ("a%zz", "root"), ("?f", "/"), ("a\0", "r")] {
        let text = refusal(upload(name, root, &[]));
        assert!(text.starts_with("3: invalid upload location ["), "{name} {root}: {text}");
    }
    let outside = CreateDownloadLocationRequest { native_url: "file:///etc/passwd".into(), expires_in: None };
    assert_eq!(
        call::<CreateDownloadLocationResponse>(&served, "CreateDownloadLocation", &outside).unwrap_err(),
        "3: `file:///etc/passwd` is not a file of the sandbox"
    );
    let data = GetDataRequest { flyte_url: "s3://bucket".into() };
    assert_eq!(
        call::<CreateDownloadLocationResponse>(&served, "GetData", &data).unwrap_err(),
        "3: failed to validate resolve artifact request. Error: request does not start with the correct prefix"
    );
}

#[test]
fn without_a_server_the_url_is_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let options = sandbox::SandboxOptions { root: folder.path().to_owned(), engine: EngineStart::External };
    let sandbox = Sandbox::open(&options).unwrap();
    let request = upload("f", "root", &[]).encode_to_vec();
    let answer = sandbox.answer("/flyteidl.service.DataProxyService/CreateUploadLocation", &request).unwrap();
    let up = CreateUploadLocationResponse::decode(answer.as_slice()).unwrap();
    let file = file(folder.path(), &up.native_url);
    assert_eq!(up.signed_url, format!("file://{}", file.display()));
    std::fs::write(file, "hello").unwrap();
}
