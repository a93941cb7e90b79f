//! An installed plugin whose file another thread exchanges while it is checked and loaded.

#![expect(clippy::print_stdout, reason = "how often the threads met has to be seen")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use plugin_host::{
    Admission, Directories, InstalledFiles, InstalledPlugins, LoadError, Loader, admission::AdmissionError,
};
use tempfile::TempDir;

use crate::loading::sample;

/// How many files are checked; more with this variable.
const ROUNDS: &str = "FLYTE_TEST_ROUNDS";
const DEFAULT_ROUNDS: usize = 200;
/// How many of them are loaded as well: a library is never unloaded.
const LOADED: usize = 10;

/// The store with an installed plugin, and a file that was not installed.
struct Store {
    folder: TempDir,
    sha256: String,
}

impl Store {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let good = folder.path().join("good.so");
        fs::copy(sample(), &good).unwrap();
        let file = Loader::new("test", Directories::default()).check_file(&good).unwrap().file;
        let store = Self { sha256: file.sha256().unwrap(), folder };
        let mut evil = fs::read(&good).unwrap();
        let (from, to) = (b"\nversion=0.1.0\n", b"\nversion=6.6.6\n");
        // The passport in the file, and the one in the code.
        while let Some(at) = evil.windows(from.len()).position(|window| window == from) {
            evil[at..at + to.len()].copy_from_slice(to);
        }
        fs::write(store.evil(), evil).unwrap();
        fs::create_dir_all(store.file().parent().unwrap()).unwrap();
        fs::copy(&good, store.file()).unwrap();
        store
    }

    fn plugins(&self) -> PathBuf {
        self.folder.path().join("plugins")
    }

    fn good(&self) -> PathBuf {
        self.folder.path().join("good.so")
    }

    fn evil(&self) -> PathBuf {
        self.folder.path().join("evil.so")
    }

    fn file(&self) -> PathBuf {
        self.plugins().join("store").join(&self.sha256).join("libacme.so")
    }

    fn loader(&self) -> Loader {
        let files = InstalledFiles { sha256: [("acme".to_owned(), vec![self.sha256.clone()])].into() };
        let lock_file = self.folder.path().join("plugins.lock");
        let installed = InstalledPlugins::new(self.plugins(), lock_file, move || Ok(files.clone()));
        Loader::new("test", Directories::default())
            .with_admission(Admission::default().with_installed(installed))
    }
}

#[test]
fn another_file_in_the_place_of_an_installed_one_is_refused() {
    let store = Store::new();
    fs::copy(store.evil(), store.file()).unwrap();
    let loader = store.loader();
    let error = loader.load(loader.check_file(&store.file()).unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "the file of plugin `acme` is not the one that was installed");
    let details = error.details().unwrap();
    assert!(
        details
            .ends_with(&format!("which is not in `{}`", store.folder.path().join("plugins.lock").display()))
    );
    // Its own path is the user's choice.
    loader.load(loader.check_file(&store.evil()).unwrap()).unwrap();
}

#[test]
fn the_bytes_that_were_verified_are_loaded_while_another_thread_exchanges_the_file() {
    let rounds = env::var(ROUNDS).map_or(DEFAULT_ROUNDS, |rounds| rounds.parse().unwrap());
    let (store, round) = (Store::new(), AtomicUsize::new(0));
    let loader = store.loader();
    let (mut accepted, mut refused, mut changed, mut loaded) = (0, 0, 0, 0);
    thread::scope(|scope| {
        scope.spawn(|| exchange(&store, &round));
        while accepted + refused < rounds {
            // While the file is only half there, the other thread finishes its round.
            round.store(accepted + refused + 1, Ordering::Relaxed);
            let candidate = match loader.check_file(&store.file()) {
                Ok(candidate) => candidate,
                // It was exchanged or cut while it was read.
                Err(_) => {
                    changed += 1;
                    continue;
                }
            };
            let hash = candidate.file.sha256().unwrap();
            match loader.admit(&candidate) {
                Ok(()) => {
                    assert_eq!(hash, store.sha256);
                    assert_eq!(candidate.passport.version(), "0.1.0");
                    accepted += 1;
                    if loaded < LOADED {
                        assert_eq!(loader.load(candidate).unwrap().identity().version, "0.1.0");
                        loaded += 1;
                    }
                }
                Err(LoadError::Admission(AdmissionError::NotInstalled { sha256, .. })) => {
                    assert_eq!(sha256, hash);
                    assert_ne!(hash, store.sha256);
                    refused += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
        round.store(DONE, Ordering::Relaxed);
    });
    println!("{accepted} accepted, {loaded} of them loaded, {refused} refused, {changed} changed while read");
    assert!(accepted > 0 && refused > 0, "the threads did not meet");
}

/// The round in which the other thread ends.
const DONE: usize = usize::MAX;

/// Puts one file and the other there, in turn, once a round and each time at another moment: by renaming, and
/// by writing into the file.
fn exchange(store: &Store, round: &AtomicUsize) {
    let beside = store.file().with_extension("new");
    let rename = |from: &Path| {
        fs::copy(from, &beside).unwrap();
        fs::rename(&beside, store.file()).unwrap();
    };
    let mut seen = 0;
    loop {
        let now = round.load(Ordering::Relaxed);
        if now == DONE {
            return;
        }
        if now == seen {
            thread::yield_now();
            continue;
        }
        seen = now;
        for _ in 0..now * 7919 % 100_000 {
            std::hint::spin_loop();
        }
        match now % 4 {
            0 => rename(&store.good()),
            1 => rename(&store.evil()),
            2 => drop(fs::copy(store.good(), store.file()).unwrap()),
            _ => drop(fs::copy(store.evil(), store.file()).unwrap()),
        }
    }
}
