//! The paths of a container's data directories, replaced by folders of this machine.
//!
//! Tasks name paths such as `/var/inputs`, where a container finds what copilot mounts there. The sandbox
//! does not create them on the user's machine: it replaces them in the command, the arguments and the task's
//! environment variables, also in the middle of a script. A path that is hard-coded in a program is not
//! replaced; such a program has to take `FLYTE_INPUT_DIR` and `FLYTE_OUTPUT_DIR`, or an argument.

/// A path of the container and what stands for it.
#[derive(Clone, Debug)]
pub(super) struct Mount {
    /// The container's path.
    pub(super) path: String,
    /// The folder of this machine.
    pub(super) folder: String,
}

/// Replaces the paths of containers in a text, wherever one is a whole path or its beginning.
pub(super) fn replace(text: &str, mounts: &[Mount]) -> String {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match longest(mounts, &done, rest) {
            Some((length, mount)) => {
                done.push_str(&mount.folder);
                rest = &rest[length..];
            }
            None => {
                done.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    done
}

/// The longest of the paths that begins here: one may lie in the other.
fn longest<'a>(mounts: &'a [Mount], before: &str, rest: &str) -> Option<(usize, &'a Mount)> {
    if !may_begin(before) {
        return None;
    }
    let fits = |mount: &'a Mount| {
        let path = mount.path.trim_end_matches('/');
        let after = rest.strip_prefix(path).filter(|_| !path.is_empty())?;
        after.chars().next().is_none_or(|c| !in_name(c)).then_some((path.len(), mount))
    };
    mounts.iter().filter_map(fits).max_by_key(|(length, _)| *length)
}

/// Whether a path may begin after this text: not in the midst of another path, but after `file://`, the `:-`
/// of a shell's default, and an option of one letter such as `-I`.
fn may_begin(before: &str) -> bool {
    let is_option = |word: &str| matches!(word.as_bytes(), [b'-', letter] if letter.is_ascii_alphabetic());
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    let in_path = |c: char| (in_name(c) && c != '-') || matches!(c, '/' | '~');
    before.ends_with("://") || is_option(word) || !before.ends_with(in_path)
}

fn in_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mounts() -> Vec<Mount> {
        let mount = |path: &str, folder: &str| Mount { path: path.into(), folder: folder.into() };
        vec![
            mount("/var/inputs", "/real/in"),
            mount("/var/outputs/", "/real/out"),
            mount("/var/inputs/sub", "/sub"),
        ]
    }

    #[test]
    fn whole_paths_and_beginnings_are_replaced() {
        let cases = [
            ("/var/inputs", "/real/in"),
            ("/var/inputs/", "/real/in/"),
            ("/var/inputs/x.csv", "/real/in/x.csv"),
            ("/var/inputs/sub/x", "/sub/x"),
            ("cat /var/inputs/a > /var/outputs/b", "cat /real/in/a > /real/out/b"),
            ("--out=/var/outputs;", "--out=/real/out;"),
            ("\"/var/inputs\":'/var/outputs'", "\"/real/in\":'/real/out'"),
            ("file:///var/outputs/x", "file:///real/out/x"),
            ("${OUT:-/var/outputs}", "${OUT:-/real/out}"),
            ("cc -I/var/inputs", "cc -I/real/in"),
            ("/var/inputs:/var/outputs", "/real/in:/real/out"),
        ];
        for (text, expected) in cases {
            assert_eq!(replace(text, &mounts()), expected, "{text}");
        }
    }

    #[test]
    fn other_paths_stay() {
        for text in [
            "/var/inputs2",
            "/var/inputs-old",
            "/var/inputs.txt",
            "/mnt/var/inputs",
            "~/var/inputs",
            "./var/inputs",
            "/var/input",
            "x/var/outputs",
            "/var//inputs",
            "ä/var/inputs",
        ] {
            assert_eq!(replace(text, &mounts()), text);
        }
    }

    #[test]
    fn the_root_is_not_replaced() {
        let root = [Mount { path: "/".into(), folder: "/real".into() }];
        assert_eq!(replace("ls / /etc", &root), "ls / /etc");
    }

    proptest! {
        #[test]
        fn text_without_the_paths_stays(text in "[a-z /=.]{0,24}") {
            prop_assume!(!text.contains("/var/"));
            prop_assert_eq!(replace(&text, &mounts()), text);
        }

        #[test]
        fn what_is_replaced_is_not_replaced_again(before in "[ =\"';:]?", after in "(/[a-z]{1,4})?") {
            let mounts = [Mount { path: "/a".into(), folder: "/b/a".into() }, Mount { path: "/b".into(), folder: "/c".into() }];
            prop_assert_eq!(replace(&format!("{before}/a{after}"), &mounts), format!("{before}/b/a{after}"));
        }
    }
}
