//! One argument of a command.

use std::{fmt, sync::Arc};

use abi_stable::{
    erased_types::TD_Opaque,
    std_types::{ROption, RString, RVec},
};

use crate::{
    PluginError,
    adapter::CatchDrop,
    error::{optional_into_raw, result_from_raw, strings_from_raw, strings_into_raw},
    panics,
    vtable::{self, AbiResult, Arg_TO, ArgBox, Callback_TO, CallbackBox},
};

/// The kind of an argument. The numbers are those of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArgKind {
    /// `--name VALUE`.
    Option = 0,
    /// `--name`.
    Flag = 1,
    /// `VALUE`, a positional argument.
    Positional = 2,
    /// `--name`, repeatable and counted.
    Counter = 3,
}

type OnValue = dyn Fn(&[String], bool) -> Result<Option<Vec<String>>, PluginError> + Send + Sync;

/// An argument of a command: click's `option` and `argument`.
///
/// # Example: an option with a default, and a positional
///
/// ```
/// use plugin_abi::{Arg, Command};
///
/// let greet = Command::new("greet")
///     .arg(Arg::option("greeting").short('g').default_value("Hello").help("What to say"))
///     .arg(Arg::positional("name").required(true).help("Whom to greet"));
/// # let _ = greet;
/// ```
#[derive(Clone)]
#[must_use]
pub struct Arg {
    pub(crate) id: String,
    pub(crate) kind: ArgKind,
    pub(crate) long: Option<String>,
    pub(crate) short: Option<char>,
    pub(crate) aliases: Vec<String>,
    pub(crate) help: Option<String>,
    pub(crate) long_help: Option<String>,
    pub(crate) value_name: Option<String>,
    pub(crate) required: bool,
    pub(crate) multiple: bool,
    pub(crate) hidden: bool,
    pub(crate) global: bool,
    pub(crate) default_values: Vec<String>,
    pub(crate) possible_values: Vec<String>,
    pub(crate) env: Option<String>,
    pub(crate) conflicts_with: Vec<String>,
    pub(crate) callback: Option<Arc<OnValue>>,
}

impl Arg {
    fn new(id: impl Into<String>, kind: ArgKind) -> Self {
        let id = id.into();
        Self {
            long: (kind != ArgKind::Positional).then(|| id.replace('_', "-")),
            id,
            kind,
            short: None,
            aliases: Vec::new(),
            help: None,
            long_help: None,
            value_name: None,
            required: false,
            multiple: false,
            hidden: false,
            global: false,
            default_values: Vec::new(),
            possible_values: Vec::new(),
            env: None,
            conflicts_with: Vec::new(),
            callback: None,
        }
    }

    /// An option with a value; `--ID`, with `_` of the id as `-`, unless [`Self::long`] says otherwise.
    pub fn option(id: impl Into<String>) -> Self {
        Self::new(id, ArgKind::Option)
    }

    /// A flag without a value.
    pub fn flag(id: impl Into<String>) -> Self {
        Self::new(id, ArgKind::Flag)
    }

    /// A flag that may be repeated, such as `-vv`.
    pub fn counter(id: impl Into<String>) -> Self {
        Self::new(id, ArgKind::Counter)
    }

    /// A positional argument: click's `argument`.
    pub fn positional(id: impl Into<String>) -> Self {
        Self::new(id, ArgKind::Positional)
    }

    /// The long name, without dashes.
    pub fn long(mut self, long: impl Into<String>) -> Self {
        self.long = Some(long.into());
        self
    }

    /// The one-character name, without a dash.
    pub fn short(mut self, short: char) -> Self {
        self.short = Some(short);
        self
    }

    /// One more long name.
    pub fn alias(mut self, alias: impl Into<String>) -> Self {
        self.aliases.push(alias.into());
        self
    }

    /// One line for `-h` and shell completion.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// A longer text for `--help`.
    pub fn long_help(mut self, help: impl Into<String>) -> Self {
        self.long_help = Some(help.into());
        self
    }

    /// The placeholder of the value in help, such as `FILE`.
    pub fn value_name(mut self, name: impl Into<String>) -> Self {
        self.value_name = Some(name.into());
        self
    }

    /// Whether the argument must be given.
    pub fn required(mut self, required: bool) -> Self {
        self.required = required;
        self
    }

    /// Whether there may be several values: a repeated option, or a last positional that takes all remaining
    /// words.
    pub fn multiple(mut self, multiple: bool) -> Self {
        self.multiple = multiple;
        self
    }

    /// Whether to leave it out of help and completion.
    pub fn hidden(mut self, hidden: bool) -> Self {
        self.hidden = hidden;
        self
    }

    /// Accepted after every subcommand as well.
    pub fn global(mut self, global: bool) -> Self {
        self.global = global;
        self
    }

    /// The value when none is given.
    pub fn default_value(mut self, value: impl Into<String>) -> Self {
        self.default_values = vec![value.into()];
        self
    }

