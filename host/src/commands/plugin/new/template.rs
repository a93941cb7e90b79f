//! The files of a new crate: those of the template, with a name, and without the hooks that are not wanted.

use plugin_abi::Hook;

use super::{
    dependency::PluginAbi,
    from_python::{Part, PythonPlugin},
    name::PluginName,
};

const CI: &str = include_str!("../../../../template/ci.yml");
const LIBRARY: &str = include_str!("../../../../template/src/lib.rs");
const README: &str = include_str!("../../../../template/README.md");
const RELEASE: &str = include_str!("../../../../template/release.yml");

/// Lines that start the part of one hook, and that end the last of these parts.
const HOOK_MARK: &str = "// hook: ";
const END_MARK: &str = "// end";

/// Where rustfmt breaks lines by default.
const MAX_WIDTH: usize = 100;

/// What the files depend on.
pub(super) struct Template<'a> {
    pub(super) name: &'a PluginName,
    /// Hooks that the plugin overrides.
    pub(super) hooks: &'a [Hook],
    pub(super) plugin_abi: &'a PluginAbi,
    /// Whose answers hooks have, instead of those of the template.
    pub(super) python: Option<&'a PythonPlugin>,
}

impl Template<'_> {
    /// Paths and texts.
    pub(super) fn files(&self) -> Vec<(&'static str, String)> {
        vec![
            (".github/workflows/ci.yml", self.workflow(CI)),
            (".github/workflows/release.yml", self.workflow(RELEASE)),
            (".gitignore", "/target\n".to_owned()),
            ("Cargo.toml", self.manifest()),
            ("README.md", self.readme()),
            ("src/lib.rs", self.library()),
        ]
    }

    fn manifest(&self) -> String {
        let Self { name, plugin_abi, .. } = self;
        format!(
            r#"[package]
name = "{name}"
version = "0.1.0"
edition = "2024"
rust-version = "1.85"
description = "A plugin for flyte-host"
# Where users report bugs of the plugin; error messages name it.
# repository = "https://…"

[lib]
crate-type = ["cdylib"]

[dependencies]
plugin-abi = {dependency}

# The crate is a workspace of its own, wherever it is.
[workspace]
"#,
            dependency = plugin_abi.to_toml(),
        )
    }

    fn workflow(&self, text: &str) -> String {
        text.replace("LIBRARY", &self.name.library()).replace("INSTALL_HOST", &self.plugin_abi.install_host())
    }

    fn readme(&self) -> String {
        let hooks: Vec<String> = self.hooks.iter().map(|hook| format!("`{hook}`")).collect();
        README
            .replace("LIBRARY", &self.name.library())
            .replace("HOOKS", &hooks.join(", "))
            .replace("TEMPLATE_NAME", self.name.as_str())
    }

    fn library(&self) -> String {
        let parts: Vec<(Hook, Part)> = self.hooks.iter().filter_map(|hook| self.part(*hook)).collect();
        let is_read = |hook: &Hook| parts.iter().any(|(read, _)| read == hook);
        let kept: Vec<Hook> = self.hooks.iter().copied().filter(|hook| !is_read(hook)).collect();
        // Long names last: `template` is also a part of the others.
        let text = without_hooks(LIBRARY, self.hooks, &kept)
            .replace("TemplatePlugin", &self.name.type_name())
            .replace("TEMPLATE", &self.name.variable())
            .replace("hello-template", &format!("hello-{}", self.name.command()))
            .replace("template", self.name.as_str());
        with_used_imports(&with_parts(&text, &parts))
    }

    fn part(&self, hook: Hook) -> Option<(Hook, Part)> {
        Some((hook, self.python?.part(hook, &self.name.type_name())?))
    }
}

/// Replaces the marks that are left by the code of their hooks first, and by the tests then.
fn with_parts(text: &str, parts: &[(Hook, Part)]) -> String {
    parts.iter().fold(text.to_owned(), |text, (hook, part)| {
        let mark = format!("    {HOOK_MARK}{hook}\n");
        text.replacen(&mark, &part.code, 1).replacen(&mark, &part.test, 1)
    })
}

