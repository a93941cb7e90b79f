//! Tokens in files.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    process::Command,
};

use super::{ENDPOINT, Home, OTHER, another, mode, shown, tokens};
use auth::store::{Choice, open};

#[test]
fn tokens_come_back_as_they_were() {
    let home = Home::new();
    assert_eq!(home.store().load(ENDPOINT).unwrap(), None);
    home.store().save(ENDPOINT, &tokens("one")).unwrap();
    assert_eq!(home.store().load(ENDPOINT).unwrap(), Some(tokens("one")));
    home.store().save(ENDPOINT, &tokens("two")).unwrap();
    assert_eq!(home.store().load(ENDPOINT).unwrap(), Some(tokens("two")));
    assert_eq!(home.store().place(ENDPOINT), format!("`{}`", home.file().display()));
}

#[test]
fn each_endpoint_has_its_own() {
    let home = Home::new();
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
fn endpoints_that_look_alike_stay_apart() {
    let home = Home::new();
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
fn only_the_owner_can_open_them_whatever_the_umask() {
    let home = Home::new();
    let permissive = another::command("sh", &["-c", "umask 000; exec \"$0\" \"$@\""]);
    assert_eq!(another::answers(permissive, "file", &home.folder(), "save a one"), ["saved"]);
    assert_eq!(mode(&home.file()), 0o600);
    assert_eq!(mode(&home.folder()), 0o700);
}

#[test]
fn a_file_that_others_may_open_is_refused_with_the_remedy() {
    for open in [0o644, 0o640, 0o604, 0o620, 0o610] {
        let home = Home::new();
        home.store().save(ENDPOINT, &tokens("one")).unwrap();
        fs::set_permissions(home.file(), Permissions::from_mode(open)).unwrap();
        let error = home.store().load(ENDPOINT).unwrap_err();
        let path = home.file().display().to_string();
        assert_eq!(
            shown(&error),
            format!("`{path}` is not used, because others than its owner may open it (mode {open:04o})")
        );
        assert_eq!(
            error.hint().unwrap(),
            format!(
                "if somebody may have seen the tokens in it, remove it and sign in again with `flyte-host login`; \
                 else `chmod 600 '{path}'`"
            )
        );
        // Its endpoint is still known: `logout --all` reaches it.
        assert_eq!(home.store().endpoints().unwrap(), [ENDPOINT]);
        assert!(home.store().remove(ENDPOINT).unwrap());
    }
}

#[test]
fn either_remedy_for_a_file_that_others_may_open_helps() {
    let home = Home::new();
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
fn a_folder_that_others_may_write_does() {
    let home = Home::new();
    fs::create_dir_all(home.folder()).unwrap();
    fs::set_permissions(home.folder(), Permissions::from_mode(0o777)).unwrap();
    home.store().save(ENDPOINT, &tokens("one")).unwrap();
    assert_eq!(mode(&home.file()), 0o600);
    assert_eq!(home.store().load(ENDPOINT).unwrap(), Some(tokens("one")));
}

/// Otherwise whoever may rename files could have tokens sent to another server.
#[test]
fn the_file_of_another_endpoint_is_not_taken() {
    let home = Home::new();
    home.store().save(ENDPOINT, &tokens("one")).unwrap();
    let first = home.file();
    home.store().save(OTHER, &tokens("two")).unwrap();
    let second = home.folder().join(home.files().into_iter().find(|name| !first.ends_with(name)).unwrap());
    fs::rename(first, second).unwrap();
    assert_eq!(home.store().load(OTHER).unwrap(), None);
    assert_eq!(home.store().endpoints().unwrap(), [""; 0]);
}

#[test]
fn a_link_is_neither_read_nor_written_through() {
    let home = Home::new();
    home.store().save(ENDPOINT, &tokens("one")).unwrap();
    let (path, elsewhere) = (home.file(), home.0.path().join("elsewhere"));
    fs::rename(&path, &elsewhere).unwrap();
    symlink(&elsewhere, &path).unwrap();
    let error = home.store().load(ENDPOINT).unwrap_err();
    assert_eq!(
        shown(&error),
        format!(
            "`{}` is not used, because it is a link, a folder or a device, and no ordinary file",
            path.display()
        )
    );
    assert_eq!(error.hint().unwrap(), "remove it and sign in again with `flyte-host login`");

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
fn a_pipe_in_place_of_the_file_does_not_hang() {
    let home = Home::new();
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
fn where_no_folder_can_be_made_there_are_no_tokens_and_none_can_be_kept() {
    let home = Home::new();
    fs::write(home.0.path().join("state"), "a file, and no folder").unwrap();
    let store = home.store();
    assert_eq!(store.load(ENDPOINT).unwrap(), None);
    assert_eq!(store.endpoints().unwrap(), [""; 0]);
    assert!(!store.remove(ENDPOINT).unwrap());
    let error = store.save(ENDPOINT, &tokens("one")).unwrap_err();
    assert!(shown(&error).contains("cannot be written: "), "{}", shown(&error));
    assert!(error.hint().unwrap().contains("`XDG_STATE_HOME`"));
}

#[test]
fn a_read_only_home_keeps_what_it_has() {
    let home = Home::new();
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
        format!("error: `{}` cannot be written: Permission denied (os error 13)", home.file().display());
    assert_eq!(answers, ["one", &refused, "one", &refused, "one", "a"]);
}

#[test]
fn nothing_is_kept_where_nothing_is_wanted_and_what_was_kept_is_forgotten() {
    let home = Home::new();
    home.store().save(ENDPOINT, &tokens("one")).unwrap();
    let nowhere = open(Choice::None, home.folder());
    nowhere.save(OTHER, &tokens("two")).unwrap();
    assert_eq!((nowhere.load(ENDPOINT).unwrap(), nowhere.load(OTHER).unwrap()), (None, None));
    assert_eq!(nowhere.place(ENDPOINT), "nowhere");
    assert_eq!(nowhere.endpoints().unwrap(), [ENDPOINT]);
    assert!(nowhere.remove(ENDPOINT).unwrap());
    assert_eq!(home.files(), [""; 0]);
}
