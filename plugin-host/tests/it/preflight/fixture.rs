//! Makes plugins, good and bad, in a folder of their own.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use plugin_host::preflight::{
    ExpectedHeader, Findings, HostTarget, Library, LoaderState, PreflightError, Warning, WarningKind,
    explain, inspect, inspect_bytes, libraries, open,
};
use tempfile::TempDir;

/// The passport of the plugin that is used where the passport does not matter.
pub(crate) const PASSPORT: &str = "flyte-plugin-passport 1
name=acme
version=3.1.0
protocol=1.0
hooks=get_remote,get_default_image
rustc=rustc 1.95.0 (59807616e 2026-04-14)
target=x86_64-unknown-linux-gnu
abi_stable=0.11
";

/// A folder that is removed at the end of the test.
pub(crate) struct Fixture {
    folder: TempDir,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// A folder, or `None`, and a word about it, where there is no C compiler. CI has to have one.
    pub(crate) fn with_compiler() -> Option<Self> {
        static FOUND: OnceLock<bool> = OnceLock::new();
        let runs =
            || Command::new("cc").arg("--version").output().is_ok_and(|output| output.status.success());
        let found = *FOUND.get_or_init(runs);
        if !found {
            assert!(std::env::var_os("CI").is_none(), "these tests need a C compiler, called `cc`");
            eprintln!("skipped: there is no C compiler called `cc`");
        }
        found.then(Self::new)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    /// Runs the C compiler on a source text; `FOLDER` in an argument is this folder.
    pub(crate) fn compile(&self, name: &str, source: &str, arguments: &[&str]) -> PathBuf {
        let source = self.write(&format!("{name}.c"), source);
        let folder = self.folder.path().to_str().unwrap();
        let output = Command::new("cc")
            .args(["-w", "-O1", "-o"])
            .arg(self.path(name))
            .arg(source)
            .args(arguments.iter().map(|argument| argument.replace("FOLDER", folder)))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        self.path(name)
    }

    /// Compiles a shared library.
    pub(crate) fn library(&self, name: &str, source: &str, arguments: &[&str]) -> PathBuf {
        self.compile(name, source, &[&["-shared", "-fPIC"], arguments].concat())
    }

    /// Compiles a good plugin with some C code of its own.
    pub(crate) fn plugin(&self, source: &str, arguments: &[&str]) -> PathBuf {
        self.library("libacme.so", &format!("{}{source}", plugin_source(PASSPORT)), arguments)
    }

    /// Writes the bytes of a good plugin after `change` was made to them.
    pub(crate) fn changed(&self, change: impl FnOnce(&mut Vec<u8>)) -> PathBuf {
        let mut bytes = good_plugin().to_vec();
        change(&mut bytes);
        self.write("libacme.so", bytes)
    }

    /// The error for a path as users read it, with this folder as `DIR`.
    pub(crate) fn report(&self, path: &Path, host: &HostTarget) -> String {
        let report = self.describe(&inspect(path, host).unwrap_err());
        if open(path).is_ok()
            && let Ok(bytes) = fs::read(path)
        {
            // Reading all of the file gives the same error.
            assert_eq!(self.describe(&inspect_bytes(&bytes, path, host).unwrap_err()), report);
        }
        report
    }

    /// Why the loader refuses a plugin that the checks accept, or that nothing is known against it.
    pub(crate) fn explanation(&self, path: &Path, state: &LoaderState) -> String {
        let passport = accepted(path, &host()).passport;
        let reason = explain(&open(path).unwrap(), path, &passport, state);
        reason.map_or_else(|| "no reason".to_owned(), |reason| self.describe(&reason))
    }

    pub(crate) fn describe(&self, error: &PreflightError) -> String {
        let mut report = format!("error: {error}\n");
        let mut cause = error.source();
        while let Some(error) = cause {
            writeln!(report, "  caused by: {error}").unwrap();
            cause = error.source();
        }
        if let Some(hint) = error.hint() {
            writeln!(report, "hint: {hint}").unwrap();
        }
        report.replace(self.folder.path().to_str().unwrap(), "DIR")
    }
}

/// The state of this process, once for all tests.
pub(crate) fn loader_state() -> LoaderState {
    static CURRENT: OnceLock<LoaderState> = OnceLock::new();
    CURRENT.get_or_init(LoaderState::current).clone()
}

pub(crate) fn libraries_of(path: &Path, state: &LoaderState) -> Vec<Library> {
    libraries(&open(path).unwrap(), path, state)
}

/// This machine.
pub(crate) fn host() -> HostTarget {
    static CURRENT: OnceLock<HostTarget> = OnceLock::new();
    CURRENT.get_or_init(HostTarget::current).clone()
}

pub(crate) fn accepted(path: &Path, host: &HostTarget) -> Findings {
    let findings = inspect(path, host).unwrap_or_else(|error| panic!("{error}"));
    let mut whole = inspect_bytes(&fs::read(path).unwrap(), path, host).unwrap();
    let is_about_file = |warning: &&Warning| {
        use WarningKind::{GroupWritable, OtherOwner, WorldWritable};
        matches!(warning.kind, GroupWritable | OtherOwner | WorldWritable)
    };
    whole.warnings.extend(findings.warnings.iter().filter(is_about_file).cloned());
    assert_eq!(whole, findings);
    findings
}

/// The C source of a plugin with this passport.
pub(crate) fn plugin_source(passport: &str) -> String {
    format!("{}{}", passport_source(passport), header_source(&ExpectedHeader::current()))
}

pub(crate) fn passport_source(passport: &str) -> String {
    format!(
        "const unsigned char flyte_plugin_passport_1[] = {{{}}};\n",
        bytes_source(passport.as_bytes(), true)
    )
}

pub(crate) fn header_source(header: &ExpectedHeader) -> String {
    let magic = bytes_source(&header.magic, false);
    format!(
        "struct header {{ unsigned char magic[32]; unsigned major, minor; void *rest[64]; }};
         struct header flyte_plugin_header_1 = {{ {{{magic}}}, {}, {}, {{&flyte_plugin_header_1}} }};\n",
        header.major, header.minor
    )
}

fn bytes_source(bytes: &[u8], end: bool) -> String {
    let mut source = String::new();
    for byte in bytes {
        write!(source, "{byte},").unwrap();
    }
    if end { source + "0" } else { source }
}

/// A good plugin's bytes, compiled once for all tests.
pub(crate) fn good_plugin() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let fixture = Fixture::new();
        fs::read(fixture.plugin("#include <stdlib.h>\nvoid *get(void) { return malloc(1); }", &[])).unwrap()
    })
}

/// Where the program header with this type, the `n`th of its kind, begins in a 64-bit little-endian file.
pub(crate) fn segment(bytes: &[u8], kind: u32, n: usize) -> usize {
    let headers = bytes[64..].chunks(56).enumerate();
    let found = headers.filter(|(_, header)| header[..4] == kind.to_le_bytes()).nth(n);
    64 + 56 * found.unwrap().0
}

pub(crate) fn put<const N: usize>(bytes: &mut [u8], at: usize, value: [u8; N]) {
    bytes[at..at + N].copy_from_slice(&value);
}
