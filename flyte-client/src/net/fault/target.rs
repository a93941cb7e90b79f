//! The server that a failure is about, and where the user set what leads there.

use super::super::tls::Authorities;
use crate::config::{Connection, Origin};

/// The server that was meant.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// `host:port`.
    pub(crate) place: String,
    /// The host, as its certificate should name it.
    pub(crate) host: String,
    /// Whether TLS was asked for.
    pub(crate) tls: bool,
    /// Where the user set that, for hints.
    pub(crate) places: Places,
}

/// Where the user changes a connection's values, in the words of hints.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// "`admin.endpoint`".
    pub(crate) endpoint: String,
    /// "`admin.insecure`".
    pub(crate) insecure: String,
    /// "`admin.insecureSkipVerify`".
    pub(crate) skip_verify: String,
    /// Who is trusted.
    pub(crate) authorities: Authorities,
}

impl Places {
    /// Those of a connection.
    pub(crate) fn new(connection: &Connection) -> Self {
        let ca = &connection.ca_cert_file_path;
        Self {
            endpoint: connection.endpoint.origin.place_to_change("admin.endpoint"),
            insecure: connection.insecure.origin.place_to_change("admin.insecure"),
            skip_verify: connection.insecure_skip_verify.origin.place_to_change("admin.insecureSkipVerify"),
            authorities: Authorities {
                file: ca.value.clone().filter(|path| !path.is_empty()),
                set_by: ca.origin.place_to_change("admin.caCertFilePath"),
            },
        }
    }
}

impl Default for Places {
    fn default() -> Self {
        let place = |key| Origin::Default("".into()).place_to_change(key);
        Self {
            endpoint: place("admin.endpoint"),
            insecure: place("admin.insecure"),
            skip_verify: place("admin.insecureSkipVerify"),
            authorities: Authorities::default(),
        }
    }
}
