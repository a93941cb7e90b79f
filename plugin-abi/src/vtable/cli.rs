//! Commands, arguments, and the changes that `configure_cli` asks for.

use abi_stable::{
    sabi_types::RRef,
    std_types::{RBox, ROption, RSlice, RStr, RString, RVec},
};

use super::{AbiResult, RemoteBox, TransportBox};

interface! {
    /// One argument of a command: an option, a flag, or a positional.
    pub trait Arg: [Send + Sync] {
        /// Unique within its command.
        fn id(&self) -> RString;
        /// 0: option with a value; 1: flag; 2: positional; 3: flag that is counted.
        fn kind(&self) -> u32;
        /// Without the dashes.
        fn long(&self) -> ROption<RString>;
        /// One character, without the dash.
        fn short(&self) -> ROption<RString>;
        fn aliases(&self) -> RVec<RString>;
        fn help(&self) -> ROption<RString>;
        fn long_help(&self) -> ROption<RString>;
        fn value_name(&self) -> ROption<RString>;
        fn required(&self) -> bool;
        /// More than one value.
        fn multiple(&self) -> bool;
        fn hidden(&self) -> bool;
        /// Accepted after every subcommand as well.
        fn global(&self) -> bool;
        fn default_values(&self) -> RVec<RString>;
        fn possible_values(&self) -> RVec<RString>;
        /// The environment variable that sets the value if the command line does not.
        fn env(&self) -> ROption<RString>;
        /// Ids of arguments that cannot be used together with this one.
        fn conflicts_with(&self) -> RVec<RString>;
        #[sabi(last_prefix_field)]
        fn callback(&self) -> ROption<CallbackBox>;
    }
    next {
        fn revision(&self) -> u32 { 0 }
    }
}

/// An argument that its receiver owns.
pub type ArgBox = Arg_TO<'static, RBox<()>>;

