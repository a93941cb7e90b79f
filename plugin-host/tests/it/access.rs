//! What `access::record` sees, by real system calls. Each test records in a thread of its own, which ends.

use std::{env, ffi::OsStr, fs, net::TcpStream, path::Path, thread};

use plugin_host::access::{Accesses, record};

fn accesses(function: impl FnOnce() + Send) -> Accesses {
    let recorded = thread::scope(|scope| scope.spawn(|| record(function)).join());
    recorded.expect("a function that does not panic").expect("a system that can record").1
}

#[test]
fn variables_are_seen_set_or_not() {
    let found = accesses(|| {
        assert!(env::var_os("PATH").is_some());
        assert!(env::var_os("ACME_IS_NOT_SET").is_none());
    });
    for name in ["PATH", "ACME_IS_NOT_SET"] {
        assert!(found.variables.contains(OsStr::new(name)), "{found:?}");
    }
    assert_eq!(found.opaque, None);
    assert!(!found.directory);
}

#[test]
fn files_are_seen_there_or_not() {
    let folder = tempfile::tempdir().unwrap();
    let (there, missing) = (folder.path().join("there"), folder.path().join("missing"));
    fs::write(&there, "text").unwrap();
    let found = accesses(|| {
        assert_eq!(fs::read_to_string(&there).unwrap(), "text");
        assert!(!missing.exists());
    });
    assert!(found.files.contains(&there) && found.files.contains(&missing), "{found:?}");
    assert_eq!((found.opaque, found.directory), (None, false));
}

#[test]
fn relative_paths_depend_on_the_directory() {
    let found = accesses(|| assert!(!Path::new("is-not-there").exists()));
    assert!(found.directory);
    assert!(found.files.contains(&env::current_dir().unwrap().join("is-not-there")), "{found:?}");
    assert!(accesses(|| drop(env::current_dir().unwrap())).directory);
}

#[test]
fn sockets_are_refused_and_make_the_record_opaque() {
    let found = accesses(|| drop(TcpStream::connect("127.0.0.1:9").unwrap_err()));
    assert_eq!(found.opaque.as_deref(), Some("opens a socket"));
}

#[test]
fn threads_are_watched() {
    let found = accesses(|| {
        thread::spawn(|| assert!(!Path::new("/is-not-there").exists())).join().unwrap();
    });
    assert!(found.files.contains(Path::new("/is-not-there")), "{found:?}");
}

#[test]
fn more_than_fits_is_opaque() {
    let found = accesses(|| {
        for number in 0..40_000 {
            assert!(env::var_os(format!("ACME_{number}")).is_none());
        }
    });
    assert_eq!(found.opaque.as_deref(), Some("reads more than can be recorded"));
    assert!(accesses(|| ()).variables.is_empty(), "the next recording starts anew");
}
