//! Loading of a real library whose file is written to, cut or replaced meanwhile.

use std::{
    collections::BTreeMap,
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use plugin_abi::Remote;
use plugin_host::{
    Builtin, Chain, Directories, Link, LoadError, Loader, Pin, Selection, Source, preflight::WarningKind,
};
use tempfile::TempDir;

/// The sample plugin in a folder of its own.
struct Fixture {
    folder: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let fixture = Self { folder: TempDir::new().unwrap() };
        fs::copy(sample(), fixture.path()).unwrap();
        fixture
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("libacme.so")
    }
}

pub(crate) fn sample() -> PathBuf {
    let this = env::current_exe().unwrap();
    this.with_file_name(format!("{}sample_plugin{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX))
}

fn loader() -> Loader {
    Loader::new("my-program", Directories::default())
}

fn load(path: &Path) -> Result<Link, LoadError> {
    let loader = loader();
    loader.load(loader.check_file(path)?)
}

fn default_image(link: Link) -> Option<String> {
    Chain::new(vec![link], Builtin::new(|_| Ok(Remote::new("localhost:30080")))).get_default_image().unwrap()
}

fn overwrite(path: &Path) {
    fs::write(path, vec![0xff; 1 << 20]).unwrap();
}

fn overwrite_the_middle(path: &Path) {
    use std::os::unix::fs::FileExt as _;
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    let size = file.metadata().unwrap().len();
    file.write_all_at(&vec![0; usize::try_from(size / 2).unwrap()], size / 4).unwrap();
}

fn cut(path: &Path) {
    fs::OpenOptions::new().write(true).open(path).unwrap().set_len(4096).unwrap();
}

fn replace(path: &Path) {
    let mut other = tempfile::NamedTempFile::new_in(path.parent().unwrap()).unwrap();
    other.write_all(b"not a library").unwrap();
    other.persist(path).unwrap();
}

fn remove(path: &Path) {
    fs::remove_file(path).unwrap();
}

const HARMS: [fn(&Path); 5] = [overwrite, overwrite_the_middle, cut, replace, remove];

#[test]
fn a_file_that_is_changed_after_the_checks_is_loaded_as_it_was_checked() {
    for harm in HARMS {
        let fixture = Fixture::new();
        let loader = loader();
        let candidate = loader.check_file(&fixture.path()).unwrap();
        let file = candidate.file.clone();
        let before = file.sha256().unwrap();
        harm(&fixture.path());
        let image = default_image(loader.load(candidate).unwrap());
        assert_eq!(image.as_deref(), Some("my-company/flyte-base:v1.2.3"));
        assert_eq!(file.sha256().unwrap(), before);
    }
}

#[test]
fn a_file_that_is_changed_while_it_is_used_harms_nothing() {
    for harm in HARMS {
        let fixture = Fixture::new();
        let link = load(&fixture.path()).unwrap();
        harm(&fixture.path());
        assert_eq!(default_image(link).as_deref(), Some("my-company/flyte-base:v1.2.3"));
    }
}

#[test]
fn the_library_is_mapped_from_a_copy_with_the_name_of_the_file() {
    let fixture = Fixture::new();
    let _link = load(&fixture.path()).unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    assert!(maps.contains("/memfd:libacme.so"), "{maps}");
    assert!(!maps.contains(fixture.path().to_str().unwrap()), "{maps}");
}

/// Libraries of this process that are mapped from memory.
fn mapped_copies(name: &str) -> usize {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines().filter(|line| line.contains(name) && line.contains(" r-xp ")).count()
}

#[test]
fn the_same_file_is_mapped_once() {
    let fixture = Fixture::new();
    let (first, second) = (fixture.path(), fixture.folder.path().join("libtwice.so"));
    fs::hard_link(&first, &second).unwrap();
    let candidate = loader().check_file(&first).unwrap();
    let links = [loader().load(candidate).unwrap(), load(&first).unwrap(), load(&second).unwrap()];
    assert_eq!(links.map(|link| default_image(link).is_some()), [true; 3]);
    assert_eq!(mapped_copies("/memfd:libtwice.so"), 0);
}

#[test]
fn a_file_with_another_content_than_its_pin_is_refused() {
    let fixture = Fixture::new();
    let spec = fixture.path().display().to_string();
    let pin = Pin::for_file(&loader().check_file(&fixture.path()).unwrap().file).unwrap();
    // Root's files are not pinned for others.
    let Some(pin) = pin else { return };
    let check = |pin: &Pin| {
        let selection = Selection::new(vec![spec.clone()], Source::Program).unwrap();
        let pins = BTreeMap::from([(spec.clone(), pin.clone())]);
        loader().check_all(&selection.with_pins(pins)).map(|checked| checked.len())
    };
    assert_eq!(check(&pin).unwrap(), 1);
    // The hash counts, except for a file that was not touched.
    let hash = |sha256: &str, stamp: &str| Pin { sha256: sha256.to_owned(), stamp: stamp.to_owned() };
    assert_eq!(check(&hash(&pin.sha256, "another file")).unwrap(), 1);
    assert_eq!(check(&hash("not computed", &pin.stamp)).unwrap(), 1);
    fs::copy(sample(), fixture.path()).unwrap();
    assert_eq!(check(&pin).unwrap(), 1, "a copy of the same content");
    fs::OpenOptions::new().append(true).open(fixture.path()).unwrap().write_all(b"more").unwrap();
    let error = check(&pin).unwrap_err();
    assert_eq!(error.to_string(), "plugin `acme` changed since it was enabled");
    assert_eq!(
        error.hint().unwrap(),
        format!("run `flyte-host plugin enable {spec}` to accept the new file")
    );
}

#[test]
fn a_file_that_others_can_change_is_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;
    let fixture = Fixture::new();
    fs::set_permissions(fixture.folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let warnings = loader().check_file(&fixture.path()).unwrap().warnings;
    assert_eq!(warnings.iter().map(|warning| warning.kind).collect::<Vec<_>>(), [WarningKind::WorldWritable]);
}
