//! Proxies of the environment, as a user meets them.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use snapbox::str;
use tests::{TestEnvironment, join, snapshot};

use crate::home_with;

/// An address without a listener, to which every proxy rule applies.
const SERVER: &str = "0.0.0.0:1";

fn home(variables: &[(&str, &str)]) -> TestEnvironment {
    let mut home = home_with(&[]);
    home.set("FLYTE_PLATFORM_URL", SERVER).set("FLYTE_PLATFORM_INSECURE", "true");
    for (name, value) in variables {
        home.set(name, value);
    }
    home
}

#[test]
fn an_unreadable_proxy_is_warned_of_once_and_without_its_password() {
    let values = [
        r"http://dom\user:s3cret@proxy:3128",
        "http://user:s3#cret@proxy:3128",
        " http://user:s3cret@proxy:3128 ",
        "\"http://user:s3cret@proxy:3128\"",
        "http://[bad",
        "http://proxy:",
        "http:/proxy:3128",
    ];
    let output: String = values
        .map(|value| {
            let output = home(&[("HTTPS_PROXY", value)]).run(["version", "-o", "name"]);
            assert!(!output.contains("s3"), "{output}");
            output
                .lines()
                .filter(|line| line.starts_with("warning"))
                .fold(String::new(), |output, line| output + line + "\n")
        })
        .concat();
    snapshot!(
        output,
        str![[r#"
warning: ignored the proxy of variable `HTTPS_PROXY`: not a proxy URL: `\` in a user name or password is written `%5C`; no proxy is used
warning: ignored the proxy of variable `HTTPS_PROXY`: not a proxy URL: `#` in a user name or password is written `%23`; no proxy is used
warning: ignored the proxy of variable `HTTPS_PROXY`: not a proxy URL: remove the blanks; no proxy is used
warning: ignored the proxy of variable `HTTPS_PROXY`: not a proxy URL: remove the quotes; no proxy is used
warning: ignored the proxy of variable `HTTPS_PROXY`: not a proxy URL: expected `http://host:port`; no proxy is used
warning: ignored the proxy of variable `HTTPS_PROXY`: not a proxy URL: the port is not a number from 1 to 65535; no proxy is used
warning: ignored the proxy of variable `HTTPS_PROXY`: not a proxy URL: expected `http://host:port`; no proxy is used

"#]]
    );
}

#[test]
fn an_unreadable_proxy_that_no_connection_takes_is_not_warned_of() {
    for (name, value) in [("NO_PROXY", "0.0.0.0"), ("http_proxy", "http://[bad")] {
        let output = home(&[("HTTPS_PROXY", "http://[bad"), (name, value)]).run(["version", "-o", "name"]);
        assert_eq!(output.stderr().matches("warning").count(), usize::from(name != "NO_PROXY"), "{output}");
    }
}

#[test]
fn a_proxy_that_refuses_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n");
        }
    });
    let proxy = format!("http://user:s3cret@{address}");
    snapshot!(
        home(&[("ALL_PROXY", &proxy)]).run(["version", "-o", "name"]),
        str![[r#"
flyte-host
------- stderr -------
error: cannot reach Flyte in 3 tries within [TIME]
  caused by: proxy `127.0.0.1:[PORT]` refused to connect to `0.0.0.0:1`
  caused by: it answered: 403 Forbidden
hint: check variable `ALL_PROXY`, or add `0.0.0.0` to `NO_PROXY` to connect without a proxy
[exit: 21]
"#]]
    );
}

#[test]
#[cfg(unix)]
fn a_variable_that_is_not_utf8_is_named() {
    use std::os::unix::ffi::OsStringExt;

    let output = ["https_proxy", "NO_PROXY"].map(|name| {
        let mut home = home(&[]);
        home.set(name, std::ffi::OsString::from_vec(b"http://user:s3cret\xff@proxy".to_vec()));
        home.run(["version", "-o", "name"])
    });
    snapshot!(
        join(output),
        str![[r#"
------- stderr -------
error: variable `https_proxy` is not UTF-8
hint: set `https_proxy` again, or unset it
[exit: 2]
------- stderr -------
error: variable `NO_PROXY` is not UTF-8
hint: set `NO_PROXY` again, or unset it
[exit: 2]
"#]]
    );
}
