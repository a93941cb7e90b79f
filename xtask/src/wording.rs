//! Words, names and widths that the project does not use: `cargo xtask wording` lists every finding, `cargo
//! xtask tidy` refuses them in the folders of [`CLEAN`].
//!
//! Words are looked for in strings (errors, hints, help), in comments (help texts are doc comments), in names
//! and in Markdown outside of code blocks. In `src`, code below `#[cfg(test)] mod` is not read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::Result;
use crate::tidy::tracked_files;
use crate::workspace::Workspace;

/// Folders and files in which a finding is an error. Add one here once `cargo xtask wording FOLDER` lists
/// nothing.
const CLEAN: &[&str] = &[
    "ARCHITECTURE.md",
    "README.md",
    "auth",
    "bridge",
    "docs",
    "flyte-client",
    "flyte-text",
    "host",
    "host-settings",
    "plugin-abi",
    "plugin-client",
    "plugin-host",
    "plugin-store",
    "sandbox",
    "tests",
    "xtask",
];

/// This file names what it forbids, and the changelog quotes what messages used to say.
const EXEMPT: [&str; 2] = ["xtask/src/wording.rs", "CHANGELOG.md"];

/// Phrases that hide who does what, or that stand for a term of the field.
const PHRASES: [&str; 16] = [
    "at work",
    "by its place",
    "come about",
    "comes about",
    "go on",
    "goes on",
    "is a near name",
    "is no",
    "is none of",
    "nobody",
    "no one may",
    "somebody",
    "told",
    "what there is",
    "whoever",
    "without a word",
];

/// Common English that contains one of [`PHRASES`].
const FINE: [&str; 4] = ["is no longer", "there is no", "is no more than", "no one may be"];

/// Function names that say nothing to search for.
const FUNCTIONS: [&str; 7] = ["of", "place", "said", "tell", "told", "way", "words"];

/// Words that are no part of a name either, be it of a function or a variable.
const IN_NAMES: [&str; 4] = ["nobody", "somebody", "told", "whoever"];

/// Public types that need a qualifier as soon as the workspace has two of one name.
const TYPES: [&str; 9] =
    ["Answer", "Choice", "Error", "Failure", "Fault", "Kind", "Options", "Place", "What"];

/// The crate whose names are promised to plugin authors: types elsewhere get the qualifier.
const PROMISED_NAMES: &str = "plugin-abi";

/// Where comments end, as `rustfmt.toml` says of code.
const WIDTH: usize = 110;

/// One finding in a file.
struct Finding {
    file: String,
    line: usize,
    text: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.text)
    }
}

/// The findings in the folders of [`CLEAN`]; prints how many there are in the others.
pub(crate) fn complaints(workspace: &Workspace) -> Result<Vec<String>> {
    let (mut complaints, mut others) = (Vec::new(), BTreeMap::<String, usize>::new());
    for finding in findings(workspace)? {
        if CLEAN.iter().any(|folder| is_below(&finding.file, folder)) {
            complaints.push(finding.to_string());
        } else {
            let folder = finding.file.split('/').next().unwrap_or_default();
            *others.entry(folder.to_owned()).or_default() += 1;
        }
    }
    if !others.is_empty() {
        let counts: Vec<_> = others.iter().map(|(folder, count)| format!("{folder} {count}")).collect();
        eprintln!("tidy: wording findings (see `cargo xtask wording`): {}", counts.join(", "));
    }
    Ok(complaints)
}

/// Prints the findings below the given folders, or all of them.
pub(crate) fn print_findings(workspace: &Workspace, folders: &[String]) -> Result {
    let is_wanted = |finding: &Finding| {
        folders.is_empty() || folders.iter().any(|folder| is_below(&finding.file, folder))
    };
    findings(workspace)?.iter().filter(|finding| is_wanted(finding)).for_each(|found| println!("{found}"));
    Ok(())
}

fn is_below(file: &str, folder: &str) -> bool {
    Path::new(file).starts_with(folder)
}

