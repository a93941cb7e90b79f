//! What may lie at a path.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use plugin_host::preflight::{PreflightError, WarningKind, inspect};

use super::fixture::{Fixture, accepted, good_plugin, host};

#[test]
fn a_missing_file_brings_up_near_names() {
    let fixture = Fixture::new();
    fixture.write("libacme_corp.so", "x");
    fixture.write("libother.so", "x");
    fixture.write("acme-corp.txt", "x");
    for name in ["acme-corp", "acme_corp.so", "libacmecorp.so", "libacme_copr.so"] {
        let expected = format!("error: `DIR/{name}` not found\nhint: did you mean `DIR/libacme_corp.so`?\n");
        assert_eq!(fixture.report(&fixture.path(name), &host()), expected);
    }
    assert_eq!(
        fixture.report(&fixture.path("libzzz.so"), &host()),
        "error: `DIR/libzzz.so` not found\nhint: run `flyte-host plugin list` to see what is installed\n"
    );
}

#[test]
fn a_missing_folder_is_named() {
    let fixture = Fixture::new();
    fixture.write("file", "x");
    let expected = "error: `DIR/none/libacme.so` not found: the folder `DIR/none` does not exist
hint: run `flyte-host plugin list` to see what is installed
";
    assert_eq!(fixture.report(&fixture.path("none/libacme.so"), &host()), expected);
    let expected = expected.replace("none", "file");
    assert_eq!(fixture.report(&fixture.path("file/libacme.so"), &host()), expected);
}

#[test]
fn links_are_followed_to_their_end() {
    let fixture = Fixture::new();
    symlink("gone.so", fixture.path("second.so")).unwrap();
    symlink("second.so", fixture.path("first.so")).unwrap();
    assert_eq!(
        fixture.report(&fixture.path("first.so"), &host()),
        "error: `DIR/first.so` is a link to `DIR/gone.so`, which does not exist
hint: make the link lead to the plugin: `ln -sfn <file> DIR/first.so`
"
    );
    symlink("b.so", fixture.path("a.so")).unwrap();
    symlink("a.so", fixture.path("b.so")).unwrap();
    assert_eq!(
        fixture.report(&fixture.path("a.so"), &host()),
        "error: `DIR/a.so` is a link that leads back to itself
hint: make the link lead to the plugin: `ln -sfn <file> DIR/a.so`
"
    );
}

#[test]
fn a_directory_is_looked_into() {
    let fixture = Fixture::new();
    let folder = fixture.path("plugins");
    fs::create_dir(&folder).unwrap();
    assert_eq!(
        fixture.report(&folder, &host()),
        "error: `DIR/plugins` is a directory, not a plugin file
hint: give the path of the compiled library, such as `lib<name>.so`
"
    );
    fixture.write("plugins/libacme.so", "x");
    assert_eq!(
        fixture.report(&folder, &host()),
        "error: `DIR/plugins` is a directory, not a plugin file
hint: name a file in it, such as `DIR/plugins/libacme.so`
"
    );
}

#[test]
fn special_files_are_not_opened() {
    const HINT: &str = "hint: give the path of the compiled library, such as `lib<name>.so`\n";
    let fixture = Fixture::new();
    let fifo = fixture.path("fifo.so");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    assert_eq!(
        fixture.report(&fifo, &host()),
        format!("error: `DIR/fifo.so` is a named pipe, not a file\n{HINT}")
    );
    let socket = fixture.path("socket.so");
    let _listener = UnixListener::bind(&socket).unwrap();
    assert_eq!(
        fixture.report(&socket, &host()),
        format!("error: `DIR/socket.so` is a socket, not a file\n{HINT}")
    );
    let device = fixture.report(Path::new("/dev/zero"), &host());
    assert_eq!(device, format!("error: `/dev/zero` is a device, not a file\n{HINT}"));
}

#[test]
fn size_has_limits() {
    let fixture = Fixture::new();
    let file = fixture.write("libacme.so", "");
    assert_eq!(
        fixture.report(&file, &host()),
        "error: `DIR/libacme.so` is empty\nhint: copy or download the file again, to its end\n"
    );
    // Sparse: it takes no space, and must take no memory either.
    File::create(&file).unwrap().set_len(4 << 30).unwrap();
    assert_eq!(
        fixture.report(&file, &host()),
        "error: `DIR/libacme.so` is 4096 MiB large; a plugin has at most 256 MiB
hint: strip the plugin: set `strip = true` in its release profile
"
    );
}

#[test]
fn a_secret_file_is_refused_by_the_system() {
    let fixture = Fixture::new();
    let file = fixture.write("libacme.so", "x");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
    if File::open(&file).is_ok() {
        return; // Root may read everything; `file.rs` has a test without the system.
    }
    assert_eq!(
        fixture.report(&file, &host()),
        "error: could not read `DIR/libacme.so`: permission denied
hint: ask its owner to run `chmod a+r`, and `chmod a+x` on the folders above it
"
    );
}

#[test]
fn names_cannot_write_on_the_terminal() {
    let fixture = Fixture::new();
    let path = fixture.path("a\n\u{1b}[31merror: all is lost\u{202e}.so");
    let shown = r"DIR/a\n\u{1b}[31merror: all is lost\u{202e}.so";
    assert_eq!(
        fixture.report(&path, &host()),
        format!("error: `{shown}` not found\nhint: run `flyte-host plugin list` to see what is installed\n")
    );
}

#[test]
fn an_absurd_name_is_shortened() {
    let fixture = Fixture::new();
    let path = fixture.path(&"x".repeat(4096));
    let error = inspect(&path, &host()).unwrap_err();
    assert!(matches!(error, PreflightError::NameTooLong { .. }));
    assert_eq!(error.path(), path);
    assert_eq!(error.hint().unwrap(), "move the plugin to a shorter path");
    let message = error.to_string();
    assert!(message.starts_with("the path `/") && message.ends_with("xxx` is too long for this system"));
    assert!(message.chars().count() < 450);
}

#[test]
fn a_file_or_folder_that_every_user_may_change_is_a_warning() {
    let Some(fixture) = Fixture::with_compiler() else { return };
    let file = fixture.write("plugins/libacme.so", good_plugin());
    let folder = file.parent().unwrap();
    assert_eq!(accepted(&file, &host()).warnings, []);
    // A link elsewhere does not hide the file.
    let link = fixture.path("liblink.so");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    for (path, mode) in [(file.as_path(), 0o666), (folder, 0o777)] {
        let before = fs::metadata(path).unwrap().permissions();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        for loaded in [&file, &link] {
            let warning = accepted(loaded, &host()).warnings.remove(0);
            let shown = path.display();
            assert_eq!(warning.kind, WarningKind::WorldWritable);
            assert_eq!(warning.to_string(), format!("plugin `acme`: `{shown}` is writable by every user"));
            assert_eq!(warning.hint(), format!("run `chmod o-w {shown}`"));
        }
        fs::set_permissions(path, before).unwrap();
    }
}
