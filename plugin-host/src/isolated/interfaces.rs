//! The interfaces of the ABI between processes: of one definition each, the message, the stand-in on the
//! receiving side, and the calls of the original.
//!
//! `values` are methods that only read: they are called when the object is sent. `calls` are sent to the
//! process that has the object. A test compares the definitions with the ABI, so that no method is left out.

#[macro_use]
mod macros;
mod cli;
mod transport;

use std::sync::Arc;

use abi_stable::{
    erased_types::TD_Opaque,
    sabi_types::RRef,
    std_types::{RArc, ROption, RStr, RString, RVec, Tuple2},
};
use plugin_abi::{
    Remote as RemoteValue,
    vtable::{self, *},
};
use serde::{Deserialize, Serialize};

#[cfg(test)]
use super::object::Methods;
use super::{
    carry::{Argument, Carry, Owned, Text},
    message::{Malformed, decode, encode},
    object::{LentObject, ObjectRef, Returned, Shared, Source},
    peer::{Lent, Nothing, Peer, Served},
};
use cli::CommandArgument;
pub(super) use cli::EditWire;

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
    lent Context: ContextStandIn = ContextRef;
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

#[cfg(test)]
mod tests {
    use super::{cli::*, transport::*, *};

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
