//! The answer to `get_remote`: a remote with the plugin that set each of its fields.

use std::collections::BTreeMap;

use plugin_abi::{Remote, vtable::TransportLayerBox};

use super::{HookErrors, Identity, Layers};

/// The remote that the chain returned.
#[derive(Clone, Debug, Default)]
pub struct ResolvedRemote {
    /// The values; [`Remote::reason`] says for each where it came from.
    pub remote: Remote,
    /// The plugin that set a field, by the field's name; a field of the built-in default has none.
    pub owners: BTreeMap<&'static str, Identity>,
    /// The transports that plugins put in front of, or in place of, the host's.
    pub layers: Layers,
    /// The [base](Remote::base) that the built-in default gave to its answer; 0 if none of it is left.
    pub builtin: u64,
}

impl ResolvedRemote {
    /// The answer of the built-in default.
    pub(super) fn builtin(remote: Remote) -> Self {
        Self { builtin: remote.base(), remote: remote.with_base(0), ..Self::default() }
    }

    /// Combines a link's answer with the answer it was made from (`base`).
    ///
    /// A field that the link did not change keeps its owner and reason; one that it changed belongs to the
    /// link.
    pub(super) fn new(answer: Remote, base: Self, owner: &Identity) -> Self {
        let mut owners = BTreeMap::new();
        let mut remote = answer.clone();
        if remote.client_secret.is_none() && answer.base() != 0 {
            remote.client_secret.clone_from(&base.remote.client_secret);
        }
        for &field in Remote::FIELDS {
            let same = is_same(field, &remote, &base.remote);
            let reason = if same {
                owners.extend(base.owners.get(field).map(|owner| (field, owner.clone())));
                base.remote.reason(field).map(str::to_owned)
            } else {
                owners.insert(field, owner.clone());
                let own = answer.reason(field).filter(|reason| base.remote.reason(field) != Some(*reason));
                Some(match own {
                    Some(reason) => format!("plugin `{}` ({reason})", owner.name),
                    None => format!("plugin `{}`", owner.name),
                })
            };
            remote = match reason {
                Some(reason) => remote.because(field, reason),
                None => remote,
            };
        }
        Self { remote: remote.with_base(0), owners, layers: base.layers, builtin: base.builtin }
    }

    /// The remote with the transport of a link around, or in place of, those of its base.
    pub(super) fn with_layer(self, owner: &Identity, layer: TransportLayerBox, errors: &HookErrors) -> Self {
        Self { layers: Layers::around(owner, layer, self.layers, errors), ..self }
    }

    /// The remote as a plugin may see it.
    pub(super) fn without_secrets(&self) -> Remote {
        let mut remote = self.remote.clone();
        remote.client_secret = None;
        remote
    }
}

fn is_same(field: &str, left: &Remote, right: &Remote) -> bool {
    match field {
        "endpoint" => left.endpoint == right.endpoint,
        "insecure" => left.insecure == right.insecure,
        "insecure_skip_verify" => left.insecure_skip_verify == right.insecure_skip_verify,
        "ca_cert_file_path" => left.ca_cert_file_path == right.ca_cert_file_path,
        "console_endpoint" => left.console_endpoint == right.console_endpoint,
        "http_proxy_url" => left.http_proxy_url == right.http_proxy_url,
        "auth_mode" => left.auth_mode == right.auth_mode,
        "client_id" => left.client_id == right.client_id,
        "client_secret" => left.client_secret == right.client_secret,
        "scopes" => left.scopes == right.scopes,
        "audience" => left.audience == right.audience,
        "command" => left.command == right.command,
        "proxy_command" => left.proxy_command == right.proxy_command,
        "headers" => left.headers == right.headers,
        "default_project" => left.default_project == right.default_project,
        "default_domain" => left.default_domain == right.default_domain,
        _ => left.data_upload_location == right.data_upload_location,
    }
}
