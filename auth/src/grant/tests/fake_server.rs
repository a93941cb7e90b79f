//! A server that answers word for word what a test wants, and remembers what it was asked.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A server at a port of its own, as long as the test runs.
pub(super) struct FakeServer {
    pub(super) issuer: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl FakeServer {
    /// Answers one request after another; the last answer is for all that follow.
    pub(super) async fn with_answers(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let ear = Arc::clone(&requests);
        tokio::spawn(async move {
            for index in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                let request = read(&mut stream).await;
                ear.lock().unwrap().push(request);
                // A client may have heard enough.
                let _ = stream.write_all(answers[index.min(answers.len() - 1)].as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { issuer, requests }
    }

    /// What it was asked.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// An answer with a body of a kind.
pub(super) fn answer(status: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}")
}

pub(super) fn json(status: &str, body: &serde_json::Value) -> String {
    answer(status, "application/json", &body.to_string())
}

/// A request with its body.
async fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && body.len() >= length(head)
        {
            return text;
        }
        let mut more = [0; 4096];
        match stream.read(&mut more).await.unwrap() {
            0 => return text,
            count => bytes.extend_from_slice(&more[..count]),
        }
    }
}

fn length(head: &str) -> usize {
    let mut lengths = head.lines().filter_map(|line| line.strip_prefix("content-length: "));
    lengths.next_back().map_or(0, |length| length.parse().unwrap())
}
