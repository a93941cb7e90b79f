//! Images that the configuration names.

use std::collections::BTreeMap;

use super::error::ConfigError;
use super::file::{ConfigContent, ConfigFile};
use super::origin::{Origin, Setting};
use super::sources::Sources;
use super::yaml::Value;

/// The images of the configuration. Source: `Images.get_specified_images` in
/// `flytekit/configuration/internal.py`, `DefaultImages` in `flytekit/configuration/default_images.py`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images {
    /// `images:` of a YAML file or `[images]` of an INI file, by name; the tag is optional there.
    pub named: BTreeMap<String, Setting<String>>,
    /// `FLYTE_INTERNAL_IMAGE`, if it is not empty: the default image where no plugin has an opinion.
    pub internal: Option<Setting<String>>,
}

/// The variable that replaces the built-in default image.
pub const INTERNAL_IMAGE: &str = "FLYTE_INTERNAL_IMAGE";

impl Images {
    pub(super) fn read(sources: &Sources, file: Option<&ConfigFile>) -> Result<Images, ConfigError> {
        let internal = sources
            .non_empty_variable(INTERNAL_IMAGE)?
            .map(|image| Setting::new(image.to_owned(), Origin::Variable(INTERNAL_IMAGE.to_owned())));
        let named = match file {
            Some(file) => named(file)?,
            None => BTreeMap::new(),
        };
        Ok(Images { named, internal })
    }
}

fn named(file: &ConfigFile) -> Result<BTreeMap<String, Setting<String>>, ConfigError> {
    let mut images = BTreeMap::new();
    let mut add = |name: &str, image: Result<String, String>| {
        let origin = file.origin(format!("images.{name}"));
        match image {
            Ok(image) => drop(images.insert(name.to_owned(), Setting::new(image, origin))),
            Err(problem) => return Err(ConfigError::Value { origin, problem }),
        }
        Ok(())
    };
    match &file.content {
        ConfigContent::Ini(ini) => {
            for name in ini.options("images") {
                let image = ini.get("images", name).map(Option::unwrap_or_default);
                add(name, image.map_err(|problem| format!("cannot be read: {problem}")))?;
            }
        }
        ConfigContent::Yaml(root) => match root.entry("images") {
            None | Some(Value::Null) => {}
            Some(Value::Map(entries)) => {
                for (name, value) in entries {
                    let text = match value {
                        Value::Text(text) => Ok(text.clone()),
                        other => Err(format!("must be an image, not {}", other.kind())),
                    };
                    add(name, text)?;
                }
            }
            Some(other) => {
                let problem = format!("must be a map of names to images, not {}", other.kind());
                return Err(ConfigError::Value { origin: file.origin("images"), problem });
            }
        },
    }
    Ok(images)
}
