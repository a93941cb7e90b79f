//! Tokens in files.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    process::Command,
};

use super::{ENDPOINT, Fixture, OTHER, another, mode, render, tokens};
use auth::store::{StoreKind, open};

#[test]
fn tokens_are_loaded_as_they_were_saved() {
    let home = Fixture::new();
    assert_eq!(home.store().load(ENDPOINT).unwrap(), None);
    home.store().save(ENDPOINT, &tokens("one")).unwrap();
    assert_eq!(home.store().load(ENDPOINT).unwrap(), Some(tokens("one")));
    home.store().save(ENDPOINT, &tokens("two")).unwrap();
    assert_eq!(home.store().load(ENDPOINT).unwrap(), Some(tokens("two")));
    assert_eq!(home.store().location(ENDPOINT), format!("`{}`", home.file().display()));
}

#[test]
fn each_endpoint_has_its_own_tokens() {
    let home = Fixture::new();
    home.store().save(ENDPOINT, &tokens("one")).unwrap();
    home.store().save(OTHER, &tokens("two")).unwrap();
    assert_eq!(home.store().endpoints().unwrap(), [ENDPOINT, OTHER]);
    assert!(home.store().remove(ENDPOINT).unwrap());
    assert!(!home.store().remove(ENDPOINT).unwrap());
    assert_eq!(home.store().load(ENDPOINT).unwrap(), None);
    assert_eq!(home.store().load(OTHER).unwrap(), Some(tokens("two")));
    assert_eq!(home.store().endpoints().unwrap(), [OTHER]);
}

/// Names of files are cut and simplified; the endpoints must not become one.
#[test]
fn similar_endpoints_have_different_files() {
    let home = Fixture::new();
    let long = "x".repeat(300);
    let alike = ["flyte.example.org", "flyte-example.org", "FLYTE.example.org", "", "../../up", &long];
    for endpoint in alike {
        home.store().save(endpoint, &tokens(endpoint)).unwrap();
    }
    for endpoint in alike {
        assert_eq!(home.store().load(endpoint).unwrap(), Some(tokens(endpoint)), "{endpoint}");
    }
    assert_eq!(home.files().len(), alike.len());
}

#[test]
fn files_are_private_whatever_the_umask() {
    let home = Fixture::new();
    let permissive = another::command("sh", &["-c", "umask 000; exec \"$0\" \"$@\""]);
    assert_eq!(another::answers(permissive, "file", &home.folder(), "save a one"), ["saved"]);
    assert_eq!(mode(&home.file()), 0o600);
    assert_eq!(mode(&home.folder()), 0o700);
}

#[test]
fn a_file_that_is_accessible_to_others_is_refused_with_a_hint() {
    for open in [0o644, 0o640, 0o604, 0o620, 0o610] {
        let home = Fixture::new();
        home.store().save(ENDPOINT, &tokens("one")).unwrap();
        fs::set_permissions(home.file(), Permissions::from_mode(open)).unwrap();
        let error = home.store().load(ENDPOINT).unwrap_err();
        let path = home.file().display().to_string();
        assert_eq!(
            render(&error),
            format!("refusing to read `{path}`: it is accessible to other users (mode {open:04o})")
        );
        assert_eq!(
            error.hint().unwrap(),
            format!(
                "run `chmod 600 '{path}'`; if the tokens may have leaked, delete the file and run `flyte-host \
                 login`"
            )
        );
        // Its endpoint is still known: `logout --all` reaches it.
        assert_eq!(home.store().endpoints().unwrap(), [ENDPOINT]);
        assert!(home.store().remove(ENDPOINT).unwrap());
    }
}

#[test]
fn both_fixes_of_the_hint_work() {
    let home = Fixture::new();
    home.store().save(ENDPOINT, &tokens("one")).unwrap();
    fs::set_permissions(home.file(), Permissions::from_mode(0o644)).unwrap();
    assert!(Command::new("chmod").arg("600").arg(home.file()).status().unwrap().success());
    assert_eq!(home.store().load(ENDPOINT).unwrap(), Some(tokens("one")));

    fs::set_permissions(home.file(), Permissions::from_mode(0o644)).unwrap();
    home.store().save(ENDPOINT, &tokens("two")).unwrap();
    assert_eq!(mode(&home.file()), 0o600);
    assert_eq!(home.store().load(ENDPOINT).unwrap(), Some(tokens("two")));
}

/// Others may put files there, which are refused as above, and remove files; they cannot read or forge any.
#[test]
fn a_folder_that_is_writable_for_others_is_accepted() {
    let home = Fixture::new();
    fs::create_dir_all(home.folder()).unwrap();
    fs::set_permissions(home.folder(), Permissions::from_mode(0o777)).unwrap();
    home.store().save(ENDPOINT, &tokens("one")).unwrap();
    assert_eq!(mode(&home.file()), 0o600);
    assert_eq!(home.store().load(ENDPOINT).unwrap(), Some(tokens("one")));
}

