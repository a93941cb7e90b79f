//! The edits that plugins request, for `flyte_host._cli`, which applies them to click's commands.

use abi_stable::{
    erased_types::TD_Opaque,
    sabi_types::RRef,
    std_types::{RString, RVec},
};
use plugin_abi::{
    ArgKind, PluginError,
    vtable::{AbiResult, CallbackBox, CommandBox, Invocation_TO, LazyDefaultBox},
};
use plugin_host::{
    HookErrors, Identity,
    calls::{CallLimit, CallRecord},
    edits::{EditKind, EditRequest, NewArg, NewCommand, strings},
};
use pyo3::prelude::*;

use crate::{error::Report, invocation::PythonInvocation};

/// The plugin of a function, and the errors that it may pass on.
#[derive(Clone)]
struct Owner {
    identity: Identity,
    errors: HookErrors,
}

impl Owner {
    /// Calls a function of the plugin without the interpreter lock.
    fn call<T: Send>(
        &self,
        py: Python<'_>,
        function: &str,
        limit: CallLimit,
        call: impl FnOnce() -> AbiResult<T> + Send,
    ) -> PyResult<T> {
        let record = CallRecord::new(&self.identity, &format!("in {function}"), limit);
        let result = py.detach(|| {
            let _call = record.enter();
            call().into_result().map_err(|fault| PluginError::from_raw(&fault))
        });
        result.map_err(|error| {
            Report::from_function(&self.identity, function, &error, &self.errors).into_exception(py)
        })
    }
}

/// One change of the command line.
#[pyclass(frozen, get_all, module = "flyte_host._native")]
pub(crate) struct Edit {
    /// `add_command`, `merge`, `replace`, `hide`, `add_argument`, `set_default`, `set_lazy_default` or
    /// `add_callback`.
    kind: &'static str,
    path: Vec<String>,
    /// Id of an existing argument.
    argument: Option<String>,
    command: Option<Py<Command>>,
    new_argument: Option<Py<Argument>>,
    defaults: Vec<String>,
    callback: Option<Py<Callback>>,
    lazy_default: Option<Py<LazyDefault>>,
}

impl Edit {
    pub(crate) fn new(
        py: Python<'_>,
        request: EditRequest,
        plugin: &Identity,
        errors: &HookErrors,
    ) -> PyResult<Self> {
        let owner = Owner { identity: plugin.clone(), errors: errors.clone() };
        let EditRequest { path, kind } = request;
        let mut edit = Self {
            kind: "hide",
            path,
            argument: None,
            command: None,
            new_argument: None,
            defaults: Vec::new(),
            callback: None,
            lazy_default: None,
        };
        match kind {
            EditKind::Hide => {}
            EditKind::AddArgument(new) => {
                edit.kind = "add_argument";
                edit.new_argument = Some(Argument::new(py, new, &owner)?);
            }
            EditKind::AddCallback(id, callback) => {
                edit.kind = "add_callback";
                edit.argument = Some(id);
                edit.callback = Some(Py::new(py, Callback { callback, owner })?);
            }
            EditKind::AddCommand(new) => edit = edit.with_command(py, "add_command", new, &owner)?,
            EditKind::Merge(new) => edit = edit.with_command(py, "merge", new, &owner)?,
            EditKind::Replace(new) => edit = edit.with_command(py, "replace", new, &owner)?,
            EditKind::SetDefault(id, values) => {
                edit.kind = "set_default";
                edit.argument = Some(id);
                edit.defaults = values;
            }
            EditKind::SetLazyDefault(id, lazy) => {
                edit.kind = "set_lazy_default";
                edit.argument = Some(id);
                edit.lazy_default = Some(Py::new(py, LazyDefault { lazy, owner })?);
            }
        }
        Ok(edit)
    }

    fn with_command(
        self,
        py: Python<'_>,
        kind: &'static str,
        new: NewCommand,
        owner: &Owner,
    ) -> PyResult<Self> {
        Ok(Self { kind, command: Some(Command::new(py, new, owner)?), ..self })
    }
}

/// A command of a plugin.
#[pyclass(frozen, module = "flyte_host._native")]
pub(crate) struct Command {
    #[pyo3(get)]
    name: String,
    #[pyo3(get)]
    aliases: Vec<String>,
    #[pyo3(get)]
    about: Option<String>,
    #[pyo3(get)]
    long_about: Option<String>,
    #[pyo3(get)]
    after_help: Option<String>,
    #[pyo3(get)]
    hidden: bool,
    #[pyo3(get)]
    arguments: Vec<Py<Argument>>,
    #[pyo3(get)]
    commands: Vec<Py<Command>>,
    run: Option<CommandBox>,
    owner: Owner,
}

