//! How attempts end.

use std::{io::Read as _, sync::mpsc};

use super::{super::process::probe, *};

#[test]
fn a_failing_program_is_quoted() {
    let fixture = script("echo out; echo one >&2; echo two >&2; exit 3");
    let (error, recoverable) = fixture.failure();
    assert_eq!(error.message, "`sh` ended with exit code 3; stderr:\none\ntwo");
    assert_eq!((error.code.as_str(), error.kind(), recoverable), ("Interrupted", ErrorKind::System, true));
    assert_eq!(fs::read_to_string(fixture.folder().join("stdout.log")).unwrap(), "out\n");
    assert_eq!(script("exit 1").message(), "`sh` ended with exit code 1");
}

#[test]
fn only_the_last_lines_of_stderr_are_quoted() {
    let fixture = script("i=0; while [ $i -lt 1000 ]; do echo \"line $i\" >&2; i=$((i+1)); done; exit 1");
    let message = fixture.message();
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines[0], "`sh` ended with exit code 1; the last lines of stderr:");
    assert_eq!((lines.len(), lines[1], lines[20]), (21, "line 980", "line 999"));
    let long = script("head -c 100000 /dev/zero | tr '\\0' x >&2; exit 1").message();
    assert!(long.len() < 5000, "{}", long.len());
}

#[test]
fn a_signal_is_named() {
    let (error, _) = script("kill -9 $$").failure();
    assert_eq!(error.message, "`sh` was killed by signal 9 (SIGKILL)");
    assert_eq!((error.code.as_str(), error.kind()), ("OOMKilled", ErrorKind::User));
    let (error, _) = script("exit 137").failure();
    assert_eq!((error.code.as_str(), error.kind()), ("OOMKilled", ErrorKind::User));
    let (error, _) = script("kill -15 $$").failure();
    assert_eq!((error.code.as_str(), error.kind()), ("Interrupted", ErrorKind::System));
}

#[test]
fn an_error_file_tells_the_reason() {
    for name in ["error", "_ERROR"] {
        let fixture = script(&format!("echo 'no such table' > /var/outputs/{name}"));
        let (error, recoverable) = fixture.failure();
        assert_eq!((error.message.as_str(), error.code.as_str()), ("no such table", "TaskError"));
        assert_eq!((error.kind(), recoverable), (ErrorKind::User, true));
    }
    assert_eq!(script(": > /var/outputs/error").message(), "the task left an empty error file");
    assert_eq!(script("echo reported > /var/outputs/error; exit 1").message(), "reported");
    let fixture = script("echo fine > /var/outputs/error").output("error", "str");
    assert_eq!(fixture.text(), "fine", "an output may have that name");
}

#[test]
fn a_dynamic_task_ends_with_its_job() {
    for outputs in [&[][..], &["o"]] {
        let fixture = script("touch {{.outputPrefix}}/futures.pb");
        let fixture = outputs.iter().fold(fixture, |fixture, output| fixture.output(output, "str"));
        let expected = AttemptOutcome::Dynamic(Box::default());
        assert_eq!(fixture.run(), expected);
        assert_eq!(recall(fixture.folder()), Some(expected));
    }
    let (error, _) = script("echo bad > {{.outputPrefix}}/futures.pb").failure();
    assert_eq!(error.code, "OutputInvalid");
}

#[test]
fn an_error_document_is_taken_as_it_is() {
    let document = |kind: container_error::Kind, origin: ErrorKind| ErrorDocument {
        error: Some(ContainerError {
            code: "USER:Oops".into(),
            message: "oops".into(),
            kind: kind.into(),
            origin: origin.into(),
            ..ContainerError::default()
        }),
    };
    for (kind, origin, expected) in [
        (container_error::Kind::NonRecoverable, ErrorKind::Unknown, ErrorKind::User),
        (container_error::Kind::Recoverable, ErrorKind::System, ErrorKind::System),
    ] {
        let source = tempfile::tempdir().unwrap();
        let file = source.path().join("error.pb");
        fs::write(&file, document(kind, origin).encode_to_vec()).unwrap();
        for to in ["{{.outputPrefix}}", "/var/outputs"] {
            let fixture = script(&format!("cp {} {to}/error.pb", file.display()));
            let (error, recoverable) = fixture.failure();
            assert_eq!((error.code.as_str(), error.message.as_str()), ("USER:Oops", "oops"));
            assert_eq!(error.kind(), expected);
            assert_eq!(recoverable, kind == container_error::Kind::Recoverable);
        }
    }
}

