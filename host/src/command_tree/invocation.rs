//! Runs a command of a plugin, and converts its result.

use abi_stable::{
    erased_types::TD_Opaque,
    sabi_types::RRef,
    std_types::{
        ROption,
        RResult::{self, RErr, ROk},
        RSlice, RStr, RString, RVec,
    },
};
use plugin_abi::{
    PluginError, PluginErrorKind, Remote,
    transport::TransportHandle,
    vtable::{AbiResult, Invocation, Invocation_TO, ProgressBox, RemoteBox, TransportBox},
};

use plugin_host::{
    HandleTable, HookErrors, Identity,
    calls::{self, CallLimit, CallRecord},
};

use super::{Parsed, Tree};
use crate::ui::{
    error::{CommandError, FailedPlugin},
    exit_code::Exit,
    output::Ui,
    stream::Stream,
};

/// The host's services for a running command.
pub(crate) struct Services<'a> {
    /// The output format chosen with `-o`, and the streams.
    pub(crate) ui: &'a Ui,
    /// Resolves the connection from the user's flags, the chain and the configuration.
    pub(crate) remote: &'a dyn Fn() -> Result<Remote, CommandError>,
    /// Opens the transport to it.
    pub(crate) transport: &'a dyn Fn() -> Result<TransportHandle, CommandError>,
}

/// Runs a command of a plugin; see [`Tree::owner`].
///
/// # Errors
///
/// The error that the command returned, with the plugin and the command; a closed output.
pub(crate) fn run_plugin_command(
    tree: &Tree,
    parsed: &Parsed,
    services: &Services<'_>,
) -> Result<Exit, CommandError> {
    let name = parsed.path().join(" ");
    let Some((owner, command)) = tree.runner(parsed.path()) else {
        return Err(CommandError::new(
            Exit::Internal,
            format_args!("internal error: `{name}` is not a command of a plugin"),
        ));
    };
    let run = Run { tree, parsed, services, errors: HandleTable::default() };
    let record = CallRecord::new(owner, &format!("in the command `{name}`"), CallLimit::Unlimited);
    let call = record.enter_watched();
    let ended = command.run(Invocation_TO::from_ptr(RRef::new(&run), TD_Opaque)).into_result();
    drop(call);
    // A closed output ends the program, whatever the plugin does with the error.
    match run.errors.find(|error| error.exit == Exit::PipeClosed) {
        Some(closed) => return Err(closed),
        None => services.ui.streams().flush()?,
    }
    match ended {
        Ok(0) => Ok(Exit::Done),
        Ok(code) => Ok(Exit::Other(code)),
        Err(fault) => {
            let error = PluginError::from_raw(&fault);
            Err(run.errors.get(error.upstream()).unwrap_or_else(|| {
                let help = (error.kind() == PluginErrorKind::Usage && error.hints().is_empty())
                    .then(|| format!("run `flyte-host {name} --help` for its usage"));
                plugin_error(owner, &format!("the command `{name}`"), &error, &tree.errors).hint(help)
            }))
        }
    }
}

/// Converts an error of a plugin's function: a usage error is the user's, everything else names the plugin,
/// or the one whose error it passed on.
pub(crate) fn plugin_error(
    owner: &Identity,
    place: &str,
    error: &PluginError,
    errors: &HookErrors,
) -> CommandError {
    if let Some(passed_on) = errors.passed_on(error) {
        return whole(passed_on.into(), error);
    }
    let exit = match error.wanted_exit_code() {
        // Exit code 0 would hide the failure from scripts.
        Some(code) if code != 0 => Exit::Other(code),
        _ if error.kind() == PluginErrorKind::Usage => Exit::Usage,
        _ => Exit::PluginFailed,
    };
    if error.kind() == PluginErrorKind::Usage {
        let failure = CommandError::new(exit, error.message());
        return failure.with_causes(error.causes()).replace_hints(error.hints().to_vec());
    }
    let is_panic = error.kind() == PluginErrorKind::Panic;
    let (exit, verb) = if is_panic { (Exit::PluginFailed, "panicked") } else { (exit, "failed") };
    CommandError::new(exit, format_args!("{owner} {verb} in {place}"))
        .caused_by_plugin(error)
        .in_plugin(FailedPlugin { identity: owner.clone(), hook: None })
        .replace_hints(error.hints().to_vec())
        .hint(is_panic.then(|| owner.report_hint()))
}

