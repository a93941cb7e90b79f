//! The edits of the command line that a plugin requests, converted from the ABI within limits.
//!
//! Rejects only what exceeds the limits or belongs to a later protocol; the program that applies the edits
//! checks the rest.

mod problem;

pub use self::problem::{EditError, Problem, command_label, of_command, quoted};

use abi_stable::std_types::{ROption, RString, RVec};
use plugin_abi::{
    ArgKind, PROTOCOL,
    vtable::{
        ArgBox, CallbackBox, CommandBox, EDIT_ADD_ARGUMENT, EDIT_ADD_CALLBACK, EDIT_ADD_COMMAND,
        EDIT_HIDE_COMMAND, EDIT_MERGE_GROUP, EDIT_REPLACE_COMMAND, EDIT_SET_DEFAULT, EDIT_SET_LAZY_DEFAULT,
        EditBox, LazyDefaultBox,
    },
};

/// Maximum depth of commands; top-level ones are at 1.
const MAX_DEPTH: usize = 8;
/// Maximum number of commands per plugin.
const MAX_COMMANDS: usize = 1000;
/// Maximum number of arguments per command.
const MAX_ARGUMENTS: usize = 200;
/// Maximum number of changes per plugin.
const MAX_EDITS: usize = 10_000;

/// One change, and the path of its command.
pub struct EditRequest {
    /// The command that is changed, from the top; empty for the program itself.
    pub path: Vec<String>,
    /// The change.
    pub kind: EditKind,
}

/// The change of the command at the path.
pub enum EditKind {
    /// Adds an argument.
    AddArgument(NewArg),
    /// Lets a function see the values of an argument.
    AddCallback(String, CallbackBox),
    /// Adds a command, whose name must be free.
    AddCommand(NewCommand),
    /// Hides the command.
    Hide,
    /// Adds the commands of a group to the group of that name.
    Merge(NewCommand),
    /// Replaces the command of the same name.
    Replace(NewCommand),
    /// Sets the default of an argument.
    SetDefault(String, Vec<String>),
    /// Sets a default that is computed when it is needed.
    SetLazyDefault(String, LazyDefaultBox),
}

/// A command of a plugin.
pub struct NewCommand {
    /// Its name.
    pub name: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// One line of help.
    pub about: Option<String>,
    /// The help, whole.
    pub long_about: Option<String>,
    /// Below the options: examples and the like.
    pub after_help: Option<String>,
    /// Left out of help and completion.
    pub hidden: bool,
    /// Its arguments.
    pub args: Vec<NewArg>,
    /// Its subcommands.
    pub commands: Vec<NewCommand>,
    /// The command itself, if it has a function.
    pub run: Option<CommandBox>,
}

