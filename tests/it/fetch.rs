//! `fetch`, of what executions gave.

use snapbox::str;
use tests::snapshot;

use crate::flyte::hello;

#[test]
fn values_are_printed_and_files_written() {
    let flyte = hello();
    let _ = flyte.run(&["run", "hello.write", "-i", "text=words", "--name", "done", "--wait"]);
    snapshot!(flyte.run(&["fetch", "done", "--inputs"]), str![]);
    snapshot!(flyte.run(&["fetch", "done", "out"]), str![]);
    assert_eq!(flyte.home.read("out/file"), "words");
    snapshot!(flyte.run(&["fetch", "done", "--value", "other"]), str![]);
    snapshot!(flyte.run(&["fetch", "done", "--node", "n9"]), str![]);
    snapshot!(flyte.run(&["fetch", "s3://bucket/x"]), str![]);
}
