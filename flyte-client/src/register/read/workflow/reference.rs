//! Texts that refer to inputs and outputs.

use crate::proto::core::{OutputReference, PromiseAttribute, promise_attribute::Value as AttributeValue};

/// The node id under which Flyte knows the inputs of a workflow: none.
pub(super) const INPUTS: &str = "";

/// What a text stands for.
#[derive(Debug, PartialEq)]
pub(super) enum Text {
    /// A constant, with `$$` made `$`.
    Constant(String),
    /// A reference; its node is [`INPUTS`] or a name that may not exist.
    Reference(OutputReference),
}

/// Reads a text.
///
/// A `$` within a text is an error only before something that looks like a reference, so that `5$` is a text;
/// `is_node` tells the names of nodes.
pub(super) fn read(text: &str, is_node: impl Fn(&str) -> bool) -> Result<Text, String> {
    if let Some(rest) = text.strip_prefix('$').filter(|rest| !rest.starts_with('$')) {
        return reference(rest).map(Text::Reference);
    }
    let mut constant = String::with_capacity(text.len());
    let mut pieces = text.split('$');
    constant.push_str(pieces.next().unwrap_or_default());
    let mut escaped = false;
    for piece in pieces {
        if escaped || !piece.is_empty() {
            if !escaped && refers(piece, &is_node) {
                return Err(format!("is `{text}`; a reference stands alone, texts are not put together"));
            }
            if !escaped {
                constant.push('$');
            }
            constant.push_str(piece);
            escaped = false;
        } else {
            constant.push('$');
            escaped = true;
        }
    }
    Ok(Text::Constant(constant))
}

fn refers(piece: &str, is_node: impl Fn(&str) -> bool) -> bool {
    let end = piece.find(|c: char| !is_name(c)).unwrap_or(piece.len());
    let (name, rest) = piece.split_at(end);
    rest.starts_with('.') && rest[1..].starts_with(is_name) && (name == "inputs" || is_node(name))
}

pub(super) fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-')
}

/// `node.output`, and the way into it.
fn reference(text: &str) -> Result<OutputReference, String> {
    let (node, rest) = name(text);
    let bad = || format!("must be `$inputs.name` or `$node.output`, not `${text}`");
    let rest = rest.strip_prefix('.').ok_or_else(bad)?;
    let (var, mut rest) = name(rest);
    if node.is_empty() || var.is_empty() {
        return Err(bad());
    }
    let mut attr_path = Vec::new();
    while !rest.is_empty() {
        let (attribute, after) = attribute(rest).ok_or_else(|| {
            format!("is `${text}`; `.key`, `[0]` or `[\"key\"]` is expected before `{rest}`")
        })?;
        attr_path.push(PromiseAttribute { value: Some(attribute) });
        rest = after;
    }
    let node_id = if node == "inputs" { INPUTS } else { node };
    Ok(OutputReference { node_id: node_id.to_owned(), var: var.to_owned(), attr_path })
}

fn name(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !is_name(c)).unwrap_or(text.len()))
}

fn attribute(text: &str) -> Option<(AttributeValue, &str)> {
    if let Some(rest) = text.strip_prefix('.') {
        let (key, rest) = name(rest);
        let attribute = match key.parse() {
            Ok(index) => AttributeValue::IntValue(index),
            Err(_) => AttributeValue::StringValue(key.to_owned()),
        };
        return (!key.is_empty()).then_some((attribute, rest));
    }
    let rest = text.strip_prefix('[')?;
    if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let (key, rest) = rest[1..].split_once(quote)?;
        return Some((AttributeValue::StringValue(key.to_owned()), rest.strip_prefix(']')?));
    }
    let (index, rest) = rest.split_once(']')?;
    Some((AttributeValue::IntValue(index.parse().ok().filter(|index| *index >= 0)?), rest))
}

/// Writes a reference as it is read.
pub(super) fn written(reference: &OutputReference) -> String {
    let node = if reference.node_id == INPUTS { "inputs" } else { &reference.node_id };
    let mut text = format!("${node}.{}", reference.var);
    for attribute in &reference.attr_path {
        match &attribute.value {
            Some(AttributeValue::StringValue(key)) if is_plain(key) => {
                text.push('.');
                text.push_str(key);
            }
            Some(AttributeValue::StringValue(key)) => text.push_str(&format!("[\"{key}\"]")),
            Some(AttributeValue::IntValue(index)) => text.push_str(&format!("[{index}]")),
            None => {}
        }
    }
    text
}

/// Whether a key can be written behind a dot, where a number is an index.
fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.chars().all(is_name) && key.parse::<i32>().is_err()
}

#[cfg(test)]
mod tests {
    use super::{Text, read, written};

    #[test]
    fn references_read_and_write_alike() {
        for text in ["$inputs.name", "$my-node.out", "$a.b.c[0].d", "$a.b[\"x y\"][12]", "$a.b[\"0\"]"] {
            let Ok(Text::Reference(reference)) = read(text, |_| true) else {
                panic!("`{text}` is a reference")
            };
            assert_eq!(written(&reference), text);
        }
        assert_eq!(read("$a.b.0", |_| true), read("$a.b[0]", |_| true));
    }

    #[test]
    fn dollars_in_texts() {
        for (text, expected) in [
            ("plain", "plain"),
            ("", ""),
            ("5$", "5$"),
            ("costs $5", "costs $5"),
            ("$$inputs.name", "$inputs.name"),
            ("a $$ b", "a $ b"),
            ("$$$$", "$$"),
            ("see $HOME", "see $HOME"),
            ("a $$inputs.name", "a $inputs.name"),
        ] {
            assert_eq!(read(text, |_| true), Ok(Text::Constant(expected.to_owned())), "{text}");
        }
    }

    #[test]
    fn what_is_neither() {
        for text in [
            "$",
            "$HOME",
            "$inputs",
            "$a.",
            "$.b",
            "$a.b[",
            "$a.b[x]",
            "$a.b c",
            "$a.b[-1]",
            "Hello $inputs.name",
        ] {
            assert!(read(text, |_| true).is_err(), "{text}");
        }
    }
}
