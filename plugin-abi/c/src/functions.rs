//! The functions of the C header, which authors call. `xtask/src/c_header.rs` reads this file.
//!
//! A pointer that may be null is an `Option` of a reference, which has the same ABI. That others are valid,
//! the header asks of its users.

#![expect(unsafe_code, reason = "C calls them by their names, and gives addresses of texts")]
#![expect(unreachable_pub, reason = "they are reached by their symbols")]

use std::{
    ffi::{c_char, c_int},
    slice,
    time::Duration,
};

use plugin_abi::{
    Arg, CachePolicy, Command, LogLevel, PluginError, Remote, RemoteRequest, VersionParameters,
};

use crate::{
    interface::{
        FLYTE_FAILED, FLYTE_FLAG, FLYTE_LOG_DEBUG, FLYTE_LOG_ERROR, FLYTE_LOG_INFO, FLYTE_LOG_WARN, FLYTE_OK,
        FLYTE_OPTION, FLYTE_POSITIONAL, FlyteArgument, FlyteCommand, FlyteComputeVersion, FlyteError,
        FlyteGroup, FlyteHost, FlyteInvocation, FlyteNext, FlytePolicies, FlytePolicy, FlyteRemote,
        FlyteRemoteRequest, FlyteSelf, FlyteString, FlyteTask, LentGroup,
    },
    text::{address, optional, required, to_c},
};

/// Runs a function, and converts its error for C.
fn result(error: Option<&mut FlyteError>, run: impl FnOnce() -> Result<(), PluginError>) -> c_int {
    match run() {
        Ok(()) => FLYTE_OK,
        Err(reason) => {
            if let Some(error) = error {
                error.0 = Some(reason);
            }
            FLYTE_FAILED
        }
    }
}

fn needed<T>(value: Option<T>, what: &str) -> Result<T, PluginError> {
    value.ok_or_else(|| PluginError::new(format_args!("{what} is null")))
}

/// Writes a line into the host's log. `level` is `FLYTE_LOG_ERROR` and so on.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flyte_host_log(host: Option<&FlyteHost>, level: c_int, line: *const c_char) {
    // SAFETY: the header asks for a text.
    let line = unsafe { optional(line) };
    let level = match level {
        FLYTE_LOG_ERROR => LogLevel::Error,
        FLYTE_LOG_WARN => LogLevel::Warn,
        FLYTE_LOG_INFO => LogLevel::Info,
        FLYTE_LOG_DEBUG => LogLevel::Debug,
        _ => LogLevel::Trace,
    };
    if let (Some(FlyteHost(host)), Ok(Some(line))) = (host, line) {
        host.log(level, format_args!("{line}"));
    }
}

/// Reads the settings of the plugin, `[plugin.NAME]` in the host's settings, as JSON; `null` without any.
#[unsafe(no_mangle)]
pub extern "C" fn flyte_host_config(
    host: Option<&FlyteHost>,
    json: Option<&mut FlyteString>,
    error: Option<&mut FlyteError>,
) -> c_int {
    result(error, || {
        let config = needed(host, "host")?.0.config()?;
        set_text(json, &config.to_string())
    })
}

/// Sets why the function fails. Returns `FLYTE_FAILED`, for `return flyte_error_set(error, "…");`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flyte_error_set(error: Option<&mut FlyteError>, message: *const c_char) -> c_int {
    // SAFETY: the header asks for a text.
    let message = unsafe { required(message, "message") };
    result(error, || Err(message.map_or_else(|error| error, PluginError::new)))
}

/// Adds a cause to an error that is set.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flyte_error_cause(error: Option<&mut FlyteError>, cause: *const c_char) {
    // SAFETY: the header asks for a text.
    let cause = unsafe { optional(cause) };
    if let (Some(FlyteError(Some(error))), Ok(Some(cause))) = (error, cause) {
        let causes: Vec<String> = error.causes().iter().cloned().chain([cause]).collect();
        *error = error.clone().with_causes(causes);
    }
}

