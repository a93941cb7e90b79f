//! The checks of a plugin's file, and the search for the reason why the system's loader refused it.

#![no_main]

use std::{fs::File, io::Write as _, path::Path, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use plugin_host::preflight::{
    ExpectedHeader, HostTarget, LoaderState, Passport, System, explain, inspect_bytes, libraries,
};

/// A host that accepts the seed, in which the mark of abi_stable is a text.
static HOST: LazyLock<HostTarget> = LazyLock::new(|| HostTarget {
    header: ExpectedHeader { magic: *b"the mark of the fuzzing seeds...", major: 0, minor: 11 },
    ..HostTarget::current()
});

/// Without the libraries of this machine: reading them takes most of the time.
static STATE: LazyLock<LoaderState> = LazyLock::new(|| {
    let mut state = LoaderState::current();
    state.loaded.clear();
    state.library_folders.clear();
    state
});

static PASSPORT: LazyLock<Passport> = LazyLock::new(|| {
    let text = include_str!("../seeds/passport/acme.txt");
    Passport::from_text(text).expect("the seed is a passport")
});

fuzz_target!(|bytes: &[u8]| {
    let path = Path::new("/plugins/libacme.so");
    for system in [System::Linux, System::MacOs, System::Windows] {
        if let Err(error) = inspect_bytes(bytes, path, &HostTarget { system, ..HOST.clone() }) {
            assert!(!error.to_string().contains(char::is_control), "{error}");
            error.hint();
        }
    }
    if bytes.starts_with(b"\x7fELF") {
        let file = file(bytes);
        _ = libraries(&file, path, &STATE);
        if let Some(reason) = explain(&file, path, &PASSPORT, &STATE) {
            assert!(!reason.to_string().contains(char::is_control), "{reason}");
        }
    }
});

fn file(bytes: &[u8]) -> File {
    static FOLDER: LazyLock<std::path::PathBuf> =
        LazyLock::new(|| std::env::temp_dir().join(format!("flyte-fuzz-{}", std::process::id())));
    let mut file = File::options()
        .create(true)
        .truncate(true)
        .read(true)
        .write(true)
        .open(&*FOLDER)
        .expect("the folder for temporary files can be written");
    file.write_all(bytes).expect("there is room for the input");
    std::fs::remove_file(&*FOLDER).expect("the file was just made");
    file
}
