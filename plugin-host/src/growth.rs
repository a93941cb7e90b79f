//! For the growth tests only: calls, on everything that a plugin made, the method that protocol 1.1 added.
//!
//! Objects of a plugin of 1.0 lack that method; its default returns 0.

use plugin_abi::vtable::{
    ArgBox, CachePolicyBox, CommandBox, EditBox, FaultBox, PluginModuleRef, RemoteBox, TransportBox,
    TransportLayerBox,
};

use super::Identity;

/// What a plugin made.
pub(super) enum Made<'a> {
    Edits(&'a [EditBox]),
    Fault(&'a FaultBox),
    Module(&'a PluginModuleRef),
    Policies(&'a [CachePolicyBox]),
    Remote(&'a RemoteBox),
    Transport(&'a TransportLayerBox, &'a TransportBox),
}

/// Calls the method, and logs the results.
pub(super) fn ask(plugin: &Identity, made: &Made<'_>) {
    let note = |thing: &str, methods: u32| {
        log::debug!("{plugin}: methods beyond 1.0 in its {thing}: {methods}");
    };
    match made {
        Made::Edits(edits) => edits.iter().for_each(|edit| ask_edit(edit, &note)),
        Made::Fault(fault) => note("fault", fault.revision()),
        Made::Module(module) => note("root module", module.revision().map_or(0, |revision| revision())),
        Made::Policies(policies) => {
            policies.iter().for_each(|policy| note("cache policy", policy.revision()))
        }
        Made::Remote(remote) => note("remote", remote.revision()),
        Made::Transport(layer, transport) => {
            note("transport's layer", layer.revision());
            note("transport", transport.revision());
        }
    }
}

fn ask_edit(edit: &EditBox, note: &dyn Fn(&str, u32)) {
    note("wish", edit.revision());
    if let Some(command) = edit.new_command().into_option() {
        ask_command(&command, note);
    }
    if let Some(argument) = edit.new_argument().into_option() {
        ask_argument(&argument, note);
    }
    if let Some(lazy) = edit.lazy_default().into_option() {
        note("lazy default", lazy.revision());
    }
    if let Some(callback) = edit.callback().into_option() {
        note("callback", callback.revision());
    }
}

fn ask_command(command: &CommandBox, note: &dyn Fn(&str, u32)) {
    note("command", command.revision());
    command.args().iter().for_each(|argument| ask_argument(argument, note));
    command.commands().iter().for_each(|command| ask_command(command, note));
}

fn ask_argument(argument: &ArgBox, note: &dyn Fn(&str, u32)) {
    note("argument", argument.revision());
    if let Some(callback) = argument.callback().into_option() {
        note("callback", callback.revision());
    }
}
