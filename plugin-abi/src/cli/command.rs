//! A command, or a group of commands.

use std::{fmt, sync::Arc};

use abi_stable::{
    erased_types::TD_Opaque,
    std_types::{ROption, RResult, RString, RVec},
};

use crate::{
    Arg, Invocation, PluginError,
    adapter::CatchDrop,
    error::{optional_into_raw, result_from_raw, strings_from_raw, strings_into_raw},
    panics,
    vtable::{self, AbiResult, ArgBox, Command_TO, CommandBox, InvocationRef},
};

/// The exit code of a command; 0 is success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitStatus(pub u8);

impl From<()> for ExitStatus {
    fn from((): ()) -> Self {
        Self(0)
    }
}

impl From<u8> for ExitStatus {
    fn from(code: u8) -> Self {
        Self(code)
    }
}

pub(crate) type Run = dyn Fn(&Invocation<'_>) -> Result<ExitStatus, PluginError> + Send + Sync;

/// A command of a plugin, or a group of commands: click's `command` and `group`.
///
/// # Example: a group with a command
///
/// ```
/// use plugin_abi::Command;
///
/// let group = Command::new("my-group").about("A custom command group").command(
///     Command::new("sub-command").about("A sub-command within my-group").run(|invocation| {
///         invocation.print(format_args!("Executing a sub-command!\n"))
///     }),
/// );
/// # let _ = group;
/// ```
#[derive(Clone)]
#[must_use]
pub struct Command {
    pub(crate) name: String,
    pub(crate) aliases: Vec<String>,
    pub(crate) about: Option<String>,
    pub(crate) long_about: Option<String>,
    pub(crate) after_help: Option<String>,
    pub(crate) hidden: bool,
    pub(crate) args: Vec<Arg>,
    pub(crate) commands: Vec<Command>,
    pub(crate) run: Option<Runner>,
}

/// The implementation of a command.
#[derive(Clone)]
pub(crate) enum Runner {
    /// The author's function.
    Author(Arc<Run>),
    /// A command behind the ABI interface.
    Foreign(Arc<CommandBox>),
}

impl Command {
    /// A command without a function. Names are lower-case letters, digits and `-`.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            aliases: Vec::new(),
            about: None,
            long_about: None,
            after_help: None,
            hidden: false,
            args: Vec::new(),
            commands: Vec::new(),
            run: None,
        }
    }

    /// One more name.
    pub fn alias(mut self, alias: impl Into<String>) -> Self {
        self.aliases.push(alias.into());
        self
    }

    /// One line: imperative, no full stop.
    pub fn about(mut self, about: impl Into<String>) -> Self {
        self.about = Some(about.into());
        self
    }

    /// A longer text for `--help`.
    pub fn long_about(mut self, about: impl Into<String>) -> Self {
        self.long_about = Some(about.into());
        self
    }

    /// Text below the options: an example.
    pub fn after_help(mut self, text: impl Into<String>) -> Self {
        self.after_help = Some(text.into());
        self
    }

    /// Whether to leave it out of help and completion.
    pub fn hidden(mut self, hidden: bool) -> Self {
        self.hidden = hidden;
        self
    }

    /// Adds an argument. Positionals keep the order in which they were added.
    pub fn arg(mut self, arg: Arg) -> Self {
        self.args.push(arg);
        self
    }

    /// Adds a subcommand, which makes this command a group.
    pub fn command(mut self, command: Command) -> Self {
        self.commands.push(command);
        self
    }

    /// Sets the function of the command. A group without one prints its help.
    ///
    /// The function returns `()` for success, or an exit code.
    pub fn run<T: Into<ExitStatus>>(
        mut self,
        run: impl Fn(&Invocation<'_>) -> Result<T, PluginError> + Send + Sync + 'static,
    ) -> Self {
        let run = CatchDrop::new(run);
        self.run = Some(Runner::Author(Arc::new(move |invocation| run(invocation).map(Into::into))));
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The one-line description.
    #[must_use]
    pub fn about_text(&self) -> Option<&str> {
        self.about.as_deref()
    }

    /// Its arguments.
    pub fn args(&self) -> &[Arg] {
        &self.args
    }

    /// The commands below it.
    pub fn commands(&self) -> &[Command] {
        &self.commands
    }

    /// The command below this one that a path leads to.
    #[must_use]
    pub fn find(&self, path: &[&str]) -> Option<&Command> {
        path.iter().try_fold(self, |command, name| command.commands.iter().find(|below| below.name == *name))
    }

    /// Whether the command has a function.
    #[doc(hidden)]
    #[must_use]
    pub fn runs(&self) -> bool {
        self.run.is_some()
    }

    /// Runs the command.
    #[doc(hidden)]
    pub fn invoke(&self, invocation: InvocationRef<'_>) -> Result<u8, PluginError> {
        result_from_raw(vtable::Command::run(self, invocation))
    }

    /// Converts to the ABI type.
    #[doc(hidden)]
    #[must_use]
    pub fn into_raw(self) -> CommandBox {
        Command_TO::from_value(self, TD_Opaque)
    }

    /// Converts from the ABI type, with all subcommands. Arguments of an unknown kind are left out; their ids
    /// are the second value.
    #[doc(hidden)]
    pub fn from_raw(raw: CommandBox) -> (Self, Vec<String>) {
        let (mut command, unknown) = Self::describe(&raw);
        if raw.runs() {
            command.run = Some(Runner::Foreign(Arc::new(raw)));
        }
        (command, unknown)
    }

    /// Reads everything but the function.
    pub(crate) fn describe<P>(raw: &Command_TO<'_, P>) -> (Self, Vec<String>)
    where
        P: abi_stable::pointer_trait::AsPtr<PtrTarget = ()>,
    {
        let text = |value: ROption<RString>| value.into_option().map(String::from);
        let mut unknown = Vec::new();
        let mut args = Vec::new();
        for arg in raw.args() {
            match Arg::from_raw(&arg) {
                Some(arg) => args.push(arg),
                None => unknown.push(arg.id().into()),
            }
        }
        let mut commands = Vec::new();
        for below in raw.commands() {
            let (command, more) = Self::from_raw(below);
            unknown.extend(more);
            commands.push(command);
        }
        let command = Self {
            name: raw.name().into(),
            aliases: strings_from_raw(raw.aliases()),
            about: text(raw.about()),
            long_about: text(raw.long_about()),
            after_help: text(raw.after_help()),
            hidden: raw.hidden(),
            args,
            commands,
            run: None,
        };
        (command, unknown)
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command")
            .field("name", &self.name)
            .field("args", &self.args)
            .field("commands", &self.commands)
            .finish_non_exhaustive()
    }
}

impl vtable::Command for Command {
    fn name(&self) -> RString {
        self.name.as_str().into()
    }
    fn aliases(&self) -> RVec<RString> {
        strings_into_raw(&self.aliases)
    }
    fn about(&self) -> ROption<RString> {
        optional_into_raw(self.about.as_deref())
    }
    fn long_about(&self) -> ROption<RString> {
        optional_into_raw(self.long_about.as_deref())
    }
    fn after_help(&self) -> ROption<RString> {
        optional_into_raw(self.after_help.as_deref())
    }
    fn hidden(&self) -> bool {
        self.hidden
    }
    fn args(&self) -> RVec<ArgBox> {
        self.args.iter().cloned().map(Arg::into_raw).collect()
    }
    fn commands(&self) -> RVec<CommandBox> {
        self.commands.iter().cloned().map(Command::into_raw).collect()
    }
    fn runs(&self) -> bool {
        self.run.is_some()
    }
    fn run(&self, invocation: InvocationRef<'_>) -> AbiResult<u8> {
        match &self.run {
            Some(Runner::Author(run)) => {
                panics::guard(|| run(&Invocation::new(&invocation)).map(|status| status.0))
            }
            Some(Runner::Foreign(command)) => command.run(invocation),
            None => RResult::ROk(0),
        }
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}
