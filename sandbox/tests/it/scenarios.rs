//! Plays the recorded executions of a Flyte 1.16.8 (`tests/recordings/executions`): registers what they
//! registered, does what they did, and compares the end of everything.
//!
//! What differs on purpose stands in `docs/src/sandbox-differences.md`. The tasks are those of
//! `tests/recordings/workflows`, run by the flytekit of `FLYTE_TEST_PYTHON`. The scenarios that do not end as
//! recorded are listed in `open.txt`, which only gets shorter; each difference is in `scenarios.txt` below
//! `target/tmp` after a run. `SCENARIOS=a,b` plays some of them only.

mod compare;
mod engine;
mod flytekit;
mod player;
mod recording;
mod state;

use std::{
    collections::VecDeque,
    env, fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

use proptest::prelude::*;

use self::{flytekit::Flytekit, player::Player, recording::Scenario};
use crate::replay::documented::Documented;

/// How many scenarios are played at once.
const AT_ONCE: usize = 4;

/// The differences of one scenario.
struct Played {
    name: String,
    differences: Vec<String>,
}

/// Plays scenarios; engines are killed at the moments of a seed.
fn play_all(python: &Path, scenarios: Vec<Scenario>, seed: Option<u64>) -> Vec<Played> {
    let flytekit = Flytekit::start(python);
    let todo = Mutex::new(VecDeque::from(scenarios));
    let played = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = todo.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(scenario) = next else { return };
                    let differences =
                        Player::new(&flytekit, seed.map(fastrand::Rng::with_seed)).play(&scenario);
                    let one = Played { name: scenario.name, differences };
                    played.lock().unwrap_or_else(PoisonError::into_inner).push(one);
                }
            });
        }
    });
    let mut played = played.into_inner().unwrap_or_else(PoisonError::into_inner);
    played.sort_by(|one, other| one.name.cmp(&other.name));
    played
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn executions_end_as_on_flyte_though_engines_are_killed(seed in any::<u64>()) {
        let Some(python) = python() else { return Ok(()) };
        let wanted = env::var("SCENARIOS").ok();
        let scenarios = recording::scenarios(wanted.as_deref());
        let report = report(&play_all(&python, scenarios, Some(seed)), "scenarios-killed.txt");
        prop_assert_eq!(report, include_str!("scenarios/open.txt"));
    }
}

fn report(played: &[Played], file: &str) -> String {
    let details: String = played
        .iter()
        .flat_map(|one| {
            std::iter::once(format!("==== {}\n", one.name)).chain(one.differences.iter().cloned())
        })
        .collect();
    fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(file), details).unwrap();
    let different: Vec<&str> =
        played.iter().filter(|one| !one.differences.is_empty()).map(|one| one.name.as_str()).collect();
    let documented = Documented::scenarios();
    let stale: Vec<&&str> = documented.iter().filter(|name| !different.contains(*name)).collect();
    let open: Vec<&str> = different.iter().copied().filter(|name| !documented.contains(name)).collect();
    format!(
        "equal {}, different {}, documented {}, documented and equal {stale:?}\n\n{}\n",
        played.len() - different.len(),
        open.len(),
        different.len() - open.len(),
        open.join("\n")
    )
}

/// The Python with flytekit; `None` where the tests run without one.
fn python() -> Option<std::path::PathBuf> {
    let path = env::var_os("FLYTE_TEST_PYTHON").filter(|path| !path.is_empty());
    assert!(
        path.is_some() || env::var_os("CI").is_none_or(|ci| ci != "true"),
        "`FLYTE_TEST_PYTHON` is not set; run `cargo xtask test`"
    );
    path.map(Into::into)
}

#[test]
fn executions_end_as_on_flyte() {
    let Some(python) = python() else { return };
    let wanted = env::var("SCENARIOS").ok();
    let played = play_all(&python, recording::scenarios(wanted.as_deref()), None);
    let report = report(&played, "scenarios.txt");
    if wanted.is_some() {
        panic!("{report}");
    }
    let open = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/scenarios/open.txt");
    snapbox::Assert::new()
        .action_env("SNAPSHOTS")
        .eq(report, snapbox::Data::read_from(Path::new(open), Some(snapbox::data::DataFormat::Text)));
}
