//! How the user proves who they are.

use std::fmt;
use std::str::FromStr;

/// A sign-in flow. `Display` gives flyteidl's name, which both flytekit and flytectl read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthMode {
    /// OAuth client credentials: an id and a secret, no person.
    ClientSecret,
    /// A code that the user types on another device.
    DeviceFlow,
    /// A command that prints a token.
    ExternalCommand,
    /// The browser, with PKCE.
    Pkce,
}

/// The names that flytekit accepts, in any case (`flytekit/configuration/__init__.py`, `AuthType`; compared
/// by member name in `flytekit/clients/auth_helper.py`).
const NAMES: [(&str, AuthMode); 8] = [
    ("Pkce", AuthMode::Pkce),
    ("standard", AuthMode::Pkce),
    ("DeviceFlow", AuthMode::DeviceFlow),
    ("ClientSecret", AuthMode::ClientSecret),
    ("client_credentials", AuthMode::ClientSecret),
    ("basic", AuthMode::ClientSecret),
    ("ExternalCommand", AuthMode::ExternalCommand),
    ("external_process", AuthMode::ExternalCommand),
];

impl AuthMode {
    /// All names that [`AuthMode::from_str`] takes, for messages.
    pub fn accepted_names() -> String {
        NAMES.map(|(name, _)| format!("`{name}`")).join(", ")
    }
}

/// A text that is not one of [`AuthMode::accepted_names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown authentication mode")]
pub struct UnknownAuthMode;

impl FromStr for AuthMode {
    type Err = UnknownAuthMode;

    fn from_str(text: &str) -> Result<Self, UnknownAuthMode> {
        let wanted = text.to_uppercase();
        NAMES
            .iter()
            .find(|(name, _)| name.to_uppercase() == wanted)
            .map(|&(_, mode)| mode)
            .ok_or(UnknownAuthMode)
    }
}

impl fmt::Display for AuthMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            AuthMode::ClientSecret => "ClientSecret",
            AuthMode::DeviceFlow => "DeviceFlow",
            AuthMode::ExternalCommand => "ExternalCommand",
            AuthMode::Pkce => "Pkce",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case() {
        let read = |text: &str| text.parse::<AuthMode>().map(|mode| mode.to_string()).unwrap_or_default();
        assert_eq!(read("pKCE"), "Pkce");
        assert_eq!(read("STANDARD"), "Pkce");
        assert_eq!(read("clientsecret"), "ClientSecret");
        assert_eq!(read("Client_Credentials"), "ClientSecret");
        assert_eq!(read("external_PROCESS"), "ExternalCommand");
        assert_eq!(read("deviceflow"), "DeviceFlow");
        assert_eq!(read("client-credentials"), "");
    }
}