    /// The values when none are given.
    pub fn default_values<V: Into<String>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        self.default_values = values.into_iter().map(Into::into).collect();
        self
    }

    /// The accepted values; shells complete them.
    pub fn possible_values<V: Into<String>>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        self.possible_values = values.into_iter().map(Into::into).collect();
        self
    }

    /// The environment variable that sets the value if the command line does not.
    pub fn env(mut self, variable: impl Into<String>) -> Self {
        self.env = Some(variable.into());
        self
    }

    /// The id of an argument that cannot be used together with this one.
    pub fn conflicts_with(mut self, id: impl Into<String>) -> Self {
        self.conflicts_with.push(id.into());
        self
    }

    /// A function that receives the values before the command runs: click's `callback`.
    ///
    /// Its second argument is true if the values were given, and false for the default. `Some` replaces
    /// them; an error ends the command.
    pub fn callback(
        mut self,
        callback: impl Fn(&[String], bool) -> Result<Option<Vec<String>>, PluginError> + Send + Sync + 'static,
    ) -> Self {
        let callback = CatchDrop::new(callback);
        self.callback = Some(Arc::new(move |values, given| callback(values, given)));
        self
    }

    /// The id, unique within the command.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Option, flag, positional or counter.
    #[must_use]
    pub fn kind(&self) -> ArgKind {
        self.kind
    }

    /// The long name, without dashes.
    #[must_use]
    pub fn long_name(&self) -> Option<&str> {
        self.long.as_deref()
    }

    /// The values when none are given.
    #[must_use]
    pub fn defaults(&self) -> &[String] {
        &self.default_values
    }

    /// Converts to the ABI type.
    #[doc(hidden)]
    #[must_use]
    pub fn into_raw(self) -> ArgBox {
        Arg_TO::from_value(self, TD_Opaque)
    }

    /// Converts from the ABI type. `None`: the kind belongs to a later protocol.
    #[doc(hidden)]
    #[must_use]
    pub fn from_raw(raw: &ArgBox) -> Option<Self> {
        let kind = match raw.kind() {
            0 => ArgKind::Option,
            1 => ArgKind::Flag,
            2 => ArgKind::Positional,
            3 => ArgKind::Counter,
            _ => return None,
        };
        let text = |value: ROption<RString>| value.into_option().map(String::from);
        Some(Self {
            id: raw.id().into(),
            kind,
            long: text(raw.long()),
            short: text(raw.short()).and_then(|short| short.chars().next()),
            aliases: strings_from_raw(raw.aliases()),
            help: text(raw.help()),
            long_help: text(raw.long_help()),
            value_name: text(raw.value_name()),
            required: raw.required(),
            multiple: raw.multiple(),
            hidden: raw.hidden(),
            global: raw.global(),
            default_values: strings_from_raw(raw.default_values()),
            possible_values: strings_from_raw(raw.possible_values()),
            env: text(raw.env()),
            conflicts_with: strings_from_raw(raw.conflicts_with()),
            callback: raw.callback().into_option().map(callback_from_raw),
        })
    }
}

impl fmt::Debug for Arg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arg").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl vtable::Arg for Arg {
    fn id(&self) -> RString {
        self.id.as_str().into()
    }
    fn kind(&self) -> u32 {
        self.kind as u32
    }
    fn long(&self) -> ROption<RString> {
        optional_into_raw(self.long.as_deref())
    }
    fn short(&self) -> ROption<RString> {
        self.short.map(|short| RString::from(short.to_string())).into()
    }
    fn aliases(&self) -> RVec<RString> {
        strings_into_raw(&self.aliases)
    }
    fn help(&self) -> ROption<RString> {
        optional_into_raw(self.help.as_deref())
    }
    fn long_help(&self) -> ROption<RString> {
        optional_into_raw(self.long_help.as_deref())
    }
    fn value_name(&self) -> ROption<RString> {
        optional_into_raw(self.value_name.as_deref())
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
        strings_into_raw(&self.default_values)
    }
    fn possible_values(&self) -> RVec<RString> {
        strings_into_raw(&self.possible_values)
    }
    fn env(&self) -> ROption<RString> {
        optional_into_raw(self.env.as_deref())
    }
    fn conflicts_with(&self) -> RVec<RString> {
        strings_into_raw(&self.conflicts_with)
    }
    fn callback(&self) -> ROption<CallbackBox> {
        self.callback.clone().map(|callback| callback_into_raw(Arc::clone(&callback))).into()
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}

/// An author's callback behind the ABI interface.
struct CallbackAdapter(Arc<OnValue>);

impl vtable::Callback for CallbackAdapter {
    fn call(&self, values: RVec<RString>, given: bool) -> AbiResult<ROption<RVec<RString>>> {
        panics::guard(|| {
            let replaced = (self.0)(&strings_from_raw(values), given)?;
            Ok(replaced.map(|values| strings_into_raw(&values)).into())
        })
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}

/// Converts a callback to its ABI type.
pub(super) fn callback_into_raw(callback: Arc<OnValue>) -> CallbackBox {
    Callback_TO::from_value(CallbackAdapter(callback), TD_Opaque)
}

/// Converts a callback from its ABI type.
pub(super) fn callback_from_raw(raw: CallbackBox) -> Arc<OnValue> {
    Arc::new(move |values, given| {
        let replaced = result_from_raw(raw.call(strings_into_raw(values), given))?;
        Ok(replaced.into_option().map(strings_from_raw))
    })
}
