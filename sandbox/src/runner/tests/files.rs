//! Inputs and outputs.

use serde_json::json;

use super::*;

#[test]
fn every_simple_type_goes_in_and_comes_out() {
    let cases = [
        ("int", json!(-3), "-3"),
        ("float", json!(1e21), "1000000000000000000000"),
        ("str", json!("two\nlines"), "two\nlines"),
        ("bool", json!(false), "false"),
        ("datetime", json!("2026-01-02T03:04:05.25Z"), "2026-01-02T03:04:05.25Z"),
        ("timedelta", json!("1h30m"), "1h30m0s"),
        ("enum[red, green]", json!("green"), "green"),
        ("None", json!(null), "null"),
    ];
    for (of, value, written) in cases {
        let fixture = script("cp /var/inputs/x /var/outputs/x; cp /var/inputs/x /var/outputs/text")
            .input("x", of, value)
            .output("x", of)
            .output("text", "str");
        let outputs = fixture.outputs();
        assert_eq!(outputs.literals["x"], fixture.attempt.inputs.literals["x"], "{of}");
        assert_eq!(text(&outputs.literals["text"]), written, "{of}");
    }
}

#[test]
fn structures_lists_and_maps_come_out_as_json() {
    let cases = [
        ("dict", json!({"a": [1, {"b": null}]})),
        ("list[int]", json!([1, 2, 3])),
        ("dict[str, list[str]]", json!({"a": ["b"], "c": []})),
        ("list[int | None]", json!([1, null])),
    ];
    for (of, value) in cases {
        let fixture = script(&format!("echo '{value}' > /var/outputs/o.json")).output("o", of);
        assert_eq!(fixture.outputs().literals["o"], from_json(&value, &type_of(of)).unwrap(), "{of}");
    }
}

#[test]
fn inputs_are_there_as_files_a_message_and_a_document() {
    let all = |fixture: Fixture| {
        fixture.input("i", "int", 1.into()).input("l", "list[str]", json!(["a", "b"])).input(
            "d",
            "dict",
            json!({"k": 1}),
        )
    };
    let fixture = all(script(
        "cd /var/inputs; cat l/1 > /var/outputs/o; cp inputs.json inputs.pb /var/outputs; exit 1",
    ));
    fixture.failure();
    let outputs = fixture.folder().join("outputs");
    assert_eq!(fs::read_to_string(outputs.join("o")).unwrap(), "b");
    let document: serde_json::Value =
        serde_json::from_slice(&fs::read(outputs.join("inputs.json")).unwrap()).unwrap();
    assert_eq!(document, json!({"i": 1, "l": ["a", "b"], "d": {"k": 1}}));
    let message = LiteralMap::decode(fs::read(outputs.join("inputs.pb")).unwrap().as_slice()).unwrap();
    assert_eq!(message, fixture.attempt.inputs);
    for (format, name) in [(LiteralMapFormat::Yaml, "inputs.yaml"), (LiteralMapFormat::Proto, "inputs.pb")] {
        let fixture =
            all(script(&format!("test -f /var/inputs/{name} && ! test -f /var/inputs/inputs.json")))
                .with(|fixture| fixture.data_config().set_format(format));
        fixture.outputs();
    }
}

