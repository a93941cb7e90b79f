//! Reads what a plugin wants from the other side of the border, within bounds.
//!
//! Nothing is judged here but what cannot be read: what is of a later protocol, and what is too much.

use abi_stable::std_types::{ROption, RString, RVec};
use plugin_abi::{
    ArgKind, PROTOCOL,
    vtable::{
        ArgBox, CallbackBox, CommandBox, EDIT_ADD_ARGUMENT, EDIT_ADD_CALLBACK, EDIT_ADD_COMMAND,
        EDIT_HIDE_COMMAND, EDIT_MERGE_GROUP, EDIT_REPLACE_COMMAND, EDIT_SET_DEFAULT, EDIT_SET_LAZY_DEFAULT,
        EditBox, LazyDefaultBox,
    },
};

use super::problem::{Problem, place, quoted};

/// How deep commands may be nested, the top-level ones being at 1.
pub(super) const MAX_DEPTH: usize = 8;
/// How many commands one plugin may add.
pub(super) const MAX_COMMANDS: usize = 1000;
/// How many arguments one command may have.
pub(super) const MAX_ARGUMENTS: usize = 200;
/// How many changes one plugin may ask for.
pub(super) const MAX_EDITS: usize = 10_000;

/// One change, and the command that it is about.
pub(super) struct Wish {
    pub(super) path: Vec<String>,
    pub(super) what: What,
}

/// What to do with the command at a path.
pub(super) enum What {
    AddArgument(NewArg),
    AddCallback(String, CallbackBox),
    AddCommand(NewCommand),
    Hide,
    Merge(NewCommand),
    Replace(NewCommand),
    SetDefault(String, Vec<String>),
    SetLazyDefault(String, LazyDefaultBox),
}

/// A command that a plugin brings.
pub(super) struct NewCommand {
    pub(super) name: String,
    pub(super) aliases: Vec<String>,
    pub(super) about: Option<String>,
    pub(super) long_about: Option<String>,
    pub(super) after_help: Option<String>,
    pub(super) hidden: bool,
    pub(super) args: Vec<NewArg>,
    pub(super) commands: Vec<NewCommand>,
    /// The command itself, if it does something of its own.
    pub(super) run: Option<CommandBox>,
}

impl NewCommand {
    /// A command that is nothing but a name.
    pub(super) fn bare(name: &str) -> Self {
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

/// An argument that a plugin brings.
pub(super) struct NewArg {
    pub(super) id: String,
    pub(super) kind: ArgKind,
    pub(super) long: Option<String>,
    pub(super) short: Option<String>,
    pub(super) aliases: Vec<String>,
    pub(super) help: Option<String>,
    pub(super) long_help: Option<String>,
    pub(super) value_name: Option<String>,
    pub(super) required: bool,
    pub(super) multiple: bool,
    pub(super) hidden: bool,
    pub(super) global: bool,
    pub(super) defaults: Vec<String>,
    pub(super) possible_values: Vec<String>,
    pub(super) env: Option<String>,
    pub(super) conflicts_with: Vec<String>,
    pub(super) callback: Option<CallbackBox>,
}

impl NewArg {
    /// Why it cannot be added to a command.
    pub(super) fn refuse(&self, path: &[String], reason: &str) -> Problem {
        Problem::new(format_args!("adds {} to {}: it {reason}", self.title(), place(path)))
    }

    /// How the argument is spoken of.
    pub(super) fn title(&self) -> String {
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

    /// Whether it has values of its own, and not just a state.
    pub(super) fn takes_values(&self) -> bool {
        matches!(self.kind, ArgKind::Option | ArgKind::Positional)
    }
}

/// Reads all wishes of one plugin.
pub(super) fn read(edits: RVec<EditBox>) -> Result<Vec<Wish>, Problem> {
    if edits.len() > MAX_EDITS {
        return Err(Problem::new(format_args!(
            "asks for {} changes; at most {MAX_EDITS} are allowed",
            edits.len()
        )));
    }
    let mut reader = Reader { commands: 0 };
    edits.iter().map(|edit| reader.wish(edit)).collect()
}

/// Counts while it reads, so that a tree without end is left early.
struct Reader {
    commands: usize,
}

impl Reader {
    fn wish(&mut self, edit: &EditBox) -> Result<Wish, Problem> {
        let path = strings(edit.path());
        if path.len() >= MAX_DEPTH {
            return Err(too_deep(&path));
        }
        let lacks =
            |what: &str| Problem::new(format_args!("asks for a change of {} without {what}", place(&path)));
        let command = || edit.new_command().into_option().ok_or_else(|| lacks("the command"));
        let argument = || text(edit.argument()).ok_or_else(|| lacks("naming the argument"));
        let what = match edit.kind() {
            EDIT_ADD_COMMAND => What::AddCommand(self.command(command()?, &path)?),
            EDIT_MERGE_GROUP => What::Merge(self.command(command()?, &path)?),
            EDIT_REPLACE_COMMAND => What::Replace(self.command(command()?, &path)?),
            EDIT_HIDE_COMMAND => What::Hide,
            EDIT_ADD_ARGUMENT => {
                let new = edit.new_argument().into_option().ok_or_else(|| lacks("the argument"))?;
                What::AddArgument(argument_of(&new, &path)?)
            }
            EDIT_SET_DEFAULT => What::SetDefault(argument()?, strings(edit.default_values())),
            EDIT_SET_LAZY_DEFAULT => {
                let lazy = edit.lazy_default().into_option().ok_or_else(|| lacks("the function"))?;
                What::SetLazyDefault(argument()?, lazy)
            }
            EDIT_ADD_CALLBACK => {
                let callback = edit.callback().into_option().ok_or_else(|| lacks("the function"))?;
                What::AddCallback(argument()?, callback)
            }
            kind => {
                return Err(later(format_args!(
                    "asks for a change of {} of the unknown kind {kind}",
                    place(&path)
                )));
            }
        };
        Ok(Wish { path, what })
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
            let place = place(&path);
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
            args: args.iter().map(|arg| argument_of(arg, &path)).collect::<Result<_, _>>()?,
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

fn argument_of(raw: &ArgBox, path: &[String]) -> Result<NewArg, Problem> {
    let id = String::from(raw.id());
    let kind = match raw.kind() {
        0 => ArgKind::Option,
        1 => ArgKind::Flag,
        2 => ArgKind::Positional,
        3 => ArgKind::Counter,
        kind => {
            let (id, place) = (quoted(&id), place(path));
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
        place(path)
    ))
}

pub(super) fn strings(values: RVec<RString>) -> Vec<String> {
    values.into_iter().map(String::from).collect()
}

fn text(value: ROption<RString>) -> Option<String> {
    value.into_option().map(String::from)
}
