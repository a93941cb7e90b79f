//! A server that is not there, not Flyte, or not willing, as a user meets it.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use snapbox::str;
use tests::{Output, TestEnvironment, Transcript, snapshot};

use crate::home_with;

/// Starts a server that reads a request, answers with these bytes and closes the connection; returns its
/// address.
fn serve_bytes(text: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(text);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            // Closing with bytes unread would be a reset, which may overtake the text.
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    address
}

fn home(address: &str, insecure: bool) -> TestEnvironment {
    let mut home = home_with(&[]);
    home.set("FLYTE_PLATFORM_URL", address).set("FLYTE_PLATFORM_INSECURE", insecure.to_string());
    home
}

fn version(home: &TestEnvironment) -> Output {
    home.run(["version", "-o", "name"])
}

#[test]
fn a_server_of_http_1() {
    let address = serve_bytes(b"HTTP/1.1 404 Not Found\r\n\r\n<!doctype html><title>Flyte Console</title>");
    snapshot!(
        version(&home(&address, true)),
        str![[r#"
flyte-host
------- stderr -------
error: cannot reach Flyte
  caused by: `127.0.0.1:[PORT]` speaks HTTP/1, and gRPC needs HTTP/2
  caused by: it says: Flyte Console
hint: check that variable `FLYTE_PLATFORM_URL` has the port of Flyte's gRPC; this may be that of the console or of a proxy
[exit: 21]
"#]]
    );
}

#[test]
fn a_plain_server_where_tls_is_asked_for() {
    let address = serve_bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    snapshot!(
        version(&home(&address, false)),
        str![[r#"
flyte-host
------- stderr -------
error: cannot reach Flyte
  caused by: `127.0.0.1:[PORT]` speaks plain text, not TLS
hint: set variable `FLYTE_PLATFORM_INSECURE` to true if that is meant
[exit: 21]
"#]]
    );
}

#[test]
fn a_tls_server_where_it_is_not() {
    // A fatal alert: "unexpected message".
    let address = serve_bytes(b"\x15\x03\x01\x00\x02\x02\x0a");
    snapshot!(
        version(&home(&address, true)),
        str![[r#"
flyte-host
------- stderr -------
error: cannot reach Flyte
  caused by: `127.0.0.1:[PORT]` speaks TLS, and plain text was sent
hint: set variable `FLYTE_PLATFORM_INSECURE` to false
[exit: 21]
"#]]
    );
}

#[test]
fn a_connection_that_breaks() {
    let address = serve_bytes(b"");
    snapshot!(
        version(&home(&address, true)),
        str![[r#"
flyte-host
------- stderr -------
error: Flyte did not answer `GetVersion` in 5 tries within [TIME]
  caused by: the connection to `127.0.0.1:[PORT]` broke before the answer was there
hint: set variable `FLYTE_PLATFORM_INSECURE` to false if the server expects TLS: it closed the connection without an answer
[exit: 21]
"#]]
    );
}

#[test]
fn a_server_that_is_too_slow() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut home = home(&address, true);
    home.set("FLYTE_HOST_TIMEOUT", "0.2");
    let mut transcript = Transcript::new();
    transcript.add(version(&home));
    home.set("FLYTE_HOST_TIMEOUT", "soon");
    transcript.add(version(&home));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host version -o name
flyte-host
------- stderr -------
error: Flyte did not answer `GetVersion`
  caused by: `127.0.0.1:[PORT]` accepted the connection, but sent nothing within 200ms
hint: check that variable `FLYTE_PLATFORM_URL` is the address of Flyte's gRPC; a load balancer or a tunnel may accept connections for a server that is gone
[exit: 21]
$ flyte-host version -o name
flyte-host
------- stderr -------
error: variable `FLYTE_HOST_TIMEOUT` is `soon`; a number of seconds is expected
[exit: 2]

"#]]
    );
}

#[test]
fn certificates_that_are_not_there() {
    let mut home = home("flyte.example", false);
    home.set("FLYTE_PLATFORM_CA_CERT_FILE_PATH", "/nonexistent/ca.pem");
    snapshot!(
        version(&home),
        str![[r#"
flyte-host
------- stderr -------
error: could not read the certificates in `/nonexistent/ca.pem`
  caused by: No such file or directory (os error 2)
hint: set variable `FLYTE_PLATFORM_CA_CERT_FILE_PATH` to a PEM file, in which certificates stand between `-----BEGIN CERTIFICATE-----` and `-----END CERTIFICATE-----`
[exit: 1]
"#]]
    );
}
