//! A change of the command line, as the host receives it.

use std::sync::Arc;

use abi_stable::{
    erased_types::TD_Opaque,
    std_types::{ROption, RString, RVec},
};

use crate::{
    Arg, Command, PluginError,
    cli::arg::callback_into_raw,
    error::{optional_into_raw, strings_from_raw, strings_into_raw},
    panics,
    vtable::{
        self, AbiResult, ArgBox, CallbackBox, CommandBox, Edit_TO, EditBox, LazyDefault_TO, LazyDefaultBox,
    },
};

type OnValue = dyn Fn(&[String], bool) -> Result<Option<Vec<String>>, PluginError> + Send + Sync;
pub(super) type Lazy = dyn Fn(&[String]) -> Result<Vec<String>, PluginError> + Send + Sync;

/// One requested change. Which fields are used depends on the kind: see the `EDIT_…` constants.
#[derive(Clone, Default)]
pub(crate) struct Edit {
    pub(crate) kind: u32,
    pub(crate) path: Vec<String>,
    pub(crate) argument: Option<String>,
    pub(crate) new_command: Option<Command>,
    pub(crate) new_argument: Option<Arg>,
    pub(crate) default_values: Vec<String>,
    pub(crate) lazy_default: Option<Arc<Lazy>>,
    pub(crate) callback: Option<Arc<OnValue>>,
}

impl Edit {
    pub(crate) fn into_raw(self) -> EditBox {
        Edit_TO::from_value(self, TD_Opaque)
    }
}

impl vtable::Edit for Edit {
    fn kind(&self) -> u32 {
        self.kind
    }
    fn path(&self) -> RVec<RString> {
        strings_into_raw(&self.path)
    }
    fn argument(&self) -> ROption<RString> {
        optional_into_raw(self.argument.as_deref())
    }
    fn new_command(&self) -> ROption<CommandBox> {
        self.new_command.clone().map(Command::into_raw).into()
    }
    fn new_argument(&self) -> ROption<ArgBox> {
        self.new_argument.clone().map(Arg::into_raw).into()
    }
    fn default_values(&self) -> RVec<RString> {
        strings_into_raw(&self.default_values)
    }
    fn lazy_default(&self) -> ROption<LazyDefaultBox> {
        self.lazy_default.clone().map(|lazy| LazyDefault_TO::from_value(LazyAdapter(lazy), TD_Opaque)).into()
    }
    fn callback(&self) -> ROption<CallbackBox> {
        self.callback.clone().map(callback_into_raw).into()
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}

/// An author's function for a default, behind the ABI interface.
struct LazyAdapter(Arc<Lazy>);

impl vtable::LazyDefault for LazyAdapter {
    fn values(&self, previous: RVec<RString>) -> AbiResult<RVec<RString>> {
        panics::guard(|| Ok(strings_into_raw(&(self.0)(&strings_from_raw(previous))?)))
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}
