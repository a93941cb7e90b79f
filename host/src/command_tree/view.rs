//! The command line for `configure_cli`, read from clap's description on each call.

use std::sync::Arc;

use abi_stable::{
    erased_types::TD_Opaque,
    std_types::{RNone, ROption, RResult::RErr, RString, RVec},
};
use plugin_abi::{
    PluginError,
    vtable::{AbiResult, Arg, Arg_TO, ArgBox, CallbackBox, Command, Command_TO, CommandBox, InvocationRef},
};

use super::values;

/// A command of the host with its subcommands, read-only.
#[derive(Clone)]
pub struct View {
    top: Arc<clap::Command>,
    /// The path from the root: each is the index among the subcommands of the one before.
    indices: Vec<usize>,
}

impl View {
    pub(super) fn new(top: Arc<clap::Command>) -> Self {
        Self { top, indices: Vec::new() }
    }

    /// Never `None`: the indices come from existing commands.
    fn command(&self) -> Option<&clap::Command> {
        let top: &clap::Command = &self.top;
        self.indices.iter().try_fold(top, |command, index| command.get_subcommands().nth(*index))
    }

    fn read<T: Default>(&self, what: impl FnOnce(&clap::Command) -> T) -> T {
        self.command().map(what).unwrap_or_default()
    }
}

impl Command for View {
    fn name(&self) -> RString {
        self.read(|command| command.get_name().into())
    }
    fn aliases(&self) -> RVec<RString> {
        self.read(|command| command.get_all_aliases().map(RString::from).collect())
    }
    fn about(&self) -> ROption<RString> {
        self.read(|command| command.get_about().map(text)).into()
    }
    fn long_about(&self) -> ROption<RString> {
        self.read(|command| command.get_long_about().map(text)).into()
    }
    fn after_help(&self) -> ROption<RString> {
        self.read(|command| command.get_after_help().map(text)).into()
    }
    fn hidden(&self) -> bool {
        self.read(clap::Command::is_hide_set)
    }
    fn args(&self) -> RVec<ArgBox> {
        let count = self.read(|command| command.get_arguments().count());
        (0..count)
            .map(|index| Arg_TO::from_value(ArgView { command: self.clone(), index }, TD_Opaque))
            .collect()
    }
    fn commands(&self) -> RVec<CommandBox> {
        let count = self.read(|command| command.get_subcommands().count());
        let below = (0..count).map(|index| Self {
            top: Arc::clone(&self.top),
            indices: [self.indices.as_slice(), &[index]].concat(),
        });
        below.map(|below| Command_TO::from_value(below, TD_Opaque)).collect()
    }
    fn runs(&self) -> bool {
        self.read(|command| !command.is_subcommand_required_set())
    }
    fn run(&self, _invocation: InvocationRef<'_>) -> AbiResult<u8> {
        RErr(PluginError::new("cannot run a built-in command").into_raw())
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}

/// An argument of the host, read-only.
struct ArgView {
    command: View,
    index: usize,
}

impl ArgView {
    fn read<T: Default>(&self, what: impl FnOnce(&clap::Arg) -> T) -> T {
        let arg = self.command.command().and_then(|command| command.get_arguments().nth(self.index));
        arg.map(what).unwrap_or_default()
    }
}

impl Arg for ArgView {
    fn id(&self) -> RString {
        self.read(|arg| arg.get_id().as_str().into())
    }
    fn kind(&self) -> u32 {
        self.read(|arg| match arg.get_action() {
            _ if arg.is_positional() => 2,
            clap::ArgAction::Count => 3,
            action if action.takes_values() => 0,
            _ => 1,
        })
    }
    fn long(&self) -> ROption<RString> {
        self.read(|arg| arg.get_long().map(RString::from)).into()
    }
    fn short(&self) -> ROption<RString> {
        self.read(|arg| arg.get_short().map(|short| RString::from(short.to_string()))).into()
    }
    fn aliases(&self) -> RVec<RString> {
        self.read(|arg| arg.get_all_aliases().unwrap_or_default().into_iter().map(RString::from).collect())
    }
    fn help(&self) -> ROption<RString> {
        self.read(|arg| arg.get_help().map(text)).into()
    }
    fn long_help(&self) -> ROption<RString> {
        self.read(|arg| arg.get_long_help().map(text)).into()
    }
    fn value_name(&self) -> ROption<RString> {
        self.read(|arg| arg.get_value_names().and_then(<[_]>::first).map(|name| RString::from(name.as_str())))
            .into()
    }
    fn required(&self) -> bool {
        self.read(clap::Arg::is_required_set)
    }
    fn multiple(&self) -> bool {
        self.read(values::is_multiple)
    }
    fn hidden(&self) -> bool {
        self.read(clap::Arg::is_hide_set)
    }
    fn global(&self) -> bool {
        self.read(clap::Arg::is_global_set)
    }
    fn default_values(&self) -> RVec<RString> {
        self.read(|arg| {
            arg.get_default_values().iter().map(|value| value.to_string_lossy().as_ref().into()).collect()
        })
    }
    fn possible_values(&self) -> RVec<RString> {
        self.read(|arg| {
            let takes_values = arg.get_action().takes_values();
            let values = if takes_values { arg.get_possible_values() } else { Vec::new() };
            values.iter().filter(|value| !value.is_hide_set()).map(|value| value.get_name().into()).collect()
        })
    }
    fn env(&self) -> ROption<RString> {
        self.read(|arg| arg.get_env().map(|name| name.to_string_lossy().as_ref().into())).into()
    }
    fn conflicts_with(&self) -> RVec<RString> {
        // clap has them only for a built command; no edit request depends on them.
        RVec::new()
    }
    fn callback(&self) -> ROption<CallbackBox> {
        RNone
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}

fn text(styled: &clap::builder::StyledStr) -> RString {
    styled.to_string().into()
}