fn findings(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut types = BTreeMap::<String, Vec<Finding>>::new();
    for name in tracked_files(&workspace.root)? {
        if EXEMPT.contains(&name.as_str()) || !(name.ends_with(".rs") || name.ends_with(".md")) {
            continue;
        }
        let Ok(text) = fs::read_to_string(workspace.path(&name)) else { continue };
        let mut add = |(line, text)| findings.push(Finding { file: name.clone(), line, text });
        if name.ends_with(".md") {
            in_markdown(&text).into_iter().for_each(&mut add);
            continue;
        }
        in_rust(&text).into_iter().for_each(&mut add);
        for (line, found) in public_types(&text) {
            let text = format!("a public type `{found}`, of which there are several: qualify the name");
            types.entry(found).or_default().push(Finding { file: name.clone(), line, text });
        }
    }
    let ambiguous = types.into_values().filter(|found| found.len() > 1).flatten();
    findings.extend(ambiguous.filter(|finding| !is_below(&finding.file, PROMISED_NAMES)));
    findings.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    Ok(findings)
}

fn in_markdown(text: &str) -> Vec<(usize, String)> {
    let mut is_code = false;
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            findings.extend(phrases(line).map(|phrase| (number, format!("`{phrase}`: {}", line.trim()))));
        }
    }
    findings
}

fn in_rust(text: &str) -> Vec<(usize, String)> {
    let code = without_test_module(text);
    let lines: Vec<&str> = code.lines().collect();
    let mut findings = BTreeSet::new();
    for (number, prose) in prose_of(code) {
        let line = lines.get(number - 1).map_or("", |line| line.trim());
        findings.extend(phrases(&prose).map(|phrase| (number, format!("`{phrase}`: {line}"))));
    }
    for (number, line) in (1..).zip(&lines) {
        let name = function_name(line);
        findings.extend(
            name.filter(|name| FUNCTIONS.contains(name))
                .map(|name| (number, format!("a function called `{name}`"))),
        );
        findings.extend(banned_names(line).map(|name| (number, format!("a name: `{name}`"))));
        let width = line.chars().count();
        if line.trim_start().starts_with("//") && width > WIDTH {
            findings.insert((number, format!("a comment of {width} columns; the limit is {WIDTH}")));
        }
    }
    findings.into_iter().collect()
}

/// The text before the first `#[cfg(test)] mod … {`, which by custom is the last item of a file.
fn without_test_module(text: &str) -> &str {
    let starts = text.match_indices("#[cfg(test)]\nmod ").map(|(at, _)| at);
    let inline = starts.into_iter().find(|at| {
        let declaration = text[*at..].lines().nth(1).unwrap_or_default();
        declaration.ends_with('{')
    });
    inline.map_or(text, |at| &text[..at])
}

fn phrases(text: &str) -> impl Iterator<Item = &'static str> {
    let mut text = text.to_lowercase();
    for fine in FINE {
        text = text.replace(fine, "");
    }
    PHRASES.into_iter().filter(move |phrase| has_word(&text, phrase))
}

fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(char::is_alphanumeric)
            && !text[at + word.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
    })
}

/// Names with one of the words of [`IN_NAMES`].
fn banned_names(line: &str) -> impl Iterator<Item = &str> {
    let code = line.split("//").next().unwrap_or_default();
    let names =
        code.split('"').step_by(2).flat_map(|code| code.split(|c: char| !(c.is_alphanumeric() || c == '_')));
    names.filter(|name| name.split('_').any(|word| IN_NAMES.contains(&word)))
}

fn function_name(line: &str) -> Option<&str> {
    let code = line.trim_start();
    let (before, after) = code.split_once("fn ")?;
    let qualifiers = match before.strip_prefix("pub(").and_then(|rest| rest.split_once(')')) {
        Some((_, qualifiers)) => qualifiers,
        None => before,
    };
    let known = ["pub", "const", "async", "unsafe", "extern", "\"C\""];
    let is_declaration = qualifiers.split_whitespace().all(|word| known.contains(&word));
    is_declaration.then(|| after.split(['(', '<']).next()).flatten()
}

/// Public types of one of the [`TYPES`], outside of test modules.
fn public_types(text: &str) -> Vec<(usize, String)> {
    let declared = |line: &str| {
        let rest = line.trim_start().strip_prefix("pub ")?;
        let mut words = rest.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let is_type = ["struct", "enum", "type", "trait"].contains(&words.next()?);
        words.next().filter(|name| is_type && TYPES.contains(name)).map(str::to_owned)
    };
    let lines = (1..).zip(without_test_module(text).lines());
    lines.filter_map(|(number, line)| Some((number, declared(line)?))).collect()
}