interface! {
    /// A command or a group of commands.
    pub trait Command: [Send + Sync] {
        fn name(&self) -> RString;
        fn aliases(&self) -> RVec<RString>;
        fn about(&self) -> ROption<RString>;
        fn long_about(&self) -> ROption<RString>;
        /// Examples and the like, below the options.
        fn after_help(&self) -> ROption<RString>;
        fn hidden(&self) -> bool;
        fn args(&self) -> RVec<ArgBox>;
        fn commands(&self) -> RVec<CommandBox>;
        /// Whether `run` does something; a group without it prints its help.
        fn runs(&self) -> bool;
        /// Runs the command and gives its exit code. Called on commands of a plugin only.
        #[sabi(last_prefix_field)]
        fn run(&self, invocation: InvocationRef<'_>) -> AbiResult<u8>;
    }
    next {
        fn revision(&self) -> u32 { 0 }
    }
}

/// A command that its receiver owns.
pub type CommandBox = Command_TO<'static, RBox<()>>;
/// A command that is borrowed for one call.
pub type CommandRef<'a> = Command_TO<'a, RRef<'a, ()>>;

interface! {
    /// A function that sees the values of an option before the command runs.
    pub trait Callback: [Send + Sync] {
        /// `given` is whether the values come from the command line or a variable, not a default.
        /// `RSome` replaces the values.
        #[sabi(last_prefix_field)]
        fn call(&self, values: RVec<RString>, given: bool) -> AbiResult<ROption<RVec<RString>>>;
    }
    next {
        fn revision(&self) -> u32 { 0 }
    }
}

/// A callback that its receiver owns.
pub type CallbackBox = Callback_TO<'static, RBox<()>>;

interface! {
    /// A default that is worked out when it is needed.
    pub trait LazyDefault: [Send + Sync] {
        /// `previous` is the default that this one replaces; empty when there was none.
        #[sabi(last_prefix_field)]
        fn values(&self, previous: RVec<RString>) -> AbiResult<RVec<RString>>;
    }
    next {
        fn revision(&self) -> u32 { 0 }
    }
}

/// A lazy default that its receiver owns.
pub type LazyDefaultBox = LazyDefault_TO<'static, RBox<()>>;

interface! {
    /// One change of the command line.
    pub trait Edit: [Send + Sync] {
        /// What to do; see the `EDIT_…` constants. The host refuses numbers that it does not know.
        fn kind(&self) -> u32;
        /// The command that is changed, from the top; empty for the program itself.
        fn path(&self) -> RVec<RString>;
        /// Id of the argument, where one is meant.
        fn argument(&self) -> ROption<RString>;
        fn new_command(&self) -> ROption<CommandBox>;
        fn new_argument(&self) -> ROption<ArgBox>;
        fn default_values(&self) -> RVec<RString>;
        fn lazy_default(&self) -> ROption<LazyDefaultBox>;
        #[sabi(last_prefix_field)]
        fn callback(&self) -> ROption<CallbackBox>;
    }
    next {
        fn revision(&self) -> u32 { 0 }
    }
}

/// An edit that its receiver owns.
pub type EditBox = Edit_TO<'static, RBox<()>>;

/// Adds `new_command` below `path`; the name must be free.
pub const EDIT_ADD_COMMAND: u32 = 1;
/// Adds the commands of the group `new_command` to the group of that name below `path`, which is made if it
/// is not there.
pub const EDIT_MERGE_GROUP: u32 = 2;
/// Puts `new_command` in the place of the command of the same name.
pub const EDIT_REPLACE_COMMAND: u32 = 3;
/// Hides the command at `path` from help and completion.
pub const EDIT_HIDE_COMMAND: u32 = 4;
/// Adds `new_argument` to the command at `path`.
pub const EDIT_ADD_ARGUMENT: u32 = 5;
/// Gives `argument` of the command at `path` the default `default_values`.
pub const EDIT_SET_DEFAULT: u32 = 6;
/// Gives `argument` of the command at `path` the default `lazy_default`.
pub const EDIT_SET_LAZY_DEFAULT: u32 = 7;
/// Lets `callback` see the values of `argument` of the command at `path`.
pub const EDIT_ADD_CALLBACK: u32 = 8;

interface! {
    /// The host's side of a running command.
    pub trait Invocation: [] {
        /// Names from the top to the command, without the program's.
        fn path(&self) -> RVec<RString>;
        /// Values of an argument, defaults included; a flag has `true` or `false`, a counted flag
        /// its number. `RNone`: the command has no such argument, or it has no value.
        fn values(&self, argument: RStr<'_>) -> ROption<RVec<RString>>;
        /// Whether the value of an argument was given, and is not a default.
        fn given(&self, argument: RStr<'_>) -> bool;
        /// The arguments of the command at `path[from]` and of those below it, with their names in
        /// between, written out in full, in an order that a parser accepts.
        fn arguments(&self, from: u32) -> RVec<RString>;
        /// `table`, `json`, `yaml` or `name`.
        fn output_format(&self) -> RString;
        /// Writes to 1, the standard output, or 2, the standard error.
        fn write(&self, stream: u32, bytes: RSlice<'_, u8>) -> AbiResult<()>;
        /// Whether stream 1 or 2 is a terminal.
        fn is_terminal(&self, stream: u32) -> bool;
        /// Whether colour is wanted on stream 1 or 2.
        fn color(&self, stream: u32) -> bool;
        /// Starts a progress line; `total` is 0 if unknown.
        fn progress(&self, message: RStr<'_>, total: u64) -> ProgressBox;
        /// The connection that the user's flags, the chain and the configuration lead to.
        fn remote(&self) -> AbiResult<RemoteBox>;
        /// A transport to the Flyte backend of that connection, as the built-in commands use it.
        #[sabi(last_prefix_field)]
        fn transport(&self) -> AbiResult<TransportBox>;
    }
    next {
        fn revision(&self) -> u32 { 0 }
    }
}

/// An invocation that is borrowed for one call.
pub type InvocationRef<'a> = Invocation_TO<'a, RRef<'a, ()>>;

interface! {
    /// A progress line, removed when it is dropped.
    pub trait Progress: [Send + Sync] {
        fn set_position(&self, position: u64);
        #[sabi(last_prefix_field)]
        fn set_message(&self, message: RStr<'_>);
    }
    next {
        fn revision(&self) -> u32 { 0 }
    }
}

/// A progress line that its receiver owns.
pub type ProgressBox = Progress_TO<'static, RBox<()>>;
