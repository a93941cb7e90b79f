//! The mistakes.

use std::{
    collections::HashMap,
    fs::File,
    io::Write as _,
    process::{Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

/// Bytes that one call keeps.
const KEPT: usize = 256 << 10;
/// Bytes that the first call uses at once.
const MUCH: usize = 300 << 20;
/// More than a function should take.
const LONG: Duration = Duration::from_millis(150);

static CALLS: AtomicUsize = AtomicUsize::new(0);
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// How many calls there were, this one included.
pub(crate) fn count() -> usize {
    CALLS.fetch_add(1, SeqCst) + 1
}

/// Makes one of them.
pub(crate) fn make(what: &str, input: &str) {
    match what {
        "leak-descriptor" => std::mem::forget(File::open("/dev/null")),
        "leak-memory" => drop(Box::leak(vec![1_u8; KEPT].into_boxed_slice())),
        "leak-thread" => drop(thread::spawn(|| {
            loop {
                thread::park();
            }
        })),
        "slow" => thread::sleep(LONG),
        "write-file" => std::fs::write("careless.txt", "left behind").expect("a folder of the check's own"),
        "write-home" => write_home(),
        "print-c" => print_with_c(),
        "print-stdout" => drop(writeln!(std::io::stdout(), "a line for no one")),
        "print-stderr" => drop(writeln!(std::io::stderr(), "a line for no one")),
        "daemon" => daemon(),
        "fork" => fork(),
        "second-call" => assert!(count() < 2, "called again"),
        "late-call" => assert!(count() < 20, "called often"),
        "at-once" => at_once(),
        "odd-input" => assert!(!input.is_empty() && input.len() < 1000, "an odd input"),
        "thread-name" => assert!(thread::current().name().is_some(), "a thread without a name"),
        "odd-slow" if input.len() > 1000 => thread::sleep(2 * LONG + LONG),
        "much-memory" if count() == 1 => drop(std::hint::black_box(vec![1_u8; MUCH])),
        "deadlock" => deadlock(),
        "alarm" => alarm(),
        // Mistakes in an answer.
        _ => {}
    }
}

fn write_home() {
    let home = std::env::home_dir().expect("the test sets one");
    std::fs::write(home.join("careless.txt"), "left behind").expect("a home that can be written");
}

/// What C buffers until the end of the process.
fn print_with_c() {
    // SAFETY: the text ends with zero.
    unsafe { libc::puts(c"a line of C".as_ptr()) };
}

/// A process that is not waited for. The check ends it.
fn daemon() {
    let mut command = Command::new("sleep");
    command.arg("600").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    drop(command.spawn().expect("a program of every system"));
}

fn fork() {
    // SAFETY: the child returns to the host, which is what the test is about.
    unsafe { libc::fork() };
}

/// A function that works as long as no other thread is in it.
fn at_once() {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            RUNNING.fetch_sub(1, SeqCst);
        }
    }
    let others = RUNNING.fetch_add(1, SeqCst);
    let _leave = Leave;
    assert_eq!(others, 0, "another thread is here");
    for _ in 0..1000 {
        thread::yield_now();
    }
}

/// A lock that one thread takes twice.
fn deadlock() {
    static TAKEN: Mutex<Option<HashMap<u8, u8>>> = Mutex::new(None);
    let _first = TAKEN.lock();
    let _second = TAKEN.lock();
}

/// A timer of the plugin's own, with a handler for its signal.
fn alarm() {
    extern "C" fn ignore(_: libc::c_int) {}
    // SAFETY: the handler does nothing.
    unsafe { libc::signal(libc::SIGALRM, ignore as *const () as libc::sighandler_t) };
}
