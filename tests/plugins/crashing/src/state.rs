//! Changes of what all of a process shares.

/// Makes one of them.
pub(crate) fn change(what: &str) {
    match what {
        "directory" => std::env::set_current_dir("/").expect("the root is a directory"),
        // SAFETY: no other thread reads the environment meanwhile.
        "environment" => unsafe { std::env::set_var("CRASHING", "was here") },
        // SAFETY: it changes a number of the process.
        "umask" => drop(unsafe { libc::umask(0) }),
        // SAFETY: the name ends with zero, and no other thread uses the locale meanwhile.
        "locale" => drop(unsafe { libc::setlocale(libc::LC_ALL, c"C.UTF-8".as_ptr()) }),
        // SAFETY: the action is one of the system's own.
        "signal" => drop(unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) }),
        "file" => leave_a_file(),
        "print" => print(),
        // SAFETY: the descriptor is used by number only.
        "close-stdout" => drop(unsafe { libc::close(1) }),
        // SAFETY: as above.
        "close-stderr" => drop(unsafe { libc::close(2) }),
        "replace-stdin" => replace_stdin(),
        other => panic!("unknown order `{other}`"),
    }
}

/// In the home directory, so that a test sees that code ran.
fn leave_a_file() {
    let home = std::env::home_dir().expect("the test sets one");
    std::fs::write(home.join("code-ran"), "").expect("a home that can be written");
}

fn print() {
    use std::io::Write;
    // A broken pipe does not fail the test.
    let _ = writeln!(std::io::stdout(), "printed by the plugin");
}

/// What a library does that opens a file after a descriptor was closed by mistake.
fn replace_stdin() {
    // SAFETY: the descriptor is used by number only.
    unsafe { libc::close(0) };
    // SAFETY: the path ends with zero. The descriptor stays open.
    unsafe { libc::open(c"/".as_ptr(), libc::O_RDONLY) };
}
