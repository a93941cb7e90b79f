//! Command lines in hints and notes: complete, so that they can be pasted into a shell.

use flyte_client::config::{Connection, Origin};

use crate::global::Global;

/// The global flags of this run that choose the Flyte, project and domain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CommandFlags {
    server: Vec<String>,
    scope: Vec<String>,
}

impl CommandFlags {
    /// The flags that were given. A project or domain of the configuration or a plugin is left out, since it
    /// applies to the next command as well.
    #[must_use]
    pub(crate) fn new(global: &Global, connection: &Connection) -> Self {
        let mut server = Vec::new();
        if let Some(file) = &global.config {
            server.extend(["-c".to_owned(), file.to_string_lossy().into_owned()]);
        }
        server.extend(global.sandbox.then(|| "--sandbox".to_owned()));
        for name in &global.plugin {
            server.extend(["--plugin".to_owned(), name.clone()]);
        }
        server.extend(global.no_plugins.then(|| "--no-plugins".to_owned()));
        let mut scope = Vec::new();
        for (flag, setting) in [("-p", &connection.default_project), ("-d", &connection.default_domain)] {
            if matches!(setting.origin, Origin::Flag(_)) {
                scope.extend([flag.to_owned(), setting.value.clone()]);
            }
        }
        Self { server, scope }
    }

    /// `flyte-host` with these arguments and the flags, quoted for a shell.
    #[must_use]
    pub(crate) fn command(&self, arguments: &[&str]) -> String {
        self.join(arguments, self.server.iter().chain(&self.scope))
    }

    /// As [`CommandFlags::command`], for a command that is about no project or domain.
    #[must_use]
    pub(crate) fn server_command(&self, arguments: &[&str]) -> String {
        self.join(arguments, &self.server)
    }

    fn join<'a>(&self, arguments: &[&'a str], flags: impl IntoIterator<Item = &'a String>) -> String {
        let flags = flags.into_iter().map(String::as_str);
        shell_words(["flyte-host"].into_iter().chain(arguments.iter().copied()).chain(flags))
    }
}

/// Words, quoted as a POSIX shell needs it.
pub(crate) fn shell_words<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./:=,@%+{}".contains(c);
    let word = |word: &str| {
        if !word.is_empty() && word.chars().all(plain) {
            word.to_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    words.into_iter().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_quoted_for_a_shell() {
        let flags = CommandFlags {
            server: vec!["--sandbox".to_owned()],
            scope: ["-p", "my project"].map(str::to_owned).to_vec(),
        };
        assert_eq!(
            flags.command(&["get", "task", "it's", ""]),
            r"flyte-host get task 'it'\''s' '' --sandbox -p 'my project'"
        );
        assert_eq!(flags.server_command(&["get", "domains"]), "flyte-host get domains --sandbox");
        assert_eq!(
            CommandFlags::default().command(&["execution", "watch", "a1"]),
            "flyte-host execution watch a1"
        );
    }
}
