//! The connection to a Flyte backend, as data.

use abi_stable::{
    sabi_types::RRef,
    std_types::{RBox, ROption, RStr, RString, RVec, Tuple2},
};

use super::TransportLayerBox;

interface! {
    /// The arguments of flytekit's `get_remote`.
    pub trait RemoteRequest: [Send + Sync] {
        /// Path of the configuration file that the user named.
        fn config(&self) -> ROption<RString>;
        fn project(&self) -> RString;
        fn domain(&self) -> RString;
        #[sabi(last_prefix_field)]
        fn data_upload_location(&self) -> ROption<RString>;
    }
    next {
        fn revision(&self) -> u32 { 0 }
    }
}

/// A request that is borrowed for one call.
pub type RemoteRequestRef<'a> = RemoteRequest_TO<'a, RRef<'a, ()>>;

interface! {
    /// How to reach a Flyte backend. `RNone`, and for lists an empty one, means "not set".
    pub trait Remote: [Send + Sync] {
        fn endpoint(&self) -> ROption<RString>;
        fn insecure(&self) -> ROption<bool>;
        fn insecure_skip_verify(&self) -> ROption<bool>;
        fn ca_cert_file_path(&self) -> ROption<RString>;
        fn console_endpoint(&self) -> ROption<RString>;
        fn http_proxy_url(&self) -> ROption<RString>;
        fn auth_mode(&self) -> ROption<RString>;
        fn client_id(&self) -> ROption<RString>;
        /// From a plugin to the host only: the host never fills it in.
        fn client_secret(&self) -> ROption<RString>;
        fn scopes(&self) -> RVec<RString>;
        fn audience(&self) -> ROption<RString>;
        fn command(&self) -> RVec<RString>;
        fn proxy_command(&self) -> RVec<RString>;
        /// Metadata of every call, in order; values can be secret.
        fn headers(&self) -> RVec<Tuple2<RString, RString>>;
        fn default_project(&self) -> ROption<RString>;
        fn default_domain(&self) -> ROption<RString>;
        fn data_upload_location(&self) -> ROption<RString>;
        /// From a plugin to the host only: what carries the calls, or is put around what does.
        fn transport(&self) -> ROption<TransportLayerBox>;
        /// The origin of a field's value, as text; the field is the name of its method here.
        fn origin_of(&self, field: RStr<'_>) -> ROption<RString>;
        /// The number that the host gave to the remote from which this one was made; 0 for none.
        /// The host takes from it what does not cross, such as the client secret.
        #[sabi(last_prefix_field)]
        fn base(&self) -> u64;
    }
    next {
        fn revision(&self) -> u32 { 0 }
    }
}

/// A remote that its receiver owns.
pub type RemoteBox = Remote_TO<'static, RBox<()>>;
