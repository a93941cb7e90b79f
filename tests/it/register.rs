//! `register --dry-run`, as a user types it. What a hook answers is in `hooks`; here is what the command makes of it.

mod packages;
mod refused;
mod rules;

use tests::TestEnvironment;

use crate::home_with;

/// A home with one document, and Acme in use or no plugin at all.
fn home_of(plugin: Option<&str>, document: &str) -> TestEnvironment {
    let mut home = home_with(plugin.as_slice());
    if let Some(plugin) = plugin {
        home.set("FLYTE_PLUGIN", plugin);
    }
    home.write("task.yaml", document);
    home
}

/// What `register --dry-run task.yaml` prints.
fn register(plugin: Option<&str>, document: &str, options: &[&str]) -> String {
    home_of(plugin, document).run(&[&["register", "--dry-run", "task.yaml"], options].concat())
}
