//! The system's keyring: a real one, unlocked and locked, none at all, and those that never answer.
//!
//! Each command is a process of its own, as variables say where the keyring is.

mod bus;

use std::{os::unix::net::UnixListener, path::PathBuf};

use self::bus::{Bus, KEYRING, PROMPTER};
use super::{Fixture, another};

/// The remedy of a keyring that does not do.
const HINT: &str = "unlock the keyring, or store tokens in a file: set `token-store = \"file\"` in `host.toml`, or \
                    `FLYTE_TOKEN_STORE=file`";

/// A machine of which only the keyring differs from test to test.
struct Machine {
    home: Fixture,
    /// The address of the session's bus, if there is one.
    bus: Option<String>,
}

impl Machine {
    fn new(bus: Option<String>) -> Self {
        Self { home: Fixture::new(), bus }
    }

    /// What a command answers that has no display, as over SSH.
    fn run(&self, choice: &str, steps: &str) -> Vec<String> {
        let mut command = another::command("env", &[]);
        command
            .env("HOME", self.home.0.path())
            // Without it, the session bus of the developer might be found.
            .env("XDG_RUNTIME_DIR", self.home.0.path().join("run"))
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY");
        command.envs(self.bus.iter().map(|address| ("DBUS_SESSION_BUS_ADDRESS", address)));
        another::answers(command, choice, &self.home.folder(), steps)
    }

    /// The file of endpoint `a`, as messages name it.
    fn file(&self) -> String {
        self.home.store().location("a")
    }

    /// The endings of the files in the folder.
    fn kinds(&self) -> Vec<String> {
        let kind = |name: String| name.rsplit_once('.').unwrap().1.to_owned();
        self.home.files().into_iter().map(kind).collect()
    }
}

/// The same machine, when the keyring is another one or none.
fn later(machine: Machine, bus: Option<String>) -> Machine {
    Machine { bus, ..machine }
}

mod without_one {
    use super::*;

    #[test]
    fn the_file_is_used_at_once_without_a_warning() {
        let machine = Machine::new(None);
        let file = machine.file();
        let answers = machine.run("auto", "check; place a; load a; save a one; place a; load a; endpoints");
        let undecided = format!("the system's keyring, or else {file}");
        assert_eq!(answers, ["works", &undecided, "none", "saved", &file, "one", "a"]);
        assert_eq!(
            machine.run("auto", "load a; save a two; load a; remove a; load a"),
            ["one", "saved", "two", "removed", "none"]
        );
        assert_eq!(machine.home.files(), [""; 0]);
    }

    #[test]
    fn a_required_keyring_is_an_error() {
        let machine = Machine::new(None);
        let answers = machine.run("keyring", "check; save a one; load a; hint a");
        assert!(answers[0].starts_with("error: could not use the system's keyring: "), "{answers:?}");
        assert_eq!(answers[0], answers[1]);
        assert_eq!(answers[2..], ["none", HINT]);
        // Nor was it noted to have what it does not have.
        assert_eq!(machine.home.files(), [""; 0]);
    }
}

mod silent {
    use super::*;

    const WAITED: &str = "the system's keyring did not answer within 5 s";

    /// Under `auto` tokens go to the file, with a warning; a keyring that is wanted is an error. Either
    /// waits once.
    fn check(bus: &str) {
        let machine = Machine::new(Some(bus.to_owned()));
        let warning = format!("warning: storing tokens in {}: {WAITED}", machine.file());
        let answers = machine.run("auto", "load a; save a one; load a; save a two; save b one; load a");
        let again = warning.replace(&machine.file(), &machine.home.store().location("b"));
        assert_eq!(answers, ["none", &warning, "saved", "one", "saved", &again, "saved", "two"]);
        assert_eq!(machine.kinds(), ["json", "json"]);

        let machine = Machine::new(Some(bus.to_owned()));
        let error = format!("error: {WAITED}");
        assert_eq!(
            machine.run("keyring", "check; save a one; load a; hint a"),
            [&error, &error, "none", HINT]
        );
        assert_eq!(machine.home.files(), [""; 0]);
    }

