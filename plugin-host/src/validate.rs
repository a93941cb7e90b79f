//! Validation of the values that plugins return.

use plugin_abi::{CachePolicy, Remote};

/// The longest page, in bytes.
const MAX_HTML: usize = 1024 * 1024;
/// The longest image name, in bytes.
const MAX_IMAGE: usize = 1024;
/// The longest list of policies.
const MAX_POLICIES: usize = 256;

/// Validates an image name; the error is the reason.
pub(super) fn image(image: &str) -> Result<(), String> {
    if image.is_empty() {
        return Err("the image is empty; return `None` to leave it to the next plugin".into());
    }
    if image.len() > MAX_IMAGE {
        return Err(format!("the image name is {} bytes long; the maximum is {MAX_IMAGE}", image.len()));
    }
    if image.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
        return Err(format!(
            "`{}` is not an image name: it contains whitespace or a control character",
            shown(image)
        ));
    }
    let name = image.rsplit('/').next().unwrap_or_default();
    if !name.contains(':') && !name.contains('@') {
        return Err(format!("`{}` has neither a tag nor a digest", shown(image)));
    }
    Ok(())
}

/// Validates a page; the error is the reason.
pub(super) fn html(html: &str) -> Result<(), String> {
    if html.trim().is_empty() {
        return Err("the page is empty; return `None` to leave it to the next plugin".into());
    }
    if html.len() > MAX_HTML {
        return Err(format!("the page is {} bytes long; the maximum is {MAX_HTML}", html.len()));
    }
    if html.contains('\0') {
        return Err("the page has a NUL character".into());
    }
    Ok(())
}

/// Validates a list of policies; the error is the reason.
pub(super) fn policies(policies: &[CachePolicy]) -> Result<(), String> {
    if policies.len() > MAX_POLICIES {
        return Err(format!("the list has {} policies; the maximum is {MAX_POLICIES}", policies.len()));
    }
    for policy in policies {
        if policy.time_to_live().is_some_and(|ttl| ttl.is_zero()) {
            return Err(format!(
                "policy `{}` has a ttl of zero; it must be greater",
                shown(policy.policy_name())
            ));
        }
    }
    Ok(())
}

/// Validates a remote, without the syntax of its endpoint; the error is the reason.
pub(super) fn remote(remote: &Remote) -> Result<(), String> {
    let texts = [
        ("endpoint", remote.endpoint.as_deref()),
        ("ca_cert_file_path", remote.ca_cert_file_path.as_deref()),
        ("console_endpoint", remote.console_endpoint.as_deref()),
        ("http_proxy_url", remote.http_proxy_url.as_deref()),
        ("auth_mode", remote.auth_mode.as_deref()),
        ("client_id", remote.client_id.as_deref()),
        ("default_project", remote.default_project.as_deref()),
        ("default_domain", remote.default_domain.as_deref()),
        ("data_upload_location", remote.data_upload_location.as_deref()),
    ];
    for (field, text) in texts {
        if let Some(text) = text {
            if text.is_empty() {
                return Err(format!("`{field}` is empty; return `None` for the default"));
            }
            if text.chars().any(char::is_control) {
                return Err(format!("`{field}` has a control character: `{}`", shown(text)));
            }
        }
    }
    no_controls("audience", remote.audience.as_slice(), &[])?;
    no_controls("scopes", &remote.scopes, &[])?;
    // A script in an argument may have several lines.
    no_controls("command", &remote.command, &['\n', '\t'])?;
    no_controls("proxy_command", &remote.proxy_command, &['\n', '\t'])?;
    metadata(&remote.headers)
}

fn no_controls(field: &str, texts: &[String], allowed: &[char]) -> Result<(), String> {
    let is_wrong = |letter: char| letter.is_control() && !allowed.contains(&letter);
    match texts.iter().find(|text| text.contains(is_wrong)) {
        Some(text) => Err(format!("`{field}` has a control character: `{}`", shown(text))),
        None => Ok(()),
    }
}

/// Validates the path of a call; the error is the reason.
pub(super) fn path(path: &str) -> Result<(), String> {
    let names: Vec<&str> = path.strip_prefix('/').unwrap_or_default().split('/').collect();
    let good = |name: &&str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte))
    };
    match names.as_slice() {
        [service, method] if good(service) && good(method) => Ok(()),
        _ => Err(format!(
            "`{}` is not the path of a method, such as `/flyteidl.service.AdminService/GetTask`",
            shown(path)
        )),
    }
}

/// Validates the headers of a call; the error is the reason.
pub(super) fn metadata(headers: &[(String, String)]) -> Result<(), String> {
    for (key, value) in headers {
        let good = !key.is_empty()
            && key.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'));
        if !good {
            return Err(format!(
                "`{}` is not the key of a header: lower-case letters, digits, `-`, `_` and `.`",
                shown(key)
            ));
        }
        if value.chars().any(char::is_control) {
            return Err(format!("the header `{key}` has a control character in its value"));
        }
    }
    Ok(())
}

/// A text of a plugin for a message: escaped, at most 80 characters.
fn shown(text: &str) -> String {
    flyte_text::excerpt(text, 80)
}

#[cfg(test)]
mod tests {
    use plugin_abi::Remote;

    #[test]
    fn control_characters_in_a_remote_are_refused() {
        let setters: [fn(&mut Remote, String); 4] = [
            |remote, text| remote.audience = Some(text),
            |remote, text| remote.scopes = vec!["fine".to_owned(), text],
            |remote, text| remote.command = vec!["fine".to_owned(), text],
            |remote, text| remote.proxy_command = vec!["fine".to_owned(), text],
        ];
        let refusals = |text: &str| {
            setters.map(|set| {
                let mut remote = Remote::default();
                set(&mut remote, text.to_owned());
                super::remote(&remote).err()
            })
        };
        let fields = ["audience", "scopes", "command", "proxy_command"];
        assert_eq!(refusals("all is well"), [const { None }; 4]);
        for (text, shown) in [("a\0b", r"a\u{0}b"), ("a\u{1b}[2J", r"a\u{1b}[2J")] {
            let expected = fields.map(|field| Some(format!("`{field}` has a control character: `{shown}`")));
            assert_eq!(refusals(text), expected);
        }
        let lines = refusals("set -e\n\ttoken").map(|refused| refused.is_some());
        assert_eq!(lines, [true, true, false, false]);
    }
}
