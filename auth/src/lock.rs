//! One sign-in at a time per endpoint, among all processes of this user: a lock on a file beside the tokens.
//!
//! The system releases it when its owner exits or is killed, so stale locks do not exist. The file stays,
//! empty.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::Path,
    time::Duration,
};

use tokio::time::{self, Instant};

use crate::store::{make_folder, path_of};

/// How often the lock is polled.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The lock, until it is dropped.
#[derive(Debug)]
pub(crate) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Waits for the lock; `waiting` is called once, if another process holds it.
    ///
    /// `None`: not within the limit.
    ///
    /// # Errors
    ///
    /// At once, if the folder cannot be created or written, or its file system does not support locks.
    pub(crate) async fn wait(
        folder: &Path,
        endpoint: &str,
        limit: Duration,
        waiting: impl FnOnce(),
    ) -> io::Result<Option<Self>> {
        let file = open(folder, endpoint)?;
        let mut waiting = Some(waiting);
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(Self { _file: file })),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) => {}
            }
            if let Some(waiting) = waiting.take() {
                waiting();
            }
            let left = limit.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            time::sleep(POLL_INTERVAL.min(left)).await;
        }
    }
}

fn open(folder: &Path, endpoint: &str) -> io::Result<File> {
    make_folder(folder)?;
    let path = path_of(folder, endpoint, "lock");
    // It may lead to a foreign file.
    if path.is_symlink() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("`{}` is a symlink", path.display()),
        ));
    }
    let mut options = OpenOptions::new();
    // For reading too, so that opening a pipe does not block.
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use std::{
        env,
        io::{BufRead as _, BufReader, Write as _},
        process::{Child, Command, Stdio},
        sync::atomic::{AtomicU32, Ordering},
    };

    use super::*;

    const ENDPOINT: &str = "dns:///flyte.example.org";
    const LONG: Duration = Duration::from_secs(3600);

    /// Makes this binary the other process; the folder.
    const FOLDER: &str = "LOCK_TEST_FOLDER";

    /// Not a test: a process that holds the lock until its input ends.
    #[tokio::test]
    async fn owner() {
        let Ok(folder) = env::var(FOLDER) else { return };
        let lock = FileLock::wait(Path::new(&folder), ENDPOINT, LONG, || say("waits")).await.unwrap();
        say("locked");
        io::copy(&mut io::stdin(), &mut io::sink()).unwrap();
        drop(lock);
    }

    /// Bypasses the test runner, which captures output.
    fn say(text: &str) {
        io::stdout().write_all(format!("\nowner {text}\n").as_bytes()).unwrap();
    }

    struct Owner {
        process: Child,
        lines: io::Lines<BufReader<std::process::ChildStdout>>,
    }

    impl Owner {
        fn start(folder: &Path) -> Self {
            let mut process = Command::new(env::current_exe().unwrap())
                .args(["--exact", "lock::tests::owner", "--nocapture"])
                .env(FOLDER, folder)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let lines = BufReader::new(process.stdout.take().unwrap()).lines();
            Self { process, lines }
        }

        /// The next line of its output.
        fn next_line(&mut self) -> String {
            let mut lines = self.lines.by_ref().map(|line| line.unwrap());
            lines.find_map(|line| line.strip_prefix("owner ").map(str::to_owned)).expect("a line")
        }

        fn end(mut self) {
            drop(self.process.stdin.take());
            assert!(self.process.wait().unwrap().success());
        }

        fn kill(mut self) {
            self.process.kill().unwrap();
            self.process.wait().unwrap();
        }
    }

    async fn at_once(folder: &Path, endpoint: &str) -> Option<FileLock> {
        FileLock::wait(folder, endpoint, Duration::ZERO, || {}).await.unwrap()
    }

    #[tokio::test]
    async fn another_process_holds_the_lock_until_it_exits() {
        let home = tempfile::tempdir().unwrap();
        let mut owner = Owner::start(home.path());
        assert_eq!(owner.next_line(), "locked");
        assert!(at_once(home.path(), ENDPOINT).await.is_none());
        assert!(at_once(home.path(), "dns:///other.example.org").await.is_some());
        owner.end();
        assert!(at_once(home.path(), ENDPOINT).await.is_some());
    }

    #[tokio::test]
    async fn the_lock_of_a_killed_process_is_released() {
        let home = tempfile::tempdir().unwrap();
        let mut owner = Owner::start(home.path());
        assert_eq!(owner.next_line(), "locked");
        owner.kill();
        assert!(at_once(home.path(), ENDPOINT).await.is_some());
    }

    #[tokio::test]
    async fn a_waiting_process_gets_the_lock_and_reports_once_that_it_waits() {
        let home = tempfile::tempdir().unwrap();
        let lock = at_once(home.path(), ENDPOINT).await;
        let mut owner = Owner::start(home.path());
        assert_eq!(owner.next_line(), "waits");
        drop(lock);
        assert_eq!(owner.next_line(), "locked");
        owner.end();
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_at_the_limit() {
        let home = tempfile::tempdir().unwrap();
        let _turn = at_once(home.path(), ENDPOINT).await;
        let (start, waits) = (Instant::now(), AtomicU32::new(0));
        let waiting = || waits.store(waits.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        assert!(FileLock::wait(home.path(), ENDPOINT, LONG, waiting).await.unwrap().is_none());
        assert_eq!((start.elapsed().as_secs(), waits.into_inner()), (LONG.as_secs(), 1));
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_created_is_an_error() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("state");
        std::fs::write(&file, "a file").unwrap();
        for folder in [file.clone(), file.join("flyte-host")] {
            let waited = FileLock::wait(&folder, ENDPOINT, LONG, || panic!("not locked")).await;
            assert!(waited.is_err(), "{}", folder.display());
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_symlink_is_refused() {
        let home = tempfile::tempdir().unwrap();
        let elsewhere = home.path().join("elsewhere");
        std::os::unix::fs::symlink(&elsewhere, path_of(home.path(), ENDPOINT, "lock")).unwrap();
        assert!(FileLock::wait(home.path(), ENDPOINT, LONG, || {}).await.is_err());
        assert!(!elsewhere.exists());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_folder_and_the_file_are_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("state/flyte-host");
        let lock = at_once(&folder, ENDPOINT).await.unwrap();
        let mode = |metadata: std::fs::Metadata| metadata.permissions().mode() & 0o777;
        assert_eq!(mode(folder.metadata().unwrap()), 0o700);
        assert_eq!(mode(lock._file.metadata().unwrap()), 0o600);
    }
}
