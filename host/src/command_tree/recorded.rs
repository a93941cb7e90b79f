//! A plugin's edits as data, so that the command line is known without loading the plugin.
//!
//! Everything that help, completion and parsing need is there. Functions (commands, callbacks, lazy defaults)
//! are not: where a plugin gave one, a [`NotLoaded`] stands in its place.

use abi_stable::{
    erased_types::TD_Opaque,
    std_types::{ROption, RResult::RErr, RString, RVec},
};
use plugin_abi::{
    PluginError,
    vtable::{
        AbiResult, Arg, Arg_TO, ArgBox, Callback, Callback_TO, CallbackBox, Command, Command_TO, CommandBox,
        Edit, Edit_TO, EditBox, InvocationRef, LazyDefault, LazyDefault_TO, LazyDefaultBox,
    },
};
use serde::{Deserialize, Serialize};

use plugin_host::edits::{MAX_ARGUMENTS, MAX_COMMANDS, MAX_DEPTH, MAX_EDITS, strings};

/// All edits of one plugin, without their functions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedEdits(Vec<RecordedEdit>);

impl RecordedEdits {
    /// Reads what a plugin's `configure_cli` returned; `None` if it exceeds the limits, which
    /// [`Tree::apply`](super::Tree::apply) reports.
    #[must_use]
    pub fn from_abi(edits: &RVec<EditBox>) -> Option<Self> {
        if edits.len() > MAX_EDITS {
            return None;
        }
        let mut commands = 0;
        edits.iter().map(|edit| RecordedEdit::read(edit, &mut commands)).collect::<Option<_>>().map(Self)
    }

