//! The command line with the changes of plugins.
//!
//! [`Tree`] owns clap's description of the program. Plugins never touch it: they get a [view](Tree::view) and
//! request changes, and [`Tree::apply`] validates each before clap sees it, so that no plugin can make the
//! parser panic. What clap cannot hold (the owner of a command, callbacks, lazy defaults) is kept beside it,
//! by path.
//!
//! - [`Tree::view`], [`Tree::apply`]: the plugins change the command line (`plugin_host::edits`, `validate`,
//!   `scope`, `apply`, `build`)
//! - [`Tree::parse`]: clap parses the arguments (`parsed`)
//! - `Tree::resolve`: lazy defaults of plugins are computed, callbacks run (`resolve`, `values`)

mod apply;
mod build;
pub(crate) mod invocation;
mod invoked;
mod parsed;
mod resolve;
mod scope;
#[cfg(test)]
mod tests;
mod validate;
mod values;
mod view;

use std::{collections::BTreeMap, ffi::OsString, sync::Arc};

use abi_stable::std_types::RVec;
use plugin_abi::vtable::{CallbackBox, CommandBox, EditBox, LazyDefaultBox};

#[cfg(target_os = "linux")]
use plugin_host::isolated::RecordedEdits;
use plugin_host::{HookErrors, Identity};

pub use parsed::Parsed;
pub use plugin_host::edits::EditError;
pub use view::View;

use parsed::CommandPath;
use plugin_host::edits::{self, NewArg, NewCommand, Problem, command_label};

/// The command line with the changes of plugins.
#[derive(Clone)]
pub struct Tree {
    /// Without the changes of plugins.
    builtin: Arc<clap::Command>,
    /// Never built: clap builds a copy for each use.
    command: Arc<clap::Command>,
    commands: BTreeMap<CommandPath, PluginCommand>,
    arguments: BTreeMap<(CommandPath, String), Extra>,
    /// The errors that plugins received from the host, which a callback or a command may pass on.
    errors: HookErrors,
}

/// A command of a plugin.
#[derive(Clone)]
struct PluginCommand {
    owner: Arc<Identity>,
    /// Its function; `None` for a group without one.
    run: Option<Arc<CommandBox>>,
}

/// The properties of an argument that clap does not have.
#[derive(Clone, Default)]
struct Extra {
    /// The plugin that added it; `None`: built in.
    owner: Option<Arc<Identity>>,
    /// The default with which its owner's command declared it; `None`: added to a command by itself.
    declared: Option<Vec<String>>,
    /// Each gets the values of the one before.
    lazy: Vec<(Arc<Identity>, Arc<LazyDefaultBox>)>,
    /// In the order in which they were added.
    callbacks: Vec<(Arc<Identity>, Arc<CallbackBox>)>,
}

/// Accepts negative numbers as values of every option, so that the option's own parser reports invalid ones.
fn with_negative_numbers(command: clap::Command) -> clap::Command {
    let is_option = |arg: &clap::Arg| arg.get_action().takes_values() && !arg.is_positional();
    command
        .mut_args(|arg| if is_option(&arg) { arg.allow_negative_numbers(true) } else { arg })
        .mut_subcommands(with_negative_numbers)
}

impl Tree {
    /// The command line without plugins.
    #[must_use]
    pub fn new(base: clap::Command) -> Self {
        Self::from_builtin(Arc::new(with_negative_numbers(base)))
    }

    /// The same command line without the changes of plugins.
    #[must_use]
    pub fn without_plugins(&self) -> Self {
        Self::from_builtin(Arc::clone(&self.builtin))
    }

    fn from_builtin(builtin: Arc<clap::Command>) -> Self {
        let command = Arc::clone(&builtin);
        Self {
            builtin,
            command,
            commands: BTreeMap::new(),
            arguments: BTreeMap::new(),
            errors: HookErrors::default(),
        }
    }

    /// Recognizes errors of a chain in those that callbacks and commands return.
    #[must_use]
    pub fn with_errors(self, errors: HookErrors) -> Self {
        Self { errors, ..self }
    }

    /// clap's description of it, not yet built.
    #[must_use]
    pub fn command(&self) -> &clap::Command {
        &self.command
    }

    /// The command line for `configure_cli`.
    #[must_use]
    pub fn view(&self) -> View {
        View::new(Arc::clone(&self.command))
    }

    /// Applies the requests of a plugin, all or none.
    ///
    /// # Errors
    ///
    /// The first request that cannot be applied; the tree is then unchanged.
    pub fn apply(&mut self, owner: &Identity, edits: RVec<EditBox>) -> Result<(), EditError> {
        if edits.is_empty() {
            return Ok(());
        }
        let shared = Arc::new(owner.clone());
        let mut draft = self.clone();
        let applied = edits::read(&edits)
            .and_then(|requests| {
                requests.into_iter().try_for_each(|request| draft.apply_one(&shared, request))
            })
            .and_then(|()| draft.no_empty_command(&shared));
        applied.map_err(|problem| EditError::new(owner, problem))?;
        *self = draft;
        Ok(())
    }