    #[test]
    fn a_bus_that_does_not_answer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bus");
        let _bus = UnixListener::bind(&path).unwrap();
        check(&format!("unix:path={}", path.display()));
    }

    #[test]
    fn a_keyring_that_does_not_answer() {
        let Some(bus) = Bus::start() else { return };
        let _keyring = bus.say_nothing_as(KEYRING);
        check(&bus.address);
    }
}

/// Gone since the sign-in: over SSH, in a container, on the next machine with the same home.
mod gone_later {
    use super::*;

    #[test]
    fn the_next_sign_in_is_stored_in_a_file_with_a_warning() {
        let Some(bus) = Bus::with_keyring() else { return };
        let machine = Machine::new(Some(bus.address.clone()));
        assert_eq!(machine.run("auto", "save a one"), ["saved"]);

        let machine = later(machine, None);
        let answers = machine.run("auto", "place a; load a");
        let lost = "warning: could not load the tokens for `a` from the system's keyring: could not use the system's \
                    keyring: ";
        assert_eq!((&*answers[0], &*answers[2]), ("the system's keyring", "none"));
        assert!(answers[1].starts_with(lost), "{answers:?}");
        let answers = machine.run("auto", "save a two; load a; place a");
        assert!(
            answers[0].starts_with(&format!("warning: storing tokens in {}: ", machine.file())),
            "{answers:?}"
        );
        assert_eq!(answers[1..], ["saved", "two", &machine.file()]);
        // Forgetting both needs both; what can be forgotten is, and the rest is said.
        let answers = machine.run("auto", "remove a; load a; endpoints");
        assert!(answers[0].starts_with("error: could not use the system's keyring: "), "{answers:?}");
        assert_eq!((&*answers[2], &*answers[3]), ("none", "a"));

        let machine = later(machine, Some(bus.address.clone()));
        assert_eq!(
            machine.run("auto", "load a; remove a; load a; endpoints"),
            ["one", "removed", "none", ""]
        );
        assert_eq!(machine.home.files(), [""; 0]);
    }

    #[test]
    fn a_newer_file_takes_precedence_until_logout_removes_both() {
        let Some(bus) = Bus::with_keyring() else { return };
        let machine = Machine::new(Some(bus.address.clone()));
        assert_eq!(machine.run("auto", "save a one"), ["saved"]);
        let machine = later(machine, None);
        assert_eq!(machine.run("auto", "save a two").last().unwrap(), "saved");
        let machine = later(machine, Some(bus.address.clone()));
        assert_eq!(
            machine.run("auto", "load a; save a three; place a; load a"),
            ["two", "saved", &machine.file(), "three"]
        );
        assert_eq!(machine.run("keyring", "load a"), ["one"]);
        assert_eq!(machine.run("auto", "remove a; load a"), ["removed", "none"]);
        assert_eq!(machine.run("keyring", "load a"), ["none"]);
    }
}

mod unlocked {
    use super::*;

    #[test]
    fn tokens_are_in_the_keyring_only() {
        for choice in ["auto", "keyring"] {
            let Some(bus) = Bus::with_keyring() else { return };
            let machine = Machine::new(Some(bus.address.clone()));
            assert_eq!(
                machine.run(choice, "check; load a; save a one; save b two"),
                ["works", "none", "saved", "saved"]
            );
            assert_eq!(
                machine.run(choice, "load a; load b; endpoints; place a"),
                ["one", "two", "a b", "the system's keyring"]
            );
            assert_eq!(machine.kinds(), ["keyring", "keyring"]);
            assert_eq!(
                machine.run(choice, "save a three; load a; remove a; load a; load b; endpoints"),
                ["saved", "three", "removed", "none", "two", "b"]
            );
            assert_eq!(
                machine.run(choice, "remove a; remove b; endpoints"),
                ["nothing there", "removed", ""]
            );
            assert_eq!(machine.home.files(), [""; 0]);
        }
    }

