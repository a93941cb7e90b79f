//! Kills in the middle of a write, and writers that meet.

#![expect(clippy::print_stdout, reason = "how many kills came in time has to be seen")]

use std::{
    collections::BTreeSet,
    env, fs, hint,
    io::{self, BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
};

use super::{ENDPOINT, Fixture, OTHER, mode, tokens};
use auth::{
    Tokens,
    store::{FileStore, Store as _},
};
use proptest::prelude::*;

const ROUNDS: u64 = 60;

/// Tells this binary that it is the process to be killed: the folder, and where to start to count.
const FOLDER: &str = "STORE_CRASH_FOLDER";
const START: &str = "STORE_CRASH_START";

/// Tokens that take a while to write, with a number in each part.
fn numbered(number: u64) -> Tokens {
    let scopes = (0..2000).map(|_| format!("scope-{number}")).collect();
    Tokens { scopes, ..tokens(&number.to_string()) }
}

fn number(tokens: &Tokens) -> u64 {
    let number = tokens.access.reveal().parse().unwrap();
    assert!(*tokens == numbered(number), "a mixture of old and new");
    number
}

proptest! {
    // One case takes seconds, and a shorter one would not be a simpler one.
    #![proptest_config(ProptestConfig { cases: 1, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn a_kill_at_any_moment_leaves_the_old_tokens_or_the_new_ones(seed in any::<u64>()) {
        let mut random = fastrand::Rng::with_seed(seed);
        let home = Fixture::new();
        home.store().save(ENDPOINT, &numbered(0)).unwrap();
        let (mut last, mut cut) = (0, 0);
        for _ in 0..ROUNDS {
            last = kill_one(&home, last, &mut random);
            for name in home.files() {
                assert_eq!(mode(&home.folder().join(&name)), 0o600, "{name}");
                cut += u64::from(name.ends_with(".tmp"));
            }
            let found = number(&home.store().load(ENDPOINT).unwrap().expect("they are not lost"));
            // The one that was being written may have got there, and no other.
            assert!((last..=last + 1).contains(&found), "{found} after {last} were kept");
            last = found;
        }
        println!("{cut} files were left behind by {ROUNDS} kills");
        assert!(cut > 0, "no kill came in the middle of a write");
        home.store().save(ENDPOINT, &tokens("one")).unwrap();
        home.file();
    }
}

/// Lets a process save until it has done so a few times, and kills it. Returns the last number that it kept
/// for sure.
fn kill_one(home: &Fixture, start: u64, random: &mut fastrand::Rng) -> u64 {
    let mut victim = start_victim(home, start);
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let mut kept = lines
        .by_ref()
        .map_while(|line| line.unwrap().strip_prefix("kept ").map(str::to_owned).or(Some(String::new())));
    let mut last = start;
    let wanted = start + random.u64(1..6);
    while last < wanted {
        let line = kept.next().expect("the victim says what it does");
        last = line.parse().unwrap_or(last);
    }
    for _ in 0..random.u32(0..2_000_000) {
        hint::spin_loop();
    }
    victim.kill().unwrap();
    victim.wait().unwrap();
    // What it said before it died.
    kept.filter_map(|line| line.parse().ok()).last().unwrap_or(last)
}

fn start_victim(home: &Fixture, start: u64) -> Child {
    Command::new("sh")
        .args(["-c", "umask 000; exec \"$0\" \"$@\""])
        .arg(env::current_exe().unwrap())
        .args(["--exact", "crash::victim", "--nocapture"])
        .env(FOLDER, home.folder())
        .env(START, start.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Not a test of its own: what the test above starts and kills.
#[test]
fn victim() {
    let (Ok(folder), Ok(start)) = (env::var(FOLDER), env::var(START)) else { return };
    let store = FileStore::new(folder.into());
    let start: u64 = start.parse().unwrap();
    for number in start + 1.. {
        store.save(ENDPOINT, &numbered(number)).unwrap();
        io::stdout().write_all(format!("\nkept {number}\n").as_bytes()).unwrap();
    }
}

#[test]
fn logout_removes_the_temporary_files_of_killed_processes() {
    let home = Fixture::new();
    home.store().save(ENDPOINT, &tokens("one")).unwrap();
    home.store().save(OTHER, &tokens("two")).unwrap();
    for name in home.files() {
        fs::write(home.folder().join(name.replace(".json", ".123-4.tmp")), "secret").unwrap();
    }
    home.store().remove(ENDPOINT).unwrap();
    let kinds: BTreeSet<_> =
        home.files().iter().map(|name| name.rsplit_once('.').unwrap().1.to_owned()).collect();
    assert_eq!((home.files().len(), kinds), (2, BTreeSet::from(["json".to_owned(), "tmp".to_owned()])));
    home.store().remove(OTHER).unwrap();
    assert_eq!(home.files(), [""; 0]);
}

/// Each considers the temporary files of the others as left behind, until it sees their locks.
#[test]
fn concurrent_writers_of_one_endpoint_do_not_interfere() {
    let home = Fixture::new();
    home.store().save(ENDPOINT, &numbered(0)).unwrap();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (1..=4)
            .map(|writer| {
                let store = home.store();
                scope.spawn(move || (0..50).for_each(|_| store.save(ENDPOINT, &numbered(writer)).unwrap()))
            })
            .collect();
        while !writers.iter().all(|writer| writer.is_finished()) {
            number(&home.store().load(ENDPOINT).unwrap().expect("never neither"));
        }
    });
    home.file();
}
