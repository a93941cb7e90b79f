//! Applies one edit request of a plugin.

use std::{mem, sync::Arc};

use plugin_abi::vtable::LazyDefaultBox;

use plugin_host::{
    Identity,
    edits::{EditKind, EditRequest, NewArg, NewCommand, Problem, command_label, of_command, quoted},
};

use super::{PluginCommand, Tree, build, scope::Scope, validate, values};

/// The command for troubleshooting plugins, which no plugin may hide or replace.
const RESERVED_COMMAND: &str = "plugin";

impl Tree {
    pub(super) fn apply_one(&mut self, owner: &Arc<Identity>, request: EditRequest) -> Result<(), Problem> {
        let EditRequest { path, kind } = request;
        match kind {
            EditKind::AddArgument(new) => self.add_argument(owner, &path, new, false),
            EditKind::AddCallback(id, callback) => {
                let id = self.option(&path, &id, "adds a callback to")?;
                self.extra(&path, &id).callbacks.push((Arc::clone(owner), Arc::new(callback)));
                Ok(())
            }
            EditKind::AddCommand(new) => self.add_command(owner, &path, new),
            EditKind::Hide => self.hide(&path),
            EditKind::Merge(new) => self.merge(owner, &path, new),
            EditKind::Replace(new) => self.replace(owner, &path, new),
            EditKind::SetDefault(id, values) => self.set_default(&path, &id, values),
            EditKind::SetLazyDefault(id, lazy) => self.set_lazy_default(owner, &path, &id, lazy),
        }
    }

    fn add_command(
        &mut self,
        owner: &Arc<Identity>,
        parent: &[String],
        new: NewCommand,
    ) -> Result<(), Problem> {
        self.require_group(parent, &new.name)?;
        self.require_free(parent, &new, None)?;
        validate::command(&new, parent, &self.scope_for(parent, &new.name))?;
        let built = build::command(&new);
        self.change(parent, |group| group.subcommand(built));
        self.regroup(parent);
        self.register(owner, parent, new);
        Ok(())
    }

    fn merge(&mut self, owner: &Arc<Identity>, parent: &[String], new: NewCommand) -> Result<(), Problem> {
        let path = child(parent, &new.name);
        if new.commands.is_empty() && new.run.is_some() {
            return Err(Problem::new(format_args!(
                "merges {}, which has no subcommands",
                command_label(&path)
            ))
            .hint("use `add` instead"));
        }
        if self.find(&path).is_none() {
            return self.add_command(owner, parent, new);
        }
        if !self.is_group(&path) {
            let (place, origin) = (command_label(&path), self.command_origin(&path));
            return Err(Problem::new(format_args!(
                "merges the group {place}, which exists as a command ({origin})"
            )));
        }
        if new.run.is_some() {
            return Err(Problem::new(format_args!(
                "merges the group {}, which has a function of its own, into an existing one",
                command_label(&path)
            ))
            .hint("remove the group's `run`"));
        }
        for alias in new.aliases {
            self.add_alias(parent, &path, &alias)?;
        }
        for arg in new.args {
            self.add_argument(owner, &path, arg, true)?;
        }
        for below in new.commands {
            let is_group = !below.commands.is_empty() && self.is_group(&child(&path, &below.name));
            if is_group { self.merge(owner, &path, below)? } else { self.add_command(owner, &path, below)? }
        }
        Ok(())
    }

    fn add_alias(&mut self, parent: &[String], path: &[String], alias: &str) -> Result<(), Problem> {
        let has_it = |command: &clap::Command| {
            command.get_name() == alias || command.get_all_aliases().any(|one| one == alias)
        };
        if self.find(path).is_some_and(has_it) {
            return Ok(());
        }
        let probe = NewCommand::bare(alias);
        validate::command(&probe, parent, &Scope::default())?;
        self.require_free(parent, &probe, None)?;
        self.change(path, |group| group.visible_alias(alias.to_owned()));
        Ok(())
    }

    fn replace(&mut self, owner: &Arc<Identity>, parent: &[String], new: NewCommand) -> Result<(), Problem> {
        let path = child(parent, &new.name);
        let Some(old) = self.find(&path) else {
            return Err(self.missing("replaces the command", &path, Some("use `add` instead")));
        };
        let order = old.get_display_order();
        require_not_reserved("replaces", &path)?;
        self.require_free(parent, &new, Some(&new.name))?;
        validate::command(&new, parent, &self.scope_for(parent, &new.name))?;
        let built = build::command(&new).display_order(order);
        self.commands.retain(|below, _| !below.starts_with(&path));
        self.arguments.retain(|(below, _), _| !below.starts_with(&path));
        self.change(&path, |_| built);
        self.register(owner, parent, new);
        Ok(())
    }

