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
    snapshot!(flyte.run(&["upload", "text", "folder"]), str![]);
    snapshot!(flyte.run(&["upload", "text", "-o", "json"]), str![]);
    snapshot!(flyte.run(&["upload", "nothing"]), str![]);
}

#[test]
fn an_input_that_is_a_file_is_uploaded() {
    let flyte = hello();
    flyte.home.write("text", "words");
    let text = flyte.run(&["run", "hello.count", "-i", "text=text", "--wait", "-o", "json"]);
    assert!(text.starts_with("{\n  \"bytes\": 5\n}\n"), "{text}");
    snapshot!(flyte.run(&["run", "hello.count", "-i", "text=."]), str![]);
    snapshot!(flyte.run(&["run", "hello.count", "-i", "text=none"]), str![]);
}
