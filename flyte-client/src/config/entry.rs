//! One key of the configuration, in its three spellings, and the rule by which they precede each other.
//!
//! Source: `ConfigEntry` and `set_if_exists` in `flytekit/configuration/file.py`. Environment variable
//! `FLYTE_<SECTION>_<OPTION>`, else the option of an INI file, else the key of a YAML file; a value replaces
//! the default only if it is a boolean or Python takes it for true, so an empty variable hides the file and
//! leaves the default.

use super::error::ConfigError;
use super::file::{ConfigContent, ConfigFile};
use super::origin::{Origin, Setting};
use super::sources::Sources;
use super::yaml::Value;

/// A key: `[section] option` in INI, and its YAML spelling if it has one.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConfigEntry {
    pub(super) section: &'static str,
    pub(super) option: &'static str,
    pub(super) yaml: Option<&'static str>,
}

impl ConfigEntry {
    pub(super) const fn new(section: &'static str, option: &'static str, yaml: &'static str) -> ConfigEntry {
        ConfigEntry { section, option, yaml: Some(yaml) }
    }

    pub(super) const fn without_yaml(section: &'static str, option: &'static str) -> ConfigEntry {
        ConfigEntry { section, option, yaml: None }
    }

    /// `FLYTE_PLATFORM_URL` for `[platform] url`.
    pub(super) fn variable(&self) -> String {
        format!("FLYTE_{}_{}", self.section.to_uppercase(), self.option.to_uppercase())
    }
}

/// Reads entries from the environment and the file, and collects what is odd about them.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) sources: &'a Sources,
    pub(super) file: Option<&'a ConfigFile>,
    pub(super) warnings: Vec<String>,
}

/// A value before conversion.
enum Raw {
    Variable(String),
    Ini(String),
    Yaml(Value),
}

impl Reader<'_> {
    /// A text; `None` leaves the default.
    pub(super) fn text(&mut self, entry: ConfigEntry) -> Result<Option<Setting<String>>, ConfigError> {
        let Some(Setting { value, origin }) = self.raw(entry)? else { return Ok(None) };
        let text = match value {
            Raw::Variable(text) | Raw::Ini(text) => text,
            Raw::Yaml(value) => yaml_text(&value, &origin)?,
        };
        Ok(Some(Setting::new(text, origin)).filter(|setting| !setting.value.is_empty()))
    }

    /// A boolean; `None` leaves the default.
    pub(super) fn flag(&mut self, entry: ConfigEntry) -> Result<Option<Setting<bool>>, ConfigError> {
        let Some(Setting { value, origin }) = self.raw(entry)? else { return Ok(None) };
        let flag = match value {
            Raw::Ini(text) => ini_flag(&text, &origin)?,
            Raw::Variable(text) | Raw::Yaml(Value::Text(text)) => self.lenient_flag(&text, &origin),
            Raw::Yaml(Value::Bool(flag)) => flag,
            Raw::Yaml(Value::Number { .. }) => true,
            Raw::Yaml(value) => return Err(wrong_kind(&value, "a boolean", origin)),
        };
        Ok(Some(Setting::new(flag, origin)))
    }

    /// A list; a text is split at its commas. `None` leaves the default.
    pub(super) fn list(&mut self, entry: ConfigEntry) -> Result<Option<Setting<Vec<String>>>, ConfigError> {
        let Some(Setting { value, origin }) = self.raw(entry)? else { return Ok(None) };
        let items = match value {
            Raw::Variable(text) | Raw::Ini(text) | Raw::Yaml(Value::Text(text)) => {
                text.split(',').map(str::to_owned).collect()
            }
            Raw::Yaml(Value::List(items)) => {
                items.iter().map(|item| yaml_text(item, &origin)).collect::<Result<_, _>>()?
            }
            Raw::Yaml(value) => return Err(wrong_kind(&value, "a list", origin)),
        };
        Ok(Some(Setting::new(items, origin)))
    }

    /// A whole number; zero and `None` leave the default.
    pub(super) fn number(&mut self, entry: ConfigEntry) -> Result<Option<Setting<u64>>, ConfigError> {
        let Some(Setting { value: text, origin }) = self.text(entry)? else { return Ok(None) };
        match text.trim().parse() {
            Ok(0) => Ok(None),
            Ok(number) => Ok(Some(Setting::new(number, origin))),
            Err(_) => {
                let problem = format!("must be a whole number, not `{text}`");
                Err(ConfigError::Value { origin, problem })
            }
        }
    }

    fn raw(&self, entry: ConfigEntry) -> Result<Option<Setting<Raw>>, ConfigError> {
        let variable = entry.variable();
        if let Some(text) = self.sources.variable(&variable)? {
            return Ok(Some(Setting::new(Raw::Variable(text.to_owned()), Origin::Variable(variable))));
        }
        let Some(file) = self.file else { return Ok(None) };
        match &file.content {
            ConfigContent::Ini(ini) => {
                let origin = file.origin(format!("{}.{}", entry.section, entry.option));
                match ini.get(entry.section, entry.option) {
                    Ok(text) => Ok(text.map(|text| Setting::new(Raw::Ini(text), origin))),
                    Err(problem) => {
                        Err(ConfigError::Value { origin, problem: format!("cannot be read: {problem}") })
                    }
                }
            }
            ConfigContent::Yaml(root) => Ok(entry.yaml.and_then(|key| {
                let value = root.lookup(key)?;
                let counts = matches!(value, Value::Bool(_)) || value.is_truthy();
                counts.then(|| Setting::new(Raw::Yaml(value.clone()), file.origin(key)))
            })),
        }
    }

    /// flytekit's rule: everything but `false`, `0`, `off`, `no` and the empty text is true, even a slip of
    /// the pen.
    fn lenient_flag(&mut self, text: &str, origin: &Origin) -> bool {
        let lower = text.to_lowercase();
        if matches!(lower.as_str(), "" | "false" | "0" | "off" | "no") {
            return false;
        }
        if !matches!(lower.as_str(), "true" | "1" | "on" | "yes") {
            self.warnings.push(format!("{origin} is `{text}`, which counts as true, as in flytekit"));
        }
        true
    }
}

fn yaml_text(value: &Value, origin: &Origin) -> Result<String, ConfigError> {
    match value {
        Value::Text(text) | Value::Number { text, .. } => Ok(text.clone()),
        other => Err(wrong_kind(other, "a string", origin.clone())),
    }
}

/// `ConfigParser.getboolean`: these words, in any case, and nothing else.
fn ini_flag(text: &str, origin: &Origin) -> Result<bool, ConfigError> {
    match text.to_lowercase().as_str() {
        "1" | "yes" | "true" | "on" => Ok(true),
        "0" | "no" | "false" | "off" => Ok(false),
        _ => {
            let problem = format!("must be `true` or `false`, not `{text}`");
            Err(ConfigError::Value { origin: origin.clone(), problem })
        }
    }
}

fn wrong_kind(value: &Value, expected: &str, origin: Origin) -> ConfigError {
    let quotes =
        if matches!(value, Value::Bool(_)) { "; put the word in quotes if it is meant as text" } else { "" };
    ConfigError::Value { origin, problem: format!("must be {expected}, not {}{quotes}", value.kind()) }
}
