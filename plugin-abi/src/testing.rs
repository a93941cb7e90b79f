//! Unit tests of a plugin, without a host and without loading a library.
//!
//! [`Tester`] calls a plugin through the same interfaces and the same panic guard as the host, in the
//! process of the test. [`Rest`] stands for the plugins behind it in the chain.
//!
//! # Example: the tests of a plugin
//!
//! ```
//! use plugin_abi::{Command, Group, Host, Next, Plugin, PluginError, testing::{Rest, Tester}};
//!
//! struct Acme;
//!
//! #[plugin_abi::export(name = "acme", in_process)]
//! impl Plugin for Acme {
//!     fn create(_host: Host) -> Result<Self, PluginError> {
//!         Ok(Acme)
//!     }
//!     fn get_default_image(&self, next: Next<'_>) -> Result<Option<String>, PluginError> {
//!         Ok(next.get_default_image()?.map(|image| format!("mirror.acme.example/{image}")))
//!     }
//!     fn configure_cli(&self, main: &mut Group) -> Result<(), PluginError> {
//!         main.add(Command::new("hello").run(|invocation| invocation.print(format_args!("hello\n"))));
//!         Ok(())
//!     }
//! }
//!
//! let rest = Rest { default_image: Some("base:v1".into()), ..Rest::default() };
//! let acme = Tester::<Acme>::new().unwrap().behind(rest);
//! assert_eq!(acme.get_default_image().unwrap().as_deref(), Some("mirror.acme.example/base:v1"));
//! assert_eq!(acme.run(&["hello"], &[]).unwrap().out, "hello\n");
//! ```

mod line;

use std::{
    cell::RefCell,
    marker::PhantomData,
    sync::{Arc, Mutex, PoisonError},
};

use abi_stable::{
    erased_types::TD_Opaque,
    sabi_types::RRef,
    std_types::{RArc, ROption, RResult, RSlice, RStr, RString, RVec},
};

use self::line::Line;
use crate::{
    CachePolicy, Command, HookSet, Host, PluginError, Remote, RemoteRequest,
    error::{result_from_raw, strings_into_raw},
    export::{self, Exported},
    transport::{Answer, Call, Status, Transport, TransportHandle},
    vtable::{
        AbiResult, CachePolicyBox, Command_TO, CommandRef, Context, Context_TO, ContextRef, HooksBox,
        HostArc, HostServices, HostServices_TO, Invocation, Invocation_TO, Progress, Progress_TO,
        ProgressBox, RemoteBox, RemoteRequest_TO, RemoteRequestRef, TransportBox,
    },
};

/// The answers of the rest of the chain in a test; by default, flytekit's defaults.
#[derive(Clone, Debug)]
pub struct Rest {
    /// The answer to `get_remote`.
    pub remote: Remote,
    /// The answer to `secret_requires_group`.
    pub secret_requires_group: bool,
    /// The answer to `get_default_image`.
    pub default_image: Option<String>,
    /// The answer to `get_auth_success_html`.
    pub auth_success_html: Option<String>,
    /// The answer to `get_default_cache_policies`.
    pub cache_policies: Vec<CachePolicy>,
    /// The transport behind the plugin; by default a server without any method.
    pub transport: TransportHandle,
}

impl Default for Rest {
    fn default() -> Self {
        Self {
            remote: Remote::new("localhost:30080"),
            secret_requires_group: true,
            default_image: None,
            auth_success_html: None,
            cache_policies: Vec::new(),
            transport: TransportHandle::new(Nothing),
        }
    }
}

/// A server without any method.
struct Nothing;

impl Transport for Nothing {
    fn call(&self, call: Call<'_>) -> Result<Answer, Status> {
        Err(Status::unimplemented(call.path))
    }
}

/// A plugin under test.
pub struct Tester<P> {
    hooks: HooksBox,
    rest: Rest,
    log: Log,
    plugin: PhantomData<P>,
}

impl<P: Exported> Tester<P> {
    /// Creates the plugin, without settings.
    ///
    /// # Errors
    ///
    /// Those of the plugin's `create`, panics included.
    pub fn new() -> Result<Self, PluginError> {
        Self::with_config(&serde_json::json!({}))
    }

    /// Creates the plugin with its section of the host's settings.
    ///
    /// # Errors
    ///
    /// Those of the plugin's `create`, panics included.
    pub fn with_config(config: &serde_json::Value) -> Result<Self, PluginError> {
        let log = Log::default();
        let services = services(config, &log);
        let hooks = result_from_raw((export::module::<P>().create())(services))?;
        Ok(Self { hooks, rest: Rest::default(), log, plugin: PhantomData })
    }

    /// Sets the answers of the rest of the chain.
    #[must_use]
    pub fn behind(mut self, rest: Rest) -> Self {
        self.rest = rest;
        self
    }