    /// Takes the requests of a plugin apart into data, and applies that.
    ///
    /// # Errors
    ///
    /// As [`Self::apply`].
    #[cfg(target_os = "linux")]
    pub(crate) fn record(
        &mut self,
        owner: &Identity,
        edits: RVec<EditBox>,
    ) -> Result<RecordedEdits, EditError> {
        // Only for its limits: a tree of commands may be endless.
        edits::read(&edits).map_err(|problem| EditError::new(owner, problem))?;
        let recorded = RecordedEdits::from_abi(edits);
        self.apply(owner, recorded.clone().into_abi())?;
        Ok(recorded)
    }

    /// Parses the arguments of the program, its own name first.
    ///
    /// No code of a plugin runs here: see `Tree::resolve`.
    ///
    /// # Errors
    ///
    /// Those of clap, which include help and version.
    pub fn parse(&self, args: impl IntoIterator<Item = OsString>) -> Result<Parsed, clap::Error> {
        Ok(Parsed::new(self.with_owners().try_get_matches_from_mut(args)?))
    }

    /// The command line, with the plugin of each added command in its line of the help.
    fn with_owners(&self) -> clap::Command {
        let mut marked = self.clone();
        for (path, command) in &self.commands {
            let parent = path.split_last().and_then(|(_, parent)| self.commands.get(parent));
            if parent.is_some_and(|parent| parent.owner.name == command.owner.name) {
                continue;
            }
            let mark = format!("[plugin: {}]", command.owner.name);
            marked.change(path, |command| {
                let about = command.get_about().map(|about| format!("{about} {mark}"));
                command.about(about.unwrap_or(mark))
            });
        }
        Arc::unwrap_or_clone(marked.command)
    }

    /// The command at a path before clap builds it: with its own arguments only.
    fn find(&self, path: &[String]) -> Option<&clap::Command> {
        let top: &clap::Command = &self.command;
        path.iter()
            .try_fold(top, |command, name| command.get_subcommands().find(|below| below.get_name() == name))
    }

    fn find_argument(&self, path: &[String], id: &str) -> Option<&clap::Arg> {
        self.find(path)?.get_arguments().find(|arg| arg.get_id() == id)
    }

    /// Whether a command may have subcommands.
    fn is_group(&self, path: &[String]) -> bool {
        let is_empty_group = self.commands.get(path).is_some_and(|command| command.run.is_none());
        is_empty_group || self.find(path).is_some_and(clap::Command::has_subcommands)
    }

    fn command_origin(&self, path: &[String]) -> String {
        origin(self.commands.get(path).map(|command| &command.owner))
    }

    fn argument_origin(&self, path: &[String], id: &str) -> String {
        let key = (path.to_vec(), id.to_owned());
        origin(self.arguments.get(&key).and_then(|extra| extra.owner.as_ref()))
    }

    fn extra(&mut self, path: &[String], id: &str) -> &mut Extra {
        self.arguments.entry((path.to_vec(), id.to_owned())).or_default()
    }

    /// Records the owner of a command and its subcommands.
    fn register(&mut self, owner: &Arc<Identity>, parent: &[String], new: NewCommand) {
        let path = [parent, std::slice::from_ref(&new.name)].concat();
        for arg in new.args {
            self.register_argument(owner, &path, arg, true);
        }
        for below in new.commands {
            self.register(owner, &path, below);
        }
        self.commands.insert(path, PluginCommand { owner: Arc::clone(owner), run: new.run.map(Arc::new) });
    }

    fn register_argument(&mut self, owner: &Arc<Identity>, path: &[String], new: NewArg, declared: bool) {
        let extra = Extra {
            owner: Some(Arc::clone(owner)),
            declared: declared.then_some(new.defaults),
            lazy: Vec::new(),
            callbacks: new
                .callback
                .map(|callback| (Arc::clone(owner), Arc::new(callback)))
                .into_iter()
                .collect(),
        };
        self.arguments.insert((path.to_vec(), new.id), extra);
    }

    /// A plugin may add an empty group and fill it with later requests; none may stay empty.
    fn no_empty_command(&self, owner: &Arc<Identity>) -> Result<(), Problem> {
        let mut added = self.commands.iter().filter(|(_, command)| Arc::ptr_eq(&command.owner, owner));
        let empty = added.find(|(path, command)| {
            command.run.is_none() && !self.find(path).is_some_and(clap::Command::has_subcommands)
        });
        match empty {
            Some((path, _)) => Err(Problem::new(format_args!(
                "adds the command {}, which has neither a function nor subcommands",
                command_label(path)
            ))
            .hint("add a function with `run`")),
            None => Ok(()),
        }
    }
}

fn origin(owner: Option<&Arc<Identity>>) -> String {
    owner.map_or_else(|| "built in".to_owned(), |owner| format!("of plugin `{}`", owner.name))
}
