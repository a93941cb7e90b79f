//! Downloads over connections that break, from a server that says what a script says.

use std::{
    fs,
    io::Write as _,
    path::Path,
    sync::{Arc, Mutex},
};

use flyte_client::data::FileUrls;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::transfers;

type Heard = Arc<Mutex<Vec<String>>>;

/// Answers one request on each connection, closes it, and refuses connections when the script is over.
async fn script(answers: Vec<Vec<u8>>) -> (String, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let heard = Heard::default();
    let ear = Arc::clone(&heard);
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            ear.lock().unwrap().push(String::from_utf8(request).unwrap());
            stream.write_all(&answer).await.unwrap();
        }
    });
    (address, heard)
}

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    let head = head.replace('\n', "\r\n");
    [format!("HTTP/1.1 {head}\r\n\r\n").as_bytes(), body].concat()
}

async fn get(address: &str, folder: &Path) -> Result<String, String> {
    let file = folder.join("x");
    let got = transfers(FileUrls::Refuse).get(&format!("http://{address}/a"), &file, &|_| ()).await;
    let got = got.map_err(|error| error.to_string().replace(address, "HOST:PORT"));
    let length = got.inspect_err(|_| assert_eq!(fs::read_dir(folder).unwrap().count(), 0))?;
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
    let content = fs::read(file).unwrap();
    assert_eq!(length, u64::try_from(content.len()).unwrap());
    Ok(String::from_utf8(content).unwrap())
}

fn header(request: &str, name: &str) -> Option<String> {
    let lines = request.lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
}

#[tokio::test]
async fn what_breaks_off_is_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    let (address, heard) = script(vec![
        answer("200 OK\nContent-Length: 10\nETag: \"e\"", b"0123"),
        answer("206 Partial Content\nContent-Length: 6\nContent-Range: bytes 4-9/10", b"45"),
        answer("206 Partial Content\nContent-Length: 4\nContent-Range: bytes 6-9/10", b"6789"),
    ])
    .await;
    assert_eq!(get(&address, folder.path()).await.unwrap(), "0123456789");
    let heard = heard.lock().unwrap();
    let ranges: Vec<_> = heard.iter().map(|request| header(request, "range")).collect();
    assert_eq!(ranges, [None, Some("bytes=4-".to_owned()), Some("bytes=6-".to_owned())]);
    assert_eq!(header(&heard[1], "if-range").as_deref(), Some("\"e\""));
}

#[tokio::test]
async fn what_is_another_by_now_is_taken_from_its_start() {
    let folder = tempfile::tempdir().unwrap();
    for second in [
        // The store says so; it ignores ranges; it has shorter ones only; it sends another range.
        vec![answer("200 OK\nContent-Length: 5\nETag: \"f\"", b"other")],
        vec![answer("200 OK\nTransfer-Encoding: chunked", b"5\r\nother\r\n0\r\n\r\n")],
        vec![
            answer("416 Range Not Satisfiable\nContent-Length: 0", b""),
            answer("200 OK\nContent-Length: 5", b"other"),
        ],
        vec![
            answer("206 Partial Content\nContent-Length: 1\nContent-Range: bytes 9-9/10", b"9"),
            answer("200 OK\nContent-Length: 5", b"other"),
        ],
    ] {
        let first = answer("200 OK\nContent-Length: 10\nETag: \"e\"", b"0123");
        let (address, _) = script([vec![first], second].concat()).await;
        assert_eq!(get(&address, folder.path()).await.unwrap(), "other");
    }
}

#[tokio::test]
async fn without_a_strong_validator_nothing_is_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    for etag in ["", "\nETag: W/\"e\""] {
        let (address, heard) = script(vec![
            answer(&format!("200 OK\nContent-Length: 10{etag}"), b"0123"),
            answer("200 OK\nContent-Length: 10", b"0123456789"),
        ])
        .await;
        assert_eq!(get(&address, folder.path()).await.unwrap(), "0123456789");
        assert_eq!(header(&heard.lock().unwrap()[1], "range"), None);
    }
}

#[tokio::test]
async fn half_a_file_is_never_left() {
    let folder = tempfile::tempdir().unwrap();
    let broken = "the connection to `HOST:PORT` broke before the transfer was complete";
    for cut in [
        answer("200 OK\nContent-Length: 10\nETag: \"e\"", b"0123"),
        answer("200 OK\nTransfer-Encoding: chunked", b"4\r\n0123\r\n"),
        answer("200 OK\nContent-Encoding: gzip\nContent-Length: 10", b"0123"),
        answer("200 OK\nContent", b""),
        Vec::new(),
    ] {
        let (address, heard) = script(vec![cut; 9]).await;
        assert_eq!(get(&address, folder.path()).await.unwrap_err(), broken);
        assert_eq!(heard.lock().unwrap().len(), 5);
    }
}

#[tokio::test]
async fn a_refusal_in_the_middle_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let (address, _) = script(vec![
        answer("200 OK\nContent-Length: 10\nETag: \"e\"", b"0123"),
        answer("403 Forbidden\nContent-Length: 17", b"Request has expired"),
    ])
    .await;
    let error = get(&address, folder.path()).await.unwrap_err();
    assert_eq!(error, "`HOST:PORT` refused the file: 403 Forbidden: Request has expir");
}

#[tokio::test]
async fn a_body_that_is_packed_on_its_way_is_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(b"a table, a table, a table").unwrap();
    let packed = packed.finish().unwrap();
    let length = packed.len();
    let (address, heard) =
        script(vec![answer(&format!("200 OK\nContent-Encoding: GZip\nContent-Length: {length}"), &packed)])
            .await;
    assert_eq!(get(&address, folder.path()).await.unwrap(), "a table, a table, a table");
    assert_eq!(header(&heard.lock().unwrap()[0], "accept-encoding").as_deref(), Some("identity"));

    for (coding, expected) in [
        ("br", "could not unpack the file: unknown content encoding `br`"),
        ("gzip", "could not unpack the file: invalid gzip"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (address, _) =
            script(vec![answer(&format!("200 OK\nContent-Encoding: {coding}\nContent-Length: 4"), b"0123")])
                .await;
        assert_eq!(get(&address, folder.path()).await.unwrap_err(), expected);
    }
}