    #[test]
    fn an_existing_file_stays_in_use_unless_the_keyring_is_required() {
        let Some(bus) = Bus::with_keyring() else { return };
        let machine = Machine::new(None);
        assert_eq!(machine.run("auto", "save a one"), ["saved"]);
        let machine = later(machine, Some(bus.address.clone()));
        assert_eq!(machine.run("auto", "load a; save a two; load a"), ["one", "saved", "two"]);
        assert_eq!(machine.kinds(), ["json"]);
        assert_eq!(machine.run("keyring", "load a; save a three; load a"), ["none", "saved", "three"]);
        assert_eq!(machine.kinds(), ["keyring"]);
    }

    #[test]
    fn logout_removes_an_entry_without_a_marker_file() {
        let Some(bus) = Bus::with_keyring() else { return };
        let machine = Machine::new(Some(bus.address.clone()));
        assert_eq!(machine.run("auto", "save a one"), ["saved"]);
        std::fs::remove_file(machine.home.file()).unwrap();
        assert_eq!(machine.run("auto", "load a; remove a; remove a"), ["none", "removed", "nothing there"]);
    }

    #[test]
    fn a_foreign_entry_is_refused_and_not_quoted() {
        let Some(bus) = Bus::with_keyring() else { return };
        let machine = Machine::new(Some(bus.address.clone()));
        assert_eq!(machine.run("keyring", "save a one; spoil a"), ["saved", "spoiled"]);
        let answers = machine.run("auto", "load a; remove a; load a");
        let refusal = "error: could not parse the entry for `a` in the system's keyring: not an entry of flyte-host: \
                       syntax error at line 1, column 1";
        assert_eq!(answers, [refusal, "removed", "none"]);
    }
}

/// It cannot be unlocked: there is no display.
mod locked {
    use super::*;

    #[test]
    fn with_auto_tokens_are_stored_in_a_file() {
        let Some(bus) = Bus::with_keyring() else { return };
        let machine = Machine::new(Some(bus.address.clone()));
        bus.lock();
        let answers = machine.run("auto", "save a one; load a; place a");
        assert_eq!(answers[answers.len() - 3..], ["saved", "one", &machine.file()], "{answers:?}");
        assert_eq!(machine.run("auto", "load a"), ["one"]);
    }

    #[test]
    fn its_tokens_are_unavailable_with_a_warning_until_it_is_unlocked() {
        let Some(mut bus) = Bus::with_keyring() else { return };
        let machine = Machine::new(Some(bus.address.clone()));
        assert_eq!(machine.run("auto", "save a one"), ["saved"]);
        bus.lock();
        let answers = machine.run("auto", "load a");
        assert!(
            answers[0].starts_with("warning: could not load the tokens for `a` from the system's keyring"),
            "{answers:?}"
        );
        assert_eq!(answers[1], "none");
        bus.restart_unlocked();
        assert_eq!(machine.run("auto", "load a"), ["one"]);
    }

    #[test]
    fn a_required_keyring_is_an_error() {
        let Some(mut bus) = Bus::with_keyring() else { return };
        let machine = Machine::new(Some(bus.address.clone()));
        bus.restart_locked();
        let answers = machine.run("keyring", "save a one; hint a");
        let is_keyring = answers[0].contains("the system's keyring");
        assert!(answers[0].starts_with("error: ") && is_keyring, "{answers:?}");
        assert_eq!(answers[1], HINT);
    }

    #[test]
    fn an_unanswered_dialog_times_out() {
        let Some(bus) = Bus::with_keyring() else { return };
        let machine = Machine::new(Some(bus.address.clone()));
        bus.lock();
        let _prompter = bus.say_nothing_as(PROMPTER);
        let answers = machine.run("auto", "save a one; load a");
        let warning = format!(
            "warning: storing tokens in {}: the system's keyring is locked, and was not unlocked within 5 s",
            machine.file()
        );
        assert_eq!(answers, [&warning, "saved", "one"]);
    }
}

/// The folder into which `cargo xtask test` unpacked Debian's `gnome-keyring`.
fn unpacked() -> Option<PathBuf> {
    super::prepared("FLYTE_TEST_KEYRING")
}
