//! Legacy INI files, read as Python's `configparser` reads them.
//!
//! The dialect differs from the INI readers of other languages: a value continues in indented lines, a
//! comment must stand on a line of its own, option names are case-insensitive and section names are not,
//! `[DEFAULT]` shines through every section, and `%(name)s` refers to another option. Source: Python's
//! documentation, "Supported INI File Structure"; flytekit uses the defaults of `ConfigParser`
//! (`flytekit/configuration/file.py`).

use std::collections::BTreeMap;

/// Nested `%(name)s` references that Python follows before it gives up (`MAX_INTERPOLATION_DEPTH`).
const MAX_DEPTH: usize = 10;
const DEFAULT_SECTION: &str = "DEFAULT";

type Options = Vec<(String, String)>;

/// The sections of one INI file, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Ini {
    defaults: Options,
    sections: BTreeMap<String, Options>,
}

/// A line that is not INI.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub(super) line: usize,
    pub(super) message: String,
}

impl Ini {
    pub(super) fn parse(text: &str) -> Result<Ini, SyntaxError> {
        let mut reader = Reader::default();
        for (index, line) in text.lines().enumerate() {
            reader.line(line).map_err(|message| SyntaxError { line: index + 1, message })?;
        }
        Ok(reader.finish())
    }

    pub(super) fn has_section(&self, section: &str) -> bool {
        self.sections.contains_key(section)
    }

    /// The option as it stands in the file or in `[DEFAULT]`, with its references resolved.
    ///
    /// `None` where the section or the option is missing; an error where a `%` reference does not resolve.
    pub(super) fn get(&self, section: &str, option: &str) -> Result<Option<String>, String> {
        let Some(options) = self.sections.get(section) else { return Ok(None) };
        match self.raw(options, option) {
            Some(raw) => self.interpolate(options, raw, MAX_DEPTH).map(Some),
            None => Ok(None),
        }
    }

    /// The option names that `section` can answer for, those of `[DEFAULT]` last.
    pub(super) fn options(&self, section: &str) -> Vec<&str> {
        let Some(options) = self.sections.get(section) else { return Vec::new() };
        let inherited = self.defaults.iter().filter(|(name, _)| find(options, name).is_none());
        options.iter().chain(inherited).map(|(name, _)| name.as_str()).collect()
    }

    /// The option names that stand in `section` itself.
    pub(super) fn own_options(&self, section: &str) -> impl Iterator<Item = &str> {
        self.sections.get(section).into_iter().flatten().map(|(name, _)| name.as_str())
    }

    fn raw<'a>(&'a self, options: &'a Options, option: &str) -> Option<&'a str> {
        find(options, option).or_else(|| find(&self.defaults, option))
    }

    fn interpolate(&self, options: &Options, raw: &str, depth: usize) -> Result<String, String> {
        if depth == 0 {
            return Err("its `%(…)s` references lead in a circle".to_owned());
        }
        let mut out = String::new();
        let mut rest = raw;
        while let Some(at) = rest.find('%') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('%') {
                out.push('%');
                rest = after;
                continue;
            }
            let (name, after) = rest
                .strip_prefix('(')
                .and_then(|name| name.split_once(")s"))
                .filter(|(name, _)| !name.contains(')'))
                .ok_or(
                    "a single `%` stands for a reference such as `%(name)s`; write `%%` for the character",
                )?;
            let value = self
                .raw(options, &name.to_lowercase())
                .ok_or_else(|| format!("refers to `%({name})s`, which is not set"))?;
            out.push_str(&self.interpolate(options, value, depth - 1)?);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }
}

fn find<'a>(options: &'a Options, option: &str) -> Option<&'a str> {
    options.iter().find(|(name, _)| name == option).map(|(_, value)| value.as_str())
}

