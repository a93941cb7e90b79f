//! The secrets that a task asks for. Source: `Secret` in `flytekit/models/security.py`.

use super::error::TaskError;
use super::fields::{Fields, wrong_kind};
use crate::proto::core::{Secret, SecurityContext, secret::MountType};

const KEYS: [&str; 5] = ["env_var", "group", "group_version", "key", "mount_requirement"];

/// Reads `secret_requests`, or `secrets`; the second value holds the keys of those without a `group`.
pub(super) fn read(task: &Fields<'_>) -> Result<(Option<SecurityContext>, Vec<String>), TaskError> {
    let Some((name, value)) = task.either(["secret_requests", "secrets"])? else {
        return Ok((None, Vec::new()));
    };
    let items = value.as_array().ok_or_else(|| wrong_kind(name, value, "a list"))?;
    let mut secrets = Vec::new();
    let mut without_group = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = format!("{name}[{index}]");
        let fields = Fields::new(item, &path, &KEYS)?;
        let secret = secret(&fields)?;
        if fields.value("group").is_none() {
            without_group.push(secret.key.clone());
        }
        secrets.push(secret);
    }
    let context = SecurityContext { secrets, ..SecurityContext::default() };
    Ok(((!items.is_empty()).then_some(context), without_group))
}

fn secret(fields: &Fields<'_>) -> Result<Secret, TaskError> {
    let owned = |key| fields.text(key).map(|text| text.unwrap_or_default().to_owned());
    let env_var = owned("env_var")?;
    if fields.value("env_var").is_some() && !is_variable_name(&env_var) {
        let problem =
            format!("must be capital letters, digits and `_`, without a leading digit, not `{env_var}`");
        return Err(TaskError::new(fields.at("env_var"), problem));
    }
    Ok(Secret {
        group: owned("group")?,
        group_version: owned("group_version")?,
        key: owned("key")?,
        mount_requirement: mount(fields)?.into(),
        env_var,
    })
}

fn mount(fields: &Fields<'_>) -> Result<MountType, TaskError> {
    let Some(text) = fields.text("mount_requirement")? else { return Ok(MountType::Any) };
    match text.to_uppercase().as_str() {
        "ANY" => Ok(MountType::Any),
        "ENV_VAR" => Ok(MountType::EnvVar),
        "FILE" => Ok(MountType::File),
        _ => {
            let problem = format!("must be `any`, `env_var` or `file`, not `{text}`");
            Err(TaskError::new(fields.at("mount_requirement"), problem))
        }
    }
}

/// `^[A-Z_][A-Z0-9_]*$`
fn is_variable_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_ascii_uppercase() || first == '_')
        && characters.all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}
