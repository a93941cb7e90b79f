//! The environment variables of a task's process. Later ones override earlier ones:
//!
//! 1. of the sandbox's own, those that most programs need ([`INHERITED`]), and the secrets that the task
//!    requests (`_FSEC_<GROUP>_<KEY>`, as flytekit reads them);
//! 2. `FLYTE_INPUT_DIR` and `FLYTE_OUTPUT_DIR`: where the inputs are and the outputs go;
//! 3. `FLYTE_INTERNAL_…`, `FLYTE_ATTEMPT_NUMBER`, the index of an element and the address of the
//!    sandbox's server, as propeller sets them;
//! 4. the task's `env`;
//! 5. the execution's.

use std::{collections::BTreeMap, ffi::OsString};

use flyte_client::proto::core::{Container, Identifier, Secret};

use super::{attempt::Attempt, error::AttemptError, folder::AttemptFolder, mounts};

/// The variables that are inherited from the sandbox.
const INHERITED: [&str; 11] = [
    "HOME",
    "LANG",
    "LC_ALL",
    "LOGNAME",
    "PATH",
    "SHELL",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "TZ",
    "USER",
];

/// The variable with the index of an element, as Flyte's array plugin names it.
const ARRAY_INDEX: &str = "FLYTE_K8S_ARRAY_INDEX";

/// Variables by name.
pub(super) type Environment = BTreeMap<String, OsString>;

/// The environment of an attempt's process.
pub(super) fn build(
    attempt: &Attempt,
    container: &Container,
    folder: &AttemptFolder,
    mounts: &[mounts::Mount],
    own: impl Fn(&str) -> Option<OsString>,
) -> Result<Environment, AttemptError> {
    let mut variables = Environment::new();
    for name in INHERITED {
        if let Some(value) = own(name) {
            variables.insert(name.to_owned(), value);
        }
    }
    let secrets = attempt.task.security_context.iter().flat_map(|context| &context.secrets);
    for secret in secrets {
        let (name, value) = find(secret, &own)?;
        if !secret.env_var.is_empty() {
            variables.insert(secret.env_var.clone(), value.clone());
        }
        variables.insert(name, value);
    }
    variables.insert("FLYTE_INPUT_DIR".to_owned(), folder.inputs().into());
    variables.insert("FLYTE_OUTPUT_DIR".to_owned(), folder.outputs().into());
    variables.extend(identity(attempt).map(|(name, value)| (name.to_owned(), value.into())));
    if let Some(address) = attempt.platform {
        variables.insert("FLYTE_PLATFORM_URL".to_owned(), address.to_string().into());
        variables.insert("FLYTE_PLATFORM_INSECURE".to_owned(), "true".into());
    }
    if let Some(element) = attempt.element {
        variables.insert("BATCH_JOB_ARRAY_INDEX_VAR_NAME".to_owned(), ARRAY_INDEX.into());
        variables.insert(ARRAY_INDEX.to_owned(), element.to_string().into());
    }
    let given = container.env.iter().map(|pair| (pair.key.clone(), mounts::replace(&pair.value, mounts)));
    variables.extend(given.chain(attempt.envs.iter().cloned()).map(|(name, value)| (name, value.into())));
    variables.retain(|name, _| !name.is_empty() && !name.contains(['=', '\0']));
    Ok(variables)
}

/// Finds a secret, and the variable name that flytekit reads.
fn find(
    secret: &Secret,
    own: &impl Fn(&str) -> Option<OsString>,
) -> Result<(String, OsString), AttemptError> {
    let parts = [&secret.group, &secret.group_version, &secret.key];
    let parts: Vec<&str> = parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    let variable = format!("_FSEC_{}", parts.join("_").to_uppercase());
    match own(&variable) {
        Some(value) => Ok((variable, value)),
        None => Err(AttemptError::SecretMissing { secret: parts.join("/"), variable }),
    }
}

/// The identity of the attempt, as propeller sets it.
fn identity(attempt: &Attempt) -> impl Iterator<Item = (&'static str, String)> {
    let names = &attempt.names;
    let Identifier { project, domain, name, version, .. } = attempt.task.id.clone().unwrap_or_default();
    [
        ("FLYTE_ATTEMPT_NUMBER", names.attempt.to_string()),
        ("FLYTE_INTERNAL_EXECUTION_ID", names.execution.name.clone()),
        ("FLYTE_INTERNAL_EXECUTION_PROJECT", names.execution.project.clone()),
        ("FLYTE_INTERNAL_EXECUTION_DOMAIN", names.execution.domain.clone()),
        ("FLYTE_INTERNAL_TASK_PROJECT", project.clone()),
        ("FLYTE_INTERNAL_TASK_DOMAIN", domain.clone()),
        ("FLYTE_INTERNAL_TASK_NAME", name.clone()),
        ("FLYTE_INTERNAL_TASK_VERSION", version.clone()),
        ("FLYTE_INTERNAL_PROJECT", project),
        ("FLYTE_INTERNAL_DOMAIN", domain),
        ("FLYTE_INTERNAL_NAME", name),
        ("FLYTE_INTERNAL_VERSION", version),
    ]
    .into_iter()
}