impl NewCommand {
    /// A command with a name only.
    #[must_use]
    pub fn bare(name: &str) -> Self {
        Self {
            name: name.to_owned(),
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
}

/// An argument of a plugin.
pub struct NewArg {
    /// Unique within its command.
    pub id: String,
    /// Option, flag, positional or counter.
    pub kind: ArgKind,
    /// Without the dashes.
    pub long: Option<String>,
    /// One character, without the dash.
    pub short: Option<String>,
    /// Other names.
    pub aliases: Vec<String>,
    /// One line of help.
    pub help: Option<String>,
    /// The help, whole.
    pub long_help: Option<String>,
    /// The name of its value in help.
    pub value_name: Option<String>,
    /// It cannot be left out.
    pub required: bool,
    /// It takes more than one value.
    pub multiple: bool,
    /// Left out of help and completion.
    pub hidden: bool,
    /// Accepted after every subcommand as well.
    pub global: bool,
    /// Its values if it is not given.
    pub defaults: Vec<String>,
    /// Its values are among these, if there are any.
    pub possible_values: Vec<String>,
    /// The variable that sets it if the command line does not.
    pub env: Option<String>,
    /// Ids of arguments that cannot be used together with it.
    pub conflicts_with: Vec<String>,
    /// The function that sees its values before the command runs.
    pub callback: Option<CallbackBox>,
}

impl NewArg {
    /// The problem of adding it to a command.
    #[must_use]
    pub fn refuse(&self, path: &[String], reason: &str) -> Problem {
        Problem::new(format_args!("adds {} to {}: it {reason}", self.title(), command_label(path)))
    }

    /// The argument in a message: ``the option `--name` ``.
    #[must_use]
    pub fn title(&self) -> String {
        let kind = match self.kind {
            ArgKind::Option => "option",
            ArgKind::Positional => return format!("the positional {}", quoted(&self.id)),
            _ => "flag",
        };
        let spelling = match (&self.long, &self.short) {
            (Some(long), _) => format!("--{long}"),
            (None, Some(short)) => format!("-{short}"),
            (None, None) => self.id.clone(),
        };
        format!("the {kind} {}", quoted(&spelling))
    }

    /// Whether it takes values, unlike flags and counters.
    #[must_use]
    pub fn takes_values(&self) -> bool {
        matches!(self.kind, ArgKind::Option | ArgKind::Positional)
    }
}

/// Converts all requests of one plugin.
///
/// # Errors
///
/// A request beyond the limits, or of a later protocol.
pub fn read(edits: &RVec<EditBox>) -> Result<Vec<EditRequest>, Problem> {
    if edits.len() > MAX_EDITS {
        return Err(Problem::new(format_args!(
            "requests {} changes; at most {MAX_EDITS} are allowed",
            edits.len()
        )));
    }
    let mut reader = Reader { commands: 0 };
    edits.iter().map(|edit| reader.request(edit)).collect()
}

/// Counts commands while converting, so that an endless tree is rejected early.
struct Reader {
    commands: usize,
}

impl Reader {
    fn request(&mut self, edit: &EditBox) -> Result<EditRequest, Problem> {
        let path = strings(edit.path());
        if path.len() >= MAX_DEPTH {
            return Err(too_deep(&path));
        }
        let lacks = |what: &str| {
            Problem::new(format_args!("requests a change of {} without {what}", command_label(&path)))
        };
        let command = || edit.new_command().into_option().ok_or_else(|| lacks("the command"));
        let argument = || text(edit.argument()).ok_or_else(|| lacks("naming the argument"));
        let kind = match edit.kind() {
            EDIT_ADD_COMMAND => EditKind::AddCommand(self.command(command()?, &path)?),
            EDIT_MERGE_GROUP => EditKind::Merge(self.command(command()?, &path)?),
            EDIT_REPLACE_COMMAND => EditKind::Replace(self.command(command()?, &path)?),
            EDIT_HIDE_COMMAND => EditKind::Hide,
            EDIT_ADD_ARGUMENT => {
                let new = edit.new_argument().into_option().ok_or_else(|| lacks("the argument"))?;
                EditKind::AddArgument(read_argument(&new, &path)?)
            }
            EDIT_SET_DEFAULT => EditKind::SetDefault(argument()?, strings(edit.default_values())),
            EDIT_SET_LAZY_DEFAULT => {
                let lazy = edit.lazy_default().into_option().ok_or_else(|| lacks("the function"))?;
                EditKind::SetLazyDefault(argument()?, lazy)
            }
            EDIT_ADD_CALLBACK => {
                let callback = edit.callback().into_option().ok_or_else(|| lacks("the function"))?;
                EditKind::AddCallback(argument()?, callback)
            }
            kind => {
                return Err(later(format_args!(
                    "requests a change of {} of the unknown kind {kind}",
                    command_label(&path)
                )));
            }
        };
        Ok(EditRequest { path, kind })
    }

    fn command(&mut self, raw: CommandBox, parent: &[String]) -> Result<NewCommand, Problem> {
        self.commands += 1;
        if self.commands > MAX_COMMANDS {
            return Err(Problem::new(format_args!("adds more than {MAX_COMMANDS} commands")));
        }
        let name = String::from(raw.name());
        let path = [parent, std::slice::from_ref(&name)].concat();
        if path.len() > MAX_DEPTH {
            return Err(too_deep(&path));
        }
        let args = raw.args();
        if args.len() > MAX_ARGUMENTS {
            let place = command_label(&path);
            return Err(Problem::new(format_args!(
                "gives {place} {} arguments; at most {MAX_ARGUMENTS} are allowed",
                args.len()
            )));
        }
        Ok(NewCommand {
            aliases: strings(raw.aliases()),
            about: text(raw.about()),
            long_about: text(raw.long_about()),
            after_help: text(raw.after_help()),
            hidden: raw.hidden(),
            args: args.iter().map(|arg| read_argument(arg, &path)).collect::<Result<_, _>>()?,
            commands: raw
                .commands()
                .into_iter()
                .map(|below| self.command(below, &path))
                .collect::<Result<_, _>>()?,
            run: raw.runs().then_some(raw),
            name,
        })
    }
}

fn read_argument(raw: &ArgBox, path: &[String]) -> Result<NewArg, Problem> {
    let id = String::from(raw.id());
    let kind = match raw.kind() {
        0 => ArgKind::Option,
        1 => ArgKind::Flag,
        2 => ArgKind::Positional,
        3 => ArgKind::Counter,
        kind => {
            let (id, place) = (quoted(&id), command_label(path));
            return Err(later(format_args!("gives {place} the argument {id} of the unknown kind {kind}")));
        }
    };
    Ok(NewArg {
        id,
        kind,
        long: text(raw.long()),
        short: text(raw.short()),
        aliases: strings(raw.aliases()),
        help: text(raw.help()),
        long_help: text(raw.long_help()),
        value_name: text(raw.value_name()),
        required: raw.required(),
        multiple: raw.multiple(),
        hidden: raw.hidden(),
        global: raw.global(),
        defaults: strings(raw.default_values()),
        possible_values: strings(raw.possible_values()),
        env: text(raw.env()),
        conflicts_with: strings(raw.conflicts_with()),
        callback: raw.callback().into_option(),
    })
}

fn later(sentence: std::fmt::Arguments<'_>) -> Problem {
    Problem::new(format_args!("{sentence}, which needs a protocol later than {PROTOCOL}"))
        .hint("install a newer flyte-host, or an older version of the plugin")
}

fn too_deep(path: &[String]) -> Problem {
    Problem::new(format_args!(
        "nests commands too deep, at {}: at most {MAX_DEPTH} levels are allowed",
        command_label(path)
    ))
}

/// Texts from the ABI.
#[must_use]
pub fn strings(values: RVec<RString>) -> Vec<String> {
    values.into_iter().map(String::from).collect()
}

fn text(value: ROption<RString>) -> Option<String> {
    value.into_option().map(String::from)
}