#[test]
fn invalid_outputs_are_reported() {
    let fixture = script("printf '\\377' > {{.outputPrefix}}/outputs.pb");
    let message = fixture.message();
    let start = "invalid outputs in `ROOT/runs/p/d/f1/n0/0/result/outputs.pb`: ";
    assert!(message.starts_with(start), "{message}");
}

#[test]
fn an_attempt_times_out() {
    let fixture =
        script("exec sleep 1000").with(|fixture| fixture.attempt.timeout = Some(Duration::from_millis(100)));
    assert_eq!(fixture.run(), AttemptOutcome::TimedOut);
    assert_eq!(recall(fixture.folder()), Some(AttemptOutcome::TimedOut));
}

/// Runs an attempt that writes to the pipe `ready` once it runs, and kills it then.
fn kill_when_ready(fixture: &Fixture) -> (AttemptOutcome, ProcessIdentity) {
    let pipe = fixture.root.path().join("ready");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (kill, killed) = watch::channel(false);
    let (process, processes) = mpsc::channel();
    let killer = std::thread::spawn(move || {
        fs::File::open(pipe).unwrap().read_to_end(&mut Vec::new()).unwrap();
        kill.send(true).unwrap();
    });
    let outcome = block_on(run(fixture.attempt.clone(), |started| process.send(started).unwrap(), killed));
    killer.join().unwrap();
    (outcome, processes.recv().unwrap())
}

#[test]
fn an_attempt_can_be_killed() {
    let mut fixture = script("");
    let pipe = fixture.root.path().join("ready");
    fixture.container().command[2] = format!("sleep 1000 & echo > {}; wait", pipe.display());
    let (outcome, process) = kill_when_ready(&fixture);
    assert_eq!(outcome, AttemptOutcome::Killed);
    assert!(probe::is_gone(process));
    assert_eq!(recall(fixture.folder()), Some(AttemptOutcome::Killed));
}

#[test]
fn an_attempt_that_ignores_sigterm_is_killed() {
    let mut fixture = script("");
    let pipe = fixture.root.path().join("ready");
    fixture.container().command[2] =
        format!("trap '' TERM; echo > {}; while :; do sleep 1000; done", pipe.display());
    let (outcome, process) = kill_when_ready(&fixture);
    assert_eq!(outcome, AttemptOutcome::Killed);
    assert!(probe::is_gone(process));
}

#[test]
fn a_kill_that_came_before_starts_nothing() {
    let fixture = script("true");
    let (_kill, killed) = watch::channel(true);
    let outcome = block_on(run(fixture.attempt.clone(), |_| panic!("nothing is to start"), killed));
    assert_eq!(outcome, AttemptOutcome::Killed);
}

#[test]
fn nothing_outlives_the_first_process() {
    let fixture = script("sleep 1000 & echo started > /var/outputs/o").output("o", "str");
    let (_kill, never) = watch::channel(false);
    let (process, processes) = mpsc::channel();
    let outcome = block_on(run(fixture.attempt.clone(), |started| process.send(started).unwrap(), never));
    assert!(matches!(outcome, AttemptOutcome::Succeeded(_)), "{outcome:?}");
    assert!(probe::is_gone(processes.recv().unwrap()));
}

