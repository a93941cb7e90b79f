//! `fetch` and `upload`, of what lies in a bucket: by URLs that Flyte signs, and with the user's own keys.

use std::{path::Path, process::Command};

use serde_json::{Value, json};
use snapbox::str;
use tests::{
    Recorded, Server, TestEnvironment, Transcript, prepared,
    recorded::{Listening, RecordedAnswer},
    snapshot,
};

use crate::home_with;

/// An S3 server, if the official Python packages are there.
fn s3(objects: &[&str]) -> Option<Server> {
    let python = prepared("FLYTE_TEST_PYTHON")?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/s3/server.py");
    Some(Server::start(Command::new(python).arg(script).args(objects).stderr(std::process::Stdio::null())))
}

fn blob(uri: &str, dimensionality: &str) -> Value {
    let metadata = json!({ "type": { "dimensionality": dimensionality } });
    json!({ "scalar": { "blob": { "uri": uri, "metadata": metadata } } })
}

fn table(uri: &str) -> Value {
    json!({ "scalar": { "structured_dataset": { "uri": uri } } })
}

/// A Flyte with an execution `done`, and the URLs that it signs for objects of a store without
/// authentication.
pub(crate) fn flyte(outputs: Value, store: Option<String>) -> Listening {
    let answer = move |method: &str, request: &Value| {
        Some(match (method, &store) {
            ("GetExecution", _) => {
                RecordedAnswer::Message(json!({ "id": request["id"], "closure": { "phase": "SUCCEEDED" } }))
            }
            ("GetExecutionData", _) => {
                RecordedAnswer::Message(json!({ "full_outputs": { "literals": outputs } }))
            }
            ("CreateDownloadLocation", Some(store)) => {
                let key = request["native_url"].as_str().unwrap().strip_prefix("s3://").unwrap();
                RecordedAnswer::Message(
                    json!({ "signed_url": format!("http://{store}/{}", read_as_url(key)) }),
                )
            }
            ("CreateDownloadLocation", None) => RecordedAnswer::refusal("UNIMPLEMENTED", "unknown method"),
            _ => return None,
        })
    };
    Recorded::api().with(answer).start()
}

/// The key as FlyteAdmin has it of a URI: what is before `?` and `#`.
fn read_as_url(key: &str) -> &str {
    key.split(['?', '#']).next().unwrap()
}

pub(crate) fn home(flyte: &Listening) -> TestEnvironment {
    let mut home = home_with(&[]);
    flyte.configure(&mut home);
    home
}

fn with_keys(home: &mut TestEnvironment, s3: &Server) {
    home.set("FLYTE_AWS_ENDPOINT", format!("http://{}", s3.endpoint()))
        .set("FLYTE_AWS_ACCESS_KEY_ID", "key")
        .set("FLYTE_AWS_SECRET_ACCESS_KEY", "secret");
}

const OBJECTS: [&str; 8] = [
    "x/out.txt=words",
    "x/dir/a.txt=1",
    "x/dir/b c/d%20e.txt=2",
    "x/dir2/other=no",
    "x/frame/00000=table",
    "x/one/00000=first",
    "x/one/00001=second",
    "x/50% off #1.csv=cheap",
];

