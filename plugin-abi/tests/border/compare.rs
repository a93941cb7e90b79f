//! Compares the ABI with the committed text: lines of a released protocol stay, new ones may be added.

use std::fmt;

use crate::shape::Interface;

/// What would break plugins that are in use.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// A promise was broken: the interface, what stands there, what was promised, and since when.
    Changed { interface: String, promised: String, found: Option<String>, since: String },
    /// Something was added under a version that is already out.
    NotRaised { interface: String, added: String, protocol: String },
}

impl Finding {
    pub(crate) fn list(findings: &[Self]) -> String {
        findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed { interface, promised, found, since } => {
                let found = found.as_deref().unwrap_or("nothing");
                write!(
                    f,
                    "`{interface}` has changed: protocol {since} promises `{promised}`, and there is `{found}`.\n\
                     Every plugin and every host of protocol {since} that is in use would be rejected by the other \
                     side, and cannot all be rebuilt.\n\
                     Put it back, and add what is new behind the last member, with a default body (rules of growth \
                     in `plugin-abi/src/vtable.rs`); if that is impossible, it takes a new major protocol."
                )
            }
            Self::NotRaised { interface, added, protocol } => write!(
                f,
                "`{interface}` has grown by `{added}`, but protocol {protocol} is released without it.\n\
                 A host could not tell a plugin that has it from one that has not.\n\
                 Raise `MINOR` in `plugin-abi/src/version.rs` and the crate's version with it."
            ),
        }
    }
}

/// Gives the text to be committed, unless something speaks against it.
pub(crate) fn compare(
    committed: &str,
    interfaces: &[Interface],
    protocol: &str,
    is_released: impl Fn(&str) -> bool,
) -> Result<String, Vec<Finding>> {
    let promised = parse(committed);
    let mut findings = Vec::new();
    let mut text = String::new();
    for (name, lines) in &promised {
        if interfaces.iter().all(|interface| interface.name != *name) && is_released(lines[0].0) {
            findings.push(changed(name, lines[0], None));
        }
    }
    for interface in interfaces {
        let none = Vec::new();
        let lines =
            promised.iter().find(|(name, _)| *name == interface.name).map_or(&none, |(_, lines)| lines);
        let now = std::iter::once(&interface.head).chain(&interface.members);
        let now: Vec<&str> = now.map(String::as_str).collect();
        let broken = lines.iter().enumerate().find(|(index, (since, line))| {
            is_released(since) && now.get(*index).is_none_or(|now| now != line)
        });
        if let Some((index, line)) = broken {
            findings.push(changed(&interface.name, *line, now.get(index).copied()));
        }
        let added = now.get(lines.len()).filter(|_| is_released(protocol) && !promised.is_empty());
        if let (None, Some(added)) = (broken, added) {
            let (interface, added) = (interface.name.clone(), (*added).to_owned());
            findings.push(Finding::NotRaised { interface, added, protocol: protocol.to_owned() });
        }
        text += "\n";
        for (index, line) in now.iter().enumerate() {
            let since = lines.get(index).map_or(protocol, |(since, _)| since);
            let indent = if index == 0 { "" } else { "  " };
            text += &format!("{since} {indent}{line}\n");
        }
    }
    if findings.is_empty() { Ok(text) } else { Err(findings) }
}

fn changed(interface: &str, (since, promised): (&str, &str), found: Option<&str>) -> Finding {
    Finding::Changed {
        interface: interface.to_owned(),
        promised: promised.to_owned(),
        found: found.map(str::to_owned),
        since: since.to_owned(),
    }
}

/// The interfaces of a committed text by name, each with its lines and the protocol that brought the line.
fn parse(text: &str) -> Vec<(&str, Vec<(&str, &str)>)> {
    let mut interfaces: Vec<(&str, Vec<(&str, &str)>)> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((since, line)) = line.split_once(' ') else { continue };
        match (line.strip_prefix("  "), interfaces.last_mut()) {
            (Some(member), Some((_, lines))) => lines.push((since, member)),
            _ => interfaces.push((name_in(line), vec![(since, line)])),
        }
    }
    interfaces
}

fn name_in(head: &str) -> &str {
    head.strip_prefix("interface ").unwrap_or(head).split(' ').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMITTED: &str =
        "# A comment.\n\n1.0 interface Shelf of a, 2 fixed\n1.0   lend(u32)\n1.0   size()\n";

    fn shelf(members: &[&str]) -> Vec<Interface> {
        vec![Interface {
            name: "Shelf".into(),
            head: "interface Shelf of a, 2 fixed".into(),
            members: members.iter().map(|&member| member.to_owned()).collect(),
            size: members.len(),
        }]
    }

    fn findings(interfaces: &[Interface], protocol: &str) -> String {
        Finding::list(&compare(COMMITTED, interfaces, protocol, |protocol| protocol == "1.0").unwrap_err())
    }

    #[test]
    fn what_is_unchanged_is_written_as_it_is() {
        let text = compare(COMMITTED, &shelf(&["lend(u32)", "size()"]), "1.0", |_| true).unwrap();
        assert_eq!(format!("# A comment.\n{text}"), COMMITTED);
    }

    #[test]
    fn what_is_appended_to_a_later_protocol_is_written_with_its_number() {
        let grown = shelf(&["lend(u32)", "size()", "colour()"]);
        let text = compare(COMMITTED, &grown, "1.1", |protocol| protocol == "1.0").unwrap();
        assert_eq!(format!("# A comment.\n{text}"), format!("{COMMITTED}1.1   colour()\n"));
    }

    #[test]
    fn what_is_not_released_may_change() {
        let text = compare(COMMITTED, &shelf(&["lend(u64)"]), "1.0", |_| false).unwrap();
        assert_eq!(text, "\n1.0 interface Shelf of a, 2 fixed\n1.0   lend(u64)\n");
    }

    #[test]
    fn a_changed_promise_is_refused_with_what_it_breaks() {
        assert_eq!(
            findings(&shelf(&["lend(u64)", "size()"]), "1.1"),
            "`Shelf` has changed: protocol 1.0 promises `lend(u32)`, and there is `lend(u64)`.\n\
             Every plugin and every host of protocol 1.0 that is in use would be rejected by the other side, and cannot \
             all be rebuilt.\n\
             Put it back, and add what is new behind the last member, with a default body (rules of growth in \
             `plugin-abi/src/vtable.rs`); if that is impossible, it takes a new major protocol."
        );
        let first_lines = [
            findings(&shelf(&["size()", "lend(u32)"]), "1.1"),
            findings(&shelf(&["lend(u32)"]), "1.1"),
            findings(&[], "1.1"),
        ];
        let first_lines = first_lines.map(|text| text.lines().next().unwrap().to_owned());
        assert_eq!(
            first_lines,
            [
                "`Shelf` has changed: protocol 1.0 promises `lend(u32)`, and there is `size()`.",
                "`Shelf` has changed: protocol 1.0 promises `size()`, and there is `nothing`.",
                "`Shelf` has changed: protocol 1.0 promises `interface Shelf of a, 2 fixed`, and there is `nothing`.",
            ]
        );
    }

    #[test]
    fn what_is_appended_to_a_released_protocol_is_refused() {
        let text = findings(&shelf(&["lend(u32)", "size()", "colour()"]), "1.0");
        assert!(text.starts_with("`Shelf` has grown by `colour()`, but protocol 1.0 is released"), "{text}");
    }
}