#[test]
fn files_go_in_as_copies_and_come_out_to_stay() {
    let source = tempfile::tempdir().unwrap();
    let file = source.path().join("data.csv");
    fs::write(&file, "1,2\n").unwrap();
    let uri = format!("file://{}", file.display());
    let fixture = script("echo changed >> {{.inputs.x}}; cp /var/inputs/x /var/outputs/y.csv")
        .input("x", "file[csv]", uri.into())
        .output("y", "file[csv]");
    let outputs = fixture.outputs();
    let kept = fixture.file_of(&outputs.literals["y"]);
    assert_eq!(kept, fixture.attempt.blobs.join("data/p/d/f1/n0/0/y"));
    assert_eq!(fs::read_to_string(&kept).unwrap(), "1,2\nchanged\n");
    assert!(fs::metadata(&kept).unwrap().permissions().readonly(), "it cannot be changed any more");
    let mut next = script("echo more >> {{.inputs.x}}; cat /var/inputs/x > /var/outputs/y");
    next.attempt.blobs = fixture.attempt.blobs.clone();
    next.attempt.names.attempt = 1;
    next.attempt.inputs.literals.insert("x".to_owned(), outputs.literals["y"].clone());
    assert_eq!(text(&next.output("y", "str").outputs().literals["y"]), "1,2\nchanged\nmore");
    assert_eq!(fs::read_to_string(&kept).unwrap(), "1,2\nchanged\n");
    assert_eq!(fs::read_to_string(file).unwrap(), "1,2\n", "the original is as it was");
    let scalar::Value::Blob(blob) = scalar_of(&outputs.literals["y"]) else { unreachable!() };
    assert_eq!(blob.metadata.as_ref().unwrap().r#type.as_ref().unwrap().format, "csv");
    assert!(!fixture.folder().join("inputs").exists(), "the copy is not kept");
}

#[test]
fn folders_go_in_and_come_out() {
    let source = tempfile::tempdir().unwrap();
    fs::create_dir(source.path().join("sub")).unwrap();
    fs::write(source.path().join("sub/a"), "a").unwrap();
    let fixture = script("cp -r /var/inputs/x /var/outputs/y; ln -s sub/a /var/outputs/y/link")
        .input("x", "directory", format!("file://{}", source.path().display()).into())
        .output("y", "directory");
    let kept = fixture.file_of(&fixture.outputs().literals["y"]);
    assert_eq!(fs::read_to_string(kept.join("sub/a")).unwrap(), "a");
    assert!(fs::symlink_metadata(kept.join("link")).unwrap().is_file(), "links become what they point to");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let fixture = script("true").input("x", "file", "file:///no/such/file".into());
    assert_eq!(
        fixture.message(),
        "could not read `file:///no/such/file` of input `x`: No such file or directory (os error 2)"
    );
    let fixture = script("true").input("x", "file", "s3://bucket/key".into());
    assert_eq!(
        fixture.message(),
        "could not read `s3://bucket/key` of input `x`: neither a local file nor one of the sandbox"
    );
}

#[test]
fn a_missing_output_is_named() {
    let fixture = script("echo 1 > /var/outputs/b").output("a", "int").output("b", "int");
    let (error, recoverable) = fixture.failure();
    assert_eq!((error.code.as_str(), error.kind(), recoverable), ("OutputMissing", ErrorKind::User, true));
    assert_eq!(
        fixture.message(),
        "output `a` (int) was not written: no file `ROOT/runs/p/d/f1/n0/0/outputs/a`"
    );
}

#[test]
fn a_wrong_output_is_shown() {
    let fixture = script("echo three > /var/outputs/a").output("a", "int");
    assert_eq!(fixture.message(), "output `a`: expected int, but its file holds `three`");
    let fixture = script("mkdir /var/outputs/a").output("a", "int");
    assert_eq!(
        fixture.message(),
        "output `a`: expected int, but `ROOT/runs/p/d/f1/n0/0/outputs/a` is a folder"
    );
    let fixture = script("echo 1 | tee /var/outputs/a.x > /var/outputs/a.y").output("a", "int");
    assert_eq!(
        fixture.message(),
        "output `a`: expected int, but there is more than one file for it: `a.x`, `a.y`"
    );
}

#[test]
fn what_a_cluster_rejects_is_logged() {
    let fixture = script("head -c 2000 /dev/zero | tr '\\0' x > /var/outputs/a; echo '[1]' > /var/outputs/b")
        .output("a", "str")
        .output("b", "list[int]");
    fixture.outputs();
    let log = fs::read_to_string(fixture.folder().join("runner.log")).unwrap();
    assert!(
        log.ends_with(
            "output `a` has 2000 bytes; on a cluster, a value has at most 1024\n\
         output `b` is list[int]; on a cluster, container outputs are simple values and files only\n"
        ),
        "{log}"
    );
}

#[test]
fn a_variable_may_not_leave_its_folder() {
    for name in ["../x", "/x", "..", "a/b", ""] {
        let fixture = script("true").input(name, "int", 1.into());
        assert_eq!(fixture.failure().0.code, "VariableName", "{name}");
        let fixture = script("true").output(name, "int");
        assert_eq!(fixture.failure().0.code, "VariableName", "{name}");
    }
}

#[test]
fn copilots_own_folders_are_the_default() {
    let fixture = script("cat /var/flyte/inputs/x > /var/flyte/outputs/o")
        .with(|fixture| {
            *fixture.data_config() = DataLoadingConfig { enabled: true, ..DataLoadingConfig::default() }
        })
        .input("x", "str", "x".into())
        .output("o", "str");
    assert_eq!(fixture.text(), "x");
}

#[test]
fn checkpoints_reach_the_next_attempt() {
    let mut fixture = Fixture::new([
        "sh",
        "-c",
        "test \"$1\" = '\"\"' || cat \"$1/c\" > /var/outputs/o; mkdir -p \"$2\"; echo saved > \"$2/c\"",
        "name",
        "{{.prevCheckpointPrefix}}",
        "{{.checkpointOutputPrefix}}",
    ])
    .output("o", "str");
    assert_eq!(fixture.failure().0.code, "OutputMissing");
    fixture.attempt.names.attempt = 1;
    fixture.attempt.folder = fixture.root.path().join("runs/p/d/f1/n0/1");
    assert_eq!(fixture.text(), "saved");
}

#[test]
fn what_a_run_left_that_was_cut_off_is_not_among_the_outputs() {
    let fixture = script("mkdir /var/outputs/o; echo 1 > /var/outputs/o/a").output("o", "directory");
    let kept = fixture.attempt.blobs.join("data/p/d/f1/n0/0");
    fs::create_dir_all(kept.join("o")).unwrap();
    fs::write(kept.join("o/stale"), "").unwrap();
    crate::objects::protect(&kept).unwrap();
    let folder = fixture.file_of(&fixture.outputs().literals["o"]);
    let names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["a"]);
}

