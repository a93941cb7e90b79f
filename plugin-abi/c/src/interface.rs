//! The types of the C header. `xtask/src/c_header.rs` reads this file: a `repr(C)` struct is written whole,
//! any other struct as an incomplete type, a constant as a macro, and the alias of a function type as such.
//! Names lose their capitals: `FlyteError` becomes `flyte_error`.

use std::ffi::{c_char, c_int, c_void};

use plugin_abi::{CachePolicy, Group, Host, Invocation, Next, PluginError, Remote};

/// What a function returns that succeeded.
pub const FLYTE_OK: c_int = 0;
/// What a function returns that failed; its `error` says why.
pub const FLYTE_FAILED: c_int = 1;

/// For `flyte_host_log`: always shown.
pub const FLYTE_LOG_ERROR: c_int = 1;
/// For `flyte_host_log`: always shown.
pub const FLYTE_LOG_WARN: c_int = 2;
/// For `flyte_host_log`: shown with `-v`.
pub const FLYTE_LOG_INFO: c_int = 3;
/// For `flyte_host_log`: shown with `-vv`.
pub const FLYTE_LOG_DEBUG: c_int = 4;

/// Kind of an argument: `--id VALUE`.
pub const FLYTE_OPTION: c_int = 0;
/// Kind of an argument: `--id`.
pub const FLYTE_FLAG: c_int = 1;
/// Kind of an argument: a value by its position.
pub const FLYTE_POSITIONAL: c_int = 2;

/// The host: its log, and the settings of the plugin. Valid until the process ends, on every thread.
pub struct FlyteHost(pub(crate) Host);

/// The rest of the chain: the plugins behind this one, then the default. Valid during the call.
pub struct FlyteNext<'a>(pub(crate) Next<'a>);

/// Why a function failed. Valid during the call.
#[derive(Default)]
pub struct FlyteError(pub(crate) Option<PluginError>);

/// A text that a function writes; unset at first, which declines. Valid during the call.
#[derive(Default)]
pub struct FlyteString(pub(crate) Option<std::ffi::CString>);

/// A connection to Flyte; its fields are unset at first, which leaves them to the host. Valid during the
/// call.
#[derive(Default)]
pub struct FlyteRemote(pub(crate) Remote);

/// A list of cache policies; empty at first. Valid during the call.
#[derive(Default)]
pub struct FlytePolicies {
    pub(crate) policies: Vec<CachePolicy>,
    pub(crate) plugin: FlyteSelf,
}

/// The program, or a command group of it. Valid during the call.
pub struct FlyteGroup<'a> {
    pub(crate) group: LentGroup<'a>,
    pub(crate) plugin: FlyteSelf,
    /// Boxes, whose addresses stay while more are added.
    #[expect(clippy::vec_box, reason = "C keeps their addresses")]
    pub(crate) below: Vec<Box<FlyteGroup<'a>>>,
}

/// A group of the host's, or one that was found below it.
pub(crate) enum LentGroup<'a> {
    Main(&'a mut Group),
    Found(Group),
}

impl LentGroup<'_> {
    pub(crate) fn get(&mut self) -> &mut Group {
        match self {
            Self::Main(group) => group,
            Self::Found(group) => group,
        }
    }
}

/// A command that runs. Valid during the call.
pub struct FlyteInvocation<'a>(pub(crate) &'a Invocation<'a>);

/// What `create` returned, for every later call.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct FlyteSelf(pub(crate) *mut c_void);

/// What `get_remote` is asked. Texts that are not there are null.
#[repr(C)]
pub struct FlyteRemoteRequest {
    /// Path of the configuration file that the user named, or null.
    pub config: *const c_char,
    /// The project of the command.
    pub project: *const c_char,
    /// The domain of the command.
    pub domain: *const c_char,
    /// The upload location that the user named, or null.
    pub data_upload_location: *const c_char,
}

/// A task for which a cache policy computes a version. Texts that are not there are null.
#[repr(C)]
pub struct FlyteTask {
    /// Such as `acme.train`.
    pub name: *const c_char,
    /// Such as `raw-container`.
    pub task_type: *const c_char,
    /// The image, or null.
    pub container_image: *const c_char,
    /// Name of its pod template, or null.
    pub pod_template_name: *const c_char,
    /// Its pod specification as JSON, or null.
    pub pod_template: *const c_char,
    /// The container's command, and the number of its words.
    pub command: *const *const c_char,
    /// The number of words of `command`.
    pub command_length: usize,
    /// The container's arguments.
    pub arguments: *const *const c_char,
    /// The number of `arguments`.
    pub arguments_length: usize,
}

/// Computes a version of a task. Called on any thread, also by several at once, until the process ends.
pub type FlyteComputeVersion = unsafe extern "C" fn(
    plugin: *mut c_void,
    salt: *const c_char,
    task: *const FlyteTask,
    version: *mut FlyteString,
    error: *mut FlyteError,
) -> c_int;

