//! The environment of a plugin's process: without secrets, and without the sockets of programs that act for
//! the user.

use std::{
    env,
    ffi::{OsStr, OsString},
};

use super::settings::Isolation;

/// Parts of names of variables that hold secrets, in upper case.
const SECRETS: [&str; 12] = [
    "ACCESS_KEY",
    "API_KEY",
    "APIKEY",
    "AUTHORIZATION",
    "COOKIE",
    "CREDENTIAL",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PRIVATE_KEY",
    "SECRET",
    "TOKEN",
];
/// Variables that lead to programs with the rights of the user.
const AGENTS: [&str; 6] = [
    "DBUS_SESSION_BUS_ADDRESS",
    "DBUS_SYSTEM_BUS_ADDRESS",
    "DOCKER_HOST",
    "GPG_AGENT_INFO",
    "SSH_AGENT_PID",
    "SSH_AUTH_SOCK",
];

/// The variables of this process that a plugin's does not get. `never`: also if the settings name them.
pub(super) fn hidden(isolation: &Isolation, never: &[&str]) -> Vec<OsString> {
    let names = env::vars_os().map(|(name, _)| name);
    let is_hidden = |name: &OsString| {
        let is_named = isolation.environment.iter().any(|named| name == named.as_str());
        never.iter().any(|hidden| name == hidden) || (holds_secret(name) && !is_named)
    };
    names.filter(is_hidden).collect()
}

fn holds_secret(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_uppercase();
    AGENTS.contains(&name.as_str()) || SECRETS.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_recognized_by_their_names() {
        for name in ["AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "PGPASSWORD", "my_api_key", "SSH_AUTH_SOCK"] {
            assert!(holds_secret(name.as_ref()), "{name}");
        }
        for name in ["PATH", "HOME", "FLYTE_PROJECT", "KEYBOARD", "TOOLBOX_REGION"] {
            assert!(!holds_secret(name.as_ref()), "{name}");
        }
    }
}
