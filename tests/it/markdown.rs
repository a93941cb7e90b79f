//! Markdown as tests read it: its code, and the comments that readers do not see.

use std::{
    fs,
    path::{Path, PathBuf},
};

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// README and the pages of the book, as paths below the workspace, sorted.
pub(crate) fn pages(workspace: &Path) -> Vec<PathBuf> {
    let mut pages = vec![PathBuf::from("README.md")];
    let mut open = vec![PathBuf::from("docs/src")];
    while let Some(path) = open.pop() {
        if workspace.join(&path).is_dir() {
            let entries = fs::read_dir(workspace.join(&path)).unwrap();
            open.extend(entries.map(|entry| path.join(entry.unwrap().file_name())));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    pages.sort_unstable();
    pages
}

/// A part of a text, with the number of its line.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) line: usize,
    pub(crate) content: Content,
}

/// The kind of a part, with its text.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// `<!-- text -->`, on lines of its own.
    Comment(String),
    /// A block, and the word behind its fence.
    Block { kind: String, text: String },
    /// A span in a text.
    Span(String),
}

/// The code and the comments of a text, in order.
pub(crate) fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut block: Option<(usize, String, String)> = None;
    let mut html = String::new();
    for (event, range) in Parser::new_ext(text, pulldown_cmark::Options::ENABLE_TABLES).into_offset_iter() {
        let line = text[..range.start].matches('\n').count() + 1;
        match event {
            Event::Start(Tag::CodeBlock(kind)) => block = Some((line, name(&kind), String::new())),
            Event::Text(part) if block.is_some() => {
                block.iter_mut().for_each(|(_, _, text)| text.push_str(&part));
            }
            Event::End(TagEnd::CodeBlock) => {
                pieces.extend(block.take().map(|(line, kind, text)| {
                    let content = Content::Block { kind, text };
                    Piece { line, content }
                }));
            }
            Event::Html(part) => html.push_str(&part),
            Event::End(TagEnd::HtmlBlock) => {
                let comments = comments(&std::mem::take(&mut html));
                pieces
                    .extend(comments.into_iter().map(|text| Piece { line, content: Content::Comment(text) }));
            }
            Event::Code(part) => pieces.push(Piece { line, content: Content::Span(part.into_string()) }),
            _ => {}
        }
    }
    pieces
}

fn name(kind: &CodeBlockKind<'_>) -> String {
    match kind {
        CodeBlockKind::Fenced(name) => name.to_string(),
        CodeBlockKind::Indented => String::new(),
    }
}

fn comments(html: &str) -> Vec<String> {
    let parts = html.split("<!--").skip(1).filter_map(|part| part.split_once("-->"));
    parts.map(|(text, _)| text.trim().to_owned()).collect()
}

#[test]
fn code_and_comments_are_found() {
    let text = "<!-- a: b -->\n    sh\n\n- item\n  `span`\n\n```toml\nx = 1\n```\n\n| `cell` |\n|---|\n";
    let found: Vec<_> =
        pieces(text).into_iter().map(|piece| format!("{} {:?}", piece.line, piece.content)).collect();
    assert_eq!(
        found,
        [
            r#"1 Comment("a: b")"#,
            r#"2 Block { kind: "", text: "sh\n" }"#,
            r#"5 Span("span")"#,
            r#"7 Block { kind: "toml", text: "x = 1\n" }"#,
            r#"11 Span("cell")"#,
        ]
    );
}
