//! Packages made by the official `pyflyte package`, compared by the official Python package.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use flate2::read::GzDecoder;
use flyte_client::register::{
    self, EntityKind, Identity,
    render::{self, TextFormat},
};
use tempfile::TempDir;

use crate::python;

const PACKAGES: [&str; 4] = ["auto.tgz", "env.tgz", "fast.tgz", "plain.tgz"];

/// The folder with the packages: the one that `cargo xtask test` made once, else one for each run.
fn packages(python: &OsString) -> &'static Path {
    static MADE: OnceLock<(PathBuf, Option<TempDir>)> = OnceLock::new();
    let (path, _) = MADE.get_or_init(|| {
        if let Some(path) = env::var_os("FLYTE_TEST_PACKAGES") {
            return (path.into(), None);
        }
        let folder = tempfile::tempdir().unwrap();
        python::run(python, "packages/build.py", &[folder.path()]);
        (folder.path().to_owned(), Some(folder))
    });
    path
}

#[test]
fn a_package_arrives_whole_through_every_form() {
    let Some(python) = python::interpreter() else { return };
    for name in PACKAGES {
        let package = packages(&python).join(name);
        let folder = tempfile::tempdir().unwrap();
        let entries = register::read(std::slice::from_ref(&package), &Identity::default()).unwrap();
        assert!(entries.len() > 30, "{} entities in {name}", entries.len());
        let same = format!("{0} and {0} entities, 0 differences\n", entries.len());

        let files = folder.path().join("files");
        render::files(&entries, &files).unwrap();
        assert_eq!(python::run(&python, "packages/compare.py", &[&package, &files]), same);

        for (form, ending) in [(TextFormat::Yaml, "yaml"), (TextFormat::Json, "json")] {
            let text = folder.path().join(format!("text.{ending}"));
            fs::write(&text, render::text(entries.iter().map(|entry| &entry.entity), form).unwrap()).unwrap();
            assert_eq!(python::run(&python, "packages/compare.py", &[&package, &text]), same);

            let again = register::read(&[text], &Identity::default()).unwrap();
            assert!(again.iter().map(|entry| &entry.entity).eq(entries.iter().map(|entry| &entry.entity)));
        }
    }
}

#[test]
fn our_files_are_named_as_theirs() {
    let Some(python) = python::interpreter() else { return };
    let package = packages(&python).join("fast.tgz");
    let mut theirs: Vec<_> = tar::Archive::new(GzDecoder::new(File::open(&package).unwrap()))
        .entries()
        .unwrap()
        .map(|member| member.unwrap().path().unwrap().into_owned())
        .collect();
    theirs.sort();

    let folder = tempfile::tempdir().unwrap();
    let entries = register::read(&[package], &Identity::default()).unwrap();
    let files = render::files(&entries, folder.path()).unwrap();
    let ours: Vec<_> = files.iter().map(|file| PathBuf::from(file.file_name().unwrap())).collect();

    assert_eq!(ours, theirs);
}

#[test]
fn identifiers_are_filled_everywhere() {
    let Some(python) = python::interpreter() else { return };
    let package = packages(&python).join("plain.tgz");
    let identity = Identity {
        project: Some("flytesnacks".into()),
        domain: Some("development".into()),
        version: Some("v1".into()),
    };
    let entries = register::read(std::slice::from_ref(&package), &identity).unwrap();
    let folder = tempfile::tempdir().unwrap();
    render::files(&entries, folder.path()).unwrap();

    let fill = Path::new("--fill=flytesnacks:development:v1");
    let report = python::run(&python, "packages/compare.py", &[fill, &package, folder.path()]);

    assert!(report.ends_with(" entities, 0 differences\n"), "{report}");
    assert!(entries.iter().all(|entry| entry.entity.id().unwrap().version == "v1"));
}

#[test]
fn the_code_stays_with_the_entities_of_its_package() {
    let Some(python) = python::interpreter() else { return };
    let folder = packages(&python);
    for (name, with_code) in [("plain.tgz", false), ("fast.tgz", true)] {
        let entries = register::read(&[folder.join(name)], &Identity::default()).unwrap();
        for entry in &entries {
            assert_eq!(entry.archive.is_some(), with_code, "{}", entry.source);
        }
        let tasks = entries.iter().filter(|entry| entry.entity.kind() == EntityKind::Task).count();
        assert!(tasks > 10, "{tasks} tasks");
        if let Some(archive) = &entries[0].archive {
            let mut code = tar::Archive::new(GzDecoder::new(archive.bytes.as_slice()));
            let names = code.entries().unwrap().map(|member| member.unwrap().path().unwrap().into_owned());
            assert!(names.collect::<Vec<_>>().contains(&PathBuf::from("fixture/workflows.py")));
        }
    }
}