#[test]
fn the_sandboxs_folder_may_have_any_name() {
    let mut fixture =
        script("cat /var/inputs/x {{.inputs.f}} > /var/outputs/o; cp /var/inputs/x /var/outputs/p")
            .input("x", "str", "x".into())
            .output("o", "str")
            .output("p", "file");
    let root = fixture.root.path().join("a b's; $HOME");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("f"), "f").unwrap();
    fixture = fixture.input("f", "file", format!("file://{}", root.join("f").display()).into());
    fixture.attempt.folder = root.join("runs");
    fixture.attempt.blobs = root.join("blobs");
    let outputs = fixture.outputs();
    assert_eq!(text(&outputs.literals["o"]), "xf");
    assert_eq!(fixture.file_of(&outputs.literals["p"]), root.join("blobs/data/p/d/f1/n0/0/p"));
}

#[test]
fn links_in_an_output_are_followed_and_other_than_files_fail_the_attempt() {
    let fixture = script(
        "mkdir /var/outputs/o; cd \"$FLYTE_OUTPUT_DIR/o\"; echo 1 > a; ln -s a b; ln -s . loop; mkdir -p c/d; ln -s .. c/up",
    )
    .output("o", "directory");
    let outputs = fixture.outputs();
    let content = flyte_client::folder::list(&fixture.file_of(&outputs.literals["o"])).unwrap();
    let names = |inner: &[flyte_client::folder::Inner]| {
        inner.iter().map(|inner| inner.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&content.files), ["a", "b"]);
    assert_eq!(names(&content.folders), ["c", "c/d"]);
    let log = fs::read_to_string(fixture.folder().join("runner.log")).unwrap();
    assert!(
        log.contains("output `o`: `o/c/up` is a link to a folder that it is in, and is left out"),
        "{log}"
    );
    for (of, made, expected) in [
        (
            "directory",
            "mkdir $o; ln -s /nope $o/x",
            "`o/x` cannot be read: symlink to `/nope`, which does not exist",
        ),
        ("directory", "mkdir $o; mkfifo $o/x", "`o/x` cannot be read: a pipe, not a file"),
        ("directory", "ln -s /nope $o", "`o` cannot be read: symlink to `/nope`, which does not exist"),
        ("file", "mkfifo $o", "`o` cannot be read: a pipe, not a file"),
        ("str", "mkfifo $o", "/outputs/o` cannot be read: a pipe, not a file"),
        (
            "int | None",
            "ln -s /nope $o",
            "/outputs/o` cannot be read: symlink to `/nope`, which does not exist",
        ),
    ] {
        let fixture = script(&format!("o=\"$FLYTE_OUTPUT_DIR/o\"; {made}")).output("o", of);
        let message = fixture.message();
        assert!(message.ends_with(expected), "{of}, {made}: {message}");
    }
}
