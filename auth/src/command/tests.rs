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
async fn run(script: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), script);
    let shown = |error: CommandError| error.to_string().replace(&path, "helper");
    token(std::slice::from_ref(&path), LIMIT).await.map(|token| token.reveal().to_owned()).map_err(shown)
}

fn write(folder: &Path, script: &str) -> String {
    let path = folder.join("helper");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_one_line_that_it_prints_is_the_token() {
    assert_eq!(run("echo noise >&2; echo '  abc.def  '").await.as_deref(), Ok("abc.def"));
    let words = ["/bin/echo", "a$HOME;b"].map(str::to_owned);
    assert_eq!(token(&words, LIMIT).await.unwrap().reveal(), "a$HOME;b", "no shell reads it");
    assert_eq!(run("cat; echo abc").await.as_deref(), Ok("abc"), "its input is empty");
}

#[tokio::test]
async fn a_command_that_fails_is_quoted_and_its_output_is_not() {
    let script =
        "echo secret-token-1; printf 'a\\nb\\n\\033[31mno\\007 login\\nused secret-token-1\\n' >&2; exit 3";
    let error = run(script).await.unwrap_err();
    let says = "`helper`, which should print a token, ended with exit status: 3: b; [31mno login; used ****";
    assert_eq!(error, says);
    assert_eq!(
        run("kill -9 $$").await.unwrap_err(),
        "`helper`, which should print a token, ended with signal: 9 (SIGKILL)"
    );
}

#[tokio::test]
async fn what_is_no_token_is_refused_and_never_shown() {
    let printed = |what| Err(format!("`helper`, which should print a token, printed {what}"));
    assert_eq!(run("exit 0").await, printed("nothing"));
    assert_eq!(run("echo; echo").await, printed("nothing"));
    assert_eq!(run("echo one; echo two").await, printed("2 lines; a token is one"));
    assert_eq!(
        run("echo Bearer abc").await,
        printed("a text with spaces or other characters that no token has")
    );
    assert_eq!(
        run("printf '\\377\\376'").await,
        printed("a text with spaces or other characters that no token has")
    );
    assert_eq!(
        run("while echo aaaaaaaaaaaaaaaa; do :; done").await,
        printed("more than 65536 bytes; no token is so long")
    );
}

#[tokio::test]
async fn a_long_complaint_keeps_nobody_waiting() {
    let error = run("i=0; while [ $i -lt 9000 ]; do echo 0123456789 >&2; i=$((i+1)); done; exit 1")
        .await
        .unwrap_err();
    assert!(error.ends_with("exit status: 1: 0123456789; 0123456789; 0123456789"), "{error}");
}

#[tokio::test]
async fn a_program_that_cannot_be_started_is_named() {
    let start = async |program: &str| match token(&[program.to_owned(), "s3cret".to_owned()], LIMIT).await {
        Err(error @ CommandError::Start { .. }) => format!("{error} {error:?}"),
        other => panic!("{other:?}"),
    };
    let missing = start("/nowhere/helper").await;
    assert!(
        missing.starts_with("`/nowhere/helper`, which should print a token, cannot be started"),
        "{missing}"
    );
    assert!(!missing.contains("s3cret"), "{missing}");
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "echo abc");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(start(&file).await.contains("PermissionDenied"));
    assert!(token(&[], LIMIT).await.is_err());
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
async fn a_command_that_takes_too_long_is_killed() {
    let endless = Endless::new();
    // The clock does not run before the command has begun.
    let (outcome, mut rest) = tokio::join!(token(&endless.command, LIMIT), endless.began());
    let error = outcome.unwrap_err();
    assert!(error.to_string().ends_with("did not end within 60 s"), "{error}");
    // It ends when the pipe has no writer any more, and only then.
    assert_eq!(rest.read_to_end(&mut Vec::new()).unwrap(), 0);
}

#[tokio::test]
async fn a_command_that_nobody_waits_for_is_killed() {
    let endless = Endless::new();
    let command = endless.command.clone();
    let waiting = tokio::spawn(async move { token(&command, LIMIT).await });
    let mut rest = endless.began().await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    assert_eq!(rest.read_to_end(&mut Vec::new()).unwrap(), 0);
}