impl Command {
    fn new(py: Python<'_>, new: NewCommand, owner: &Owner) -> PyResult<Py<Self>> {
        let NewCommand { name, aliases, about, long_about, after_help, hidden, args, commands, run } = new;
        let arguments = args.into_iter().map(|argument| Argument::new(py, argument, owner));
        let below = commands.into_iter().map(|command| Self::new(py, command, owner));
        Py::new(
            py,
            Self {
                name,
                aliases,
                about,
                long_about,
                after_help,
                hidden,
                arguments: arguments.collect::<PyResult<_>>()?,
                commands: below.collect::<PyResult<_>>()?,
                run,
                owner: owner.clone(),
            },
        )
    }
}

#[pymethods]
impl Command {
    /// Whether it does something itself, and is not only a group.
    #[getter]
    fn runs(&self) -> bool {
        self.run.is_some()
    }

    /// Runs the command, and returns its exit code. `path` names it in messages.
    fn run(&self, py: Python<'_>, path: &str, invocation: Py<PyAny>) -> PyResult<u8> {
        let Some(command) = &self.run else { return Ok(0) };
        let invocation = PythonInvocation::new(invocation);
        let function = format!("the command `{path}`");
        let code = self.owner.call(py, &function, CallLimit::Unlimited, || {
            command.run(Invocation_TO::from_ptr(RRef::new(&invocation), TD_Opaque))
        });
        match invocation.into_exception() {
            // What the plugin did with the exception does not matter: a closed output ends the command.
            Some(exception) => Err(exception),
            None => code,
        }
    }
}

/// An argument of a plugin.
#[pyclass(frozen, get_all, module = "flyte_host._native")]
pub(crate) struct Argument {
    id: String,
    /// `option`, `flag`, `positional` or `counter`.
    kind: &'static str,
    long: Option<String>,
    short: Option<String>,
    aliases: Vec<String>,
    help: Option<String>,
    value_name: Option<String>,
    required: bool,
    multiple: bool,
    hidden: bool,
    is_global: bool,
    defaults: Vec<String>,
    possible_values: Vec<String>,
    env: Option<String>,
    conflicts_with: Vec<String>,
    callback: Option<Py<Callback>>,
}

impl Argument {
    fn new(py: Python<'_>, new: NewArg, owner: &Owner) -> PyResult<Py<Self>> {
        let callback = new.callback.map(|callback| Py::new(py, Callback { callback, owner: owner.clone() }));
        Py::new(
            py,
            Self {
                id: new.id,
                kind: match new.kind {
                    ArgKind::Flag => "flag",
                    ArgKind::Positional => "positional",
                    ArgKind::Counter => "counter",
                    _ => "option",
                },
                long: new.long,
                short: new.short,
                aliases: new.aliases,
                help: new.long_help.or(new.help),
                value_name: new.value_name,
                required: new.required,
                multiple: new.multiple,
                hidden: new.hidden,
                is_global: new.global,
                defaults: new.defaults,
                possible_values: new.possible_values,
                env: new.env,
                conflicts_with: new.conflicts_with,
                callback: callback.transpose()?,
            },
        )
    }
}

/// A function of a plugin that sees the values of an argument.
#[pyclass(frozen, module = "flyte_host._native")]
pub(crate) struct Callback {
    callback: CallbackBox,
    owner: Owner,
}

#[pymethods]
impl Callback {
    /// Returns the values in place of the given ones, or `None`. `argument` names it in messages.
    fn __call__(
        &self,
        py: Python<'_>,
        argument: &str,
        values: Vec<String>,
        given: bool,
    ) -> PyResult<Option<Vec<String>>> {
        let function = format!("the callback of {argument}");
        let replaced = self
            .owner
            .call(py, &function, CallLimit::Hook, || self.callback.call(into_abi(&values), given))?;
        Ok(replaced.into_option().map(strings))
    }
}

/// A default that a plugin computes when it is needed.
#[pyclass(frozen, module = "flyte_host._native")]
pub(crate) struct LazyDefault {
    lazy: LazyDefaultBox,
    owner: Owner,
}

#[pymethods]
impl LazyDefault {
    /// Returns the default in place of `previous`. `argument` names it in messages.
    fn __call__(&self, py: Python<'_>, argument: &str, previous: Vec<String>) -> PyResult<Vec<String>> {
        let function = format!("the default of {argument}");
        let values =
            self.owner.call(py, &function, CallLimit::Hook, || self.lazy.values(into_abi(&previous)))?;
        Ok(strings(values))
    }
}

fn into_abi(values: &[String]) -> RVec<RString> {
    values.iter().map(|value| RString::from(value.as_str())).collect()
}