#[test]
fn nothing_runs_before_its_process_is_known() {
    let fixture = script("touch ran");
    let mark = fixture.folder().join("work/ran");
    let (_kill, never) = watch::channel(false);
    // The engine dies while it records the process: the gate never opens.
    let work = run(fixture.attempt.clone(), |_| panic!("the engine dies"), never);
    let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| block_on(work)));
    assert!(died.is_err());
    assert!(!mark.exists());
    assert_eq!(recall(fixture.folder()), None);
}

#[test]
fn a_dropped_attempt_kills_its_processes() {
    let mut fixture = script("");
    let pipe = fixture.root.path().join("ready");
    fixture.container().command[2] = format!("echo > {}; exec sleep 1000", pipe.display());
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (_kill, never) = watch::channel(false);
    let (process, processes) = mpsc::channel();
    let work = run(fixture.attempt.clone(), |started| process.send(started).unwrap(), never);
    block_on(async {
        let ready = spawn_blocking(move || fs::read(pipe).unwrap());
        tokio::select! {
            outcome = work => panic!("{outcome:?}"),
            _ = ready => {}
        }
    });
    assert!(probe::is_gone_soon(processes.recv().unwrap()));
}

#[test]
fn the_outcome_can_be_recalled() {
    let fixture = script("echo 1 > /var/outputs/o").output("o", "int");
    assert_eq!(recall(fixture.folder()), None);
    let outcome = fixture.run();
    assert!(matches!(outcome, AttemptOutcome::Succeeded(_)), "{outcome:?}");
    assert_eq!(recall(fixture.folder()), Some(outcome));
    assert_eq!(fs::read_to_string(fixture.folder().join("exit")).unwrap(), "0\nsucceeded\n");
    let fixture = script("exit 3");
    let outcome = fixture.run();
    assert_eq!(recall(fixture.folder()), Some(outcome));
    assert_eq!(fs::read_to_string(fixture.folder().join("exit")).unwrap(), "3\nfailed\n");
}

