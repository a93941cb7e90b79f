//! Forks of warm processes, with an entry point of our own in the place of flytekit's.

use std::{env, io, io::Write as _, sync::Arc};

use super::*;

/// The module that a warm process imports: it leaves a line for each import.
const ENTRYPOINT: &str = r#"
import os, tempfile, threading
BESIDE = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
with open(BESIDE + "/imports", "a") as file:
    file.write(f"{os.getpid()}\n")
KEPT = tempfile.mkdtemp()
class Config:
    path = KEPT
def default(path=KEPT):
    return path
if os.environ.get("THREADS"):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
"#;

/// The program of the attempts: runs its first argument.
const PROGRAM: &str = r#"
import os, sys, atexit, tempfile, random, signal, time, subprocess
from flytekit.bin import entrypoint
def warm_process():
    with open(entrypoint.BESIDE + "/imports") as file:
        return int(file.read().split()[-1])
exec(sys.argv[1])
"#;

struct Warm {
    folder: TempDir,
    parents: Arc<WarmParents>,
}

/// `None` without a Python.
fn warm() -> Option<Warm> {
    let Some(python) = env::var_os("FLYTE_TEST_PYTHON").filter(|python| !python.is_empty()) else {
        assert!(env::var("CI").is_ok_and(|ci| ci != "true") || env::var_os("CI").is_none());
        writeln!(io::stderr(), "skipped: FLYTE_TEST_PYTHON names no Python").unwrap();
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("flytekit/bin");
    fs::create_dir_all(&package).unwrap();
    fs::write(folder.path().join("flytekit/__init__.py"), "").unwrap();
    fs::write(package.join("__init__.py"), "").unwrap();
    fs::write(package.join("entrypoint.py"), ENTRYPOINT).unwrap();
    fs::create_dir(folder.path().join("bin")).unwrap();
    let program = folder.path().join("bin/pyflyte-execute");
    fs::write(&program, format!("#!{}\n{PROGRAM}", Path::new(&python).display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    Some(Warm { folder, parents: Arc::default() })
}

impl Warm {
    fn task(&self, code: &str) -> Fixture {
        let mut fixture = Fixture::new(["pyflyte-execute", code]);
        fixture.container().data_config = None;
        fixture.attempt.warm = Some(Arc::clone(&self.parents));
        let bin = self.folder.path().join("bin").display().to_string();
        let path = format!("{bin}:{}", env::var("PATH").unwrap());
        let packages = self.folder.path().display().to_string();
        fixture.attempt.envs = vec![("PATH".into(), path), ("PYTHONPATH".into(), packages)];
        fixture
    }

    /// How many processes have imported the module.
    fn imports(&self) -> usize {
        fs::read_to_string(self.folder.path().join("imports")).unwrap_or_default().lines().count()
    }
}

fn log(fixture: &Fixture, name: &str) -> String {
    fs::read_to_string(fixture.folder().join(name)).unwrap()
}

#[test]
fn attempts_are_forks_with_a_world_of_their_own() {
    let Some(warm) = warm() else { return };
    let code = "print(sys.argv[2:], __name__, os.getcwd() == os.path.realpath('.'), os.environ['FLYTE_ATTEMPT_NUMBER'])\n\
        print(os.path.basename(os.getcwd()), os.getpgid(0) == os.getpid(), os.getpid() != warm_process())\n\
        shown = open('/proc/self/environ').read().rstrip(chr(0))\n\
        print(shown == 'FLYTE_SANDBOX_ATTEMPT=' + os.environ['FLYTE_SANDBOX_ATTEMPT'], 'EARLIER' in os.environ)\n\
        os.environ['EARLIER'] = '1'\n\
        kept = [entrypoint.KEPT, entrypoint.Config.path, entrypoint.default(), tempfile.mkdtemp()]\n\
        print([path for path in kept if os.path.dirname(path) != os.environ['TMPDIR'] or not os.path.isdir(path)])\n\
        print(sys.stdin.read(), file=sys.stderr)\n\
        atexit.register(print, 'the end')\n\
        open(os.environ['FLYTE_OUTPUT_DIR'] + '/../random', 'w').write(str(random.random()))";
    let mut randoms = Vec::new();
    for _ in 0..2 {
        let mut fixture = warm.task(code);
        fixture.container().command.push("x y".to_owned());
        assert!(matches!(fixture.run(), AttemptOutcome::Succeeded(_)), "{}", log(&fixture, "stderr.log"));
        assert_eq!(
            log(&fixture, "stdout.log"),
            "['x y'] __main__ True 0\nwork True True\nTrue False\n[]\nthe end\n"
        );
        assert!(log(&fixture, "runner.log").contains("process: a fork of a warm one"));
        randoms.push(log(&fixture, "random"));
    }
    assert_ne!(randoms[0], randoms[1]);
    assert_eq!(warm.imports(), 1);
}

#[test]
fn forks_end_as_processes_of_their_own() {
    let Some(warm) = warm() else { return };
    for (code, ended) in [
        ("sys.exit(3)", "ended: 3"),
        ("sys.exit('a text')", "ended: 1"),
        ("1/0", "ended: 1"),
        ("os._exit(4)", "ended: 4"),
        ("os.kill(os.getpid(), 9)", "ended: signal 9"),
        ("os.kill(os.getpid(), 11)", "signal 11"),
    ] {
        let fixture = warm.task(code);
        let (error, _) = fixture.failure();
        assert!(log(&fixture, "runner.log").contains(ended), "{code}: {}", log(&fixture, "runner.log"));
        assert!(log(&fixture, "runner.log").contains("a fork of a warm one"), "{code}");
        assert!(!error.message.is_empty());
    }
    let fixture = warm.task("1/0");
    fixture.run();
    let trace = log(&fixture, "stderr.log");
    assert!(
        trace.ends_with("ZeroDivisionError: division by zero\n") && !trace.contains("run_program"),
        "{trace}"
    );
    let mut fixture = warm.task("time.sleep(600)");
    fixture.attempt.timeout = Some(Duration::from_millis(200));
    assert_eq!(fixture.run(), AttemptOutcome::TimedOut);
    assert_eq!(warm.imports(), 1);
}

#[test]
fn a_process_that_the_program_forks_does_not_end_the_attempt() {
    let Some(warm) = warm() else { return };
    let fixture = warm.task("if os.fork() == 0:\n    sys.exit(3)\nos.wait()\ntime.sleep(0.2)\nprint('done')");
    assert!(matches!(fixture.run(), AttemptOutcome::Succeeded(_)), "{}", log(&fixture, "stderr.log"));
    assert_eq!(log(&fixture, "stdout.log"), "done\n");
    assert!(log(&fixture, "runner.log").contains("a fork of a warm one"));
}

/// A daemon that runs no program has no variable but that of its parent.
#[test]
fn what_a_fork_leaves_running_is_ended() {
    let Some(warm) = warm() else { return };
    let fixture = warm.task(
        "reader, writer = os.pipe()\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        \
         os.write(writer, str(os.getpid()).encode())\n        time.sleep(600)\n    os._exit(0)\n\
         print(os.read(reader, 100).decode(), end='')",
    );
    assert!(matches!(fixture.run(), AttemptOutcome::Succeeded(_)), "{}", log(&fixture, "stderr.log"));
    let daemon = log(&fixture, "stdout.log");
    assert!(daemon.parse::<u32>().is_ok(), "{daemon}");
    let status = fs::read_to_string(format!("/proc/{daemon}/stat")).unwrap_or_default();
    assert!(status.is_empty() || status.contains(") Z "), "{status}");
}

#[test]
fn nothing_is_lost_when_the_warm_process_is_killed() {
    let Some(warm) = warm() else { return };
    let kills = "os.kill(warm_process(), 9)\ntime.sleep(0.2)\nsys.exit(7)";
    let (error, _) = warm.task(kills).failure();
    assert!(!error.message.is_empty());
    // It was killed while no attempt was running.
    let fixture = warm.task("sys.exit(5)");
    fixture.failure();
    assert!(log(&fixture, "runner.log").contains("ended: 5"), "{}", log(&fixture, "runner.log"));
    assert!(log(&fixture, "runner.log").contains("process: a fresh one: the warm process has ended"));
    let fixture = warm.task("sys.exit(6)");
    fixture.failure();
    assert!(log(&fixture, "runner.log").contains("process: a fork of a warm one"));
}

#[test]
fn what_a_fork_cannot_carry_is_run_in_a_fresh_process() {
    let Some(warm) = warm() else { return };
    let mut fixture = warm.task("print('done')");
    fixture.attempt.envs.push(("THREADS".into(), "1".into()));
    assert!(matches!(fixture.run(), AttemptOutcome::Succeeded(_)));
    assert_eq!(log(&fixture, "stdout.log"), "done\n");
    let runner = log(&fixture, "runner.log");
    assert!(runner.contains("process: a fresh one: the imported modules have started threads"), "{runner}");
    let mut again = warm.task("print('done')");
    again.attempt.envs.push(("THREADS".into(), "1".into()));
    assert!(matches!(again.run(), AttemptOutcome::Succeeded(_)));
    assert_eq!(warm.imports(), 3, "one of the warm process, and one of each attempt");
    // The package is not there.
    let mut fixture = warm.task("print('done')");
    let program = warm.folder.path().join("bin/pyflyte-execute");
    let text = fs::read_to_string(&program).unwrap();
    fs::write(&program, text.replace("from flytekit.bin import entrypoint", "")).unwrap();
    fixture.attempt.envs.pop();
    assert!(matches!(fixture.run(), AttemptOutcome::Succeeded(_)));
}

#[test]
fn temporary_folders_of_warm_processes_are_removed() {
    let Some(warm) = warm() else { return };
    warm.task("").run();
    let own = warm.parents.temporary_folders();
    assert!(own.iter().all(|own| own.is_dir()) && own.len() == 1, "{own:?}");
    drop(warm.parents);
    assert!(own.iter().all(|own| !own.exists()));
}
