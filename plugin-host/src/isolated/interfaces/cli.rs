//! Commands, arguments, and the run of a command.

use std::sync::Arc;

use abi_stable::{
    erased_types::TD_Opaque,
    sabi_types::RRef,
    std_types::{ROption, RStr, RString, RVec},
};
use plugin_abi::{
    PluginError,
    vtable::{self, *},
};
use serde::{Deserialize, Serialize};

#[cfg(test)]
use crate::isolated::object::Methods;
use crate::isolated::{
    carry::{Argument, Bytes, Carry, Owned, Text},
    message::{Malformed, decode, encode},
    object::{LentObject, ObjectRef, Returned, Shared, Source},
    peer::{Lent, Nothing, Peer, Served},
};

interface! {
    sent Arg: ArgStandIn, ArgWire = ArgBox, |held| Arg_TO::from_value(held, TD_Opaque);
    values {
        id: RString,
        kind: u32,
        long: ROption<RString>,
        short: ROption<RString>,
        aliases: RVec<RString>,
        help: ROption<RString>,
        long_help: ROption<RString>,
        value_name: ROption<RString>,
        required: bool,
        multiple: bool,
        hidden: bool,
        global: bool,
        default_values: RVec<RString>,
        possible_values: RVec<RString>,
        env: ROption<RString>,
        conflicts_with: RVec<RString>,
        callback: ROption<CallbackBox>,
        #[cfg(next_protocol)]
        revision: u32,
    }
}

interface! {
    given Command: CommandStandIn, CommandWire = CommandBox, |held| Command_TO::from_value(held, TD_Opaque);
    values {
        name: RString,
        aliases: RVec<RString>,
        about: ROption<RString>,
        long_about: ROption<RString>,
        after_help: ROption<RString>,
        hidden: bool,
        args: RVec<ArgBox>,
        commands: RVec<CommandBox>,
        runs: bool,
        #[cfg(next_protocol)]
        revision: u32,
    }
    calls {
        run(; invocation: InvocationRef InvocationStandIn Invocation_TO) -> AbiResult<u8>;
    }
}
borrowed!(CommandArgument: CommandRef, Command_TO, CommandStandIn, CommandWire, 0);

interface! {
    given Callback: CallbackStandIn, CallbackWire = CallbackBox, |held| Callback_TO::from_value(held, TD_Opaque);
    values { #[cfg(next_protocol)] revision: u32, }
    calls {
        call(values: Owned<RVec<RString>>, given: Owned<bool>) -> AbiResult<ROption<RVec<RString>>>;
    }
}

interface! {
    given LazyDefault: LazyDefaultStandIn, LazyDefaultWire = LazyDefaultBox, |held| LazyDefault_TO::from_value(held, TD_Opaque);
    values { #[cfg(next_protocol)] revision: u32, }
    calls {
        values(previous: Owned<RVec<RString>>) -> AbiResult<RVec<RString>>;
    }
}

interface! {
    sent Edit: EditStandIn, EditWire = EditBox, |held| Edit_TO::from_value(held, TD_Opaque);
    values {
        kind: u32,
        path: RVec<RString>,
        argument: ROption<RString>,
        new_command: ROption<CommandBox>,
        new_argument: ROption<ArgBox>,
        default_values: RVec<RString>,
        lazy_default: ROption<LazyDefaultBox>,
        callback: ROption<CallbackBox>,
        #[cfg(next_protocol)]
        revision: u32,
    }
}

interface! {
    lent Invocation: InvocationStandIn = InvocationRef;
    calls {
        path() -> RVec<RString>;
        values(argument: Text) -> ROption<RVec<RString>>;
        given(argument: Text) -> bool;
        arguments(from: Owned<u32>) -> RVec<RString>;
        output_format() -> RString;
        write(stream: Owned<u32>, bytes: Bytes) -> AbiResult<()>;
        is_terminal(stream: Owned<u32>) -> bool;
        color(stream: Owned<u32>) -> bool;
        progress(message: Text, total: Owned<u64>) -> ProgressBox;
        remote() -> AbiResult<RemoteBox>;
        transport() -> AbiResult<TransportBox>;
        #[cfg(next_protocol)]
        revision() -> u32;
    }
}

interface! {
    given Progress: ProgressStandIn, ProgressWire = ProgressBox, |held| Progress_TO::from_value(held, TD_Opaque);
    values { #[cfg(next_protocol)] revision: u32, }
    calls {
        set_position(position: Owned<u64>) -> ();
        set_message(message: Text) -> ();
    }
}

impl Returned for ProgressBox {
    fn lost(_: PluginError) -> Self {
        Progress_TO::from_value(NoProgress, TD_Opaque)
    }
}

/// A progress line that cannot be shown.
struct NoProgress;

impl vtable::Progress for NoProgress {
    fn set_position(&self, _: u64) {}
    fn set_message(&self, _: RStr<'_>) {}
}
