//! The command line that a plugin may change.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use abi_stable::std_types::RVec;

use crate::{
    Arg, Command, PluginError,
    adapter::CatchDrop,
    cli::Edit,
    vtable::{self, CommandRef, EditBox},
};

/// A group of the host's command line: click's `Group`, which flytekit hands to `configure_pyflyte_cli`.
///
/// Changes are applied in order after the hook returned. One that cannot be applied (a name in use, an
/// unknown option) is an error that ends the command.
///
/// # Example: new commands, and changes to existing ones
///
/// ```
/// use plugin_abi::{Arg, Command, Group};
///
/// fn configure_cli(main: &mut Group) {
///     // A command of its own.
///     main.add(Command::new("doctor").about("Check this laptop").run(|_| Ok(())));
///     // A command in an existing group.
///     main.group("config").add(Command::new("rotate").run(|_| Ok(())));
///     // A group that may exist already, because another plugin has one of the same name.
///     main.merge(Command::new("create").command(Command::new("app").run(|_| Ok(()))));
///     // A hidden option of all commands with a callback.
///     main.add_arg(Arg::option("tenant").global(true).hidden(true).callback(|_values, _given| Ok(None)));
///     // Another default for an option of a command; the function is called when the value is needed.
///     main.group("register").option("project").set_default_with(|previous| Ok(previous.to_vec()));
/// }
/// ```
pub struct Group {
    path: Vec<String>,
    shared: Rc<Shared>,
}

/// Shared by all handles of one call.
struct Shared {
    edits: RefCell<Vec<Edit>>,
    /// The command line as it was before the hook.
    before: Command,
}

impl Group {
    pub(crate) fn root(raw: &CommandRef<'_>) -> Self {
        let (before, _) = Command::describe(raw);
        Self { path: Vec::new(), shared: Rc::new(Shared { edits: RefCell::default(), before }) }
    }

    pub(crate) fn into_edits(self) -> RVec<EditBox> {
        self.shared.edits.take().into_iter().map(Edit::into_raw).collect()
    }

    fn push(&mut self, kind: u32, edit: Edit) -> &mut Self {
        self.shared.edits.borrow_mut().push(Edit { kind, path: self.path.clone(), ..edit });
        self
    }

    /// Adds a command or a group; the name must not exist.
    pub fn add(&mut self, command: Command) -> &mut Self {
        self.push(vtable::EDIT_ADD_COMMAND, Edit { new_command: Some(command), ..Edit::default() })
    }

    /// Adds the commands of a group to the group of the same name, which is created if it does not exist.
    pub fn merge(&mut self, group: Command) -> &mut Self {
        self.push(vtable::EDIT_MERGE_GROUP, Edit { new_command: Some(group), ..Edit::default() })
    }

    /// Replaces the command of the same name, built-in ones included.
    pub fn replace(&mut self, command: Command) -> &mut Self {
        self.push(vtable::EDIT_REPLACE_COMMAND, Edit { new_command: Some(command), ..Edit::default() })
    }

    /// Hides a command from help and completion; it still works.
    pub fn hide(&mut self, name: &str) -> &mut Self {
        let mut path = self.path.clone();
        path.push(name.to_owned());
        self.shared.edits.borrow_mut().push(Edit {
            kind: vtable::EDIT_HIDE_COMMAND,
            path,
            ..Edit::default()
        });
        self
    }

    /// Adds an argument to this command; on the main group, usually a [global](Arg::global) option.
    pub fn add_arg(&mut self, arg: Arg) -> &mut Self {
        self.push(vtable::EDIT_ADD_ARGUMENT, Edit { new_argument: Some(arg), ..Edit::default() })
    }

    /// The command or group of a name below this one, to change it.
    #[must_use]
    pub fn group(&self, name: &str) -> Group {
        let mut path = self.path.clone();
        path.push(name.to_owned());
        Self { path, shared: Rc::clone(&self.shared) }
    }

    /// An option of this command by its id, which is its long name, to change it.
    #[must_use]
    pub fn option(&self, id: &str) -> OptionEdit {
        OptionEdit {
            group: Self { path: self.path.clone(), shared: Rc::clone(&self.shared) },
            id: id.to_owned(),
        }
    }

    /// This command as it was before the hook; `None` if it did not exist.
    #[must_use]
    pub fn existing(&self) -> Option<&Command> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        self.shared.before.find(&path)
    }

    /// Every command below this one, as it was before the hook: what union's plugin walks to rewrite
    /// defaults.
    #[must_use]
    pub fn walk(&self) -> Vec<Group> {
        let mut found = Vec::new();
        for below in self.existing().map(Command::commands).unwrap_or_default() {
            let group = self.group(below.name());
            let deeper = group.walk();
            found.push(group);
            found.extend(deeper);
        }
        found
    }
}

/// An option of the command line that a plugin may change.
pub struct OptionEdit {
    group: Group,
    id: String,
}

impl OptionEdit {
    /// Sets the default value.
    pub fn set_default(&mut self, value: impl Into<String>) -> &mut Self {
        let edit = Edit { default_values: vec![value.into()], ..self.edit() };
        self.group.push(vtable::EDIT_SET_DEFAULT, edit);
        self
    }

    /// Sets a default that is computed when the value is needed, from the previous default.
    ///
    /// Help does not show such a default and does not call the function.
    pub fn set_default_with(
        &mut self,
        lazy: impl Fn(&[String]) -> Result<Vec<String>, PluginError> + Send + Sync + 'static,
    ) -> &mut Self {
        let lazy = CatchDrop::new(lazy);
        let lazy = move |previous: &[String]| lazy(previous);
        let edit = Edit { lazy_default: Some(Arc::new(lazy)), ..self.edit() };
        self.group.push(vtable::EDIT_SET_LAZY_DEFAULT, edit);
        self
    }

    /// Adds a function that receives the values before the command runs and may replace them: click's
    /// `callback`.
    pub fn add_callback(
        &mut self,
        callback: impl Fn(&[String], bool) -> Result<Option<Vec<String>>, PluginError> + Send + Sync + 'static,
    ) -> &mut Self {
        let callback = CatchDrop::new(callback);
        let callback = move |values: &[String], given| callback(values, given);
        let edit = Edit { callback: Some(Arc::new(callback)), ..self.edit() };
        self.group.push(vtable::EDIT_ADD_CALLBACK, edit);
        self
    }

    fn edit(&self) -> Edit {
        Edit { argument: Some(self.id.clone()), ..Edit::default() }
    }
}
