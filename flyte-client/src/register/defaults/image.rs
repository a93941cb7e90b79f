//! Which image a container runs: the one it names, the one its template names, or the default.
//!
//! Source of the templates: `get_registerable_container_image` in `flytekit/core/python_auto_container.py`;
//! of names, tags and digests: `_parse_image_identifier` in `flytekit/configuration/__init__.py`. Of the
//! short form, every container of a pod gets an image, as flytekit does; of messages, only the one that Flyte
//! itself fills, the primary one.

use std::cell::OnceCell;

use prost_types::{Struct, Value, value::Kind};

use super::{BUILT_IN_IMAGE, Defaults, DefaultsError, ImageSource};
use crate::config::Images;
use crate::proto::core::{K8sPod, TaskTemplate, task_template::Target};
use crate::register::item::ItemOrigin;

/// The name of the default image in templates.
const DEFAULT: &str = "default";

/// Fills in what is missing, and tells which default image was needed, if any.
pub(super) fn apply(
    template: &mut TaskTemplate,
    task: &str,
    origin: &ItemOrigin,
    defaults: &dyn Defaults,
    images: &Images,
) -> Result<Option<(String, ImageSource)>, DefaultsError> {
    let is_short = matches!(origin, ItemOrigin::Short(_));
    let chooser = Chooser { task, is_short, defaults, images, chosen: OnceCell::new() };
    match &mut template.target {
        Some(Target::Container(container)) => {
            if let Some(image) = chooser.image(&container.image)? {
                container.image = image;
            }
        }
        Some(Target::K8sPod(pod)) => {
            let primary = match pod.primary_container_name.as_str() {
                "" => template.config.get("primary_container_name").cloned().unwrap_or_default(),
                name => name.to_owned(),
            };
            let filled = |container: &&mut Struct| is_short || text(container, "name") == primary;
            for container in containers(pod).filter(filled) {
                if let Some(image) = chooser.image(text(container, "image"))? {
                    let value = Value { kind: Some(Kind::StringValue(image)) };
                    container.fields.insert("image".to_owned(), value);
                }
            }
        }
        _ => {}
    }
    Ok(chooser.chosen.into_inner())
}

fn containers(pod: &mut K8sPod) -> impl Iterator<Item = &mut Struct> {
    let containers = pod.pod_spec.as_mut().and_then(|spec| spec.fields.get_mut("containers"));
    let items = match containers.and_then(|value| value.kind.as_mut()) {
        Some(Kind::ListValue(list)) => list.values.as_mut_slice(),
        _ => &mut [],
    };
    items.iter_mut().filter_map(|item| match &mut item.kind {
        Some(Kind::StructValue(fields)) => Some(fields),
        _ => None,
    })
}

fn text<'a>(fields: &'a Struct, key: &str) -> &'a str {
    match fields.fields.get(key).and_then(|value| value.kind.as_ref()) {
        Some(Kind::StringValue(text)) => text,
        _ => "",
    }
}

/// Answers for one task; asks for the default image at most once.
struct Chooser<'a> {
    task: &'a str,
    is_short: bool,
    defaults: &'a dyn Defaults,
    images: &'a Images,
    chosen: OnceCell<(String, ImageSource)>,
}