/// What a reader sees: the lines of comments and of string literals, with their numbers.
fn prose_of(code: &str) -> Vec<(usize, String)> {
    let mut prose = Vec::new();
    let mut rest = code;
    let line_at = |rest: &str| 1 + code[..code.len() - rest.len()].matches('\n').count();
    while let Some(at) = rest.find(['/', '"', '\'', 'r']) {
        let is_start = !rest[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        rest = &rest[at..];
        let piece = if rest.starts_with("//") {
            &rest[..rest.find('\n').unwrap_or(rest.len())]
        } else if rest.starts_with('"') {
            &rest[..end_of_string(rest)]
        } else if let Some(length) = raw_string(rest).filter(|_| is_start) {
            &rest[..length]
        } else {
            rest = &rest[end_of_char(rest)..];
            continue;
        };
        let first = line_at(rest);
        prose.extend((first..).zip(piece.lines().map(str::to_owned)));
        rest = &rest[piece.len()..];
    }
    prose
}

/// The length of the string literal that a text begins with.
fn end_of_string(text: &str) -> usize {
    let mut is_escaped = true; // the first quote does not end it
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of the raw string literal that a text begins with, if it does.
fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let inside = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = inside.find(&end).map_or(inside.len(), |at| at + end.len());
    Some(1 + hashes + 1 + length)
}

/// The length of a character literal such as `'"'`, or 1.
fn end_of_char(text: &str) -> usize {
    let Some(inside) = text.strip_prefix('\'') else { return 1 };
    let mut characters = inside.char_indices();
    let Some((_, first)) = characters.next() else { return 1 };
    if first == '\\' {
        return inside.get(1..).and_then(|rest| rest[1..].find('\'')).map_or(1, |at| at + 4);
    }
    match characters.next() {
        Some((at, '\'')) => at + 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        in_rust(text).into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn strings_and_comments_are_read_and_code_is_not() {
        let text = "fn f() {\n    // nobody\n    m!(go on, \"fine\");\n    g(\"this is no file\");\n}\n";
        assert_eq!(lines(text), [2, 4]);
        assert_eq!(lines("#[error(\"`{0}`\\\n    is none of them\")]"), [2]);
        assert_eq!(lines("let a = r#\"\n\"whoever\"\n\"#;"), [2]);
    }

    #[test]
    fn quotes_in_character_literals_start_no_string() {
        assert_eq!(lines("let q = '\"'; m!(go on);"), Vec::<usize>::new());
        assert_eq!(lines("let q = '\\''; let s = \"nobody\";"), [1]);
        assert_eq!(lines("fn f<'a>(x: &'a str) {} // nobody"), [1]);
    }

    #[test]
    fn common_english_is_fine() {
        assert_eq!(phrases("there is no token, and it is no longer used").count(), 0);
        assert_eq!(phrases("`x` is no token").count(), 1);
        assert_eq!(phrases("Whoever is ntold").count(), 1);
    }

    #[test]
    fn names_and_widths() {
        assert_eq!(lines("pub(crate) const fn of(x: u8) {}\nfn off() {}\nlet of = f;"), [1]);
        assert_eq!(lines("    pub(in crate::register) fn place(&self) {}"), [1]);
        assert_eq!(lines("let told = f();\nfn is_told() {}\nlet retold = \"fine\";"), [1, 2]);
        assert_eq!(lines(&format!("// {}\n// short", "x ".repeat(60))), [1]);
        assert_eq!(public_types("pub enum Kind {\npub(crate) enum Kind {\npub struct Kinds;").len(), 1);
    }

    #[test]
    fn test_modules_are_not_read() {
        assert_eq!(lines("fn a() {}\n#[cfg(test)]\nmod tests {\n    // nobody\n}\n"), Vec::<usize>::new());
    }

    #[test]
    fn code_blocks_of_markdown_are_not_read() {
        assert_eq!(in_markdown("nobody\n```\nnobody\n```\ntold").len(), 2);
    }
}