/// Where the reader stands; follows `configparser.RawConfigParser._read` step by step.
#[derive(Default)]
struct Reader {
    ini: Ini,
    /// `None` until the first header.
    section: Option<String>,
    /// Whether the last line opened or continued an option, which an indented line would continue.
    in_option: bool,
    indent: usize,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let value = line.trim();
        if value.starts_with(['#', ';']) {
            return Ok(());
        }
        if value.is_empty() {
            self.continue_option("");
            return Ok(());
        }
        let indent = line.chars().take_while(|c| c.is_whitespace()).count();
        if self.in_option && indent > self.indent {
            self.continue_option(value);
            return Ok(());
        }
        self.indent = indent;
        match value.strip_prefix('[').and_then(|header| header.rsplit_once(']')) {
            Some((name, _)) if !name.is_empty() => self.header(name),
            _ => self.option(value),
        }
    }

    fn header(&mut self, name: &str) -> Result<(), String> {
        self.in_option = false;
        self.section = Some(name.to_owned());
        if name == DEFAULT_SECTION {
            return Ok(());
        }
        match self.ini.sections.insert(name.to_owned(), Options::new()) {
            Some(_) => Err(format!("the section `[{name}]` stands here a second time")),
            None => Ok(()),
        }
    }

    fn option(&mut self, line: &str) -> Result<(), String> {
        if self.section.is_none() {
            return Err("an option stands before the first `[section]`".to_owned());
        }
        let (name, value) = line.split_once(['=', ':']).ok_or("neither `[section]` nor `option = value`")?;
        let name = name.trim().to_lowercase();
        if name.is_empty() {
            return Err("an option without a name".to_owned());
        }
        let options = self.current();
        if find(options, &name).is_some() {
            return Err(format!("the option `{name}` stands here a second time"));
        }
        options.push((name, value.trim().to_owned()));
        self.in_option = true;
        Ok(())
    }

    fn continue_option(&mut self, line: &str) {
        if !self.in_option {
            return;
        }
        if let Some((_, value)) = self.current().last_mut() {
            value.push('\n');
            value.push_str(line);
        }
    }

    fn current(&mut self) -> &mut Options {
        match self.section.as_deref() {
            None | Some(DEFAULT_SECTION) => &mut self.ini.defaults,
            Some(name) => self.ini.sections.entry(name.to_owned()).or_default(),
        }
    }

    fn finish(mut self) -> Ini {
        let all = self.ini.sections.values_mut().chain([&mut self.ini.defaults]);
        for (_, value) in all.flatten() {
            value.truncate(value.trim_end().len());
        }
        self.ini
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(text: &str, section: &str, option: &str) -> Option<String> {
        Ini::parse(text).unwrap().get(section, option).unwrap()
    }

    fn refused(text: &str) -> (usize, String) {
        let error = Ini::parse(text).unwrap_err();
        (error.line, error.message)
    }

    #[test]
    fn options_are_case_insensitive_and_sections_are_not() {
        let text = "[platform]\nURL : a:1\n[Platform]\nurl=b # kept\n";
        assert_eq!(get(text, "platform", "url").as_deref(), Some("a:1"));
        assert_eq!(get(text, "Platform", "url").as_deref(), Some("b # kept"));
        assert_eq!(get(text, "PLATFORM", "url"), None);
    }

    #[test]
    fn indented_lines_continue_a_value() {
        let text = "[a]\nx = 1\n  2\n\n  3\n# note\n y = 4\nz=\n";
        assert_eq!(get(text, "a", "x").as_deref(), Some("1\n2\n\n3\ny = 4"));
        assert_eq!(get(text, "a", "z").as_deref(), Some(""));
    }

    #[test]
    fn the_default_section_shines_through() {
        let ini = Ini::parse("[DEFAULT]\nhost=h\nurl=d\n[platform]\nurl=%(HOST)s:1%%\n").unwrap();
        assert_eq!(ini.get("platform", "url").unwrap().as_deref(), Some("h:1%"));
        assert_eq!(ini.get("platform", "host").unwrap().as_deref(), Some("h"));
        assert_eq!(ini.get("credentials", "host").unwrap(), None);
        assert_eq!(ini.options("platform"), ["url", "host"]);
        assert_eq!(ini.own_options("platform").collect::<Vec<_>>(), ["url"]);
    }

    #[test]
    fn references_that_do_not_resolve_are_errors() {
        let ini = Ini::parse("[a]\nx=50%\ny=%(z)s\nw=%(w)s\n").unwrap();
        assert_eq!(
            ini.get("a", "x").unwrap_err(),
            "a single `%` stands for a reference such as `%(name)s`; write `%%` for the character"
        );
        assert_eq!(ini.get("a", "y").unwrap_err(), "refers to `%(z)s`, which is not set");
        assert_eq!(ini.get("a", "w").unwrap_err(), "its `%(…)s` references lead in a circle");
    }

    #[test]
    fn lines_that_are_not_ini_are_named() {
        assert_eq!(refused("x=1"), (1, "an option stands before the first `[section]`".into()));
        assert_eq!(refused("[a]\n\nhello"), (3, "neither `[section]` nor `option = value`".into()));
        assert_eq!(refused("[a]\nx=1\nX=2"), (3, "the option `x` stands here a second time".into()));
        assert_eq!(refused("[a]\n[a]"), (2, "the section `[a]` stands here a second time".into()));
        assert_eq!(refused("[a]\n=2"), (2, "an option without a name".into()));
    }
}
