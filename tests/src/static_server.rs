//! A web server of static files with a certificate of a private authority, whose answers a test can change.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio_rustls::rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

use crate::TestEnvironment;

/// A request as it arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileRequest {
    /// The path of the URL, without the first `/`.
    pub path: String,
    /// The header `Range`.
    pub range: Option<String>,
    /// The header `Authorization`.
    pub authorization: Option<String>,
}

/// What happens to a request.
#[derive(Clone, Debug)]
pub enum FileFate {
    /// The file is sent, or the part of it that was asked for.
    Sent,
    /// The connection ends after this many bytes of the file.
    CutAfter(usize),
    /// This is the answer.
    Answer {
        /// The status line, such as `404 Not Found`.
        status: &'static str,
        /// Whole lines of the head.
        head: String,
        /// The body.
        body: Vec<u8>,
    },
}

type Decide = dyn Fn(&FileRequest, usize) -> FileFate + Send + Sync;

/// The server; it listens until the test ends.
pub struct StaticServer {
    address: SocketAddr,
    authority: String,
    is_tls: bool,
    shared: Arc<Shared>,
}

struct Shared {
    folder: PathBuf,
    requests: Mutex<Vec<FileRequest>>,
    decide: Mutex<Option<Box<Decide>>>,
}

impl StaticServer {
    /// Serves a folder by HTTPS.
    #[must_use]
    pub fn start(folder: &Path) -> Self {
        Self::serve(folder, true)
    }

    /// Serves a folder by plain HTTP.
    #[must_use]
    pub fn start_plain(folder: &Path) -> Self {
        Self::serve(folder, false)
    }

    fn serve(folder: &Path, is_tls: bool) -> Self {
        let (authority, config) = certificates();
        let listener =
            TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port of the system's");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared {
            folder: folder.to_owned(),
            requests: Mutex::default(),
            decide: Mutex::new(None),
        });
        let served = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, config) = (Arc::clone(&served), Arc::clone(&config));
                thread::spawn(move || {
                    // A client may hang up.
                    let _ = if is_tls {
                        serve_tls(stream, config, &shared)
                    } else {
                        serve_plain(stream, &shared)
                    };
                });
            }
        });
        Self { address, authority, is_tls, shared }
    }

    /// The URL of the folder, without a `/` at its end.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://localhost:{}", self.address.port())
    }

    /// Decides about each request from now on; those of one path are numbered from 1.
    pub fn decide(&self, decide: impl Fn(&FileRequest, usize) -> FileFate + Send + Sync + 'static) {
        *locked(&self.shared.decide) = Some(Box::new(decide));
    }

    /// Sends all files from now on.
    pub fn send_all(&self) {
        *locked(&self.shared.decide) = None;
    }

    /// The requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<FileRequest> {
        locked(&self.shared.requests).clone()
    }

    /// Lets the programs of a home trust the server's authority, by Flyte's configuration.
    pub fn trust_in(&self, home: &TestEnvironment) {
        let file = home.write("../.flyte/authority.pem", &self.authority);
        let config =
            format!("admin:\n  endpoint: dns:///flyte.example\n  caCertFilePath: {}\n", file.display());
        home.write("../.flyte/config.yaml", config);
    }
}

fn locked<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The authority's certificate, and a server's of it.
fn certificates() -> (String, Arc<ServerConfig>) {
    let mut params = CertificateParams::new(["authority.example".to_owned()]).expect("a valid name");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key"));
    let authority = authority.expect("a certificate");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["localhost".to_owned()]).expect("a valid name");
    let certificate = params.signed_by(&key, &authority).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("a certificate with its key");
    (authority.pem(), Arc::new(config))
}

fn serve_tls(stream: TcpStream, config: Arc<ServerConfig>, shared: &Shared) -> io::Result<()> {
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    let is_cut = answer(&mut stream, shared)?;
    if !is_cut {
        stream.conn.send_close_notify();
        stream.flush()?;
    }
    stream.sock.shutdown(Shutdown::Both)
}

fn serve_plain(mut stream: TcpStream, shared: &Shared) -> io::Result<()> {
    answer(&mut stream, shared)?;
    stream.shutdown(Shutdown::Both)
}

/// Answers one request; returns whether the connection was cut.
fn answer(stream: &mut (impl io::Read + io::Write), shared: &Shared) -> io::Result<bool> {
    let mut head = Vec::new();
    let mut reader = BufReader::new(&mut *stream);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(false);
        }
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    drop(reader);
    let header = |name: &str| {
        let lines = head.iter().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
    };
    let target = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let request = FileRequest {
        path: target.trim_start_matches('/').to_owned(),
        range: header("range"),
        authorization: header("authorization"),
    };
    let number = {
        let mut requests = locked(&shared.requests);
        requests.push(request.clone());
        requests.iter().filter(|known| known.path == request.path).count()
    };
    let fate = locked(&shared.decide).as_ref().map_or(FileFate::Sent, |decide| decide(&request, number));
    let cut = match fate {
        FileFate::Answer { status, head, body } => {
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{head}\r\n"
            )?;
            stream.write_all(&body)?;
            None
        }
        fate => {
            let cut = if let FileFate::CutAfter(length) = fate { Some(length) } else { None };
            send_file(stream, shared, &request, cut)?;
            cut
        }
    };
    stream.flush()?;
    Ok(cut.is_some())
}

fn send_file(
    stream: &mut impl io::Write,
    shared: &Shared,
    request: &FileRequest,
    cut: Option<usize>,
) -> io::Result<()> {
    let Ok(content) = fs::read(shared.folder.join(&request.path)) else {
        let head = "HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        return stream.write_all(head.as_bytes());
    };
    let range = request.range.as_deref().and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-'));
    let start: usize = range.and_then(|start| start.parse().ok()).unwrap_or(0);
    let (length, rest) = (content.len(), &content[start.min(content.len())..]);
    let status = match start {
        0 => "200 OK\r\n".to_owned(),
        start => format!("206 Partial Content\r\ncontent-range: bytes {start}-{}/{length}\r\n", length - 1),
    };
    // The same content has the same tag.
    let tag = content.iter().fold(0_u64, |sum, byte| sum.rotate_left(5) ^ u64::from(*byte));
    write!(
        stream,
        "HTTP/1.1 {status}connection: close\r\netag: \"{tag:x}\"\r\ncontent-length: {}\r\n\r\n",
        rest.len()
    )?;
    stream.write_all(&rest[..cut.unwrap_or(rest.len()).min(rest.len())])
}
