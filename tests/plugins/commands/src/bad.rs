//! Changes that the host must refuse. Most refusals are tested without a library, in
//! `host/src/command_tree/tests/refuse.rs`.

use plugin_abi::{Command, Group, PluginError};

/// Requests a change that cannot be made.
pub(crate) fn configure(case: &str, main: &mut Group) -> Result<(), PluginError> {
    let leaf = |name| Command::new(name).run(|_| Ok(()));
    match case {
        "command-taken" => main.add(leaf("plugin")),
        // Conflicts only with the plugin `clapped`.
        "command-ship" => main.add(leaf("ship")),
        "default-impossible" => {
            main.option("output").set_default("pdf");
            main
        }
        "panic" => panic!("no command line"),
        _ => return Err(PluginError::new(format!("unknown case `{case}`"))),
    };
    Ok(())
}