/// A cache policy. Texts are copied.
#[repr(C)]
pub struct FlytePolicy {
    /// Its name, for messages.
    pub name: *const c_char,
    /// The version of all tasks; null if it is computed.
    pub version: *const c_char,
    /// Computes the version of each task; null if it is fixed.
    pub compute: Option<FlyteComputeVersion>,
    /// How many seconds a result may be reused; 0: without limit.
    pub ttl_seconds: u64,
}

/// An argument of a command. Texts are copied; those that are not there are null.
#[repr(C)]
pub struct FlyteArgument {
    /// Unique within its command; the long name of options and flags.
    pub id: *const c_char,
    /// One line of help, or null.
    pub help: *const c_char,
    /// One letter, or null.
    pub short_name: *const c_char,
    /// The default of an option, or null.
    pub default_value: *const c_char,
    /// `FLYTE_OPTION`, `FLYTE_FLAG` or `FLYTE_POSITIONAL`.
    pub kind: c_int,
    /// Not 0: it cannot be left out.
    pub required: c_int,
}

/// Runs a command.
pub type FlyteRunCommand = unsafe extern "C" fn(
    plugin: *mut c_void,
    invocation: *const FlyteInvocation<'_>,
    error: *mut FlyteError,
) -> c_int;

/// A command, with its arguments and subcommands. All of it is copied.
#[repr(C)]
pub struct FlyteCommand {
    /// Its name.
    pub name: *const c_char,
    /// One line of help, or null.
    pub about: *const c_char,
    /// Its function; null for a group.
    pub run: Option<FlyteRunCommand>,
    /// Its arguments.
    pub arguments: *const FlyteArgument,
    /// The number of `arguments`.
    pub arguments_length: usize,
    /// Its subcommands.
    pub commands: *const FlyteCommand,
    /// The number of `commands`.
    pub commands_length: usize,
}

/// The functions of a plugin, which it defines as `flyte_plugin_functions_1`. One that is null is not
/// overridden; the hooks that `FLYTE_PLUGIN` names must be those that are not null.
///
/// Each gets what `create` wrote as its first argument. Each returns `FLYTE_OK`, or `FLYTE_FAILED` and writes
/// into `error`. They are called on any thread, also by several at once. No exception may leave them, and no
/// `longjmp`.
#[repr(C)]
pub struct FlyteFunctions {
    /// `sizeof(flyte_functions)`.
    pub size: usize,
    /// Called once, before everything else. Writes what the others get into `plugin`.
    pub create: Option<
        unsafe extern "C" fn(
            host: *const FlyteHost,
            plugin: *mut *mut c_void,
            error: *mut FlyteError,
        ) -> c_int,
    >,
    /// The connection to Flyte.
    pub get_remote: Option<
        unsafe extern "C" fn(
            plugin: *mut c_void,
            request: *const FlyteRemoteRequest,
            next: *const FlyteNext<'_>,
            remote: *mut FlyteRemote,
            error: *mut FlyteError,
        ) -> c_int,
    >,
    /// The command line.
    pub configure_cli: Option<
        unsafe extern "C" fn(plugin: *mut c_void, main: *mut FlyteGroup<'_>, error: *mut FlyteError) -> c_int,
    >,
    /// Whether a secret must name a group: not 0 in `answer`.
    pub secret_requires_group: Option<
        unsafe extern "C" fn(
            plugin: *mut c_void,
            next: *const FlyteNext<'_>,
            answer: *mut c_int,
            error: *mut FlyteError,
        ) -> c_int,
    >,
    /// The image of tasks without one. An unset `image` leaves it to the rest of the chain.
    pub get_default_image: Option<
        unsafe extern "C" fn(
            plugin: *mut c_void,
            next: *const FlyteNext<'_>,
            image: *mut FlyteString,
            error: *mut FlyteError,
        ) -> c_int,
    >,
    /// The page that the browser shows after sign-in, as HTML. `endpoint` comes from a server: escape it.
    pub get_auth_success_html: Option<
        unsafe extern "C" fn(
            plugin: *mut c_void,
            endpoint: *const c_char,
            next: *const FlyteNext<'_>,
            html: *mut FlyteString,
            error: *mut FlyteError,
        ) -> c_int,
    >,
    /// The cache policies of tasks without cache settings.
    pub get_default_cache_policies: Option<
        unsafe extern "C" fn(
            plugin: *mut c_void,
            next: *const FlyteNext<'_>,
            policies: *mut FlytePolicies,
            error: *mut FlyteError,
        ) -> c_int,
    >,
}

impl Default for FlyteSelf {
    fn default() -> Self {
        Self(std::ptr::null_mut())
    }
}
