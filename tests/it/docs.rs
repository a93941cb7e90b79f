//! README and the pages of the book, run as they are written. Each page starts in an empty home: its files
//! are written, its commands run by a shell, in order, and the output that it shows is compared with the real
//! one. HTML comments, which readers do not see, say the rest; each is for the block after it:
//!
//! | comment | meaning |
//! |---|---|
//! | `<!-- test: COMMAND -->` | run before the block; a reader has done it already |
//! | `<!-- file: PATH -->` | the block is a file; one whose first line is `# PATH` needs no comment |
//! | `<!-- prints: COMMAND -->` | the block is the output of this command |
//! | `<!-- part of: FILE -->` | the block's lines are in that file, in its code or documentation |
//! | `<!-- not run: REASON -->` | the block is not run |
//!
//! Any other block that is not commands is an error. Complete commands in the text are run, too. The
//! generated reference is not run here: `reference` compares it, and `examples` runs its examples.

mod step;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use clap::{CommandFactory as _, error::ErrorKind};
use flyte_host::app::args::Cli;
use snapbox::assert_data_eq;
use tests::{TestEnvironment, output};

use crate::{
    home_with,
    markdown::{Content, Piece, pages, pieces},
};
use step::Step;

/// Begins the output of a step, before its number.
const MARK: char = '\u{1e}';

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The steps of a page, from its blocks and the comments before them.
fn steps(page: &str, text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut comments = Vec::new();
    for Piece { line, content } in pieces(text) {
        match content {
            Content::Comment(text) => comments.push(text),
            Content::Block { kind, text } => {
                let found = step::from_block(&kind, &text, &std::mem::take(&mut comments));
                steps.extend(found.map_err(|error| format!("{page}:{line}: {error}"))?);
            }
            Content::Span(text) if is_whole(&text) => {
                steps.extend(step::setup(&std::mem::take(&mut comments))?);
                steps.push(Step::Commands(text));
            }
            Content::Span(_) => {}
        }
    }
    // Comments behind the last block.
    steps.extend(step::setup(&comments)?);
    Ok(steps)
}

/// Whether a span in the text is a complete command, without placeholders. `named` checks the others.
fn is_whole(span: &str) -> bool {
    let stands_for_something =
        |word: &str| word.chars().all(|letter| letter.is_ascii_uppercase() || letter == ':');
    let words = shlex::split(span).unwrap_or_default();
    let is_help =
        |error: clap::Error| matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    words.len() > 1
        && words[0] == "flyte-host"
        && !span.contains('…')
        && !words.iter().any(|word| stands_for_something(word))
        // Runs until Ctrl-C; `examples` runs it.
        && words[1..] != ["sandbox", "start"]
        && Cli::command().try_get_matches_from(&words).map_or_else(is_help, |_| true)
}

/// One script of all steps, each behind its number.
fn script(steps: &[Step]) -> String {
    let steps = steps.iter().enumerate();
    let steps = steps.map(|(number, step)| format!("printf '{MARK}%s\\n' {number}\n{}\n", step.script()));
    format!("set -e\nexec 2>&1\n{}printf '{MARK}'\n", steps.collect::<String>())
}

/// The output of each step.
fn printed(output: &str) -> Vec<&str> {
    let parts = output.split(MARK).skip(1);
    parts.filter_map(|part| part.split_once('\n')).map(|(_, text)| text).collect()
}

/// A port that is free now, in place of the one that the pages name.
fn free_port() -> String {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port().to_string()
}

/// The shell in an empty home, with this repository in the folder `flyte-host` of the folder where it starts.
fn shell(home: &TestEnvironment) -> Command {
    fs::remove_dir_all(home.home().join(".flyte")).unwrap();
    std::os::unix::fs::symlink(workspace(), home.cwd().join("flyte-host")).unwrap();
    let libraries = home.home().join("libraries");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("docs");
    fs::create_dir_all(&target).unwrap();
    let like = home.command();
    let mut bash = Command::new("bash");
    bash.arg("--norc").env_clear().current_dir(home.cwd()).stdin(Stdio::null());
    bash.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
    bash.env("SAMPLE_PLUGIN", home.copy("acme", libraries.join("libacme.so")));
    bash.env("FAULTY_PLUGIN", home.copy("faulty", libraries.join("libfaulty.so")));
    bash.env("TARGET", target).envs(cargo_variables(home));
    bash
}

/// Cargo, with the crates that it downloaded for this test itself. Nothing is optimised, which nothing here
/// depends on.
fn cargo_variables(home: &TestEnvironment) -> Vec<(&'static str, std::ffi::OsString)> {
    let downloads = env::var_os("CARGO_HOME")
        .unwrap_or_else(|| Path::new(&env::var_os("HOME").expect("a home")).join(".cargo").into_os_string());
    let like = home.command();
    let path = like.get_envs().find_map(|(name, value)| (name == "PATH").then_some(value?)).expect("a path");
    let cargo = Path::new(env!("CARGO")).parent().expect("a file in a directory");
    let path = env::join_paths(std::iter::once(cargo.to_owned()).chain(env::split_paths(path))).unwrap();
    vec![
        ("CARGO_HOME", downloads),
        ("CARGO_NET_OFFLINE", "true".into()),
        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0".into()),
        ("PATH", path),
    ]
}