/// Adds what the user can do to an error that is set; begins with a verb.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flyte_error_hint(error: Option<&mut FlyteError>, hint: *const c_char) {
    // SAFETY: the header asks for a text.
    let hint = unsafe { optional(hint) };
    if let (Some(FlyteError(Some(error))), Ok(Some(hint))) = (error, hint) {
        *error = error.clone().hint(hint);
    }
}

/// Reads the message of an error, such as that of a function of `next`. Unset without an error.
#[unsafe(no_mangle)]
pub extern "C" fn flyte_error_message(
    error: Option<&FlyteError>,
    message: Option<&mut FlyteString>,
) -> c_int {
    let text = error.and_then(|error| error.0.as_ref()).map(|error| error.message().to_owned());
    result(None, || set_optional_text(message, text.as_deref()))
}

/// Writes a text, which is copied; null unsets it. Fails if it is not UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flyte_string_set(string: Option<&mut FlyteString>, text: *const c_char) -> c_int {
    // SAFETY: the header asks for a text.
    let text = unsafe { optional(text) };
    result(None, || set_optional_text(string, text?.as_deref()))
}

/// Reads a text; null if it is unset. Valid until it is written again.
#[unsafe(no_mangle)]
pub extern "C" fn flyte_string_get(string: Option<&FlyteString>) -> *const c_char {
    address(string.and_then(|string| string.0.as_ref()))
}

fn set_text(string: Option<&mut FlyteString>, text: &str) -> Result<(), PluginError> {
    set_optional_text(string, Some(text))
}

fn set_optional_text(string: Option<&mut FlyteString>, text: Option<&str>) -> Result<(), PluginError> {
    needed(string, "the text to write")?.0 = text.map(to_c).transpose()?;
    Ok(())
}

/// Asks the rest of the chain for the connection to Flyte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flyte_next_get_remote(
    next: Option<&FlyteNext<'_>>,
    request: Option<&FlyteRemoteRequest>,
    remote: Option<&mut FlyteRemote>,
    error: Option<&mut FlyteError>,
) -> c_int {
    result(error, || {
        let request = needed(request, "request")?;
        // SAFETY: the header asks for texts.
        let config = unsafe { optional(request.config) }?.map(Into::into);
        // SAFETY: as above.
        let project = unsafe { optional(request.project) }?.unwrap_or_default();
        // SAFETY: as above.
        let domain = unsafe { optional(request.domain) }?.unwrap_or_default();
        // SAFETY: as above.
        let data_upload_location = unsafe { optional(request.data_upload_location) }?;
        let request = RemoteRequest { config, project, domain, data_upload_location };
        needed(remote, "remote")?.0 = needed(next, "next")?.0.get_remote(&request)?;
        Ok(())
    })
}

/// Asks the rest of the chain whether a secret must name a group.
#[unsafe(no_mangle)]
pub extern "C" fn flyte_next_secret_requires_group(
    next: Option<&FlyteNext<'_>>,
    answer: Option<&mut c_int>,
    error: Option<&mut FlyteError>,
) -> c_int {
    result(error, || {
        *needed(answer, "answer")? = needed(next, "next")?.0.secret_requires_group()?.into();
        Ok(())
    })
}

/// Asks the rest of the chain for the image of tasks without one; unset if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn flyte_next_get_default_image(
    next: Option<&FlyteNext<'_>>,
    image: Option<&mut FlyteString>,
    error: Option<&mut FlyteError>,
) -> c_int {
    result(error, || set_optional_text(image, needed(next, "next")?.0.get_default_image()?.as_deref()))
}

/// Asks the rest of the chain for the page after sign-in; unset if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flyte_next_get_auth_success_html(
    next: Option<&FlyteNext<'_>>,
    endpoint: *const c_char,
    html: Option<&mut FlyteString>,
    error: Option<&mut FlyteError>,
) -> c_int {
    // SAFETY: the header asks for a text.
    let endpoint = unsafe { required(endpoint, "endpoint") };
    result(error, || {
        let page = needed(next, "next")?.0.get_auth_success_html(&endpoint?)?;
        set_optional_text(html, page.as_deref())
    })
}

