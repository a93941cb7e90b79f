//! Runs a command of a plugin: what it gets, and how its end is told.

use std::cell::RefCell;

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
    Kind, PluginError, Remote,
    transport::HostTransport,
    vtable::{Invocation, Invocation_TO, Outcome, ProgressBox, RemoteBox, TransportBox},
};

use plugin_host::Identity;

use super::{Parsed, Tree};
use crate::ui::{error::CommandError, exit_code::Exit, output::Format, progress, stream::Stream};

/// What the host does for a running command.
pub(crate) struct Services<'a> {
    /// What `-o` chose.
    pub(crate) format: Format,
    /// Finds the connection, from the user's flags, the chain and the configuration.
    pub(crate) remote: &'a dyn Fn() -> Result<Remote, CommandError>,
    /// Opens the way to it.
    pub(crate) transport: &'a dyn Fn() -> Result<HostTransport, CommandError>,
}

/// Runs a command of a plugin; see [`Tree::owner`].
///
/// # Errors
///
/// What the command returned, told with the plugin and the command; a closed output.
pub(crate) fn run_plugin_command(
    tree: &Tree,
    parsed: &Parsed,
    services: &Services<'_>,
) -> Result<Exit, CommandError> {
    let name = parsed.path().join(" ");
    let Some((owner, command)) = tree.runner(parsed.path()) else {
        return Err(CommandError::new(
            Exit::Internal,
            format_args!("internal error: `{name}` is no command of a plugin"),
        ));
    };
    let run = Run { tree, parsed, services, failures: RefCell::default() };
    let ended = command.run(Invocation_TO::from_ptr(RRef::new(&run), TD_Opaque)).into_result();
    match run.take_closed() {
        Some(closed) => return Err(closed),
        None => Stream::Out.flush()?,
    }
    match ended {
        Ok(0) => Ok(Exit::Done),
        Ok(code) => Ok(Exit::Other(code)),
        Err(fault) => {
            let error = PluginError::from_raw(&fault);
            Err(run.take_upstream(error.upstream()).unwrap_or_else(|| {
                let help = (error.kind() == Kind::Usage && error.hints().is_empty())
                    .then(|| format!("`flyte-host {name} --help` shows how it is used"));
                blame(owner, &format!("the command `{name}`"), &error).hint(help)
            }))
        }
    }
}

/// Tells what a plugin's function returned: a wrong use as the user's, everything else as the plugin's.
pub(crate) fn blame(owner: &Identity, place: &str, error: &PluginError) -> CommandError {
    let exit = match error.wanted_exit_code() {
        // A failure that says that all is well would deceive scripts.
        Some(code) if code != 0 => Exit::Other(code),
        _ if error.kind() == Kind::Usage => Exit::Usage,
        _ => Exit::PluginFailed,
    };
    let said = match error.location() {
        Some(location) => format!("{} ({location})", error.message()),
        None => error.message().to_owned(),
    };
    let mut failure = match error.kind() {
        Kind::Usage => CommandError::new(exit, said),
        Kind::Panic => {
            CommandError::new(Exit::PluginFailed, format_args!("{owner} panicked in {place}")).caused_by(said)
        }
        _ => CommandError::new(exit, format_args!("{owner} failed in {place}")).caused_by(said),
    };
    failure.causes.extend(error.causes().iter().cloned());
    failure.hints.extend(error.hints().iter().cloned());
    if error.kind() == Kind::Panic {
        let whom =
            owner.homepage.as_ref().map_or_else(|| "to its author".to_owned(), |page| format!("at <{page}>"));
        failure.hints.push(format!("report this plugin bug {whom}"));
    }
    failure
}

/// One run of a command.
struct Run<'a> {
    tree: &'a Tree,
    parsed: &'a Parsed,
    services: &'a Services<'a>,
    /// What went wrong on the host's side. The plugin gets the number, counted from 1; when it passes the
    /// error on, the user is told what really happened.
    failures: RefCell<Vec<CommandError>>,
}

impl Run<'_> {
    /// Keeps a failure of the host's, and makes of it what the plugin sees.
    fn lend(&self, failure: CommandError) -> PluginError {
        let mut error = PluginError::new(&failure.message);
        for cause in &failure.causes {
            error = error.caused_by(std::io::Error::other(cause.clone()));
        }
        for hint in &failure.hints {
            error = error.hint(hint);
        }
        let mut failures = self.failures.borrow_mut();
        failures.push(failure);
        error.with_upstream(failures.len() as u64)
    }

    /// A closed output ends the program, whatever the plugin made of it.
    fn take_closed(&self) -> Option<CommandError> {
        let mut failures = self.failures.borrow_mut();
        let closed = failures.iter().position(|failure| failure.exit == Exit::PipeClosed)?;
        Some(failures.swap_remove(closed))
    }

    fn take_upstream(&self, number: u64) -> Option<CommandError> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        let mut failures = self.failures.borrow_mut();
        (index < failures.len()).then(|| failures.swap_remove(index))
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
        self.services.format.name().into()
    }

    fn write(&self, stream: u32, bytes: RSlice<'_, u8>) -> Outcome<()> {
        let Some(stream) = stream_of(stream) else {
            return RErr(PluginError::new("the host has only the streams 1 and 2").into_raw());
        };
        let written = match stream {
            // It may be no text at all; a plugin asks for itself whether colour is wanted.
            Stream::Out => stream.write_raw(bytes.as_slice()),
            Stream::Err => Stream::Out.flush().and_then(|()| stream.write(bytes.as_slice())),
        };
        match written {
            Ok(()) => ROk(()),
            Err(failure) => RErr(self.lend(failure.into()).into_raw()),
        }
    }

    fn is_terminal(&self, stream: u32) -> bool {
        stream_of(stream).is_some_and(Stream::is_terminal)
    }

    fn color(&self, stream: u32) -> bool {
        stream_of(stream).is_some_and(Stream::color)
    }

    fn progress(&self, message: RStr<'_>, total: u64) -> ProgressBox {
        progress::lend(message.as_str(), total)
    }

    fn remote(&self) -> Outcome<RemoteBox> {
        let remote = (self.services.remote)().map_err(|failure| self.lend(failure.into()).into_raw());
        RResult::from(remote.map(Remote::into_raw))
    }

    fn transport(&self) -> Outcome<TransportBox> {
        let transport = (self.services.transport)().map_err(|failure| self.lend(failure.into()).into_raw());
        RResult::from(transport.map(HostTransport::into_raw))
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
