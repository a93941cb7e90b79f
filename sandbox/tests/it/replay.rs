//! Sends the requests that were recorded of a Flyte 1.16.8 (`tests/recordings/api.jsonl`), in their order,
//! and compares the answers.
//!
//! What differs on purpose stands in `docs/src/sandbox-differences.md`, with its reason. What else differs is
//! listed in `open.txt`, which only gets shorter; each difference with both answers is in `replay.txt` below
//! `target/tmp` after a run.

pub(crate) mod answer;
mod compare;
pub(crate) mod documented;
mod recording;

use std::{fmt::Write as _, fs, path::Path, time::Duration};

use sandbox::{EngineStart, Sandbox, SandboxOptions};

use self::{
    answer::Answer,
    compare::{Comparison, compare},
    documented::Documented,
    recording::{Recording, Until, recordings},
};

/// How often an answer is asked for again until it is the one that the recording waited for.
const TRIES: usize = 2_000;

/// The cases by how their answers compare, in the order of the recordings.
#[derive(Default)]
struct Report {
    equal: usize,
    chance: usize,
    documented: Vec<String>,
    words: Vec<String>,
    different: Vec<String>,
    details: String,
}

impl Report {
    fn add(&mut self, recording: &Recording, answer: &Answer, documented: &mut Documented) {
        let comparison = compare(recording, answer);
        if recording.is_chance {
            self.chance += 1;
            return;
        }
        if comparison == Comparison::Equal {
            self.equal += 1;
            return;
        }
        let Recording { id, method, request, answer: recorded, .. } = recording;
        writeln!(self.details, "==== {id} {method} {comparison:?}\n{request}\n- {recorded}\n+ {answer}")
            .unwrap();
        let line = format!("{id} {method}");
        if documented.covers(id) {
            self.documented.push(line);
        } else if comparison == Comparison::OtherWords {
            self.words.push(line);
        } else {
            self.different.push(line);
        }
    }

    fn text(&self) -> String {
        format!(
            "equal {}, other words {}, different {}, documented {}, chance {}\n\n# Different\n\n{}\n\n# Other words\n\n{}\n",
            self.equal,
            self.words.len(),
            self.different.len(),
            self.documented.len(),
            self.chance,
            self.different.join("\n"),
            self.words.join("\n"),
        )
    }
}

/// The answer to a request, once it is the one that the recording waited for.
fn settled(sandbox: &Sandbox, recording: &Recording) -> Answer {
    let mut answer = answer::ask(sandbox, recording);
    let Some(until) = &recording.until else { return answer };
    for _ in 0..TRIES {
        if holds(until, &answer) {
            break;
        }
        std::thread::sleep(Duration::from_millis(3));
        answer = answer::ask(sandbox, recording);
    }
    answer
}

fn holds(until: &Until, answer: &Answer) -> bool {
    let Answer::Message(message) = answer else { return false };
    let Some(found) = message.pointer(&until.pointer) else { return false };
    match found.as_array() {
        Some(elements) => elements.len() >= until.min,
        None => until.one_of.contains(found),
    }
}

#[test]
fn answers_are_those_of_flyte() {
    let folder = tempfile::tempdir().unwrap();
    let options = SandboxOptions { root: folder.path().to_owned(), engine: EngineStart::InProcess };
    let sandbox = Sandbox::open(&options).unwrap();
    let mut documented = Documented::read();
    let mut report = Report::default();
    for recording in recordings() {
        let answer = settled(&sandbox, &recording);
        report.add(&recording, &answer, &mut documented);
    }
    fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("replay.txt"), &report.details).unwrap();
    let open = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/replay/open.txt");
    snapbox::Assert::new()
        .action_env("SNAPSHOTS")
        .eq(report.text(), snapbox::Data::read_from(Path::new(open), Some(snapbox::data::DataFormat::Text)));
    assert_eq!(documented.stale(), Vec::<&str>::new(), "documented, but no longer different");
}
