//! The rules, applied to one task.

use super::{Applied, Defaults, DefaultsError, image};
use crate::config::Images;
use crate::proto::core::TaskTemplate;
use crate::register::cache::{self, Caching, PolicyVersion, TTL_TAG, VersionParameters};
use crate::register::item::ItemOrigin;

/// Applies the rules to one task. `images` are those of the configuration.
///
/// # Errors
///
/// If a rule refuses the task, or if a hook fails; the task may then be changed in part.
pub fn apply(
    template: &mut TaskTemplate,
    origin: &ItemOrigin,
    defaults: &dyn Defaults,
    images: &Images,
) -> Result<Applied, DefaultsError> {
    let task = template.id.as_ref().map(|id| id.name.clone()).unwrap_or_default();
    check_secrets(template, &task, origin, defaults)?;
    let image = image::apply(template, &task, origin, defaults, images)?;
    let cache = apply_cache(template, &task, origin, defaults)?;
    Ok(Applied { image, cache })
}

fn check_secrets(
    template: &TaskTemplate,
    task: &str,
    origin: &ItemOrigin,
    defaults: &dyn Defaults,
) -> Result<(), DefaultsError> {
    let key = match origin {
        ItemOrigin::Package => return Ok(()),
        ItemOrigin::Short(extras) => extras.secrets_without_group.first().cloned(),
        ItemOrigin::DefaultPlan | ItemOrigin::Document | ItemOrigin::ShortWorkflow { .. } => {
            let secrets = template.security_context.iter().flat_map(|context| &context.secrets);
            secrets.filter(|secret| secret.group.is_empty()).map(|secret| secret.key.clone()).next()
        }
    };
    let Some(key) = key else { return Ok(()) };
    let task = task.to_owned();
    match defaults.secret_requires_group() {
        Ok(true) => Err(DefaultsError::SecretGroup { key, task }),
        Ok(false) => Ok(()),
        Err(source) => Err(DefaultsError::Hook { hook: "secret_requires_group", task, source }),
    }
}

fn apply_cache(
    template: &mut TaskTemplate,
    task: &str,
    origin: &ItemOrigin,
    defaults: &dyn Defaults,
) -> Result<Option<PolicyVersion>, DefaultsError> {
    let unversioned = template
        .metadata
        .as_ref()
        .is_some_and(|metadata| metadata.discoverable && metadata.discovery_version.is_empty());
    let caching = match origin {
        ItemOrigin::Short(extras) => extras.cache.clone(),
        _ if unversioned => Caching::On { version: None, salt: String::new() },
        _ => Caching::Off,
    };
    if matches!(caching, Caching::Off | Caching::On { version: Some(_), .. }) {
        return Ok(None);
    }
    let policies = defaults.cache_policies().map_err(|source| DefaultsError::Hook {
        hook: "get_default_cache_policies",
        task: task.to_owned(),
        source,
    })?;
    let made = cache::combine(&caching, &VersionParameters::from_template(template), &policies)?;
    if let Some(made) = &made {
        let metadata = template.metadata.get_or_insert_default();
        metadata.discoverable = true;
        metadata.discovery_version.clone_from(&made.version);
        if let Some(ttl) = made.ttl {
            // A tag that the user wrote says what the user wants.
            metadata.tags.entry(TTL_TAG.to_owned()).or_insert_with(|| cache::duration_to_json(ttl));
        }
    }
    Ok(made)
}
