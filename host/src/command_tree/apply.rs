//! Carries out one wish of a plugin, or says why not.

use std::{mem, sync::Arc};

use plugin_abi::vtable::LazyDefaultBox;

use plugin_host::Identity;

use super::{
    PluginCommand, Tree, build,
    edit_request::{NewArg, NewCommand, What, Wish},
    problem::{Problem, of, place, quoted},
    scope::Scope,
    validate, values,
};

/// The command with which users help themselves when a plugin is broken; no plugin may take it away.
const KEPT: &str = "plugin";

impl Tree {
    pub(super) fn carry_out(&mut self, owner: &Arc<Identity>, wish: Wish) -> Result<(), Problem> {
        let Wish { path, what } = wish;
        match what {
            What::AddArgument(new) => self.add_argument(owner, &path, new, false),
            What::AddCallback(id, callback) => {
                let id = self.option(&path, &id, "adds a callback to")?;
                self.extra(&path, &id).callbacks.push((Arc::clone(owner), Arc::new(callback)));
                Ok(())
            }
            What::AddCommand(new) => self.add_command(owner, &path, new),
            What::Hide => self.hide(&path),
            What::Merge(new) => self.merge(owner, &path, new),
            What::Replace(new) => self.replace(owner, &path, new),
            What::SetDefault(id, values) => self.set_default(&path, &id, values),
            What::SetLazyDefault(id, lazy) => self.set_lazy_default(owner, &path, &id, lazy),
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
                "merges {}, which has no commands below it",
                place(&path)
            ))
            .hint("`add` it instead"));
        }
        if self.find(&path).is_none() {
            return self.add_command(owner, parent, new);
        }
        if !self.is_group(&path) {
            let (place, origin) = (place(&path), self.command_origin(&path));
            return Err(Problem::new(format_args!(
                "merges the group {place}, which is there as a command ({origin})"
            )));
        }
        if new.run.is_some() {
            return Err(Problem::new(format_args!(
                "merges the group {}, which does something of its own, into one that is there already",
                place(&path)
            ))
            .hint("leave out the group's `run`"));
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
            return Err(self.missing("replaces the command", &path, Some("`add` it instead")));
        };
        let order = old.get_display_order();
        require_not_kept("replaces", &path)?;
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
        require_not_kept("hides", path)?;
        self.change(path, |command| command.hide(true));
        Ok(())
    }

    /// `declared`: the argument came with a command of the same plugin, which reads it.
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
        validate::Order::of(command).follow(&new, path)?;
        if new.global {
            Scope::beneath(self, path).is_free(&new, path)?;
        }
        let mut scope = Scope::at(self, path);
        scope.admit(&new, path)?;
        scope.conflicts(&new, path)?;
        // It stands with the options of its kind that are there, under their heading.
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
            let (option, of) = (quoted(&values::title(arg)), of(path));
            return Err(Problem::new(format_args!(
                "sets a default of {option}{of} that cannot be used: {reason}"
            )));
        }
        self.change_argument(path, &id, |arg| {
            arg.default_value(None::<&str>).default_values(&values).hide_default_value(false)
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
        self.change_argument(path, &id, |arg| arg.hide_default_value(true));
        self.extra(path, &id).lazy.push((Arc::clone(owner), Arc::new(lazy)));
        Ok(())
    }

    /// The id of an option that may have a default.
    fn option_with_default(&self, path: &[String], id: &str) -> Result<String, Problem> {
        let id = self.option(path, id, "sets the default of")?;
        let refuse = |title: &str, reason| {
            Problem::new(format_args!("sets the default of {}{}, which {reason}", quoted(title), of(path)))
        };
        match self.find_argument(path, &id) {
            Some(arg) if !arg.get_action().takes_values() => {
                Err(refuse(&values::title(arg), "is a flag and has none"))
            }
            Some(arg) if arg.is_required_set() => {
                Err(refuse(&values::title(arg), "must be given and has none"))
            }
            _ => Ok(id),
        }
    }

    /// The id of an argument that a plugin names by its id or its long name.
    fn option(&self, path: &[String], id: &str, verb: &str) -> Result<String, Problem> {
        let sentence =
            |reason: &str| Problem::new(format_args!("{verb} {}{}, which {reason}", quoted(id), of(path)));
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
                return Err(
                    sentence(&format!("is a global option of {}", place(above))).hint("change it there")
                );
            }
        }
        let ids = command.get_arguments().map(|arg| arg.get_id().as_str());
        Err(sentence("is not there").near(id, ids, None))
    }

    fn require_group(&self, path: &[String], name: &str) -> Result<(), Problem> {
        if self.find(path).is_none() {
            return Err(self.missing(
                &format!("adds the command {} to", quoted(name)),
                path,
                Some("`merge` makes a group that is not there"),
            ));
        }
        if path.is_empty() || self.is_group(path) {
            return Ok(());
        }
        let (place, origin) = (place(path), self.command_origin(path));
        Err(Problem::new(format_args!(
            "adds the command {} to {place}, which is a command and not a group ({origin})",
            quoted(name)
        )))
    }

    /// `besides`: a command that is about to go.
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
            let path = place(&child(parent, &new.name));
            let (what, hint) = if *name != new.name {
                (
                    format!(
                        "with the alias {}, which is taken already by `{}`",
                        quoted(name),
                        taken.get_name()
                    ),
                    "choose another alias",
                )
            } else if taken.get_name() == name {
                ("which is there already".to_owned(), "`replace` it if that is meant, or choose another name")
            } else {
                (
                    format!("which is there already as an alias of `{}`", taken.get_name()),
                    "choose another name",
                )
            };
            return Err(Problem::new(format_args!("adds the command {path}, {what} ({origin})")).hint(hint));
        }
        Ok(())
    }

    /// A sentence about a command that is not there, and the one that was probably meant.
    fn missing(&self, verb: &str, path: &[String], otherwise: Option<&str>) -> Problem {
        let problem = Problem::new(format_args!("{verb} {}, which is not there", place(path)));
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

    /// What a new command inherits.
    fn scope_for(&self, parent: &[String], name: &str) -> Scope {
        Scope::inherited(self, &child(parent, name))
    }

    /// Sets again what depends on whether there are commands below.
    fn regroup(&mut self, path: &[String]) {
        // Built-in groups are as the host made them.
        if let Some(PluginCommand { run, .. }) = self.commands.get(path) {
            let runs = run.is_some();
            self.change(path, |group| build::as_group(group, runs));
        }
    }

    fn change(&mut self, path: &[String], change: impl FnOnce(clap::Command) -> clap::Command) {
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
            // Not `mut_arg`, which would move a positional behind the others.
            command.mut_args(|arg| if arg.get_id() == id { change(arg) } else { arg })
        });
    }
}

fn child(parent: &[String], name: &str) -> Vec<String> {
    [parent, &[name.to_owned()]].concat()
}

fn require_not_kept(verb: &str, path: &[String]) -> Result<(), Problem> {
    if path.first().is_some_and(|name| name == KEPT) {
        return Err(Problem::new(format_args!(
            "{verb} the command {}, which the host keeps for itself",
            place(path)
        )));
    }
    Ok(())
}