/// An error that a plugin passed on, as the plugin's client says it: with what it was doing.
fn whole(passed_on: CommandError, error: &PluginError) -> CommandError {
    if !error.causes().contains(&passed_on.message()) {
        return passed_on;
    }
    let mut whole = passed_on.context(error.message());
    if let Some(code) = error.wanted_exit_code().filter(|code| *code != 0) {
        whole.exit = Exit::Other(code);
    }
    whole
}

/// One run of a command.
struct Run<'a> {
    tree: &'a Tree,
    parsed: &'a Parsed,
    services: &'a Services<'a>,
    /// The host's own errors that the plugin received; one that it passes back is printed as it was.
    errors: HandleTable<CommandError>,
}

impl Run<'_> {
    /// Keeps an error of the host's, and converts it for the plugin.
    fn to_plugin(&self, error: CommandError) -> PluginError {
        let seen = PluginError::new(error.message()).with_causes(error.causes());
        let seen = error.hints().iter().fold(seen, PluginError::hint);
        seen.with_upstream(self.errors.insert(error))
    }
}

impl Invocation for Run<'_> {
    fn path(&self) -> RVec<RString> {
        self.parsed.path().iter().map(|name| RString::from(name.as_str())).collect()
    }

    fn values(&self, argument: RStr<'_>) -> ROption<RVec<RString>> {
        let values = self.tree.values(self.parsed, argument.as_str());
        values.map(|values| values.into_iter().map(RString::from).collect()).into()
    }

    fn given(&self, argument: RStr<'_>) -> bool {
        self.tree.is_given(self.parsed, argument.as_str())
    }

    fn arguments(&self, from: u32) -> RVec<RString> {
        let from = usize::try_from(from).unwrap_or(usize::MAX);
        self.tree.arguments(self.parsed, from).into_iter().map(RString::from).collect()
    }

    fn output_format(&self) -> RString {
        self.services.ui.format().name().into()
    }

    fn write(&self, stream: u32, bytes: RSlice<'_, u8>) -> AbiResult<()> {
        let _host = calls::host_code();
        let Some(stream) = stream_of(stream) else {
            return RErr(PluginError::new("unknown stream: expected 1 (stdout) or 2 (stderr)").into_raw());
        };
        let streams = self.services.ui.streams();
        let written = match stream {
            // The bytes may be binary; the plugin itself checks whether the stream wants colour.
            Stream::Out => streams.write_raw(stream, bytes.as_slice()),
            Stream::Err => streams.flush().and_then(|()| streams.write(stream, bytes.as_slice())),
        };
        match written {
            Ok(()) => ROk(()),
            Err(failure) => RErr(self.to_plugin(failure.into()).into_raw()),
        }
    }

    fn is_terminal(&self, stream: u32) -> bool {
        stream_of(stream).is_some_and(|stream| self.services.ui.streams().is_terminal(stream))
    }

    fn color(&self, stream: u32) -> bool {
        stream_of(stream).is_some_and(|stream| self.services.ui.streams().color(stream))
    }

    fn progress(&self, message: RStr<'_>, total: u64) -> ProgressBox {
        self.services.ui.progress_for_plugin(message.as_str(), total)
    }

    fn remote(&self) -> AbiResult<RemoteBox> {
        let _host = calls::host_code();
        let remote = (self.services.remote)().map_err(|failure| self.to_plugin(failure).into_raw());
        RResult::from(remote.map(Remote::into_raw))
    }

    fn transport(&self) -> AbiResult<TransportBox> {
        let _host = calls::host_code();
        let transport = (self.services.transport)().map_err(|failure| self.to_plugin(failure).into_raw());
        RResult::from(transport.map(TransportHandle::into_raw))
    }

    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}

fn stream_of(number: u32) -> Option<Stream> {
    match number {
        1 => Some(Stream::Out),
        2 => Some(Stream::Err),
        _ => None,
    }
}