    /// The passport's text, as it stands in the file.
    #[must_use]
    pub fn passport(&self) -> &'static str {
        P::PASSPORT
    }

    /// The hooks that the plugin overrides.
    #[must_use]
    pub fn hooks(&self) -> HookSet {
        P::HOOKS
    }

    /// The lines that the plugin has logged so far.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.log.lines()
    }

    /// Calls the hook.
    ///
    /// # Errors
    ///
    /// The plugin's, panics included.
    pub fn get_remote(&self, request: &RemoteRequest) -> Result<Remote, PluginError> {
        let request = RemoteRequest_TO::from_ptr(RRef::new(request), TD_Opaque);
        result_from_raw(self.hooks.get_remote(request, self.context()))
            .map(|remote| Remote::from_raw(&remote))
    }

    /// Calls `get_remote` and opens the transport: the plugin's, wrapping or replacing the one behind it.
    ///
    /// # Errors
    ///
    /// The plugin's, panics included.
    pub fn transport(&self, request: &RemoteRequest) -> Result<TransportHandle, PluginError> {
        let request = RemoteRequest_TO::from_ptr(RRef::new(request), TD_Opaque);
        let remote = result_from_raw(self.hooks.get_remote(request, self.context()))?;
        let ROption::RSome(layer) = remote.transport() else { return Ok(self.rest.transport.clone()) };
        let behind = layer.wraps().then(|| self.rest.transport.clone().into_raw());
        result_from_raw(layer.open(behind.into())).map(TransportHandle::from_raw)
    }

    /// Calls the hook.
    ///
    /// # Errors
    ///
    /// The plugin's, panics included.
    pub fn secret_requires_group(&self) -> Result<bool, PluginError> {
        result_from_raw(self.hooks.secret_requires_group(self.context()))
    }

    /// Calls the hook.
    ///
    /// # Errors
    ///
    /// The plugin's, panics included.
    pub fn get_default_image(&self) -> Result<Option<String>, PluginError> {
        result_from_raw(self.hooks.get_default_image(self.context()))
            .map(|image| image.into_option().map(String::from))
    }

    /// Calls the hook.
    ///
    /// # Errors
    ///
    /// The plugin's, panics included.
    pub fn get_auth_success_html(&self, endpoint: &str) -> Result<Option<String>, PluginError> {
        let html = self.hooks.get_auth_success_html(RStr::from_str(endpoint), self.context());
        result_from_raw(html).map(|html| html.into_option().map(String::from))
    }

    /// Calls the hook.
    ///
    /// # Errors
    ///
    /// The plugin's, panics included.
    pub fn get_default_cache_policies(&self) -> Result<Vec<CachePolicy>, PluginError> {
        let policies = result_from_raw(self.hooks.get_default_cache_policies(self.context()))?;
        Ok(policies.into_iter().map(CachePolicy::from_raw).collect())
    }

    /// The commands that the plugin adds to a command line without any.
    ///
    /// # Errors
    ///
    /// The plugin's, panics included.
    pub fn commands(&self) -> Result<Command, PluginError> {
        let empty = Command::new("main");
        let main: CommandRef<'_> = Command_TO::from_ptr(RRef::new(&empty), TD_Opaque);
        let edits = result_from_raw(self.hooks.configure_cli(main))?;
        let added = edits.into_iter().filter_map(|edit| {
            let path: Vec<String> = edit.path().into_iter().map(String::from).collect();
            let command = edit.new_command().into_option()?;
            Some((path, Command::from_raw(command).0))
        });
        Ok(added.fold(empty, insert_command))
    }

    /// Runs a command that the plugin adds, with values for its arguments by their ids or long names.
    ///
    /// A flag has the value `true` or `false`, a counter a number, a repeated option several pairs. Values
    /// are read as the host reads them from a command line: variables, defaults and callbacks of the
    /// arguments count, and so does what a parser of clap's says of a command that is declared with it.
    ///
    /// # Errors
    ///
    /// The plugin's, panics included; an unknown command; and values that the host would reject, as
    /// [`PluginErrorKind::Usage`](crate::PluginErrorKind::Usage).
    pub fn run(&self, path: &[&str], values: &[(&str, &str)]) -> Result<Output, PluginError> {
        let commands = self.commands()?;
        let line = Line::new(&commands, path, values)?;
        let command = line.command().ok_or_else(|| PluginError::new("no such command: the path is empty"))?;
        let run = Run { tester: self, line, output: RefCell::default() };
        let status = command.invoke(Invocation_TO::from_ptr(RRef::new(&run), TD_Opaque))?;
        Ok(Output { status, ..run.output.take() })
    }

    fn context(&self) -> ContextRef<'_> {
        Context_TO::from_ptr(RRef::new(&self.rest), TD_Opaque)
    }
}