#[test]
fn a_folder_that_cannot_be_created_is_a_system_error() {
    let fixture = script("true").with(|fixture| {
        let file = fixture.root.path().join("file");
        fs::write(&file, "").unwrap();
        fixture.attempt.folder = file.join("attempt");
    });
    let (error, recoverable) = fixture.failure();
    assert_eq!((error.kind(), recoverable), (ErrorKind::System, true));
    assert_eq!(
        fixture.message(),
        "the sandbox could not create the folder `ROOT/file/attempt/inputs`: Not a directory (os error 20)"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn leftovers_of_an_engine_are_killed() {
    let mut child = group_leader("sleep 1000");
    let process = probe::process(child.id());
    // The same id with another start time is another process.
    let folder = tempfile::tempdir().unwrap();
    sweep(ProcessIdentity { started: process.started + 1, ..process }, folder.path());
    assert!(child.try_wait().unwrap().is_none());
    sweep(process, folder.path());
    assert!(probe::is_gone(process));
    assert!(!child.wait().unwrap().success());
}

#[cfg(target_os = "linux")]
#[test]
fn a_group_without_its_leader_is_killed() {
    let mut child = group_leader("sleep 1000 & exit");
    let process = probe::process(child.id());
    child.wait().unwrap();
    assert!(!probe::is_gone(process));
    sweep(process, tempfile::tempdir().unwrap().path());
    assert!(probe::is_gone(process));
}

#[cfg(target_os = "linux")]
fn group_leader(script: &str) -> std::process::Child {
    use std::os::unix::process::CommandExt as _;
    std::process::Command::new("sh").args(["-c", script]).process_group(0).spawn().unwrap()
}

#[test]
fn logs_are_linked() {
    let uris: Vec<(String, String)> =
        logs(Path::new("/a")).into_iter().map(|log| (log.name, log.uri)).collect();
    let link = |name: &str| (name.to_owned(), format!("file:///a/{name}.log"));
    assert_eq!(uris, [link("stdout"), link("stderr"), link("runner")]);
}

/// Scripts that leave the process group of an attempt; `$1` is the file for the id of the process that stays.
#[cfg(target_os = "linux")]
const ESCAPES: [&str; 4] = [
    // `sh` again, so that the id is that of the process in the new session.
    r#"setsid sh -c 'echo $$ > $0; exec sleep 1000' "$1" &"#,
    r#"(setsid sh -c 'echo $$ > $0; exec sleep 1000' "$1" &)"#,
    r#"(nohup setsid sh -c 'trap "" TERM HUP; echo $$ > $0; while :; do sleep 1000; done' "$1" >/dev/null 2>&1 &) &"#,
    // Its child does not inherit the variable.
    r#"setsid sh -c 'env -i setsid sh -c "echo \$\$ > $0; exec sleep 1000"; true' "$1" &"#,
];

/// An attempt that leaves a process running in another session, and two pipes: for its id, and to continue
/// the script.
#[cfg(target_os = "linux")]
fn escaping(escape: &str, and_then: &str) -> (Fixture, [PathBuf; 2]) {
    let mut fixture = script("");
    let pipes = ["left", "go"].map(|name| fixture.root.path().join(name));
    assert!(std::process::Command::new("mkfifo").args(&pipes).status().unwrap().success());
    let wait = "read -r word < \"$2\"";
    fixture.container().command = ["sh", "-c", &format!("{escape}\n{wait}\n{and_then}"), "sh"]
        .map(str::to_owned)
        .into_iter()
        .chain(pipes.iter().map(|pipe| pipe.display().to_string()))
        .collect();
    (fixture, pipes)
}

/// Reads the id of the process that stays, and continues the script.
#[cfg(target_os = "linux")]
fn meet([left, go]: &[PathBuf; 2]) -> ProcessIdentity {
    let number = fs::read_to_string(left).unwrap();
    let process = probe::process(number.trim().parse().unwrap());
    fs::write(go, "go\n").unwrap();
    process
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_outside_of_the_group_ends_with_the_attempt() {
    for escape in ESCAPES {
        let (fixture, pipes) = escaping(escape, "true");
        let meeting = std::thread::spawn(move || meet(&pipes));
        assert!(matches!(fixture.run(), AttemptOutcome::Succeeded(_)), "{escape}");
        assert!(probe::is_gone(meeting.join().unwrap()), "{escape}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_outside_of_the_group_ends_with_an_aborted_attempt() {
    for escape in ESCAPES {
        let (fixture, pipes) = escaping(escape, "exec sleep 1000");
        let (kill, killed) = watch::channel(false);
        let meeting = std::thread::spawn(move || {
            let process = meet(&pipes);
            kill.send(true).unwrap();
            process
        });
        assert_eq!(block_on(run(fixture.attempt.clone(), drop, killed)), AttemptOutcome::Killed, "{escape}");
        assert!(probe::is_gone(meeting.join().unwrap()), "{escape}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_of_another_attempt_is_kept() {
    let (other, pipes) = escaping(ESCAPES[0], "exec sleep 1000");
    let (kill, killed) = watch::channel(false);
    let running = std::thread::spawn(move || block_on(run(other.attempt.clone(), drop, killed)));
    let process = meet(&pipes);
    assert!(matches!(script("true").run(), AttemptOutcome::Succeeded(_)));
    assert!(!probe::is_gone(process));
    kill.send(true).unwrap();
    assert_eq!(running.join().unwrap(), AttemptOutcome::Killed);
    assert!(probe::is_gone(process));
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_outside_of_the_group_is_killed_by_the_next_engine() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = std::process::Command::new("sh")
        .args(["-c", "setsid sh -c 'echo $$; exec sleep 1000' &"])
        .env("FLYTE_SANDBOX_ATTEMPT", folder.path().canonicalize().unwrap())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut number = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut number)
        .unwrap();
    let left = probe::process(number.trim().parse().unwrap());
    child.wait().unwrap();
    let leader = ProcessIdentity { id: child.id(), started: 1 };
    sweep(leader, tempfile::tempdir().unwrap().path());
    assert!(!probe::is_gone(left), "it is of another attempt");
    sweep(leader, folder.path());
    assert!(probe::is_gone(left));
}