    /// The edits for [`Tree::apply`](super::Tree::apply).
    #[must_use]
    pub fn into_abi(self) -> RVec<EditBox> {
        self.0.into_iter().map(|edit| Edit_TO::from_value(edit, TD_Opaque)).collect()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct RecordedEdit {
    kind: u32,
    path: Vec<String>,
    argument: Option<String>,
    new_command: Option<RecordedCommand>,
    new_argument: Option<RecordedArg>,
    default_values: Vec<String>,
    lazy_default: bool,
    callback: bool,
}

impl RecordedEdit {
    fn read(edit: &EditBox, commands: &mut usize) -> Option<Self> {
        let new_command = edit.new_command().into_option();
        Some(Self {
            kind: edit.kind(),
            path: strings(edit.path()),
            argument: text(edit.argument()),
            new_command: match new_command {
                Some(command) => Some(RecordedCommand::read(&command, 0, commands)?),
                None => None,
            },
            new_argument: edit.new_argument().into_option().as_ref().map(RecordedArg::read),
            default_values: strings(edit.default_values()),
            lazy_default: edit.lazy_default().is_some(),
            callback: edit.callback().is_some(),
        })
    }
}

impl Edit for RecordedEdit {
    fn kind(&self) -> u32 {
        self.kind
    }
    fn path(&self) -> RVec<RString> {
        to_abi(&self.path)
    }
    fn argument(&self) -> ROption<RString> {
        optional(self.argument.as_ref())
    }
    fn new_command(&self) -> ROption<CommandBox> {
        self.new_command.clone().map(|command| Command_TO::from_value(command, TD_Opaque)).into()
    }
    fn new_argument(&self) -> ROption<ArgBox> {
        self.new_argument.clone().map(|arg| Arg_TO::from_value(arg, TD_Opaque)).into()
    }
    fn default_values(&self) -> RVec<RString> {
        to_abi(&self.default_values)
    }
    fn lazy_default(&self) -> ROption<LazyDefaultBox> {
        self.lazy_default.then(|| LazyDefault_TO::from_value(NotLoaded, TD_Opaque)).into()
    }
    fn callback(&self) -> ROption<CallbackBox> {
        self.callback.then(|| Callback_TO::from_value(NotLoaded, TD_Opaque)).into()
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct RecordedCommand {
    name: String,
    aliases: Vec<String>,
    about: Option<String>,
    long_about: Option<String>,
    after_help: Option<String>,
    hidden: bool,
    args: Vec<RecordedArg>,
    commands: Vec<RecordedCommand>,
    runs: bool,
}

impl RecordedCommand {
    fn read(command: &CommandBox, depth: usize, commands: &mut usize) -> Option<Self> {
        *commands += 1;
        let args = command.args();
        if depth > MAX_DEPTH || *commands > MAX_COMMANDS || args.len() > MAX_ARGUMENTS {
            return None;
        }
        let below = command.commands();
        let below = below.iter().map(|below| Self::read(below, depth + 1, commands));
        Some(Self {
            name: command.name().into(),
            aliases: strings(command.aliases()),
            about: text(command.about()),
            long_about: text(command.long_about()),
            after_help: text(command.after_help()),
            hidden: command.hidden(),
            args: args.iter().map(RecordedArg::read).collect(),
            commands: below.collect::<Option<_>>()?,
            runs: command.runs(),
        })
    }
}

impl Command for RecordedCommand {
    fn name(&self) -> RString {
        self.name.as_str().into()
    }
    fn aliases(&self) -> RVec<RString> {
        to_abi(&self.aliases)
    }
    fn about(&self) -> ROption<RString> {
        optional(self.about.as_ref())
    }
    fn long_about(&self) -> ROption<RString> {
        optional(self.long_about.as_ref())
    }
    fn after_help(&self) -> ROption<RString> {
        optional(self.after_help.as_ref())
    }
    fn hidden(&self) -> bool {
        self.hidden
    }
    fn args(&self) -> RVec<ArgBox> {
        self.args.iter().map(|arg| Arg_TO::from_value(arg.clone(), TD_Opaque)).collect()
    }
    fn commands(&self) -> RVec<CommandBox> {
        self.commands.iter().map(|command| Command_TO::from_value(command.clone(), TD_Opaque)).collect()
    }
    fn runs(&self) -> bool {
        self.runs
    }
    fn run(&self, _invocation: InvocationRef<'_>) -> AbiResult<u8> {
        NotLoaded::error()
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct RecordedArg {
    id: String,
    kind: u32,
    long: Option<String>,
    short: Option<String>,
    aliases: Vec<String>,
    help: Option<String>,
    long_help: Option<String>,
    value_name: Option<String>,
    required: bool,
    multiple: bool,
    hidden: bool,
    global: bool,
    default_values: Vec<String>,
    possible_values: Vec<String>,
    env: Option<String>,
    conflicts_with: Vec<String>,
    callback: bool,
}

impl RecordedArg {
    fn read(arg: &ArgBox) -> Self {
        Self {
            id: arg.id().into(),
            kind: arg.kind(),
            long: text(arg.long()),
            short: text(arg.short()),
            aliases: strings(arg.aliases()),
            help: text(arg.help()),
            long_help: text(arg.long_help()),
            value_name: text(arg.value_name()),
            required: arg.required(),
            multiple: arg.multiple(),
            hidden: arg.hidden(),
            global: arg.global(),
            default_values: strings(arg.default_values()),
            possible_values: strings(arg.possible_values()),
            env: text(arg.env()),
            conflicts_with: strings(arg.conflicts_with()),
            callback: arg.callback().is_some(),
        }
    }
}

impl Arg for RecordedArg {
    fn id(&self) -> RString {
        self.id.as_str().into()
    }
    fn kind(&self) -> u32 {
        self.kind
    }
    fn long(&self) -> ROption<RString> {
        optional(self.long.as_ref())
    }
    fn short(&self) -> ROption<RString> {
        optional(self.short.as_ref())
    }
    fn aliases(&self) -> RVec<RString> {
        to_abi(&self.aliases)
    }
    fn help(&self) -> ROption<RString> {
        optional(self.help.as_ref())
    }
    fn long_help(&self) -> ROption<RString> {
        optional(self.long_help.as_ref())
    }
    fn value_name(&self) -> ROption<RString> {
        optional(self.value_name.as_ref())
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
        self.global
    }
    fn default_values(&self) -> RVec<RString> {
        to_abi(&self.default_values)
    }
    fn possible_values(&self) -> RVec<RString> {
        to_abi(&self.possible_values)
    }
    fn env(&self) -> ROption<RString> {
        optional(self.env.as_ref())
    }
    fn conflicts_with(&self) -> RVec<RString> {
        to_abi(&self.conflicts_with)
    }
    fn callback(&self) -> ROption<CallbackBox> {
        self.callback.then(|| Callback_TO::from_value(NotLoaded, TD_Opaque)).into()
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}

/// Stands for a function of a plugin that is not loaded. It is never called: commands that need it load the
/// plugin.
struct NotLoaded;

impl NotLoaded {
    fn error<T>() -> AbiResult<T> {
        RErr(PluginError::new("the plugin is not loaded").into_raw())
    }
}

impl Callback for NotLoaded {
    fn call(&self, _values: RVec<RString>, _given: bool) -> AbiResult<ROption<RVec<RString>>> {
        Self::error()
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}

impl LazyDefault for NotLoaded {
    fn values(&self, _previous: RVec<RString>) -> AbiResult<RVec<RString>> {
        Self::error()
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}

fn text(value: ROption<RString>) -> Option<String> {
    value.into_option().map(String::from)
}

fn optional(value: Option<&String>) -> ROption<RString> {
    value.map(|text| RString::from(text.as_str())).into()
}

fn to_abi(values: &[String]) -> RVec<RString> {
    values.iter().map(|value| RString::from(value.as_str())).collect()
}
