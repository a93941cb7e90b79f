//! Real scripts, as users write them.
#![cfg(unix)]

use std::{
    fs::{self, OpenOptions},
    io::{BufRead as _, BufReader, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use super::*;

const LIMIT: Duration = Duration::from_secs(60);

/// Runs a script of its own file, as users do.
async fn run_script(script: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), script);
    let shown = |error: TokenCommandError| error.to_string().replace(&path, "helper");
    run(std::slice::from_ref(&path), LIMIT).await.map(|token| token.reveal().to_owned()).map_err(shown)
}

fn write(folder: &Path, script: &str) -> String {
    let path = folder.join("helper");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_output_is_the_token() {
    assert_eq!(run_script("echo noise >&2; echo '  abc.def  '").await.as_deref(), Ok("abc.def"));
    let words = ["/bin/echo", "a$HOME;b"].map(str::to_owned);
    assert_eq!(run(&words, LIMIT).await.unwrap().reveal(), "a$HOME;b", "no shell reads it");
    assert_eq!(run_script("cat; echo abc").await.as_deref(), Ok("abc"), "its input is empty");
}

#[tokio::test]
async fn no_part_of_a_token_is_left_where_stderr_is_cut() {
    let tail = format!(" {}", "x".repeat(MAX_STDERR - 7));
    let stderr = format!("s3cret-token{tail}");
    assert_eq!(read_end(Some(stderr.as_bytes())).await.unwrap(), tail.as_bytes());
    let word = "s3cret-token".repeat(MAX_STDERR);
    assert_eq!(read_end(Some(word.as_bytes())).await.unwrap(), b"");
}

#[tokio::test]
async fn a_command_that_fails_is_quoted_and_its_output_is_not() {
    let script =
        "echo secret-token-1; printf 'a\\nb\\n\\033[31mno\\007 login\\nused secret-token-1\\n' >&2; exit 3";
    let error = run_script(script).await.unwrap_err();
    let says = "token command `helper` failed with exit status: 3: b; \\u{1b}[31mno\\u{7} login; used ****";
    assert_eq!(error, says);
    assert_eq!(
        run_script("kill -9 $$").await.unwrap_err(),
        "token command `helper` failed with signal: 9 (SIGKILL)"
    );
}

#[tokio::test]
async fn invalid_output_is_refused_and_not_quoted() {
    let printed = |what| Err(format!("token command `helper` printed an invalid token: {what}"));
    assert_eq!(run_script("exit 0").await, printed("empty"));
    assert_eq!(run_script("echo; echo").await, printed("empty"));
    assert_eq!(run_script("echo one; echo two").await, printed("2 lines instead of one"));
    assert_eq!(run_script("echo Bearer abc").await, printed("contains spaces or other invalid characters"));
    assert_eq!(
        run_script("printf '\\377\\376'").await,
        printed("contains spaces or other invalid characters")
    );
    assert_eq!(
        run_script("while echo aaaaaaaaaaaaaaaa; do :; done").await,
        printed("longer than 65536 bytes")
    );
}

#[tokio::test]
async fn a_long_standard_error_does_not_block() {
    let error = run_script("i=0; while [ $i -lt 9000 ]; do echo 0123456789 >&2; i=$((i+1)); done; exit 1")
        .await
        .unwrap_err();
    assert!(error.ends_with("exit status: 1: 0123456789; 0123456789; 0123456789"), "{error}");
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_named() {
    let start = async |program: &str| match run(&[program.to_owned(), "s3cret".to_owned()], LIMIT).await {
        Err(error @ TokenCommandError::Start { .. }) => format!("{error} {error:?}"),
        other => panic!("{other:?}"),
    };
    let missing = start("/nowhere/helper").await;
    assert!(missing.starts_with("could not start token command `/nowhere/helper`"), "{missing}");
    assert!(!missing.contains("s3cret"), "{missing}");
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "echo abc");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(start(&file).await.contains("PermissionDenied"));
    assert!(run(&[], LIMIT).await.is_err());
}

/// A command that has a pipe open until it dies, and tells when it began.
struct Endless {
    _folder: tempfile::TempDir,
    command: Vec<String>,
    pipe: std::path::PathBuf,
}

impl Endless {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        // `exec`, so that there is no second process to kill.
        let program = write(folder.path(), r#"exec 3>"$1"; echo began >&3; exec tail -f /dev/null"#);
        let command = vec![program, pipe.to_str().unwrap().to_owned()];
        Self { _folder: folder, command, pipe }
    }

    /// Waits until it began; the rest is what it has open.
    async fn began(&self) -> BufReader<fs::File> {
        let pipe = self.pipe.clone();
        let wait = move || {
            let mut rest = BufReader::new(OpenOptions::new().read(true).open(pipe).unwrap());
            let mut line = String::new();
            rest.read_line(&mut line).unwrap();
            assert_eq!(line, "began\n");
            rest
        };
        tokio::task::spawn_blocking(wait).await.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_command_is_killed() {
    let endless = Endless::new();
    // The clock does not run before the command has begun.
    let (outcome, mut rest) = tokio::join!(run(&endless.command, LIMIT), endless.began());
    let error = outcome.unwrap_err();
    assert!(error.to_string().ends_with("timed out after 60 s"), "{error}");
    // It ends when the pipe has no writer any more, and only then.
    assert_eq!(rest.read_to_end(&mut Vec::new()).unwrap(), 0);
}

#[tokio::test]
async fn a_dropped_command_is_killed() {
    let endless = Endless::new();
    let command = endless.command.clone();
    let waiting = tokio::spawn(async move { run(&command, LIMIT).await });
    let mut rest = endless.began().await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    assert_eq!(rest.read_to_end(&mut Vec::new()).unwrap(), 0);
}
