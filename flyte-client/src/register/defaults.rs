//! The registration defaults: the one place where an organisation's rules act on what is registered.
//!
//! Three rules, each asked for only when a task needs it:
//!
//! 1. **Image.** A container without an image gets the one of the hook, else that of `FLYTE_INTERNAL_IMAGE`
//!    if it is not empty, else [`BUILT_IN_IMAGE`] (`flytekit/configuration/default_images.py`). The built-in
//!    one is flytekit's for the newest Python it has an image for, at the version that our behaviour was
//!    compared with; unlike flytekit's own it does not follow the Python that happens to run, since none
//!    does. In the short form, `{{.image.NAME.fqn}}` and its kin refer to the images of the configuration.
//! 2. **Secrets.** Where groups are required, a secret without one is refused
//!    (`flytekit/models/security.py`). flytekit refuses a group that was not given and accepts an empty one,
//!    which are the same in a message. So: in the short form a missing `group` is refused and `group: ""`
//!    passes; in a document both are refused, since nothing else has checked it; in a package both pass,
//!    since pyflyte has looked when it made it.
//! 3. **Cache.** A task of the short form that asks for caching without a version, or says nothing, takes the
//!    version of the default policies (see [`super::cache`]). Documents and packages are complete statements:
//!    a task that is not discoverable stays so, and only one that is and carries no version is filled in.

mod apply;
mod image;

use std::fmt;

pub use self::apply::apply;
use super::cache::{BoxError, CacheError, CachePolicy, PolicyVersion};

/// The image of last resort.
pub const BUILT_IN_IMAGE: &str = "cr.flyte.org/flyteorg/flytekit:py3.12-1.16.31";

/// Who knows the rules: in the CLI, the chain of plugins.
pub trait Defaults {
    /// The image for a container that names none; `None` leaves it to the built-in default.
    ///
    /// # Errors
    ///
    /// The implementation's own, such as a plugin's.
    fn default_image(&self) -> Result<Option<String>, BoxError>;

    /// Whether a secret must have a group.
    ///
    /// # Errors
    ///
    /// The implementation's own, such as a plugin's.
    fn secret_requires_group(&self) -> Result<bool, BoxError>;

    /// The cache policies of tasks that state no version, in order.
    ///
    /// # Errors
    ///
    /// The implementation's own, such as a plugin's.
    fn cache_policies(&self) -> Result<Vec<Box<dyn CachePolicy>>, BoxError>;
}

/// The rules where no plugin has an opinion: no image, groups required, no policies.
#[derive(Clone, Copy, Debug, Default)]
pub struct BuiltIn;

impl Defaults for BuiltIn {
    fn default_image(&self) -> Result<Option<String>, BoxError> {
        Ok(None)
    }

    fn secret_requires_group(&self) -> Result<bool, BoxError> {
        Ok(true)
    }

    fn cache_policies(&self) -> Result<Vec<Box<dyn CachePolicy>>, BoxError> {
        Ok(Vec::new())
    }
}

/// Who chose an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageSource {
    /// The default: [`BUILT_IN_IMAGE`].
    BuiltIn,
    /// [`Defaults::default_image`].
    Hook,
    /// `FLYTE_INTERNAL_IMAGE`.
    Variable,
}

/// What was changed. `Display` is a note to the user; empty where nothing was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The image that was filled in.
    pub image: Option<(String, ImageSource)>,
    /// The cache version that was filled in.
    pub cache: Option<PolicyVersion>,
}

impl Applied {
    /// Whether the task stayed as it was.
    pub fn is_empty(&self) -> bool {
        *self == Applied::default()
    }
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((image, source)) = &self.image {
            let source = match source {
                ImageSource::BuiltIn => "built-in",
                ImageSource::Hook => "get_default_image",
                ImageSource::Variable => "FLYTE_INTERNAL_IMAGE",
            };
            write!(f, "image `{image}` ({source})")?;
        }
        let Some(PolicyVersion { version, policies, ttl }) = &self.cache else { return Ok(()) };
        let separator = if self.image.is_some() { "; " } else { "" };
        let start = version.get(..12).unwrap_or(version);
        write!(f, "{separator}cache version {start}… (policy `{}`", policies.join("`, `"))?;
        if let Some(ttl) = ttl {
            write!(f, ", kept for {}", flyte_text::duration(*ttl))?;
        }
        f.write_str(")")
    }
}

/// Why the rules refuse a task, or could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DefaultsError {
    /// A task that cannot be cached as it asks.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// A hook failed.
    #[error("cannot ask `{hook}` about task `{task}`")]
    Hook {
        /// The hook's name, as plugin authors know it.
        hook: &'static str,
        /// The task's name.
        task: String,
        /// What the hook said.
        source: BoxError,
    },
    /// A default image that cannot be one.
    #[error("`get_default_image` returned the invalid image `{image}` for task `{task}`")]
    Image {
        /// The answer.
        image: String,
        /// The task's name.
        task: String,
    },
    /// An image of the short form refers to what the configuration does not have.
    #[error("image `{template}` of task `{task}` cannot be resolved: {problem}")]
    ImageTemplate {
        /// The image as it is written.
        template: String,
        /// The task's name.
        task: String,
        /// Which reference fails, and why.
        problem: String,
    },
    /// A secret without a group, where groups are required.
    #[error("secret `{key}` of task `{task}` has no group")]
    SecretGroup {
        /// The secret's key.
        key: String,
        /// The task's name.
        task: String,
    },
}

impl DefaultsError {
    /// What the reader can do now.
    pub fn hint(&self) -> Option<String> {
        match self {
            DefaultsError::Cache(error) => error.hint(),
            DefaultsError::Hook { .. } => None,
            DefaultsError::Image { .. } => Some("name an image on the task".to_owned()),
            DefaultsError::ImageTemplate { .. } => {
                Some("add the image under `images` in the configuration file, with a tag".to_owned())
            }
            DefaultsError::SecretGroup { .. } => Some(
                "give the secret a `group`; the plugin in use, or Flyte's own rule, requires one".to_owned(),
            ),
        }
    }
}