impl Chooser<'_> {
    /// The image in place of `written`, if it is another.
    fn image(&self, written: &str) -> Result<Option<String>, DefaultsError> {
        match written {
            "" => self.default_image().map(|image| Some(image.to_owned())),
            _ if self.is_short => {
                self.render(written).map(|image| Some(image).filter(|image| image != written))
            }
            _ => Ok(None),
        }
    }

    fn default_image(&self) -> Result<&str, DefaultsError> {
        if let Some((image, _)) = self.chosen.get() {
            return Ok(image);
        }
        let chosen = self.choose()?;
        Ok(&self.chosen.get_or_init(|| chosen).0)
    }

    fn choose(&self) -> Result<(String, ImageSource), DefaultsError> {
        let task = || self.task.to_owned();
        let answer = self.defaults.default_image();
        let answer = answer.map_err(|source| DefaultsError::Hook {
            hook: "get_default_image",
            task: task(),
            source,
        })?;
        if let Some(image) = answer {
            let usable = !image.is_empty() && !image.contains(char::is_whitespace);
            return if usable {
                Ok((image, ImageSource::Hook))
            } else {
                Err(DefaultsError::Image { image, task: task() })
            };
        }
        Ok(match &self.images.internal {
            Some(image) if !image.value.is_empty() => (image.value.clone(), ImageSource::Variable),
            _ => (BUILT_IN_IMAGE.to_owned(), ImageSource::BuiltIn),
        })
    }

    /// Replaces `{{.image.NAME.fqn}}`, `{{.image.NAME.version}}` and `{{.image.NAME}}`; other braces stay.
    fn render(&self, written: &str) -> Result<String, DefaultsError> {
        let mut out = String::new();
        let mut rest = written;
        while let Some(start) = rest.find("{{") {
            out.push_str(&rest[..start]);
            rest = &rest[start..];
            match Reference::parse(rest) {
                Some((reference, after)) => {
                    self.replace(&reference, written, &mut out)?;
                    rest = after;
                }
                None => {
                    out.push_str("{{");
                    rest = &rest[2..];
                }
            }
        }
        out.push_str(rest);
        Ok(out)
    }

    fn replace(
        &self,
        reference: &Reference<'_>,
        written: &str,
        out: &mut String,
    ) -> Result<(), DefaultsError> {
        let refuse = |problem: String| DefaultsError::ImageTemplate {
            template: written.to_owned(),
            task: self.task.to_owned(),
            problem,
        };
        let name = reference.name;
        let image = match self.images.named.get(name) {
            _ if name == DEFAULT => self.default_image()?,
            Some(image) => &image.value,
            None => return Err(refuse(format!("unknown image `{name}`"))),
        };
        let (fqn, version) = split(image);
        match reference.attribute {
            Some("fqn") => out.push_str(fqn),
            Some("version") => {
                let version = match version {
                    Some(version) => version,
                    None => split(self.default_image()?).1.ok_or_else(|| refuse(no_version(name)))?,
                };
                // A digest stands behind `@`, though the template was written for a tag.
                if version.contains(':') && out.ends_with(':') {
                    out.pop();
                    out.push('@');
                }
                out.push_str(version);
            }
            None if version.is_none() => return Err(refuse(no_version(name))),
            None => out.push_str(image),
            Some(other) => return Err(refuse(format!("an image has `fqn` and `version`, but no `{other}`"))),
        }
        Ok(())
    }
}

fn no_version(name: &str) -> String {
    format!("image `{name}` has neither tag nor digest")
}

/// Splits an image at its digest, else at its tag.
fn split(image: &str) -> (&str, Option<&str>) {
    if let Some((fqn, digest)) = image.rsplit_once('@') {
        return (fqn, Some(digest));
    }
    match image.rsplit_once(':') {
        Some((fqn, tag)) if !tag.contains('/') => (fqn, Some(tag)),
        _ => (image, None),
    }
}

/// `{{.image.NAME}}` or `{{.image.NAME.ATTRIBUTE}}`.
struct Reference<'a> {
    name: &'a str,
    attribute: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// Reads a reference at the start of `text`, and gives what follows it.
    fn parse(text: &'a str) -> Option<(Self, &'a str)> {
        let (inside, after) = text.strip_prefix("{{")?.split_once("}}")?;
        let mut parts = inside.trim().strip_prefix('.')?.split('.');
        let head = parts.next()?.to_lowercase();
        if !matches!(head.as_str(), "image" | "images") {
            return None;
        }
        let fits = |part: &&str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        };
        let name = parts.next().filter(fits)?;
        let attribute = match parts.next() {
            Some(attribute) => Some(Some(attribute).filter(fits)?),
            None => None,
        };
        parts.next().is_none().then_some((Reference { name, attribute }, after))
    }
}
