//! Connections to Flyte and to its blobs, and the error messages for those that fail.
//!
//! `proxy` decides the way, `dial` goes it, `tunnel` asks the proxy, `tls` decides whom to trust, `connector`
//! puts them together for hyper. `fault` has the error messages; `page` quotes foreign responses. `http` is
//! for small requests to servers other than Flyte and its store.

pub(crate) mod connector;
pub(crate) mod dial;
pub(crate) mod fault;
pub(crate) mod flyte2;
pub(crate) mod frame;
pub mod http;
pub(crate) mod page;
mod proxy;
pub(crate) mod tls;
mod tunnel;

use std::time::Duration;

pub(crate) use self::connector::Connector;
use self::{dial::Dial, fault::Places, tls::Trust};
pub use self::{http::Http, proxy::Proxies, tls::TrustError};
use crate::config::Connection;

/// Connection timeout, TLS included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The network as a connection is allowed to use it: whom to trust, which proxies to take, how long to wait.
#[derive(Clone)]
pub struct Network {
    trust: Trust,
    plain: bool,
    to_flyte: Proxies,
    proxies: Proxies,
    timeout: Duration,
    places: Places,
}

impl Network {
    /// Reads what a connection says of certificates; no socket is opened.
    ///
    /// `proxies` are those of the environment; the connection's own `http_proxy_url` goes before them on the
    /// way to Flyte and to its identity provider.
    ///
    /// # Errors
    ///
    /// When the file of certificates cannot be used.
    pub fn new(connection: &Connection, proxies: Proxies) -> Result<Self, TrustError> {
        Ok(Self {
            trust: Trust::from_connection(connection)?,
            plain: connection.insecure.value,
            to_flyte: proxies.before(
                connection.http_proxy_url.value.as_deref(),
                connection.http_proxy_url.origin.place_to_change("admin.httpProxyURL"),
            ),
            proxies,
            timeout: CONNECT_TIMEOUT,
            places: Places::new(connection),
        })
    }

    /// Sets the connection timeout.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Where the user changes what leads to Flyte.
    pub(crate) fn places(&self) -> Places {
        self.places.clone()
    }

    /// To Flyte, over HTTP/2.
    pub(crate) fn flyte(&self) -> Result<Connector, TrustError> {
        let trust = if self.plain { self.trust.unused()? } else { self.trust.flyte()? };
        Ok(Connector::http2(trust, Dial::tunnel(self.to_flyte.clone()), self.timeout))
    }

    /// To Flyte, as programs reach it that do not speak HTTP/2.
    pub(crate) fn flyte_over_http1(&self) -> Result<Connector, TrustError> {
        let trust = if self.plain { self.trust.unused()? } else { self.trust.flyte()? };
        Ok(Connector::http1(trust, Dial::tunnel(self.to_flyte.clone()), self.timeout))
    }

    /// To where blobs are, over HTTP/1.1, which every store speaks.
    pub(crate) fn elsewhere(&self) -> Result<Connector, TrustError> {
        let dial = Dial::by_scheme(self.proxies.clone());
        Ok(Connector::http1(self.trust.elsewhere()?, dial, self.timeout))
    }

    /// To the identity provider, over HTTP/1.1: with Flyte's proxy, and the certificates of the user and the
    /// system.
    pub(crate) fn provider(&self) -> Result<Connector, TrustError> {
        let dial = Dial::by_scheme(self.to_flyte.clone());
        Ok(Connector::http1(self.trust.elsewhere()?, dial, self.timeout))
    }
}
