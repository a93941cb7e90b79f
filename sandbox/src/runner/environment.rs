//! The environment variables of a task's process. Later ones override earlier ones:
//!
//! 1. of the sandbox's own, those that most programs need ([`INHERITED`]), and the secrets that the task
//!    requests (`_FSEC_<GROUP>_<KEY>`, as flytekit reads them; files for those that are to be files), and a
//!    `TMPDIR` of the attempt's own;
//! 2. `FLYTE_INPUT_DIR` and `FLYTE_OUTPUT_DIR`: where the inputs are and the outputs go;
//! 3. `FLYTE_INTERNAL_…`, `FLYTE_ATTEMPT_NUMBER`, the index of an element, the address of the sandbox's
//!    server and that of its object store with the keys, as propeller sets them;
//! 4. the task's `env`;
//! 5. the execution's.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use flyte_client::proto::core::{Container, Identifier, Secret, secret::MountType};

use super::{attempt::Attempt, error::AttemptError, folder::AttemptFolder, inputs::check_name, mounts};
use crate::server::object_variables;

/// The variables that are inherited from the sandbox.
const INHERITED: [&str; 10] =
    ["HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "SSL_CERT_DIR", "SSL_CERT_FILE", "TZ", "USER"];

/// What the names of variables with secrets begin with, as flytekit reads them.
const SECRETS_PREFIX: &str = "_FSEC_";

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
    let temporary = folder.temporary();
    variables.insert("TMPDIR".to_owned(), temporary.into());
    variables.insert("FLYTE_SECRETS_ENV_PREFIX".to_owned(), SECRETS_PREFIX.into());
    variables.insert("FLYTE_SECRETS_FILE_PREFIX".to_owned(), OsString::new());
    variables.insert("FLYTE_SECRETS_DEFAULT_DIR".to_owned(), folder.secrets().into());
    let secrets = attempt.task.security_context.iter().flat_map(|context| &context.secrets);
    for secret in secrets {
        let (name, value) = find(secret, &own)?;
        let value = match secret.mount_requirement() {
            MountType::File => write_secret(secret, &value, &folder.secrets())?.into(),
            MountType::Any | MountType::EnvVar => {
                variables.insert(name, value.clone());
                value
            }
        };
        if !secret.env_var.is_empty() {
            variables.insert(secret.env_var.clone(), value);
        }
    }
    variables.insert("FLYTE_INPUT_DIR".to_owned(), folder.inputs().into());
    variables.insert("FLYTE_OUTPUT_DIR".to_owned(), folder.outputs().into());
    variables.extend(identity(attempt).map(|(name, value)| (name.to_owned(), value.into())));
    if let Some(address) = attempt.platform {
        variables.insert("FLYTE_PLATFORM_URL".to_owned(), address.to_string().into());
        variables.insert("FLYTE_PLATFORM_INSECURE".to_owned(), "true".into());
    }
    if let Some(objects) = &attempt.objects {
        let all = object_variables(format!("http://{}", objects.address), objects.secret.clone());
        variables.extend(all.map(|(name, value)| (name.to_owned(), value.into())));
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

/// Puts a folder at the front of a variable that lists folders.
pub(super) fn put_first(variables: &mut Environment, name: &str, folder: &Path) {
    let present = variables.remove(name);
    let present = present.iter().flat_map(|folders| env::split_paths(folders));
    let folders = std::iter::once(folder.to_owned()).chain(present);
    // It fails for a folder with a colon only, which no list can name.
    if let Ok(joined) = env::join_paths(folders) {
        variables.insert(name.to_owned(), joined);
    }
}

/// Finds a secret, and the variable name that flytekit reads.
fn find(
    secret: &Secret,
    own: &impl Fn(&str) -> Option<OsString>,
) -> Result<(String, OsString), AttemptError> {
    let parts = [&secret.group, &secret.group_version, &secret.key];
    let parts: Vec<&str> = parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    let variable = format!("{SECRETS_PREFIX}{}", parts.join("_").to_uppercase());
    // A shell cannot export a name with a dash.
    let exportable = variable.replace('-', "_");
    match own(&variable).or_else(|| own(&exportable)) {
        Some(value) => Ok((variable, value)),
        None => Err(AttemptError::SecretMissing { secret: parts.join("/"), variable: exportable }),
    }
}

/// Writes a secret that is to be a file where flytekit looks for it, and returns the path.
fn write_secret(secret: &Secret, value: &OsString, folder: &Path) -> Result<PathBuf, AttemptError> {
    let parts = [&secret.group, &secret.group_version, &secret.key];
    let mut path = folder.to_owned();
    for part in parts.into_iter().filter(|part| !part.is_empty()) {
        check_name(part)?;
        path.push(part.to_lowercase());
    }
    let files = |action| AttemptError::files(action, &path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(files("create the folder of"))?;
    }
    fs::write(&path, value.as_encoded_bytes()).map_err(files("write"))?;
    Ok(path)
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
