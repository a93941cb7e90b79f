//! `get_remote`: flytekit's `FlyteRemote` as data.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use abi_stable::{
    erased_types::TD_Opaque,
    std_types::{ROption, RStr, RString, RVec, Tuple2},
};

use crate::{
    error::{optional_into_raw, strings_from_raw, strings_into_raw},
    transport::{Layer, Transport, TransportHandle},
    vtable::{self, Remote_TO, RemoteBox, RemoteRequestRef, TransportLayerBox},
};

/// The arguments of `get_remote`, under flytekit's names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteRequest {
    /// The configuration file given with `-c`, if any.
    pub config: Option<PathBuf>,
    /// The project that the user chose, or the default one.
    pub project: String,
    /// The domain that the user chose, or the default one.
    pub domain: String,
    /// Upload location of data, such as `flyte://data`; flytekit's `data_upload_location`.
    pub data_upload_location: Option<String>,
}

impl RemoteRequest {
    /// Converts from the ABI type.
    #[doc(hidden)]
    #[must_use]
    pub fn from_raw(raw: &RemoteRequestRef<'_>) -> Self {
        Self {
            config: raw.config().into_option().map(|path| PathBuf::from(String::from(path))),
            project: raw.project().into(),
            domain: raw.domain().into(),
            data_upload_location: raw.data_upload_location().into_option().map(String::from),
        }
    }
}

