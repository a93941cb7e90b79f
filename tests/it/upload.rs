//! `upload`, to the sandbox.

use snapbox::str;
use tests::snapshot;

use crate::flyte::hello;

#[test]
fn files_and_folders_are_uploaded() {
    let flyte = hello();
    flyte.home.write("text", "words");
    flyte.home.write("folder/a", "1");
    flyte.home.write("folder/b/c", "2");
    snapshot!(
        flyte.run(&["upload", "text", "folder"]),
        str![[r#"
[HOME]/.flyte/sandbox/blobs/flytesnacks/development/RF2Z4EUE4JDZXGI5EZU54ECJII======/text
[HOME]/.flyte/sandbox/blobs/flytesnacks/development/MK7AEHHIIE4SAXG26RSKXTMC74======
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["upload", "text", "-o", "json"]),
        str![[r#"
[
  {
    "file": "text",
    "uri": "[HOME]/.flyte/sandbox/blobs/flytesnacks/development/RF2Z4EUE4JDZXGI5EZU54ECJII======/text"
  }
]
[exit: 0]
"#]]
    );
    snapshot!(
        flyte.run(&["upload", "nothing"]),
        str![[r#"
------- stderr -------
error: cannot read `nothing`
  caused by: No such file or directory (os error 2)
[exit: 1]
"#]]
    );
}

#[test]
fn a_name_stays_as_it_is() {
    let flyte = hello();
    flyte.home.write("50%41 off.txt", "words");
    let uploaded = flyte.run(&["upload", "50%41 off.txt"]);
    let place = uploaded.lines().next().unwrap().strip_prefix("[HOME]").unwrap();
    assert!(place.ends_with("/50%41 off.txt"), "{place}");
    assert_eq!(std::fs::read(format!("{}{place}", flyte.home.home().display())).unwrap(), b"words");
}

#[test]
fn an_input_that_is_a_file_is_uploaded() {
    let flyte = hello();
    flyte.home.write("text", "words");
    let text = flyte.run(&["run", "hello.count", "-i", "text=text", "--wait", "-o", "json"]);
    assert!(text.starts_with("{\n  \"bytes\": 5\n}\n"), "{text}");
    snapshot!(
        flyte.run(&["run", "hello.count", "-i", "text=."]),
        str![[r#"
------- stderr -------
error: `.` is a folder, not a file
  caused by: it is the value of input `text`
[exit: 1]
"#]]
    );
    snapshot!(
        flyte.run(&["run", "hello.count", "-i", "text=none"]),
        str![[r#"
------- stderr -------
error: cannot read `none`
  caused by: No such file or directory (os error 2)
  caused by: it is the value of input `text`
[exit: 1]
"#]]
    );
}