/// Replaces what differs each time, in what a page shows and in what is printed; which passing phases are
/// seen depends on the moment.
fn lasting(text: &str) -> String {
    let mut text = crate::flyte::lasting(text);
    for (pattern, name) in
        [(r"\ba[bcdfghjklmnpqrstvwxz2-9]{19}\b", "[EXECUTION]"), (r"\b\d+(\.\d)?m?s\b", "[TIME]")]
    {
        text = regex::Regex::new(pattern).unwrap().replace_all(&text, name).into_owned();
    }
    text
}

/// Stops the server in the end, also after a failure.
struct StoppedSandbox(TestEnvironment);

impl Drop for StoppedSandbox {
    fn drop(&mut self) {
        let _ = self.0.run(["sandbox", "stop"]);
    }
}

/// The text of a page, with another port, so that pages can run side by side.
pub(crate) fn text_of(page: &str) -> String {
    let port = free_port();
    let text = fs::read_to_string(workspace().join(page)).unwrap();
    ["--port ", "127.0.0.1:"]
        .iter()
        .fold(text, |text, before| text.replace(&format!("{before}30080"), &format!("{before}{port}")))
}

/// Runs a page.
fn run(page: &str) {
    run_text(page, &text_of(page), home_with(&[]), |_| {});
}

/// Runs the text of a page in a home, after the shell was changed.
pub(crate) fn run_text(page: &str, text: &str, home: TestEnvironment, change: impl FnOnce(&mut Command)) {
    let steps = steps(page, text).unwrap_or_else(|error| panic!("{error}"));
    let home = StoppedSandbox(home);
    let file = home.0.write("../page.sh", script(&steps));
    let mut shell = shell(&home.0);
    change(&mut shell);
    let output = output(shell.arg(file));
    let output = String::from_utf8(output.stdout).unwrap();
    let parts = printed(&output);
    for (number, (step, printed)) in steps.iter().zip(&parts).enumerate() {
        let has_ended = number + 1 < parts.len() || output.ends_with(MARK);
        assert!(has_ended, "this step of {page} fails: {}\n{printed}", step.script());
        if let Some(shown) = step.shown() {
            assert_data_eq!(lasting(printed), lasting(shown).replace('…', "..."));
        }
    }
    assert_eq!(parts.len(), steps.len());
}

macro_rules! a_test_for_each {
    ($($test:ident: $page:literal),* $(,)?) => {
        $(
            #[test]
            fn $test() {
                run($page);
            }
        )*

        /// The pages that have a test here.
        const TESTED: &[&str] = &[$($page),*];
    };
}

a_test_for_each! {
    readme: "README.md",
    contributing: "docs/src/contributing.md",
    installing: "docs/src/installing.md",
    introduction: "docs/src/introduction.md",
    migrating: "docs/src/migrating.md",
    operators: "docs/src/operators.md",
    plugins: "docs/src/plugins/index.md",
    plugins_checking: "docs/src/plugins/checking.md",
    plugins_command_line: "docs/src/plugins/command-line.md",
    plugins_compatibility: "docs/src/plugins/compatibility.md",
    plugins_hooks: "docs/src/plugins/hooks.md",
    plugins_other_languages: "docs/src/plugins/other-languages.md",
    plugins_publishing: "docs/src/plugins/publishing.md",
    plugins_releasing: "docs/src/plugins/releasing.md",
    plugins_testing: "docs/src/plugins/testing.md",
    plugins_transports: "docs/src/plugins/transports.md",
    pyflyte: "docs/src/pyflyte.md",
    register: "docs/src/register.md",
    run_and_fetch: "docs/src/run.md",
    sandbox: "docs/src/sandbox.md",
    sandbox_differences: "docs/src/sandbox-differences.md",
    style: "docs/src/style.md",
    tutorial: "docs/src/tutorial.md",
}

#[test]
fn every_page_has_a_test() {
    let is_written_by_hand =
        |page: &String| !page.starts_with("docs/src/reference") && !page.ends_with("SUMMARY.md");
    let pages = pages(&workspace()).into_iter().map(|page| page.to_str().unwrap().to_owned());
    let mut pages: Vec<_> = pages.filter(is_written_by_hand).collect();
    let mut tested = TESTED.to_vec();
    tested.sort_unstable();
    pages.sort_unstable();
    assert_eq!(tested, pages);
}

#[test]
fn a_block_without_a_purpose_is_an_error() {
    let refused = |text: &str| steps("page.md", text).unwrap_err();
    assert_eq!(
        refused("```rust\nfn f() {}\n```"),
        "page.md:1: this block needs a comment: is it a file, or not run?"
    );
    assert_eq!(refused("<!-- tset: x -->\n\n    x"), "page.md:3: unknown comment `tset: x`");
    assert_eq!(refused("<!-- not run: -->\n\n    x"), "page.md:3: say why it is not run");
    assert_eq!(
        refused("<!-- part of: README.md -->\n\n    no such line here\n"),
        "page.md:3: `no such line here` is not in README.md"
    );
}