/// Adds the cache policies of the rest of the chain.
#[unsafe(no_mangle)]
pub extern "C" fn flyte_next_get_default_cache_policies(
    next: Option<&FlyteNext<'_>>,
    policies: Option<&mut FlytePolicies>,
    error: Option<&mut FlyteError>,
) -> c_int {
    result(error, || {
        let behind = needed(next, "next")?.0.get_default_cache_policies()?;
        needed(policies, "policies")?.policies.extend(behind);
        Ok(())
    })
}

/// Sets a field of a connection, such as `endpoint`, `insecure` (`true` or `false`), `auth_mode`, `audience`,
/// `default_project`. Lists are made with `flyte_remote_add`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flyte_remote_set(
    remote: Option<&mut FlyteRemote>,
    field: *const c_char,
    value: *const c_char,
    error: Option<&mut FlyteError>,
) -> c_int {
    // SAFETY: the header asks for texts.
    let field = unsafe { required(field, "field") };
    // SAFETY: as above.
    let value = unsafe { required(value, "value") };
    result(error, || set_field(&mut needed(remote, "remote")?.0, &field?, value?))
}

/// Adds a value to a list of a connection: `scopes`, `command` or `proxy_command`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flyte_remote_add(
    remote: Option<&mut FlyteRemote>,
    field: *const c_char,
    value: *const c_char,
    error: Option<&mut FlyteError>,
) -> c_int {
    // SAFETY: the header asks for texts.
    let field = unsafe { required(field, "field") };
    // SAFETY: as above.
    let value = unsafe { required(value, "value") };
    result(error, || {
        let remote = &mut needed(remote, "remote")?.0;
        let field = field?;
        let list = match field.as_str() {
            "scopes" => &mut remote.scopes,
            "command" => &mut remote.command,
            "proxy_command" => &mut remote.proxy_command,
            _ => return Err(unknown_field(&field, "scopes, command, proxy_command")),
        };
        list.push(value?);
        Ok(())
    })
}

/// Adds metadata that is sent with every call. Values are treated as secrets.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flyte_remote_add_header(
    remote: Option<&mut FlyteRemote>,
    name: *const c_char,
    value: *const c_char,
    error: Option<&mut FlyteError>,
) -> c_int {
    // SAFETY: the header asks for texts.
    let name = unsafe { required(name, "name") };
    // SAFETY: as above.
    let value = unsafe { required(value, "value") };
    result(error, || {
        needed(remote, "remote")?.0.headers.push((name?, value?));
        Ok(())
    })
}

/// Says why a field has its value, for `flyte-host config show`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flyte_remote_because(
    remote: Option<&mut FlyteRemote>,
    field: *const c_char,
    reason: *const c_char,
    error: Option<&mut FlyteError>,
) -> c_int {
    // SAFETY: the header asks for texts.
    let field = unsafe { required(field, "field") };
    // SAFETY: as above.
    let reason = unsafe { required(reason, "reason") };
    result(error, || {
        let FlyteRemote(remote) = needed(remote, "remote")?;
        *remote = std::mem::take(remote).because(&field?, reason?);
        Ok(())
    })
}

/// Reads a field of a connection; unset if the field is. Lists cannot be read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flyte_remote_get(
    remote: Option<&FlyteRemote>,
    field: *const c_char,
    value: Option<&mut FlyteString>,
    error: Option<&mut FlyteError>,
) -> c_int {
    // SAFETY: the header asks for a text.
    let field = unsafe { required(field, "field") };
    result(error, || {
        let text = get_field(&needed(remote, "remote")?.0, &field?)?;
        set_optional_text(value, text.as_deref())
    })
}

