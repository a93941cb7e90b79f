//! The book in `docs/`: its table of contents, its links and its lines. What its blocks do is in `docs`.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::markdown::pages;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A page: its links with their lines, and the anchors of its headings.
#[derive(Debug, Default)]
struct Page {
    links: Vec<(usize, String)>,
    anchors: BTreeSet<String>,
}

impl Page {
    fn read(text: &str) -> Self {
        let mut page = Self::default();
        let mut heading: Option<String> = None;
        for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
            match event {
                Event::Start(Tag::Link { dest_url, .. }) => {
                    let line = text[..range.start].matches('\n').count() + 1;
                    page.links.push((line, dest_url.into_string()));
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    page.anchors.extend(heading.take().map(|text| anchor(&text)))
                }
                Event::Text(part) | Event::Code(part) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&part);
                    }
                }
                _ => {}
            }
        }
        page
    }

    fn from_file(path: &Path) -> Self {
        Self::read(&fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }
}

/// The anchor that GitHub and mdBook give a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// What is wrong with a link of a file.
fn complaint(file: &Path, link: &str) -> Option<String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() { file.to_owned() } else { file.parent()?.join(path) };
    if !target.exists() {
        return Some(format!("no file `{path}`"));
    }
    let has_anchors = target.extension().is_some_and(|extension| extension == "md") && !fragment.is_empty();
    let is_missing = has_anchors && !Page::from_file(&target).anchors.contains(fragment);
    is_missing.then(|| format!("no heading `#{fragment}`"))
}

#[test]
fn links_lead_somewhere() {
    let others =
        ["ARCHITECTURE.md", "plugin-abi/README.md", "sample-plugin/README.md", "tests/museum/README.md"];
    let files = pages(&workspace()).into_iter().chain(others.map(PathBuf::from));
    let mut complaints = Vec::new();
    for file in files {
        let path = workspace().join(&file);
        for (line, link) in Page::from_file(&path).links {
            complaints.extend(
                complaint(&path, &link).map(|found| format!("{}:{line}: {link}: {found}", file.display())),
            );
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// mdBook copies no file from outside its folder, so a link of the book that leaves it is broken in HTML.
#[test]
fn links_of_the_book_stay_in_it() {
    let book = fs::canonicalize(workspace().join("docs/src")).unwrap();
    for file in pages(&workspace()).iter().filter(|file| file.starts_with("docs")) {
        let path = workspace().join(file);
        for (line, link) in Page::from_file(&path).links.into_iter().filter(|(_, link)| !link.contains("://"))
        {
            let target = path.parent().unwrap().join(link.split('#').next().unwrap());
            let target = fs::canonicalize(target).unwrap_or_default();
            assert!(target.starts_with(&book), "{}:{line}: {link} leaves the book", file.display());
        }
    }
}

#[test]
fn the_table_of_contents_has_every_page_once() {
    let folder = workspace().join("docs/src");
    let mut listed: Vec<_> =
        Page::from_file(&folder.join("SUMMARY.md")).links.into_iter().map(|(_, link)| link).collect();
    listed.sort_unstable();
    let there = pages(&workspace()).into_iter().filter_map(|page| {
        let page = page.strip_prefix("docs/src").ok()?.to_str()?.to_owned();
        (page != "SUMMARY.md").then_some(page)
    });
    let mut there: Vec<_> = there.collect();
    there.sort_unstable();
    assert_eq!(listed, there);
}

#[test]
fn lines_are_not_too_long() {
    const MAX: usize = 110;
    for file in pages(&workspace()).iter().filter(|file| !file.starts_with("docs/src/reference")) {
        let text = fs::read_to_string(workspace().join(file)).unwrap();
        let mut in_block = false;
        for (number, line) in (1..).zip(text.lines()) {
            in_block ^= line.trim_start().starts_with("```");
            // What cannot be broken: code, rows of tables, comments for tests.
            let is_whole = in_block || ["|", "<!--", "    "].iter().any(|start| line.starts_with(start));
            let is_long = line.chars().count() > MAX && !is_whole;
            assert!(!is_long, "{}:{number}: more than {MAX} characters", file.display());
        }
    }
}

/// The keys that the short forms accept, from the constants `KEYS` of their readers.
fn keys_of_short_forms() -> BTreeSet<String> {
    let list = regex::Regex::new(r"(?s)const (?:WORKFLOW_)?KEYS: \[&str; \d+\] =\s*\[(.*?)\];").unwrap();
    let readers = [
        "task.rs",
        "task/resources.rs",
        "task/secrets.rs",
        "workflow/header.rs",
        "workflow/node.rs",
        "workflow/plan.rs",
    ];
    let mut keys = BTreeSet::new();
    for reader in readers {
        let path = workspace().join("flyte-client/src/register/read").join(reader);
        let text = fs::read_to_string(&path).unwrap();
        let found = list.captures(&text).unwrap_or_else(|| panic!("{} has no `KEYS`", path.display()));
        keys.extend(found[1].split('"').skip(1).step_by(2).map(str::to_owned));
    }
    keys
}

#[test]
fn every_field_of_the_short_forms_is_documented() {
    let text = fs::read_to_string(workspace().join("docs/src/register.md")).unwrap();
    let missing: Vec<_> =
        keys_of_short_forms().into_iter().filter(|key| !text.contains(&format!("`{key}`"))).collect();
    assert!(missing.is_empty(), "docs/src/register.md lacks {missing:?}");
}

#[test]
fn the_readme_is_short() {
    let words = fs::read_to_string(workspace().join("README.md")).unwrap().split_whitespace().count();
    assert!(words <= 900, "{words} words; move some to `docs/src`");
}

#[test]
fn anchors_are_those_of_github() {
    assert_eq!(anchor("The command line: `-o`, and more"), "the-command-line--o-and-more");
}
