//! Names of plugins. `plugin_abi::passport` has the same rule, as a constant.

/// Maximum length of a name in a passport.
const MAX_LEN: usize = 64;

/// Says what is wrong with a name.
pub(crate) fn check(name: &str) -> Result<(), String> {
    Err(match name {
        "" => "the plugin name is empty".to_owned(),
        "builtin" => "the plugin name `builtin` is reserved; choose another name".to_owned(),
        _ if name.len() > MAX_LEN => {
            format!("the plugin name has {} bytes; at most {MAX_LEN} are allowed", name.len())
        }
        _ if !name.chars().all(is_allowed) => {
            let suggestion = suggestion(name);
            format!(
                "the plugin name `{}` may only have a-z, 0-9, `-` and `_`{suggestion}",
                name.escape_debug()
            )
        }
        _ if !name.starts_with(is_alphanumeric) => {
            format!("the plugin name `{name}` has to start with a letter or a digit")
        }
        _ => return Ok(()),
    })
}

/// The nearest valid name, as the end of a message.
fn suggestion(name: &str) -> String {
    let near = name.to_lowercase().replace([' ', '.', '/'], "-");
    let is_valid = near.starts_with(is_alphanumeric) && near.chars().all(is_allowed);
    if is_valid { format!(": use `{near}`") } else { String::new() }
}

fn is_alphanumeric(char: char) -> bool {
    char.is_ascii_lowercase() || char.is_ascii_digit()
}

fn is_allowed(char: char) -> bool {
    is_alphanumeric(char) || matches!(char, '-' | '_')
}