fn text_field<'a>(remote: &'a mut Remote, field: &str) -> Option<&'a mut Option<String>> {
    Some(match field {
        "endpoint" => &mut remote.endpoint,
        "ca_cert_file_path" => &mut remote.ca_cert_file_path,
        "console_endpoint" => &mut remote.console_endpoint,
        "http_proxy_url" => &mut remote.http_proxy_url,
        "auth_mode" => &mut remote.auth_mode,
        "client_id" => &mut remote.client_id,
        "client_secret" => &mut remote.client_secret,
        "audience" => &mut remote.audience,
        "default_project" => &mut remote.default_project,
        "default_domain" => &mut remote.default_domain,
        "data_upload_location" => &mut remote.data_upload_location,
        _ => return None,
    })
}

fn flag_field<'a>(remote: &'a mut Remote, field: &str) -> Option<&'a mut Option<bool>> {
    match field {
        "insecure" => Some(&mut remote.insecure),
        "insecure_skip_verify" => Some(&mut remote.insecure_skip_verify),
        _ => None,
    }
}

fn set_field(remote: &mut Remote, field: &str, value: String) -> Result<(), PluginError> {
    if let Some(flag) = flag_field(remote, field) {
        *flag = Some(value.parse().map_err(|_| {
            PluginError::new(format_args!("invalid value `{value}` of `{field}`: expected `true` or `false`"))
        })?);
        return Ok(());
    }
    *text_field(remote, field).ok_or_else(|| unknown_field(field, "a field that has one value"))? =
        Some(value);
    Ok(())
}

fn get_field(remote: &Remote, field: &str) -> Result<Option<String>, PluginError> {
    let mut remote = remote.clone();
    if let Some(flag) = flag_field(&mut remote, field) {
        return Ok(flag.map(|flag| flag.to_string()));
    }
    text_field(&mut remote, field).cloned().ok_or_else(|| unknown_field(field, "a field that has one value"))
}

fn unknown_field(field: &str, expected: &str) -> PluginError {
    PluginError::new(format_args!("unknown field `{field}` of a connection: expected {expected}"))
}

/// Adds a cache policy.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flyte_policies_add(
    policies: Option<&mut FlytePolicies>,
    policy: Option<&FlytePolicy>,
    error: Option<&mut FlyteError>,
) -> c_int {
    result(error, || {
        let (policies, policy) = (needed(policies, "policies")?, needed(policy, "policy")?);
        // SAFETY: the header asks for texts.
        let name = unsafe { required(policy.name, "the name of a policy") }?;
        // SAFETY: as above.
        let version = unsafe { optional(policy.version) }?;
        let made = match (version, policy.compute) {
            (Some(version), None) => CachePolicy::fixed(version),
            (None, Some(compute)) => computed(policies.plugin, compute),
            _ => {
                return Err(PluginError::new(format_args!(
                    "policy `{name}` needs either `version` or `compute`"
                )));
            }
        };
        let made = made.name(name);
        policies.policies.push(match policy.ttl_seconds {
            0 => made,
            seconds => made.ttl(Duration::from_secs(seconds)),
        });
        Ok(())
    })
}

fn computed(plugin: FlyteSelf, compute: FlyteComputeVersion) -> CachePolicy {
    CachePolicy::computed(move |salt, parameters| {
        let plugin: FlyteSelf = plugin;
        let task = Task::new(parameters)?;
        let salt = to_c(salt)?;
        let (mut version, mut error) = (FlyteString::default(), FlyteError::default());
        let raw = task.raw();
        // SAFETY: the function is the author's, of this type; all that it gets lives during the call.
        let code = unsafe { compute(plugin.0, salt.as_ptr(), &raw, &mut version, &mut error) };
        check(code, error)?;
        let version = version.0.ok_or_else(|| PluginError::new("the policy computed no version"))?;
        version.into_string().map_err(|_| PluginError::new("a text is not UTF-8"))
    })
}

/// The error of an author's function.
pub(crate) fn check(code: c_int, error: FlyteError) -> Result<(), PluginError> {
    match code {
        FLYTE_OK => Ok(()),
        _ => Err(error.0.unwrap_or_else(|| PluginError::new("failed without a message"))),
    }
}