    fn hide(&mut self, path: &[String]) -> Result<(), Problem> {
        if path.is_empty() {
            return Err(Problem::new("hides the program itself"));
        }
        if self.find(path).is_none() {
            return Err(self.missing("hides the command", path, None));
        }
        require_not_reserved("hides", path)?;
        self.change(path, |command| command.hide(true));
        Ok(())
    }

    /// `declared`: the argument belongs to a command of the same plugin.
    fn add_argument(
        &mut self,
        owner: &Arc<Identity>,
        path: &[String],
        new: NewArg,
        declared: bool,
    ) -> Result<(), Problem> {
        let Some(command) = self.find(path) else {
            return Err(self.missing(&format!("adds {} to", new.title()), path, None));
        };
        validate::argument(&new, path)?;
        validate::Order::from_command(command).follow(&new, path)?;
        if new.global {
            Scope::beneath(self, path).is_free(&new, path)?;
        }
        let mut scope = Scope::at(self, path);
        scope.insert(&new, path)?;
        scope.conflicts(&new, path)?;
        // Listed in help with the existing options of its kind, under their heading.
        let alike =
            command.get_arguments().find(|arg| arg.is_global_set() == new.global && !arg.is_positional());
        let heading =
            alike.and_then(clap::Arg::get_help_heading).map(|text| clap::builder::Str::from(text.to_owned()));
        let built = build::argument(&new).help_heading(clap::builder::Resettable::from(heading));
        self.change(path, |command| command.arg(built));
        self.register_argument(owner, path, new, declared);
        Ok(())
    }

    fn set_default(&mut self, path: &[String], id: &str, values: Vec<String>) -> Result<(), Problem> {
        let id = self.option_with_default(path, id)?;
        let Some(arg) = self.find_argument(path, &id) else { return Ok(()) };
        if let Err(reason) = values::check(arg, &values) {
            let (option, of) = (quoted(&values::title(arg)), of_command(path));
            return Err(Problem::new(format_args!("sets an invalid default of {option}{of}: {reason}")));
        }
        self.change_argument(path, &id, |arg| {
            without_default_note(arg)
                .default_value(None::<&str>)
                .default_values(&values)
                .hide_default_value(false)
        });
        self.extra(path, &id).lazy.clear();
        Ok(())
    }

    fn set_lazy_default(
        &mut self,
        owner: &Arc<Identity>,
        path: &[String],
        id: &str,
        lazy: LazyDefaultBox,
    ) -> Result<(), Problem> {
        let id = self.option_with_default(path, id)?;
        self.change_argument(path, &id, |arg| without_default_note(arg).hide_default_value(true));
        self.extra(path, &id).lazy.push((Arc::clone(owner), Arc::new(lazy)));
        Ok(())
    }

    /// The id of an option that may have a default.
    fn option_with_default(&self, path: &[String], id: &str) -> Result<String, Problem> {
        let id = self.option(path, id, "sets the default of")?;
        let refuse = |title: &str, reason| {
            Problem::new(format_args!(
                "sets the default of {}{}, which {reason}",
                quoted(title),
                of_command(path)
            ))
        };
        match self.find_argument(path, &id) {
            Some(arg) if !arg.get_action().takes_values() => {
                Err(refuse(&values::title(arg), "is a flag and has none"))
            }
            Some(arg) if arg.is_required_set() => {
                Err(refuse(&values::title(arg), "is required and has none"))
            }
            _ => Ok(id),
        }
    }

    /// The id of an argument that a plugin names by its id or its long name.
    fn option(&self, path: &[String], id: &str, verb: &str) -> Result<String, Problem> {
        let sentence = |reason: &str| {
            Problem::new(format_args!("{verb} {}{}, which {reason}", quoted(id), of_command(path)))
        };
        let Some(command) = self.find(path) else {
            return Err(self.missing(&format!("{verb} {} of", quoted(id)), path, None));
        };
        if let Some(arg) = values::find(command, id) {
            return Ok(arg.get_id().to_string());
        }
        for depth in (0..path.len()).rev() {
            let above = path.get(..depth).unwrap_or_default();
            let global = self
                .find(above)
                .and_then(|command| values::find(command, id))
                .is_some_and(clap::Arg::is_global_set);
            if global {
                return Err(sentence(&format!("is a global option of {}", command_label(above)))
                    .hint("change it there"));
            }
        }
        let ids = command.get_arguments().map(|arg| arg.get_id().as_str());
        Err(sentence("does not exist").near(id, ids, None))
    }

