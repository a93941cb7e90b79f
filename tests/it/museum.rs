//! Binaries of old plugins, which every later host of their major protocol must load; see
//! `tests/museum/README.md`.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use plugin_host::{Directories, Loader};
use snapbox::Data;
use tests::snapshot;

use crate::{allow_sandbox, growth, home_with};

/// The exhibits that can be loaded on this machine, each with the file of its answers.
pub(crate) fn exhibits() -> Vec<(PathBuf, PathBuf)> {
    let museum = Path::new(env!("CARGO_MANIFEST_DIR")).join("museum");
    let versions =
        fs::read_dir(museum).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let machine = format!("{}-unknown-linux-gnu", env::consts::ARCH);
    let exhibit = |version: PathBuf| {
        let library = version.join(&machine).join("libgrowth_plugin.so");
        (cfg!(target_env = "gnu") && library.exists()).then(|| (library, version.join("answers.txt")))
    };
    versions.filter_map(exhibit).collect()
}

#[test]
fn every_exhibit_answers_as_it_did() {
    for (library, answers) in exhibits() {
        let mut home = home_with(&[]);
        allow_sandbox(&home);
        home.copy_file(&library, home.plugins().join("libgrowth.so"));
        home.set("FLYTE_PLUGIN", "growth");
        snapshot!(growth::answers(&home), Data::read_from(&answers, None));
    }
}

#[test]
fn no_exhibit_was_touched() {
    let label = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("museum/README.md")).unwrap();
    for (library, _) in exhibits() {
        let loader = Loader::new("my-program", Directories::default());
        let sha256 = loader.check_file(&library).unwrap().file.sha256().unwrap();
        assert!(label.contains(&sha256), "`{}` is not the file that was built once", library.display());
    }
}

#[test]
fn there_is_an_exhibit_for_the_machine_of_the_tests() {
    if cfg!(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")) {
        assert!(!exhibits().is_empty());
    }
}