/// The texts of a task.
struct Task {
    texts: [Option<std::ffi::CString>; 5],
    words: [Vec<std::ffi::CString>; 2],
    addresses: [Vec<*const c_char>; 2],
}

impl Task {
    fn new(parameters: &VersionParameters) -> Result<Self, PluginError> {
        let optional = |text: &Option<String>| text.as_deref().map(to_c).transpose();
        let list = |words: &[String]| words.iter().map(|word| to_c(word)).collect::<Result<Vec<_>, _>>();
        let words = [list(&parameters.command)?, list(&parameters.arguments)?];
        let addresses = [0, 1].map(|index: usize| words[index].iter().map(|word| word.as_ptr()).collect());
        Ok(Self {
            texts: [
                Some(to_c(&parameters.task_name)?),
                Some(to_c(&parameters.task_type)?),
                optional(&parameters.container_image)?,
                optional(&parameters.pod_template_name)?,
                optional(&parameters.pod_template)?,
            ],
            words,
            addresses,
        })
    }

    fn raw(&self) -> FlyteTask {
        let [name, task_type, container_image, pod_template_name, pod_template] =
            self.texts.each_ref().map(|text| address(text.as_ref()));
        FlyteTask {
            name,
            task_type,
            container_image,
            pod_template_name,
            pod_template,
            command: self.addresses[0].as_ptr(),
            command_length: self.words[0].len(),
            arguments: self.addresses[1].as_ptr(),
            arguments_length: self.words[1].len(),
        }
    }
}

/// Adds a command, whose name must be free.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flyte_group_add(
    group: Option<&mut FlyteGroup<'_>>,
    command: Option<&FlyteCommand>,
    error: Option<&mut FlyteError>,
) -> c_int {
    result(error, || {
        let group = needed(group, "group")?;
        // SAFETY: the header asks for a command.
        let command = unsafe { to_command(needed(command, "command")?, group.plugin) }?;
        group.group.get().add(command);
        Ok(())
    })
}

/// Hides a command from help and completion; it still works.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flyte_group_hide(
    group: Option<&mut FlyteGroup<'_>>,
    command: *const c_char,
    error: Option<&mut FlyteError>,
) -> c_int {
    // SAFETY: the header asks for a text.
    let command = unsafe { required(command, "command") };
    result(error, || {
        needed(group, "group")?.group.get().hide(&command?);
        Ok(())
    })
}

/// Sets the default of an option of the group.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flyte_group_set_default(
    group: Option<&mut FlyteGroup<'_>>,
    option: *const c_char,
    value: *const c_char,
    error: Option<&mut FlyteError>,
) -> c_int {
    // SAFETY: the header asks for texts.
    let option = unsafe { required(option, "option") };
    // SAFETY: as above.
    let value = unsafe { required(value, "value") };
    result(error, || {
        needed(group, "group")?.group.get().option(&option?).set_default(value?);
        Ok(())
    })
}

/// A group below a group, by its name; null if the name is null or not UTF-8. Valid during the call of
/// `configure_cli`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flyte_group_find<'a>(
    group: Option<&mut FlyteGroup<'a>>,
    name: *const c_char,
) -> *mut FlyteGroup<'a> {
    // SAFETY: the header asks for a text.
    let name = unsafe { optional(name) };
    let (Some(group), Ok(Some(name))) = (group, name) else { return std::ptr::null_mut() };
    let below = LentGroup::Found(group.group.get().group(&name));
    group.below.push(Box::new(FlyteGroup { group: below, plugin: group.plugin, below: Vec::new() }));
    group.below.last_mut().map_or(std::ptr::null_mut(), |below| &raw mut **below)
}

