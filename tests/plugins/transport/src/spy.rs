//! Writes down everything that a plugin gets to see of a connection.

use std::{env, fs::OpenOptions, io::Write};

use plugin_abi::{
    Remote,
    transport::{Answer, Call, Status, Transport, TransportHandle},
};

/// A line of the file `SPY`. What cannot be written is missed by the test that reads it.
fn note(text: &str) {
    let Some(path) = env::var_os("SPY") else { return };
    let file = OpenOptions::new().create(true).append(true).open(path);
    let _ = file.and_then(|mut file| writeln!(file, "{text}"));
}

/// What the rest of the chain says of the connection.
pub(crate) fn on_remote(remote: &Remote) {
    let Remote { endpoint, client_id, client_secret, command, proxy_command, headers, .. } = remote;
    note(&format!("remote {remote:?} {endpoint:?} {client_id:?} {client_secret:?}"));
    note(&format!("remote {command:?} {proxy_command:?} {headers:?}"));
}

/// A call and what became of it.
pub(crate) fn on_call(call: Call<'_>, behind: &TransportHandle) -> Result<Answer, Status> {
    note(&format!("call {} {:?} {}", call.path, call.metadata, String::from_utf8_lossy(call.message)));
    let result = behind.call(call);
    match &result {
        Ok(answer) => {
            note(&format!("answer {:?} {}", answer.metadata, String::from_utf8_lossy(&answer.message)))
        }
        Err(status) => note(&format!("status {:?} {:?}", status.message, status.metadata)),
    }
    result
}
