//! `upload`, to the sandbox.

use snapbox::str;
use tests::{TestEnvironment, Transcript, snapshot};

use crate::flyte::hello;

/// The file or folder behind an address of the embedded sandbox.
fn stored(home: &TestEnvironment, uri: &str) -> std::path::PathBuf {
    assert!(uri.starts_with("s3://my-s3-bucket/flytesnacks/development/"), "{uri}");
    sandbox::local_file(&home.home().join(".flyte/sandbox"), uri).unwrap()
}

#[test]
fn files_and_folders_are_uploaded() {
    let flyte = hello();
    flyte.home.write("text", "words");
    flyte.home.write("folder/a", "1");
    flyte.home.write("folder/b/c", "2");
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["upload", "text", "folder"]));
    transcript.add(flyte.run(["upload", "text", "-o", "json"]));
    transcript.add(flyte.run(["upload", "nothing"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host upload text folder
s3://my-s3-bucket/flytesnacks/development/RF2Z4EUE4JDZXGI5EZU54ECJII======/text
s3://my-s3-bucket/flytesnacks/development/MK7AEHHIIE4SAXG26RSKXTMC74======
[exit: 0]
$ flyte-host upload text -o json
[
  {
    "file": "text",
    "uri": "s3://my-s3-bucket/flytesnacks/development/RF2Z4EUE4JDZXGI5EZU54ECJII======/text"
  }
]
[exit: 0]
$ flyte-host upload nothing
------- stderr -------
error: could not read `nothing`
  caused by: No such file or directory (os error 2)
[exit: 1]

"#]]
    );
}

/// fsspec, by which flytekit uploads, follows links too, and fails at one that leads nowhere.
#[cfg(unix)]
#[test]
fn links_are_followed_and_special_files_are_named() {
    use std::os::unix::{fs::symlink, net::UnixListener};

    let flyte = hello();
    for name in ["folder/a", "other/b", "real", "folder/.DS_Store"] {
        flyte.home.write(name, name);
    }
    let folder = flyte.home.cwd().join("folder");
    symlink("../real", folder.join("link")).unwrap();
    symlink("../other", folder.join("dirlink")).unwrap();
    symlink(".", folder.join("loop")).unwrap();
    let output = flyte.run(["upload", "folder"]);
    let stored = flyte_client::folder::list(&stored(&flyte.home, output.lines().next().unwrap())).unwrap();
    let names: Vec<_> = stored.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, [".DS_Store", "a", "dirlink/b", "link"]);
    snapshot!(
        output,
        str![[r#"
s3://my-s3-bucket/flytesnacks/development/RWRMAYQEATRGPBEWJKIRBHP4LY======
------- stderr -------
warning: skipped `folder/loop`: the link leads to a folder that contains it
[exit: 0]
"#]]
    );
    symlink("/nope", folder.join("dangling")).unwrap();
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["upload", "folder"]));
    let _socket = UnixListener::bind(folder.join("socket")).unwrap();
    transcript.add(flyte.run(["upload", "folder"]));
    transcript.add(flyte.run(["upload", "folder/socket"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host upload folder
------- stderr -------
error: could not read `folder/dangling`
  caused by: symlink to `/nope`, which does not exist
[exit: 1]
$ flyte-host upload folder
------- stderr -------
error: could not read 2 files
  caused by: `folder/dangling`: symlink to `/nope`, which does not exist
  caused by: `folder/socket`: a socket, not a file
[exit: 1]
$ flyte-host upload folder/socket
------- stderr -------
error: could not read `folder/socket`
  caused by: a socket, not a file
[exit: 1]

"#]]
    );
}

#[test]
fn a_name_stays_as_it_is() {
    let flyte = hello();
    flyte.home.write("50%41 off.txt", "words");
    let uploaded = flyte.run(["upload", "50%41 off.txt"]);
    let uri = uploaded.lines().next().unwrap();
    assert!(uri.ends_with("/50%41 off.txt"), "{uri}");
    assert_eq!(std::fs::read(stored(&flyte.home, uri)).unwrap(), b"words");
}

/// Over HTTP, with the headers that a real Flyte sends and a store that checks length and MD5.
#[test]
fn files_of_every_length_arrive_whole() {
    let flyte = hello();
    let server = tests::Server::start(flyte.home.command().args(["sandbox", "start", "--port", "0"]));
    let mut home = crate::home_with(&[]);
    home.set("FLYTE_PLATFORM_URL", server.endpoint()).set("FLYTE_PLATFORM_INSECURE", "true");
    for length in [0, 13, 23, 24, 25, 3_000_000] {
        let content: String = "0123456789".chars().cycle().take(length).collect();
        let name = format!("{length} %41+#?\u{e4}.bin");
        home.write(&name, &content);
        home.write(format!("folder/{name}"), &content);
        let output = home.run(["upload", &name, "-o", "name"]);
        let file = stored(&flyte.home, output.lines().next().unwrap());
        assert!(std::fs::read_to_string(file).is_ok_and(|stored| stored == content), "{output}");
    }
    let output = home.run(["upload", "folder", "-o", "name"]);
    let folder = stored(&flyte.home, output.lines().next().unwrap());
    let stored = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len());
    assert_eq!(stored.sum::<u64>(), 3_000_085);
}

#[test]
fn all_inputs_are_checked_before_one_is_uploaded() {
    let flyte = hello();
    flyte.home.write("there", "words");
    flyte.home.write(
        "two.yaml",
        "name: two\nimage: example.org/i:1\ncommand: ['true']\ncache: false\ninputs: {a: file, b: file}\n",
    );
    flyte.run(["register", "two.yaml", "--version", "v1"]).success();
    snapshot!(
        flyte.run(["run", "two", "-i", "a=there", "-i", "b=missing"]),
        str![[r#"
------- stderr -------
error: could not upload input `b`
  caused by: could not read `missing`
  caused by: No such file or directory (os error 2)
[exit: 1]
"#]]
    );
    assert!(!flyte.home.home().join(".flyte/sandbox/blobs/flytesnacks").exists());
}

#[test]
fn an_input_that_is_a_file_is_uploaded() {
    let flyte = hello();
    flyte.home.write("text", "words");
    let text = flyte.run(["run", "hello.count", "-i", "text=text", "--wait", "-o", "json"]);
    assert!(text.contains("\n  \"outputs\": {\n    \"bytes\": 5\n  }\n"), "{text}");
    let mut transcript = Transcript::new();
    transcript.add(flyte.run(["run", "hello.count", "-i", "text=."]));
    transcript.add(flyte.run(["run", "hello.count", "-i", "text=none"]));
    snapshot!(
        transcript,
        str![[r#"
$ flyte-host run hello.count -i 'text=.'
------- stderr -------
error: could not upload input `text`
  caused by: `.` is a folder, not a file
[exit: 1]
$ flyte-host run hello.count -i 'text=none'
------- stderr -------
error: could not upload input `text`
  caused by: could not read `none`
  caused by: No such file or directory (os error 2)
[exit: 1]

"#]]
    );
}