/// # Safety
///
/// All addresses in the command are null, or those of what their types say.
unsafe fn to_command(raw: &FlyteCommand, plugin: FlyteSelf) -> Result<Command, PluginError> {
    // SAFETY: as for this function.
    let mut command = Command::new(unsafe { required(raw.name, "the name of a command") }?);
    // SAFETY: as for this function.
    if let Some(about) = unsafe { optional(raw.about) }? {
        command = command.about(about);
    }
    // SAFETY: as for this function.
    for argument in unsafe { list(raw.arguments, raw.arguments_length) } {
        // SAFETY: as for this function.
        command = command.arg(unsafe { to_argument(argument) }?);
    }
    // SAFETY: as for this function.
    for below in unsafe { list(raw.commands, raw.commands_length) } {
        // SAFETY: as for this function.
        command = command.command(unsafe { to_command(below, plugin) }?);
    }
    if let Some(run) = raw.run {
        command = command.run(move |invocation| {
            let plugin: FlyteSelf = plugin;
            let mut error = FlyteError::default();
            let invocation = FlyteInvocation(invocation);
            // SAFETY: the function is the author's, of this type; all that it gets lives during the call.
            let code = unsafe { run(plugin.0, &invocation, &mut error) };
            check(code, error)
        });
    }
    Ok(command)
}

/// # Safety
///
/// As for [`to_command`].
unsafe fn to_argument(raw: &FlyteArgument) -> Result<Arg, PluginError> {
    // SAFETY: as for this function.
    let id = unsafe { required(raw.id, "the id of an argument") }?;
    let mut argument = match raw.kind {
        FLYTE_OPTION => Arg::option(id),
        FLYTE_FLAG => Arg::flag(id),
        FLYTE_POSITIONAL => Arg::positional(id),
        kind => return Err(PluginError::new(format_args!("argument `{id}` has the unknown kind {kind}"))),
    };
    // SAFETY: as for this function.
    if let Some(help) = unsafe { optional(raw.help) }? {
        argument = argument.help(help);
    }
    // SAFETY: as for this function.
    if let Some(letter) = unsafe { optional(raw.short_name) }?.and_then(|name| name.chars().next()) {
        argument = argument.short(letter);
    }
    // SAFETY: as for this function.
    if let Some(value) = unsafe { optional(raw.default_value) }? {
        argument = argument.default_value(value);
    }
    Ok(argument.required(raw.required != 0))
}

/// # Safety
///
/// The address is null, or that of `length` values, which stay as they are during the call.
unsafe fn list<'a, T>(first: *const T, length: usize) -> &'a [T] {
    if first.is_null() || length == 0 {
        return &[];
    }
    // SAFETY: it is not null, so it is such an address.
    unsafe { slice::from_raw_parts(first, length) }
}

/// Reads the value of an argument; unset if it has none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flyte_invocation_value(
    invocation: Option<&FlyteInvocation<'_>>,
    argument: *const c_char,
    value: Option<&mut FlyteString>,
    error: Option<&mut FlyteError>,
) -> c_int {
    // SAFETY: the header asks for a text.
    let argument = unsafe { required(argument, "argument") };
    result(error, || {
        let text = needed(invocation, "invocation")?.0.value(&argument?);
        set_optional_text(value, text.as_deref())
    })
}

/// Whether a flag is given: not 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flyte_invocation_flag(
    invocation: Option<&FlyteInvocation<'_>>,
    argument: *const c_char,
) -> c_int {
    // SAFETY: the header asks for a text.
    let argument = unsafe { optional(argument) };
    let (Some(FlyteInvocation(invocation)), Ok(Some(argument))) = (invocation, argument) else { return 0 };
    invocation.flag(&argument).into()
}

/// Writes to the output of the command. Text that C prints itself does not get there.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn flyte_invocation_print(
    invocation: Option<&FlyteInvocation<'_>>,
    text: *const c_char,
    error: Option<&mut FlyteError>,
) -> c_int {
    // SAFETY: the header asks for a text.
    let text = unsafe { required(text, "text") };
    result(error, || needed(invocation, "invocation")?.0.print(format_args!("{}", text?)))
}