#[test]
fn everything_comes_with_keys() {
    let Some(s3) = s3(&OBJECTS) else { return };
    let outputs = json!({
        "o0": blob("s3://bucket/x/out.txt", "SINGLE"),
        "o1": blob("s3://bucket/x/dir", "MULTIPART"),
        "o2": table("s3://bucket/x/frame"),
        "o10": blob("s3://bucket/x/50% off #1.csv", "SINGLE"),
        "o11": { "scalar": { "primitive": { "integer": "7" } } },
    });
    let flyte = flyte(outputs, None);
    let mut home = home(&flyte);
    with_keys(&mut home, &s3);
    snapshot!(
        home.run(["fetch", "done", "out"]),
        str![[r#"
NAME  FILE
o0    out/o0/out.txt
o1    out/o1/a.txt
o1    out/o1/b c/d%20e.txt
o2    out/o2/00000
o10   out/o10/50% off #1.csv
o11   out/o11.txt
------- stderr -------
wrote 6 files to `out`
[exit: 0]
"#]]
    );
    assert_eq!(home.read("out/o1/b c/d%20e.txt"), "2");
    assert_eq!(home.read("out/o10/50% off #1.csv"), "cheap");
}

#[test]
fn without_keys_urls_bring_files_and_tables() {
    let Some(s3) = s3(&OBJECTS) else { return };
    let outputs = json!({
        "o0": blob("s3://bucket/x/gone.txt", "SINGLE"),
        "o1": blob("s3://bucket/x/dir", "MULTIPART"),
        "o2": table("s3://bucket/x/one"),
        "o3": table("s3://bucket/x/out.txt"),
        "o4": blob("s3://bucket/x/out.txt", "SINGLE"),
    });
    let flyte = flyte(outputs, Some(s3.endpoint().to_owned()));
    let home = home(&flyte);
    let mut transcript = Transcript::new();
    transcript.add(home.run(["fetch", "done", "out"]));
    transcript.add(home.run(["fetch", "done", "again", "-o", "json"]));
    assert_eq!(home.read("out/o2/00001"), "second");
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host fetch done out
NAME  FILE
o2    out/o2/00000
o2    out/o2/00001
o3    out/o3/out.txt
o4    out/o4/out.txt
------- stderr -------
wrote 4 files to `out`
error: could not fetch 2 of 5: `o0`, `o1`
  caused by: `o0`: could not fetch `s3://bucket/x/gone.txt`: `127.0.0.1:[PORT]` refused the file: 404 Not Found: NoSuchKey: The specified key does not exist.
  caused by: `o1`: could not read `s3://bucket/x/dir`: Flyte cannot list the files of a folder
hint: set `FLYTE_AWS_ACCESS_KEY_ID` and `FLYTE_AWS_SECRET_ACCESS_KEY` to use your own keys for the object store
[exit: 1]
$ flyte-host fetch done again -o json
{
  "o0": {
    "files": [],
    "missing": {
      "uri": "s3://bucket/x/gone.txt",
      "reasons": [
        "could not fetch `s3://bucket/x/gone.txt`",
        "`127.0.0.1:[PORT]` refused the file: 404 Not Found: NoSuchKey: The specified key does not exist."
      ]
    }
  },
  "o1": {
    "files": [],
    "missing": {
      "uri": "s3://bucket/x/dir",
      "reasons": [
        "could not read `s3://bucket/x/dir`: Flyte cannot list the files of a folder"
      ]
    }
  },
  "o2": {
    "files": [
      "again/o2/00000",
      "again/o2/00001"
    ]
  },
  "o3": {
    "files": [
      "again/o3/out.txt"
    ]
  },
  "o4": {
    "files": [
      "again/o4/out.txt"
    ]
  }
}
------- stderr -------
wrote 4 files to `again`
{"error":{"message":"could not fetch 2 of 5: `o0`, `o1`","causes":["`o0`: could not fetch `s3://bucket/x/gone.txt`: `127.0.0.1:[PORT]` refused the file: 404 Not Found: NoSuchKey: The specified key does not exist.","`o1`: could not read `s3://bucket/x/dir`: Flyte cannot list the files of a folder"],"hints":["set `FLYTE_AWS_ACCESS_KEY_ID` and `FLYTE_AWS_SECRET_ACCESS_KEY` to use your own keys for the object store"],"exitCode":1}}
[exit: 1]

"#]]
    );
}

#[test]
fn unusable_keys_are_reported() {
    let outputs = json!({ "o0": blob("s3://bucket/x/dir", "MULTIPART") });
    let flyte = flyte(outputs, None);
    let mut home = home(&flyte);
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    home.set("FLYTE_AWS_ENDPOINT", format!("http://{unused}"))
        .set("FLYTE_AWS_ACCESS_KEY_ID", "key")
        .set("FLYTE_AWS_SECRET_ACCESS_KEY", "secret");
    snapshot!(
        home.run(["fetch", "done", "out"]),
        str![[r#"
------- stderr -------
error: could not fetch 1 of 1: `o0`
  caused by: `o0`: could not list `s3://bucket/x/dir`: nothing listens at `127.0.0.1:[PORT]`
hint: set `FLYTE_AWS_ENDPOINT` or `storage.connection.endpoint` to the address of the store
[exit: 1]
"#]]
    );
}

#[test]
fn files_and_folders_go_to_a_bucket() {
    let Some(s3) = s3(&[]) else { return };
    let flyte = flyte(json!({ "o0": blob("s3://bucket/up", "MULTIPART") }), None);
    let mut home = home(&flyte);
    home.write("a b%.txt", "words");
    home.write("folder/x/y", "1");
    home.write("folder/z", "2");
    let mut transcript = Transcript::new();
    transcript.add(home.run(["upload", "folder", "--to", "s3://bucket/up/"]));
    with_keys(&mut home, &s3);
    transcript.add(home.run(["upload", "a b%.txt", "folder", "--to", "s3://bucket/up/"]));
    transcript.add(home.run(["fetch", "done", "out"]));
    assert_eq!(home.read("out/o0/a b%.txt"), "words");
    transcript.add(home.run(["upload", "folder", "--to", "s3://other"]));
    transcript.add(home.run(["upload", "folder", "--to", "/tmp"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host upload folder --to s3://bucket/up/
------- stderr -------
error: could not write `s3://bucket/up/`: no keys for this bucket
hint: set `FLYTE_AWS_ACCESS_KEY_ID` and `FLYTE_AWS_SECRET_ACCESS_KEY` to use your own keys for the object store
[exit: 1]
$ flyte-host upload 'a b%.txt' folder --to s3://bucket/up/
s3://bucket/up/a b%.txt
s3://bucket/up/folder
[exit: 0]
$ flyte-host fetch done out
NAME  FILE
o0    out/o0/a b%.txt
o0    out/o0/folder/x/y
o0    out/o0/folder/z
------- stderr -------
wrote 3 files to `out`
[exit: 0]
$ flyte-host upload folder --to s3://other
------- stderr -------
error: could not upload `folder/x/y`
  caused by: could not write `s3://other/folder/x/y`
  caused by: NoSuchBucket: The specified bucket does not exist
[exit: 1]
$ flyte-host upload folder --to /tmp
------- stderr -------
error: invalid value '/tmp' for '--to <URI>': expected a URI such as `s3://BUCKET/PREFIX/`, `gs://…` or `abfs://…`

For more information, try '--help'.
[exit: 2]

"#]]
    );
}