/// Otherwise another user who can rename files could have tokens sent to another server.
#[test]
fn the_file_of_another_endpoint_is_not_used() {
    let home = Fixture::new();
    home.store().save(ENDPOINT, &tokens("one")).unwrap();
    let first = home.file();
    home.store().save(OTHER, &tokens("two")).unwrap();
    let second = home.folder().join(home.files().into_iter().find(|name| !first.ends_with(name)).unwrap());
    fs::rename(first, second).unwrap();
    assert_eq!(home.store().load(OTHER).unwrap(), None);
    assert_eq!(home.store().endpoints().unwrap(), [""; 0]);
}

#[test]
fn a_symlink_is_neither_read_nor_followed() {
    let home = Fixture::new();
    home.store().save(ENDPOINT, &tokens("one")).unwrap();
    let (path, elsewhere) = (home.file(), home.0.path().join("elsewhere"));
    fs::rename(&path, &elsewhere).unwrap();
    symlink(&elsewhere, &path).unwrap();
    let error = home.store().load(ENDPOINT).unwrap_err();
    assert_eq!(
        render(&error),
        format!("refusing to read `{}`: not a regular file (symlink, directory or device)", path.display())
    );
    assert_eq!(error.hint().unwrap(), format!("remove `{}` and run `flyte-host login`", path.display()));

    let before = fs::read(&elsewhere).unwrap();
    home.store().save(ENDPOINT, &tokens("two")).unwrap();
    assert_eq!(fs::read(&elsewhere).unwrap(), before);
    assert_eq!(home.store().load(ENDPOINT).unwrap(), Some(tokens("two")));

    fs::remove_file(&path).unwrap();
    symlink(&elsewhere, &path).unwrap();
    assert!(home.store().remove(ENDPOINT).unwrap());
    assert_eq!(fs::read(&elsewhere).unwrap(), before);
}

/// Reading one would wait for a writer.
#[test]
fn a_pipe_does_not_block() {
    let home = Fixture::new();
    home.store().save(ENDPOINT, &tokens("one")).unwrap();
    let path = home.file();
    fs::remove_file(&path).unwrap();
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    home.store().load(ENDPOINT).unwrap_err();
    assert_eq!(home.store().endpoints().unwrap(), [""; 0]);
    home.store().save(ENDPOINT, &tokens("two")).unwrap();
    assert_eq!(home.store().load(ENDPOINT).unwrap(), Some(tokens("two")));
}

#[test]
fn a_folder_that_cannot_be_created_has_no_tokens_and_saving_fails() {
    let home = Fixture::new();
    fs::write(home.0.path().join("state"), "a file, and no folder").unwrap();
    let store = home.store();
    assert_eq!(store.load(ENDPOINT).unwrap(), None);
    assert_eq!(store.endpoints().unwrap(), [""; 0]);
    assert!(!store.remove(ENDPOINT).unwrap());
    let error = store.save(ENDPOINT, &tokens("one")).unwrap_err();
    assert!(render(&error).contains("could not write "), "{}", render(&error));
    assert!(error.hint().unwrap().contains("`XDG_STATE_HOME`"));
}

#[test]
fn a_read_only_folder_keeps_its_tokens() {
    let home = Fixture::new();
    home.store().save("a", &tokens("one")).unwrap();
    fs::set_permissions(home.folder(), Permissions::from_mode(0o500)).unwrap();
    // Root may write everywhere, unless it gives that right up.
    let is_root = fs::metadata(home.folder()).unwrap().uid() == 0;
    let command = if is_root {
        another::command("setpriv", &["--bounding-set=-all", "--inh-caps=-all"])
    } else {
        another::command("env", &[])
    };
    let steps = "load a; save a two; load a; remove a; load a; endpoints";
    let answers = another::answers(command, "file", &home.folder(), steps);
    let refused =
        format!("error: could not write `{}`: Permission denied (os error 13)", home.file().display());
    assert_eq!(answers, ["one", &refused, "one", &refused, "one", "a"]);
}

#[test]
fn the_store_none_saves_nothing_and_removes_older_tokens() {
    let home = Fixture::new();
    home.store().save(ENDPOINT, &tokens("one")).unwrap();
    let nowhere = open(StoreKind::None, home.folder());
    nowhere.save(OTHER, &tokens("two")).unwrap();
    assert_eq!((nowhere.load(ENDPOINT).unwrap(), nowhere.load(OTHER).unwrap()), (None, None));
    assert_eq!(nowhere.location(ENDPOINT), "nowhere");
    assert_eq!(nowhere.endpoints().unwrap(), [ENDPOINT]);
    assert!(nowhere.remove(ENDPOINT).unwrap());
    assert_eq!(home.files(), [""; 0]);
}
