//! The interfaces of the ABI between processes: of one definition each, the message, the stand-in on the receiving side,
//! and the calls of the original.
//!
//! `values` are methods that only read: they are called when the object is sent. `calls` are sent to the process that
//! has the object. A test compares the definitions with the ABI, so that no method is left out.

use std::sync::Arc;

use abi_stable::{
    erased_types::TD_Opaque,
    sabi_types::RRef,
    std_types::{RArc, ROption, RResult, RSlice, RStr, RString, RVec, Tuple2},
};
use plugin_abi::{
    PluginError, Remote as RemoteValue,
    vtable::{self, *},
};
use serde::{Deserialize, Serialize};

use super::{
    carry::{Argument, Bytes, Carry, Owned, Text},
    message::{Malformed, decode, encode},
    object::{ObjectRef, Returned, Source},
    peer::{Lent, Nothing, Peer, Served},
};

/// A shared stand-in for an object of the other process.
pub(super) struct Shared<T>(pub(super) Arc<T>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Defines the message and the stand-in of an interface, by what its objects are to the other process:
///
/// * `sent`: a value, without calls;
/// * `given`: kept for it, with values and calls;
/// * `lent`: for the time of one call, without values.
macro_rules! interface {
    (
        sent $interface:ident: $stand_in:ident, $wire:ident $(= $boxed:ty, $make:expr)?;
        values { $($(#[$meta:meta])* $value:ident: $type:ty,)* }
        $(derived { $derived:ident: $derived_type:ty = $derive:path; $($underived:tt)* })?
    ) => {
        /// What is sent for an object.
        #[derive(Serialize, Deserialize)]
        pub(super) struct $wire {
            $($(#[$meta])* $value: <$type as Carry>::Wire,)*
            $($derived: <$derived_type as Carry>::Wire,)?
        }

        /// What stands for an object on the other side.
        pub(super) struct $stand_in {
            $($(#[$meta])* $value: <$type as Carry>::Held,)*
            $($derived: <$derived_type as Carry>::Held,)?
        }

        impl $wire {
            #[cfg(test)]
            const METHODS: Methods =
                (stringify!($interface), &[$($(#[$meta])* stringify!($value),)* $(stringify!($derived))?]);

            fn read<T: vtable::$interface>(target: &T, peer: &Arc<Peer>) -> Self {
                Self {
                    $($(#[$meta])* $value: target.$value().export(peer),)*
                    $($derived: $derive(target).export(peer),)?
                }
            }

            fn stand_in(self, peer: &Arc<Peer>) -> Shared<$stand_in> {
                Shared(Arc::new($stand_in {
                    $($(#[$meta])* $value: <$type as Carry>::hold(self.$value, peer),)*
                    $($derived: <$derived_type as Carry>::hold(self.$derived, peer),)?
                }))
            }
        }

        impl vtable::$interface for Shared<$stand_in> {
            values! { $($(#[$meta])* $value: $type,)* }
            $($($underived)*)?
        }

        $(
            impl Carry for $boxed {
                type Wire = $wire;
                type Held = Shared<$stand_in>;

                fn export(self, peer: &Arc<Peer>) -> $wire {
                    $wire::read(&self, peer)
                }
                fn hold(wire: $wire, peer: &Arc<Peer>) -> Self::Held {
                    wire.stand_in(peer)
                }
                fn make(held: Self::Held) -> Self {
                    $make(held)
                }
            }
        )?
    };
    (
        given $interface:ident: $stand_in:ident, $wire:ident = $boxed:ty, $make:expr;
        values { $($(#[$meta:meta])* $value:ident: $type:ty,)* }
        calls { $($calls:tt)* }
    ) => {
        /// What is sent for an object.
        #[derive(Serialize, Deserialize)]
        pub(super) struct $wire {
            $($(#[$meta])* $value: <$type as Carry>::Wire,)*
            /// Its number in its process; 0 without calls.
            object: u64,
        }

        /// What stands for an object on the other side.
        pub(super) struct $stand_in {
            $($(#[$meta])* $value: <$type as Carry>::Held,)*
            source: Source,
        }

        impl $wire {
            #[cfg(test)]
            const METHODS: Methods = (stringify!($interface), &[$($(#[$meta])* stringify!($value),)*]);

            fn read<T: vtable::$interface>(target: &T, object: u64, peer: &Arc<Peer>) -> Self {
                let _ = (target, peer);
                Self { $($(#[$meta])* $value: target.$value().export(peer),)* object }
            }

            fn stand_in(self, peer: &Arc<Peer>) -> Shared<$stand_in> {
                Shared(Arc::new($stand_in {
                    $($(#[$meta])* $value: <$type as Carry>::hold(self.$value, peer),)*
                    source: Source::object(self.object, peer),
                }))
            }
        }

        impl vtable::$interface for Shared<$stand_in> {
            values! { $($(#[$meta])* $value: $type,)* }
            calls! { $($calls)* }
        }

        impl $stand_in {
            dispatch! { $interface: $($calls)* }
        }

        impl Served for $boxed {
            fn dispatch(&self, method: &str, input: &[u8], peer: &Arc<Peer>) -> Result<Vec<u8>, Malformed> {
                $stand_in::dispatch(self, method, input, peer)
            }
        }

        impl Carry for $boxed {
            type Wire = $wire;
            type Held = Shared<$stand_in>;

            fn export(self, peer: &Arc<Peer>) -> $wire {
                let kept = Arc::new(self);
                let number = peer.keep(Arc::clone(&kept) as Arc<dyn Served>);
                $wire::read(&*kept, number, peer)
            }
            fn hold(wire: $wire, peer: &Arc<Peer>) -> Self::Held {
                wire.stand_in(peer)
            }
            fn make(held: Self::Held) -> Self {
                $make(held)
            }
        }
    };
    (lent $interface:ident: $stand_in:ident; calls { $($calls:tt)* }) => {
        /// What stands for an object that is lent for one call.
        pub(super) struct $stand_in {
            source: Source,
        }

        impl $stand_in {
            /// The stand-in of an object that the other process lends under a number.
            fn lent(number: u64, peer: &Arc<Peer>) -> Shared<Self> {
                Shared(Arc::new(Self { source: Source::Object(ObjectRef::lent(number, peer)) }))
            }

            dispatch! { $interface: $($calls)* }
        }

        impl vtable::$interface for Shared<$stand_in> {
            calls! { $($calls)* }
        }
    };
}

/// The methods of a stand-in that only read.
macro_rules! values {
    ($($(#[$meta:meta])* $value:ident: $type:ty,)*) => {
        $($(#[$meta])* fn $value(&self) -> $type {
            <$type as Carry>::make(self.0.$value.clone())
        })*
    };
}

/// The methods of a stand-in that call the original.
macro_rules! calls {
    ($($(#[$meta:meta])* $call:ident(
        $($argument:ident: $kind:ty),* $(; $lent:ident: $lent_abi:ident $lent_stand_in:ident $lent_object:ident)?
    ) -> $returned:ty;)*) => {
        $($(#[$meta])* fn $call(
            &self,
            $($argument: <$kind as Argument>::Abi<'_>,)*
            $($lent: $lent_abi<'_>,)?
        ) -> $returned {
            let object = match self.0.source.get() {
                Ok(object) => object,
                Err(error) => return <$returned as Returned>::lost(error),
            };
            let arguments = ($(<$kind as Argument>::export($argument, object.peer()),)*);
            let lent = lent!(object $(, $lent_abi $lent)?);
            object.call(stringify!($call), &arguments, &lent)
        })*
    };
}

/// What a call lends.
macro_rules! lent {
    ($object:ident) => {
        Nothing
    };
    ($object:ident, $abi:ident $lent:ident) => {
        Borrowed::$abi($object.peer().new_number(), $lent)
    };
}

/// Calls a method of an object of this process by its name.
macro_rules! dispatch {
    ($interface:ident: $($(#[$meta:meta])* $call:ident(
        $($argument:ident: $kind:ty),* $(; $lent:ident: $lent_abi:ident $lent_stand_in:ident $lent_object:ident)?
    ) -> $returned:ty;)*) => {
        #[cfg(test)]
        const CALLS: Methods = (stringify!($interface), &[$($(#[$meta])* stringify!($call),)*]);

        fn dispatch<T: vtable::$interface>(
            target: &T,
            method: &str,
            input: &[u8],
            peer: &Arc<Peer>,
        ) -> Result<Vec<u8>, Malformed> {
            match method {
                $($(#[$meta])* stringify!($call) => {
                    let (lent, ($($argument,)*)): (u64, ($(<$kind as Argument>::Wire,)*)) = decode(input)?;
                    $(let mut $argument = <$kind as Argument>::hold($argument, peer);)*
                    $(let $lent = $lent_stand_in::lent(lent, peer);)?
                    let _ = lent;
                    let returned = target.$call(
                        $(<$kind as Argument>::lend(&mut $argument),)*
                        $($lent_object::from_ptr(RRef::new(&$lent), TD_Opaque),)?
                    );
                    encode(&<$returned as Carry>::export(returned, peer))
                })*
                _ => Err(Malformed::new(format_args!(
                    "`{}` has no method `{}`",
                    stringify!($interface),
                    method.escape_debug()
                ))),
            }
        }
    };
}

/// An interface and its methods.
#[cfg(test)]
type Methods = (&'static str, &'static [&'static str]);

/// An object of which a method borrows only the values.
macro_rules! borrowed {
    ($marker:ident: $abi:ident, $object:ident, $stand_in:ident, $wire:ident $(, $no_object:literal)?) => {
        /// A borrowed object of which only the values are sent.
        pub(super) struct $marker;

        impl Argument for $marker {
            type Abi<'a> = $abi<'a>;
            type Wire = $wire;
            type Held = Shared<$stand_in>;

            fn export(abi: $abi<'_>, peer: &Arc<Peer>) -> $wire {
                $wire::read(&abi, $($no_object,)? peer)
            }
            fn hold(wire: $wire, peer: &Arc<Peer>) -> Self::Held {
                wire.stand_in(peer)
            }
            fn lend(held: &mut Self::Held) -> $abi<'_> {
                $object::from_ptr(RRef::new(&*held), TD_Opaque)
            }
        }
    };
}

interface! {
    given HostServices: HostStandIn, HostWire = HostArc, |held| HostServices_TO::from_ptr(RArc::new(held), TD_Opaque);
    values { name: RString, version: RString, protocol: RString, config: RString, #[cfg(next_protocol)] revision: u32, }
    calls {
        log_enabled(level: Owned<u32>) -> bool;
        log(level: Owned<u32>, message: Text) -> ();
    }
}

interface! {
    sent Fault: FaultStandIn, FaultWire;
    values {
        kind: u32,
        message: RString,
        causes: RVec<RString>,
        hints: RVec<RString>,
        exit_code: ROption<u8>,
        location: ROption<RString>,
        upstream: u64,
        #[cfg(next_protocol)]
        revision: u32,
    }
}

impl Carry for FaultBox {
    type Wire = FaultWire;
    type Held = Shared<FaultStandIn>;

    fn export(self, peer: &Arc<Peer>) -> FaultWire {
        FaultWire::read(&self, peer)
    }
    fn hold(mut wire: FaultWire, peer: &Arc<Peer>) -> Self::Held {
        if wire.upstream == 0 && wire.is_refusal() {
            wire.hints.0.extend(peer.refusal_hint().map(RString::from));
        }
        wire.stand_in(peer)
    }
    fn make(held: Self::Held) -> Self {
        Fault_TO::from_value(held, TD_Opaque)
    }
}

impl FaultWire {
    /// Whether the system refused something, by the text of its errors.
    fn is_refusal(&self) -> bool {
        let mut texts = std::iter::once(&self.message).chain(&self.causes.0);
        texts.any(|text| text.ends_with("(os error 1)") || text.ends_with("(os error 13)"))
    }
}

interface! {
    lent Context: ContextStandIn;
    calls {
        next_get_remote(request: RemoteRequestArgument) -> AbiResult<RemoteBox>;
        next_secret_requires_group() -> AbiResult<bool>;
        next_get_default_image() -> AbiResult<ROption<RString>>;
        next_get_auth_success_html(endpoint: Text) -> AbiResult<ROption<RString>>;
        next_get_default_cache_policies() -> AbiResult<RVec<CachePolicyBox>>;
        #[cfg(next_protocol)]
        next_get_greeting() -> AbiResult<RString>;
    }
}

interface! {
    given Hooks: HooksStandIn, HooksWire = HooksBox, |held| Hooks_TO::from_value(held, TD_Opaque);
    values {}
    calls {
        get_remote(request: RemoteRequestArgument; context: ContextRef ContextStandIn Context_TO) -> AbiResult<RemoteBox>;
        configure_cli(main: CommandArgument) -> AbiResult<RVec<EditBox>>;
        secret_requires_group(; context: ContextRef ContextStandIn Context_TO) -> AbiResult<bool>;
        get_default_image(; context: ContextRef ContextStandIn Context_TO) -> AbiResult<ROption<RString>>;
        get_auth_success_html(endpoint: Text; context: ContextRef ContextStandIn Context_TO) -> AbiResult<ROption<RString>>;
        get_default_cache_policies(; context: ContextRef ContextStandIn Context_TO) -> AbiResult<RVec<CachePolicyBox>>;
        #[cfg(next_protocol)]
        get_greeting(; context: ContextRef ContextStandIn Context_TO) -> AbiResult<RString>;
    }
}

impl HooksWire {
    /// The number of the hooks in their process.
    pub(super) fn number(&self) -> u64 {
        self.object
    }
}

impl HooksStandIn {
    /// The hooks of a plugin whose process may be started again.
    pub(super) fn hooks(source: Source) -> HooksBox {
        Hooks_TO::from_value(Shared(Arc::new(Self { source })), TD_Opaque)
    }
}

interface! {
    sent RemoteRequest: RemoteRequestStandIn, RemoteRequestWire;
    values {
        config: ROption<RString>,
        project: RString,
        domain: RString,
        data_upload_location: ROption<RString>,
        #[cfg(next_protocol)]
        revision: u32,
    }
}
borrowed!(RemoteRequestArgument: RemoteRequestRef, RemoteRequest_TO, RemoteRequestStandIn, RemoteRequestWire);

interface! {
    sent Remote: RemoteStandIn, RemoteWire = RemoteBox, |held| Remote_TO::from_value(held, TD_Opaque);
    values {
        endpoint: ROption<RString>,
        insecure: ROption<bool>,
        insecure_skip_verify: ROption<bool>,
        ca_cert_file_path: ROption<RString>,
        console_endpoint: ROption<RString>,
        http_proxy_url: ROption<RString>,
        auth_mode: ROption<RString>,
        client_id: ROption<RString>,
        client_secret: ROption<RString>,
        scopes: RVec<RString>,
        audience: ROption<RString>,
        command: RVec<RString>,
        proxy_command: RVec<RString>,
        headers: RVec<Tuple2<RString, RString>>,
        default_project: ROption<RString>,
        default_domain: ROption<RString>,
        data_upload_location: ROption<RString>,
        transport: ROption<TransportLayerBox>,
        base: u64,
        #[cfg(next_protocol)]
        revision: u32,
    }
    derived {
        origin_of: RVec<Tuple2<RString, RString>> = origins;
        fn origin_of(&self, field: RStr<'_>) -> ROption<RString> {
            let found = self.0.origin_of.iter().find(|(name, _)| name.as_str() == field.as_str());
            found.map(|(_, origin)| origin.clone()).into()
        }
    }
}

/// The origins of all fields that this protocol has.
fn origins(remote: &impl vtable::Remote) -> RVec<Tuple2<RString, RString>> {
    let origin =
        |field: &&str| Some(Tuple2((*field).into(), remote.origin_of(RStr::from_str(field)).into_option()?));
    RemoteValue::FIELDS.iter().filter_map(origin).collect()
}

interface! {
    given TransportLayer: LayerStandIn, LayerWire = TransportLayerBox, |held| TransportLayer_TO::from_value(held, TD_Opaque);
    values { wraps: bool, #[cfg(next_protocol)] revision: u32, }
    calls {
        open(behind: Owned<ROption<TransportBox>>) -> AbiResult<TransportBox>;
    }
}

interface! {
    given Transport: TransportStandIn, TransportWire = TransportBox, |held| Transport_TO::from_value(held, TD_Opaque);
    values { #[cfg(next_protocol)] revision: u32, }
    calls {
        call(call: CallArgument) -> RResult<AnswerBox, StatusBox>;
    }
}

interface! {
    sent Status: StatusStandIn, StatusWire = StatusBox, |held| Status_TO::from_value(held, TD_Opaque);
    values {
        code: u32,
        message: RString,
        details: RVec<u8>,
        metadata: RVec<Tuple2<RString, RString>>,
        fault_kind: u32,
        fault: ROption<FaultBox>,
        #[cfg(next_protocol)]
        revision: u32,
    }
}

interface! {
    given CachePolicy: PolicyStandIn, PolicyWire = CachePolicyBox, |held| CachePolicy_TO::from_value(held, TD_Opaque);
    values { name: RString, enable_cache: bool, ttl: ROption<u64>, #[cfg(next_protocol)] revision: u32, }
    calls {
        applies_to(parameters: ParametersArgument) -> AbiResult<bool>;
        get_version(salt: Text, parameters: ParametersArgument) -> AbiResult<RString>;
    }
}

interface! {
    sent VersionParameters: ParametersStandIn, ParametersWire;
    values {
        task_name: RString,
        task_type: RString,
        container_image: ROption<RString>,
        pod_template_name: ROption<RString>,
        pod_template: ROption<RString>,
        command: RVec<RString>,
        arguments: RVec<RString>,
        #[cfg(next_protocol)]
        revision: u32,
    }
}
borrowed!(ParametersArgument: VersionParametersRef, VersionParameters_TO, ParametersStandIn, ParametersWire);

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
    lent Invocation: InvocationStandIn;
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

/// What is lent for one call, with its number.
enum Borrowed<'a> {
    ContextRef(u64, ContextRef<'a>),
    InvocationRef(u64, InvocationRef<'a>),
}

impl Lent for Borrowed<'_> {
    fn number(&self) -> u64 {
        match self {
            Self::ContextRef(number, _) | Self::InvocationRef(number, _) => *number,
        }
    }

    fn dispatch(&self, method: &str, input: &[u8], peer: &Arc<Peer>) -> Result<Vec<u8>, Malformed> {
        match self {
            Self::ContextRef(_, context) => ContextStandIn::dispatch(context, method, input, peer),
            Self::InvocationRef(_, invocation) => {
                InvocationStandIn::dispatch(invocation, method, input, peer)
            }
        }
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

/// The message of a call of a transport: its texts are borrowed by those who read it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct CallWire {
    path: RString,
    metadata: Vec<(RString, RString)>,
    message: serde_bytes::ByteBuf,
    timeout: u64,
    #[cfg(next_protocol)]
    revision: u32,
}

fn pairs(metadata: RVec<Tuple2<RString, RString>>) -> Vec<(RString, RString)> {
    metadata.into_iter().map(|Tuple2(key, value)| (key, value)).collect()
}

fn metadata(pairs: &[(RString, RString)]) -> RVec<Tuple2<RString, RString>> {
    pairs.iter().cloned().map(|(key, value)| Tuple2(key, value)).collect()
}

impl vtable::Call for CallWire {
    fn path(&self) -> RStr<'_> {
        self.path.as_rstr()
    }
    fn metadata(&self) -> RVec<Tuple2<RString, RString>> {
        metadata(&self.metadata)
    }
    fn message(&self) -> RSlice<'_, u8> {
        RSlice::from_slice(&self.message)
    }
    fn timeout(&self) -> u64 {
        self.timeout
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        self.revision
    }
}

/// A call of a transport.
pub(super) struct CallArgument;

impl Argument for CallArgument {
    type Abi<'a> = CallRef<'a>;
    type Wire = CallWire;
    type Held = CallWire;

    fn export(call: CallRef<'_>, _: &Arc<Peer>) -> CallWire {
        CallWire {
            path: call.path().into(),
            metadata: pairs(call.metadata()),
            message: serde_bytes::ByteBuf::from(call.message().to_vec()),
            timeout: call.timeout(),
            #[cfg(next_protocol)]
            revision: call.revision(),
        }
    }
    fn hold(wire: CallWire, _: &Arc<Peer>) -> CallWire {
        wire
    }
    fn lend(held: &mut CallWire) -> CallRef<'_> {
        Call_TO::from_ptr(RRef::new(&*held), TD_Opaque)
    }
}

/// The message of an answer of a transport.
#[derive(Serialize, Deserialize)]
pub(super) struct AnswerWire {
    metadata: Vec<(RString, RString)>,
    message: serde_bytes::ByteBuf,
    #[cfg(next_protocol)]
    revision: u32,
}

impl vtable::Answer for Shared<AnswerWire> {
    fn metadata(&self) -> RVec<Tuple2<RString, RString>> {
        metadata(&self.0.metadata)
    }
    fn message(&self) -> RSlice<'_, u8> {
        RSlice::from_slice(&self.0.message)
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        self.0.revision
    }
}

impl Carry for AnswerBox {
    type Wire = AnswerWire;
    type Held = Shared<AnswerWire>;

    fn export(self, _: &Arc<Peer>) -> AnswerWire {
        AnswerWire {
            metadata: pairs(self.metadata()),
            message: serde_bytes::ByteBuf::from(self.message().to_vec()),
            #[cfg(next_protocol)]
            revision: self.revision(),
        }
    }
    fn hold(wire: AnswerWire, _: &Arc<Peer>) -> Self::Held {
        Shared(Arc::new(wire))
    }
    fn make(held: Self::Held) -> Self {
        Answer_TO::from_value(held, TD_Opaque)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every interface of the protocol with its methods, as its committed shape has them.
    fn protocol() -> Vec<(String, Vec<String>)> {
        let text = include_str!("../../../plugin-abi/protocol-1.txt");
        let mut interfaces = Vec::new();
        for block in text.split("\n\n") {
            let mut lines =
                block.lines().filter_map(|line| line.split_once(' ')).map(|(_, rest)| rest.trim());
            let title = lines.next().and_then(|line| line.strip_prefix("interface "));
            let Some((name, _)) = title.and_then(|title| title.split_once(" of plugin-abi")) else {
                continue;
            };
            let methods = lines.filter_map(|line| Some(line.split_once('(')?.0.to_owned())).collect();
            interfaces.push((name.to_owned(), methods));
        }
        interfaces.retain(|(name, _)| name != "PluginModule");
        interfaces
    }

    #[test]
    fn every_method_of_the_protocol_is_carried() {
        let carried: [Methods; 31] = [
            HostWire::METHODS,
            HostStandIn::CALLS,
            FaultWire::METHODS,
            ContextStandIn::CALLS,
            HooksWire::METHODS,
            HooksStandIn::CALLS,
            RemoteRequestWire::METHODS,
            RemoteWire::METHODS,
            LayerWire::METHODS,
            LayerStandIn::CALLS,
            TransportWire::METHODS,
            TransportStandIn::CALLS,
            StatusWire::METHODS,
            PolicyWire::METHODS,
            PolicyStandIn::CALLS,
            ParametersWire::METHODS,
            ArgWire::METHODS,
            CommandWire::METHODS,
            CommandStandIn::CALLS,
            CallbackWire::METHODS,
            CallbackStandIn::CALLS,
            LazyDefaultWire::METHODS,
            LazyDefaultStandIn::CALLS,
            EditWire::METHODS,
            InvocationStandIn::CALLS,
            ProgressWire::METHODS,
            ProgressStandIn::CALLS,
            ("Call", &["path", "metadata", "message"]),
            ("Call", &["timeout"]),
            ("Answer", &["metadata"]),
            ("Answer", &["message"]),
        ];
        let protocol = protocol();
        assert_eq!(protocol.len(), 20, "a new interface has to be carried");
        for (interface, methods) in protocol {
            for method in methods {
                let is_carried = carried
                    .iter()
                    .any(|(name, known)| *name == interface && known.contains(&method.as_str()));
                assert!(is_carried, "`{interface}::{method}` is not carried");
            }
        }
    }
}
