//! What a plugin changes in the process, or writes to its standard output.

use snapbox::str;
use tests::snapshot;

use super::{CONFIG_SHOW, home_where};

#[test]
fn what_is_changed_is_restored_and_named() {
    let changes = ["directory", "environment", "umask", "locale", "signal"];
    let orders: Vec<String> = changes.iter().map(|change| format!("{change}:create")).collect();
    snapshot!(
        home_where(&orders.join(",")).run(CONFIG_SHOW).stderr(),
        str![[r#"
warning: plugin `crashing` 0.4.1 changed the state of the process while it was loaded: the working directory (restored), the umask (restored), the locale (restored), the action of SIGPIPE (restored), the environment variables `CRASHING` (not restored); report this plugin bug at <https://crashing.example>

"#]]
    );
    snapshot!(
        home_where("directory:configure_cli").run(CONFIG_SHOW).stderr(),
        str![[r#"
warning: plugin `crashing` 0.4.1 changed the state of the process in `configure_cli`: the working directory (restored); report this plugin bug at <https://crashing.example>

"#]]
    );
}

/// The task is read from the directory in which the command was started.
#[test]
fn the_directory_is_that_of_the_command() {
    home_where("directory:create").run(super::REGISTER).success();
}