    fn require_group(&self, path: &[String], name: &str) -> Result<(), Problem> {
        if self.find(path).is_none() {
            return Err(self.missing(
                &format!("adds the command {} to", quoted(name)),
                path,
                Some("use `merge` to create a missing group"),
            ));
        }
        if path.is_empty() || self.is_group(path) {
            return Ok(());
        }
        let (place, origin) = (command_label(path), self.command_origin(path));
        Err(Problem::new(format_args!(
            "adds the command {} to {place}, which is a command and not a group ({origin})",
            quoted(name)
        )))
    }

    /// `besides`: a command that will be replaced.
    fn require_free(
        &self,
        parent: &[String],
        new: &NewCommand,
        besides: Option<&str>,
    ) -> Result<(), Problem> {
        let Some(group) = self.find(parent) else { return Ok(()) };
        for name in std::iter::once(&new.name).chain(&new.aliases) {
            let taken = group.get_subcommands().filter(|there| Some(there.get_name()) != besides);
            let taken = taken
                .into_iter()
                .find(|there| there.get_name() == name || there.get_all_aliases().any(|alias| alias == name));
            let Some(taken) = taken else { continue };
            let origin = self.command_origin(&child(parent, taken.get_name()));
            let path = command_label(&child(parent, &new.name));
            let (what, hint) = if *name != new.name {
                (
                    format!(
                        "with the alias {}, which is already used by `{}`",
                        quoted(name),
                        taken.get_name()
                    ),
                    "choose another alias",
                )
            } else if taken.get_name() == name {
                ("which already exists".to_owned(), "choose another name, or use `replace`")
            } else {
                (format!("which already exists as an alias of `{}`", taken.get_name()), "choose another name")
            };
            return Err(Problem::new(format_args!("adds the command {path}, {what} ({origin})")).hint(hint));
        }
        Ok(())
    }

    /// The problem of a command that does not exist, with the most similar one as the hint.
    fn missing(&self, verb: &str, path: &[String], otherwise: Option<&str>) -> Problem {
        let problem = Problem::new(format_args!("{verb} {}, which does not exist", command_label(path)));
        let deepest = (0..path.len()).rev().find_map(|depth| {
            let above = path.get(..depth).unwrap_or_default();
            Some((self.find(above)?, path.get(depth)?))
        });
        match deepest {
            Some((above, name)) => {
                problem.near(name, above.get_subcommands().map(clap::Command::get_name), otherwise)
            }
            None => problem,
        }
    }

    /// The global arguments that a new command inherits.
    fn scope_for(&self, parent: &[String], name: &str) -> Scope {
        Scope::inherited(self, &child(parent, name))
    }

    /// Updates the properties that depend on whether there are subcommands.
    fn regroup(&mut self, path: &[String]) {
        // Built-in groups are left unchanged.
        if let Some(PluginCommand { run, .. }) = self.commands.get(path) {
            let runs = run.is_some();
            self.change(path, |group| build::as_group(group, runs));
        }
    }

    pub(super) fn change(&mut self, path: &[String], change: impl FnOnce(clap::Command) -> clap::Command) {
        let mut command = Arc::make_mut(&mut self.command);
        for name in path {
            let Some(below) = command.get_subcommands_mut().find(|below| below.get_name() == name) else {
                return;
            };
            command = below;
        }
        *command = change(mem::take(command));
    }

    fn change_argument(&mut self, path: &[String], id: &str, change: impl Fn(clap::Arg) -> clap::Arg) {
        self.change(path, |command| {
            // `mut_arg` would move a positional behind the others.
            command.mut_args(|arg| if arg.get_id() == id { change(arg) } else { arg })
        });
    }
}

/// Removes the note about the built-in default from the help of an option whose default a plugin sets.
fn without_default_note(arg: clap::Arg) -> clap::Arg {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    match help.strip_suffix(" [default: from the configuration]") {
        Some(help) => arg.help(help.to_owned()),
        None => arg,
    }
}

fn child(parent: &[String], name: &str) -> Vec<String> {
    [parent, &[name.to_owned()]].concat()
}

fn require_not_reserved(verb: &str, path: &[String]) -> Result<(), Problem> {
    if path.first().is_some_and(|name| name == RESERVED_COMMAND) {
        return Err(Problem::new(format_args!(
            "{verb} the command {}, which is reserved",
            command_label(path)
        )));
    }
    Ok(())
}
