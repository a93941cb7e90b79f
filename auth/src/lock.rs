//! One sign-in at a time for each endpoint, among all processes of this user.
//!
//! The turn is a lock on a file beside the tokens. The system gives it back when its owner ends, however that ends, so
//! there is nothing to clean up and nothing to time out; the file stays, empty.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::Path,
    time::Duration,
};

use tokio::time::{self, Instant};

use crate::store::{make_folder, path_of};

/// How often to see whether the turn is free. A person who waits does not notice it, nor does the machine.
const PAUSE: Duration = Duration::from_millis(100);

/// The turn of this process. Dropping it, or the end of the process, gives the turn to the next.
#[derive(Debug)]
pub(crate) struct Turn {
    _file: File,
}

impl Turn {
    /// Waits for the turn; `waiting` is called once, when another process has it.
    ///
    /// `None`: not within the limit.
    ///
    /// # Errors
    ///
    /// At once, when the folder cannot be made or written, or its file system knows no locks: then nobody can take
    /// turns here, and one goes without.
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
            time::sleep(PAUSE.min(left)).await;
        }
    }
}

fn open(folder: &Path, endpoint: &str) -> io::Result<File> {
    make_folder(folder)?;
    let path = path_of(folder, endpoint, "lock");
    // It may lead to a file that is none of ours.
    if path.is_symlink() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{}` is a link", path.display())));
    }
    let mut options = OpenOptions::new();
    // For reading too: so a pipe in its place cannot hang.
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

    /// Tells this binary that it is another process: the folder, and what to do there.
    const FOLDER: &str = "LOCK_TEST_FOLDER";

    /// Not a test of its own: a process that takes the turn, and keeps it until its input ends.
    #[tokio::test]
    async fn owner() {
        let Ok(folder) = env::var(FOLDER) else { return };
        let turn = Turn::wait(Path::new(&folder), ENDPOINT, LONG, || say("waits")).await.unwrap();
        say("has it");
        io::copy(&mut io::stdin(), &mut io::sink()).unwrap();
        drop(turn);
    }

    /// Past the test runner, which would hide it.
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

        /// The next thing that it says.
        fn says(&mut self) -> String {
            let mut said = self.lines.by_ref().map(|line| line.unwrap());
            said.find_map(|line| line.strip_prefix("owner ").map(str::to_owned)).expect("it says something")
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

    async fn at_once(folder: &Path, endpoint: &str) -> Option<Turn> {
        Turn::wait(folder, endpoint, Duration::ZERO, || {}).await.unwrap()
    }

    #[tokio::test]
    async fn another_process_has_its_turn_until_it_ends() {
        let home = tempfile::tempdir().unwrap();
        let mut owner = Owner::start(home.path());
        assert_eq!(owner.says(), "has it");
        assert!(at_once(home.path(), ENDPOINT).await.is_none());
        assert!(at_once(home.path(), "dns:///other.example.org").await.is_some());
        owner.end();
        assert!(at_once(home.path(), ENDPOINT).await.is_some());
    }

    #[tokio::test]
    async fn a_killed_process_gives_its_turn_back() {
        let home = tempfile::tempdir().unwrap();
        let mut owner = Owner::start(home.path());
        assert_eq!(owner.says(), "has it");
        owner.kill();
        assert!(at_once(home.path(), ENDPOINT).await.is_some());
    }

    #[tokio::test]
    async fn who_waits_gets_the_next_turn_and_says_once_that_it_waits() {
        let home = tempfile::tempdir().unwrap();
        let turn = at_once(home.path(), ENDPOINT).await;
        let mut owner = Owner::start(home.path());
        assert_eq!(owner.says(), "waits");
        drop(turn);
        assert_eq!(owner.says(), "has it");
        owner.end();
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_beyond_the_limit() {
        let home = tempfile::tempdir().unwrap();
        let _turn = at_once(home.path(), ENDPOINT).await;
        let (start, waits) = (Instant::now(), AtomicU32::new(0));
        let waiting = || waits.store(waits.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        assert!(Turn::wait(home.path(), ENDPOINT, LONG, waiting).await.unwrap().is_none());
        assert_eq!((start.elapsed().as_secs(), waits.into_inner()), (LONG.as_secs(), 1));
    }

    #[tokio::test]
    async fn where_no_folder_can_be_made_there_are_no_turns() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("state");
        std::fs::write(&file, "a file, and no folder").unwrap();
        for folder in [file.clone(), file.join("flyte-host")] {
            let waited = Turn::wait(&folder, ENDPOINT, LONG, || panic!("nobody has the turn")).await;
            assert!(waited.is_err(), "{}", folder.display());
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_link_in_its_place_makes_no_file_elsewhere() {
        let home = tempfile::tempdir().unwrap();
        let elsewhere = home.path().join("elsewhere");
        std::os::unix::fs::symlink(&elsewhere, path_of(home.path(), ENDPOINT, "lock")).unwrap();
        assert!(Turn::wait(home.path(), ENDPOINT, LONG, || {}).await.is_err());
        assert!(!elsewhere.exists());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn its_folder_and_file_are_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("state/flyte-host");
        let turn = at_once(&folder, ENDPOINT).await.unwrap();
        let mode = |metadata: std::fs::Metadata| metadata.permissions().mode() & 0o777;
        assert_eq!(mode(folder.metadata().unwrap()), 0o700);
        assert_eq!(mode(turn._file.metadata().unwrap()), 0o600);
    }
}