impl vtable::RemoteRequest for RemoteRequest {
    fn config(&self) -> ROption<RString> {
        // A path that is not UTF-8 cannot cross as text; the host refuses it on the command line.
        self.config.as_deref().map(|path| RString::from(path.to_string_lossy().as_ref())).into()
    }
    fn project(&self) -> RString {
        self.project.as_str().into()
    }
    fn domain(&self) -> RString {
        self.domain.as_str().into()
    }
    fn data_upload_location(&self) -> ROption<RString> {
        optional_into_raw(self.data_upload_location.as_deref())
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}

/// A field of [`Remote`], for [`Remote::because`] and for provenance.
///
/// The text of each is the name of the field in the protocol.
macro_rules! fields {
    ($($(#[doc = $doc:literal])* $field:ident: $type:ty,)*) => {
        /// How to reach a Flyte backend: flytekit's `FlyteRemote` with its `Config`, as data.
        ///
        /// Start from [`Remote::new`], or from what [`Next::get_remote`](crate::Next::get_remote)
        /// returned, and change what your company needs changed. A field that stays `None` (or an
        /// empty list) is filled by the host's default. The host checks every value as it would
        /// check a user's.
        #[derive(Clone, Default, PartialEq, Eq)]
        pub struct Remote {
            $($(#[doc = $doc])* pub $field: $type,)*
            pub(crate) transport: Option<Layer>,
            pub(crate) origins: BTreeMap<String, String>,
            pub(crate) base: u64,
        }

        impl Remote {
            /// The names of the fields, as they cross the ABI.
            pub const FIELDS: &'static [&'static str] = &[$(stringify!($field),)*];
        }
    };
}

fields! {
    /// Host and port of FlyteAdmin's gRPC service, such as `flyte.example.org` or `dns:///localhost:30080`.
    endpoint: Option<String>,
    /// Use plaintext instead of TLS.
    insecure: Option<bool>,
    /// Do not verify the server's certificate.
    insecure_skip_verify: Option<bool>,
    /// PEM file of the certificate authorities to trust instead of the system's.
    ca_cert_file_path: Option<String>,
    /// URL of the console, if it is not at the endpoint.
    console_endpoint: Option<String>,
    /// HTTP proxy for sign-in and for calls to Flyte.
    http_proxy_url: Option<String>,
    /// flytekit's `AuthType` by name, such as `Pkce`, `ClientSecret`, `DeviceFlow`, `ExternalCommand`.
    auth_mode: Option<String>,
    /// OAuth2 client id.
    client_id: Option<String>,
    /// OAuth2 client secret. Passed from the plugin to the host only: what `next` returns has none.
    client_secret: Option<String>,
    /// OAuth2 scopes.
    scopes: Vec<String>,
    /// OAuth2 audience.
    audience: Option<String>,
    /// Program and arguments that print a token.
    command: Vec<String>,
    /// Program and arguments that print a token for a proxy in front of Flyte.
    proxy_command: Vec<String>,
    /// Metadata that is sent with every call, in this order. Values are treated as secrets.
    headers: Vec<(String, String)>,
    /// Project of commands without `--project`.
    default_project: Option<String>,
    /// Domain of commands without `--domain`.
    default_domain: Option<String>,
    /// Upload location of data, such as `flyte://data`.
    data_upload_location: Option<String>,
}

impl Remote {
    /// A remote at an endpoint, everything else by default: flytekit's `Config.for_endpoint`.
    #[must_use]
    pub fn new(endpoint: impl Into<String>) -> Self {
        Self { endpoint: Some(endpoint.into()), ..Self::default() }
    }

    /// Wraps the transport of the host and of the plugins behind: yours receives every call first.
    ///
    /// `wrap` is called when a command first connects to Flyte. Start from what
    /// [`Next::get_remote`](crate::Next::get_remote) returned: a new remote lacks the transports of the
    /// plugins behind.
    #[must_use]
    pub fn wrap_transport<T: Transport>(
        mut self,
        wrap: impl Fn(TransportHandle) -> T + Send + Sync + 'static,
    ) -> Self {
        self.transport = Some(Layer::wrap(self.transport.take(), wrap));
        self
    }

    /// Replaces the host's transport. The remote then needs no endpoint.
    #[must_use]
    pub fn with_transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Layer::replace(TransportHandle::new(transport)));
        self
    }

    /// Sets the reason of a field's value, shown by `config show`; for example
    /// `remote.because("endpoint", "variable MY_STAGING_ENDPOINT")`. Unknown fields are ignored.
    #[must_use]
    pub fn because(mut self, field: &str, reason: impl Into<String>) -> Self {
        self.origins.insert(field.to_owned(), reason.into());
        self
    }

    /// The reason set with [`Remote::because`], if any.
    #[must_use]
    pub fn reason(&self, field: &str) -> Option<&str> {
        self.origins.get(field).map(String::as_str)
    }

    /// The number under which the host keeps the remote that this one was made from; 0 for none.
    #[doc(hidden)]
    #[must_use]
    pub fn base(&self) -> u64 {
        self.base
    }

    /// Sets the number under which the host keeps this remote.
    #[doc(hidden)]
    #[must_use]
    pub fn with_base(mut self, number: u64) -> Self {
        self.base = number;
        self
    }

    /// Converts to the ABI type.
    #[doc(hidden)]
    #[must_use]
    pub fn into_raw(self) -> RemoteBox {
        Remote_TO::from_value(self, TD_Opaque)
    }

    /// Converts from the ABI type.
    #[doc(hidden)]
    #[must_use]
    pub fn from_raw(raw: &RemoteBox) -> Self {
        let text = |value: ROption<RString>| value.into_option().map(String::from);
        let origins = Self::FIELDS
            .iter()
            .filter_map(|&field| Some((field.to_owned(), text(raw.origin_of(RStr::from_str(field)))?)))
            .collect();
        Self {
            endpoint: text(raw.endpoint()),
            insecure: raw.insecure().into(),
            insecure_skip_verify: raw.insecure_skip_verify().into(),
            ca_cert_file_path: text(raw.ca_cert_file_path()),
            console_endpoint: text(raw.console_endpoint()),
            http_proxy_url: text(raw.http_proxy_url()),
            auth_mode: text(raw.auth_mode()),
            client_id: text(raw.client_id()),
            client_secret: text(raw.client_secret()),
            scopes: strings_from_raw(raw.scopes()),
            audience: text(raw.audience()),
            command: strings_from_raw(raw.command()),
            proxy_command: strings_from_raw(raw.proxy_command()),
            headers: raw.headers().into_iter().map(|Tuple2(key, value)| (key.into(), value.into())).collect(),
            default_project: text(raw.default_project()),
            default_domain: text(raw.default_domain()),
            data_upload_location: text(raw.data_upload_location()),
            // The host takes it from `raw`: it is owned separately from the values.
            transport: None,
            origins,
            base: raw.base(),
        }
    }
}

impl fmt::Debug for Remote {
    /// Prints nothing that could be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("endpoint", &self.endpoint)
            .field("insecure", &self.insecure)
            .field("auth_mode", &self.auth_mode)
            .finish_non_exhaustive()
    }
}

impl vtable::Remote for Remote {
    fn endpoint(&self) -> ROption<RString> {
        optional_into_raw(self.endpoint.as_deref())
    }
    fn insecure(&self) -> ROption<bool> {
        self.insecure.into()
    }
    fn insecure_skip_verify(&self) -> ROption<bool> {
        self.insecure_skip_verify.into()
    }
    fn ca_cert_file_path(&self) -> ROption<RString> {
        optional_into_raw(self.ca_cert_file_path.as_deref())
    }
    fn console_endpoint(&self) -> ROption<RString> {
        optional_into_raw(self.console_endpoint.as_deref())
    }
    fn http_proxy_url(&self) -> ROption<RString> {
        optional_into_raw(self.http_proxy_url.as_deref())
    }
    fn auth_mode(&self) -> ROption<RString> {
        optional_into_raw(self.auth_mode.as_deref())
    }
    fn client_id(&self) -> ROption<RString> {
        optional_into_raw(self.client_id.as_deref())
    }
    fn client_secret(&self) -> ROption<RString> {
        optional_into_raw(self.client_secret.as_deref())
    }
    fn scopes(&self) -> RVec<RString> {
        strings_into_raw(&self.scopes)
    }
    fn audience(&self) -> ROption<RString> {
        optional_into_raw(self.audience.as_deref())
    }
    fn command(&self) -> RVec<RString> {
        strings_into_raw(&self.command)
    }
    fn proxy_command(&self) -> RVec<RString> {
        strings_into_raw(&self.proxy_command)
    }
    fn headers(&self) -> RVec<Tuple2<RString, RString>> {
        self.headers.iter().map(|(key, value)| Tuple2(key.as_str().into(), value.as_str().into())).collect()
    }
    fn default_project(&self) -> ROption<RString> {
        optional_into_raw(self.default_project.as_deref())
    }
    fn default_domain(&self) -> ROption<RString> {
        optional_into_raw(self.default_domain.as_deref())
    }
    fn data_upload_location(&self) -> ROption<RString> {
        optional_into_raw(self.data_upload_location.as_deref())
    }
    fn transport(&self) -> ROption<TransportLayerBox> {
        self.transport.clone().map(Layer::into_raw).into()
    }
    fn origin_of(&self, field: RStr<'_>) -> ROption<RString> {
        optional_into_raw(self.origins.get(field.as_str()).map(String::as_str))
    }
    fn base(&self) -> u64 {
        self.base
    }
    #[cfg(next_protocol)]
    fn revision(&self) -> u32 {
        1
    }
}
