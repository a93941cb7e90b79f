//! The command line of pyflyte, as plugins see it in `configure_cli`.

use abi_stable::{
    erased_types::TD_Opaque,
    std_types::{RNone, ROption, RResult::RErr, RString, RVec},
};
use plugin_abi::{
    PluginError,
    vtable::{AbiResult, Arg, Arg_TO, ArgBox, CallbackBox, Command, Command_TO, CommandBox, InvocationRef},
};
use pyo3::prelude::*;

/// A command with its subcommands, read from a `dict`.
#[derive(Clone, FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct View {
    name: String,
    about: Option<String>,
    hidden: bool,
    runs: bool,
    arguments: Vec<ArgumentView>,
    commands: Vec<View>,
}

/// An argument.
#[derive(Clone, FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct ArgumentView {
    id: String,
    kind: u32,
    long: Option<String>,
    short: Option<String>,
    help: Option<String>,
    required: bool,
    multiple: bool,
    hidden: bool,
    default_values: Vec<String>,
    possible_values: Vec<String>,
    env: Option<String>,
}

fn optional(text: Option<&str>) -> ROption<RString> {
    text.map(RString::from).into()
}

fn list(texts: &[String]) -> RVec<RString> {
    texts.iter().map(|text| RString::from(text.as_str())).collect()
}

impl Command for View {
    fn name(&self) -> RString {
        self.name.as_str().into()
    }
    fn aliases(&self) -> RVec<RString> {
        RVec::new()
    }
    fn about(&self) -> ROption<RString> {
        optional(self.about.as_deref())
    }
    fn long_about(&self) -> ROption<RString> {
        RNone
    }
    fn after_help(&self) -> ROption<RString> {
        RNone
    }
    fn hidden(&self) -> bool {
        self.hidden
    }
    fn args(&self) -> RVec<ArgBox> {
        self.arguments.iter().map(|argument| Arg_TO::from_value(argument.clone(), TD_Opaque)).collect()
    }
    fn commands(&self) -> RVec<CommandBox> {
        self.commands.iter().map(|below| Command_TO::from_value(below.clone(), TD_Opaque)).collect()
    }
    fn runs(&self) -> bool {
        self.runs
    }
    fn run(&self, _invocation: InvocationRef<'_>) -> AbiResult<u8> {
        RErr(PluginError::new("cannot run a built-in command").into_raw())
    }
}

impl Arg for ArgumentView {
    fn id(&self) -> RString {
        self.id.as_str().into()
    }
    fn kind(&self) -> u32 {
        self.kind
    }
    fn long(&self) -> ROption<RString> {
        optional(self.long.as_deref())
    }
    fn short(&self) -> ROption<RString> {
        optional(self.short.as_deref())
    }
    fn aliases(&self) -> RVec<RString> {
        RVec::new()
    }
    fn help(&self) -> ROption<RString> {
        optional(self.help.as_deref())
    }
    fn long_help(&self) -> ROption<RString> {
        RNone
    }
    fn value_name(&self) -> ROption<RString> {
        RNone
    }
    fn required(&self) -> bool {
        self.required
    }
    fn multiple(&self) -> bool {
        self.multiple
    }
    fn hidden(&self) -> bool {
        self.hidden
    }
    fn global(&self) -> bool {
        false
    }
    fn default_values(&self) -> RVec<RString> {
        list(&self.default_values)
    }
    fn possible_values(&self) -> RVec<RString> {
        list(&self.possible_values)
    }
    fn env(&self) -> ROption<RString> {
        optional(self.env.as_deref())
    }
    fn conflicts_with(&self) -> RVec<RString> {
        RVec::new()
    }
    fn callback(&self) -> ROption<CallbackBox> {
        RNone
    }
}