/// Leaves out the parts of other hooks, and the marks of those whose code is that of the template.
fn without_hooks(text: &str, hooks: &[Hook], of_template: &[Hook]) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut is_wanted = true;
    for line in text.lines() {
        if let Some(name) = line.trim_start().strip_prefix(HOOK_MARK) {
            let is_in = |hooks: &[Hook]| hooks.iter().any(|hook| hook.name() == name);
            is_wanted = is_in(of_template);
            if !is_wanted && is_in(hooks) {
                kept.extend([line, ""]);
            }
        } else if line.trim_start() == END_MARK {
            is_wanted = true;
            // The empty line between two parts.
            kept.pop_if(|last| last.is_empty());
        } else if is_wanted {
            kept.push(line);
        }
    }
    kept.join("\n") + "\n"
}

/// Leaves out imports from `plugin-abi` that are not used below them.
fn with_used_imports(text: &str) -> String {
    let lines = text.split_inclusive('\n');
    let mut end = 0;
    lines
        .map(|line| {
            end += line.len();
            used_import(line, &text[end..]).unwrap_or_else(|| line.to_owned())
        })
        .collect()
}

/// The line without names that `rest` does not use; `None` if it is not a list of imports from `plugin-abi`.
fn used_import(line: &str, rest: &str) -> Option<String> {
    let (start, names) = line.split_once('{')?;
    let indent = start.strip_suffix(start.trim_start())?;
    let names = names.trim_end().strip_suffix("};")?;
    if !start.trim_start().starts_with("use plugin_abi::") {
        return None;
    }
    let is_used =
        |name: &&str| rest.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == *name);
    let used: Vec<&str> = names.split(", ").filter(is_used).collect();
    let list = used.join(", ");
    Some(match used.as_slice() {
        [name] => format!("{start}{name};\n"),
        _ if start.len() + list.len() + "{};".len() <= MAX_WIDTH => format!("{start}{{{list}}};\n"),
        _ => format!("{start}{{\n{indent}    {list},\n{indent}}};\n"),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn library(hooks: &[Hook]) -> String {
        let name = PluginName::from_path(Path::new("acme-tools")).unwrap();
        let plugin_abi = PluginAbi::Version("1.0".to_owned());
        Template { name: &name, hooks, plugin_abi: &plugin_abi, python: None }.library()
    }

    #[test]
    fn every_hook_has_a_part_with_a_test() {
        for hook in Hook::ALL {
            let mark = format!("{HOOK_MARK}{hook}\n");
            assert_eq!(LIBRARY.matches(&mark).count(), 2, "{hook}");
        }
    }

    #[test]
    fn the_name_of_the_template_is_replaced_everywhere() {
        let text = library(Hook::ALL);
        assert!(!text.to_lowercase().contains("template"), "{text}");
        assert!(!text.contains(HOOK_MARK) && !text.contains(END_MARK), "{text}");
    }

    #[test]
    fn hooks_that_are_not_wanted_are_left_out_with_their_imports() {
        let text = library(&[Hook::GetDefaultImage]);
        assert!(text.contains("\nuse plugin_abi::{Host, Next, Plugin, PluginError};\n"), "{text}");
        assert!(text.contains("\n    use plugin_abi::testing::Tester;\n"), "{text}");
        assert!(text.contains("fn get_default_image(") && !text.contains("fn get_remote("), "{text}");
        assert!(!text.contains("\n\n    }") && !text.contains("\n\n}"), "{text}");
    }

    #[test]
    fn workflows_are_yaml() {
        for text in [CI, RELEASE] {
            let workflow: serde_json::Value = serde_saphyr::from_str(text).unwrap();
            assert!(workflow["jobs"].is_object(), "{text}");
        }
    }
}