/// Adds a command below the one at a path; missing groups are created.
fn insert_command(mut main: Command, (path, command): (Vec<String>, Command)) -> Command {
    let mut at = &mut main;
    for name in path {
        let index = at.commands.iter().position(|below| below.name == name).unwrap_or_else(|| {
            at.commands.push(Command::new(name));
            at.commands.len() - 1
        });
        at = &mut at.commands[index];
    }
    match at.commands.iter_mut().find(|below| below.name == command.name) {
        Some(there) => there.commands.extend(command.commands),
        None => at.commands.push(command),
    }
    main
}

/// The output of a command, and its exit code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// The standard output.
    pub out: String,
    /// The standard error.
    pub err: String,
    /// The exit code.
    pub status: u8,
}

/// Services without settings, whose log is discarded; for documentation and small tests.
#[must_use]
pub fn host(_plugin: &str) -> Host {
    Host::from_raw(services(&serde_json::json!({}), &Log::default()))
}

/// Services, and the lines that they log.
#[cfg(test)]
pub(crate) fn host_with_log() -> (Host, impl Fn() -> Vec<String>) {
    let log = Log::default();
    (Host::from_raw(services(&serde_json::json!({}), &log)), move || log.lines())
}

fn services(config: &serde_json::Value, log: &Log) -> HostArc {
    let services = Services { config: config.to_string(), log: log.clone() };
    HostServices_TO::from_ptr(RArc::new(services), TD_Opaque)
}

/// Lines that a plugin logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[derive(Clone)]
struct Services {
    config: String,
    log: Log,
}

impl HostServices for Services {
    fn name(&self) -> RString {
        "test".into()
    }
    fn version(&self) -> RString {
        env!("CARGO_PKG_VERSION").into()
    }
    fn protocol(&self) -> RString {
        crate::PROTOCOL.to_string().into()
    }
    fn config(&self) -> RString {
        self.config.as_str().into()
    }
    fn log_enabled(&self, _level: u32) -> bool {
        true
    }
    fn log(&self, _level: u32, message: RStr<'_>) {
        self.log.0.lock().unwrap_or_else(PoisonError::into_inner).push(message.as_str().to_owned());
    }
}

impl Context for Rest {
    fn next_get_remote(&self, _request: RemoteRequestRef<'_>) -> AbiResult<RemoteBox> {
        RResult::ROk(self.remote.clone().into_raw())
    }
    fn next_secret_requires_group(&self) -> AbiResult<bool> {
        RResult::ROk(self.secret_requires_group)
    }
    fn next_get_default_image(&self) -> AbiResult<ROption<RString>> {
        RResult::ROk(crate::error::optional_into_raw(self.default_image.as_deref()))
    }
    fn next_get_auth_success_html(&self, _endpoint: RStr<'_>) -> AbiResult<ROption<RString>> {
        RResult::ROk(crate::error::optional_into_raw(self.auth_success_html.as_deref()))
    }
    fn next_get_default_cache_policies(&self) -> AbiResult<RVec<CachePolicyBox>> {
        RResult::ROk(self.cache_policies.iter().cloned().map(CachePolicy::into_raw).collect())
    }
}

/// One run of a command in a test.
struct Run<'a, P> {
    tester: &'a Tester<P>,
    line: Line<'a>,
    output: RefCell<Output>,
}

impl<P: Exported> Invocation for Run<'_, P> {
    fn path(&self) -> RVec<RString> {
        self.line.path().map(RString::from).collect()
    }
    fn values(&self, argument: RStr<'_>) -> ROption<RVec<RString>> {
        self.line.values(argument.as_str()).map(strings_into_raw).into()
    }
    fn given(&self, argument: RStr<'_>) -> bool {
        self.line.given(argument.as_str())
    }
    fn arguments(&self, from: u32) -> RVec<RString> {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        self.line.arguments(from).into_iter().map(RString::from).collect()
    }
    fn output_format(&self) -> RString {
        "table".into()
    }
    fn write(&self, stream: u32, bytes: RSlice<'_, u8>) -> AbiResult<()> {
        let text = String::from_utf8_lossy(bytes.as_slice()).into_owned();
        let mut output = self.output.borrow_mut();
        if stream == 1 {
            output.out.push_str(&text)
        } else {
            output.err.push_str(&text)
        }
        RResult::ROk(())
    }
    fn is_terminal(&self, _stream: u32) -> bool {
        false
    }
    fn color(&self, _stream: u32) -> bool {
        false
    }
    fn progress(&self, _message: RStr<'_>, _total: u64) -> ProgressBox {
        Progress_TO::from_value(Silent, TD_Opaque)
    }
    fn remote(&self) -> AbiResult<RemoteBox> {
        RResult::ROk(self.tester.rest.remote.clone().into_raw())
    }
    fn transport(&self) -> AbiResult<TransportBox> {
        let transport = self.tester.transport(&RemoteRequest::default());
        RResult::from(transport.map(TransportHandle::into_raw).map_err(PluginError::into_raw))
    }
}

/// Progress that is not shown.
struct Silent;

impl Progress for Silent {
    fn set_position(&self, _position: u64) {}
    fn set_message(&self, _message: RStr<'_>) {}
}
